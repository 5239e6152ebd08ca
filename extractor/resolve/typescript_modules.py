"""Which file a TypeScript or JavaScript import means: the importing file, the written specifier and the build files in, a path
of the repository, or the name of a package elsewhere, out. Knows tsconfig paths, package exports and workspaces.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from extractor.resolve.typescript_library import NODE_MODULES

EXTENSIONS: Final = (".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.mts", ".d.cts")
# TypeScript sources are imported by the name their output will have.
_SWAPS: Final = {
    ".js": (".ts", ".tsx", ".d.ts"),
    ".jsx": (".tsx",),
    ".mjs": (".mts", ".d.mts"),
    ".cjs": (".cts", ".d.cts"),
}
_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:\\.|[^"\\])*")|,(\s*[}\]])')
_CONDITIONS: Final = ("types", "source", "import", "module", "require", "node", "browser", "default")


def load_json(text: str) -> dict[str, Any]:
    """A JSON file that may have comments and trailing commas; empty when it is broken."""
    plain = _COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else " ", text.removeprefix("\ufeff"))
    plain = _TRAILING.sub(lambda m: m[1] or m[2], plain)
    try:
        found = json.loads(plain)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class TsConfig(NamedTuple):
    """`baseUrl` if any, the directory that `paths` start from, and the paths."""

    base: str | None
    root: str
    paths: dict[str, list[str]]


class Modules:
    """Resolves specifiers against the files that exist."""

    def __init__(self, paths: Iterable[str], configs: Mapping[str, str]) -> None:
        self.paths = frozenset(paths)
        self.configs = {path: load_json(text) for path, text in sorted(configs.items()) if path.endswith(".json")}
        self.tsconfigs: dict[str, TsConfig] = {}
        self.packages: dict[str, str] = {}
        for path, config in self.configs.items():
            directory, name = posixpath.split(path)
            if name == "package.json" and isinstance(config.get("name"), str):
                self.packages.setdefault(config["name"], directory)
            if name in ("tsconfig.json", "jsconfig.json"):
                self.tsconfigs[directory] = self._paths_of(path, ())
        self._cache: dict[tuple[str, str], tuple[str, str]] = {}

    def resolve(self, importer: str, specifier: str) -> tuple[str, str]:
        """(path here, "") or ("", package elsewhere); ("", "") for what should be here and is not."""
        key = (posixpath.dirname(importer), specifier)
        if key not in self._cache:
            self._cache[key] = self._resolve(*key)
        return self._cache[key]

    def _resolve(self, directory: str, specifier: str) -> tuple[str, str]:
        specifier = specifier.partition("?")[0]
        if not specifier:
            return "", ""
        if specifier.startswith("."):
            return self.probe(posixpath.normpath(posixpath.join(directory, specifier))), ""
        if specifier.startswith("/"):
            return self.probe(specifier.lstrip("/")), ""
        mapped = self._mapped(directory, specifier)
        if mapped:
            return mapped, ""
        if specifier.startswith("#"):
            return self._package_import(directory, specifier), ""
        if specifier.startswith(("node:", "bun:")):
            return "", specifier.partition(":")[2].partition("/")[0]
        parts = specifier.split("/")
        name = "/".join(parts[:2]) if specifier.startswith("@") else parts[0]
        if name in self.packages and name not in NODE_MODULES:
            found = self.in_package(self.packages[name], specifier[len(name) :].lstrip("/"))
            if found:
                return found, ""
        return "", name

    def probe(self, path: str) -> str:
        """A file by its path without extension, with the extension of its output, or as a directory's index."""
        path = "" if path == "." else path
        if path.startswith("../") or path == "..":
            return ""
        stem, extension = posixpath.splitext(path)
        for other in _SWAPS.get(extension, ()):
            if stem + other in self.paths:
                return stem + other
        if path in self.paths:
            return path
        for other in EXTENSIONS:
            if path + other in self.paths:
                return path + other
        package = self.configs.get(posixpath.join(path, "package.json"))
        if package is not None:
            found = self.in_package(path, "")
            if found:
                return found
        for other in EXTENSIONS:
            index = posixpath.join(path, "index" + other)
            if index in self.paths:
                return index
        return ""

    def in_package(self, directory: str, sub: str) -> str:
        """The file that a package of this repository shows under a subpath, sources preferred to outputs."""
        config = self.configs.get(posixpath.join(directory, "package.json"), {})
        targets = list(_export_targets(config.get("exports"), f"./{sub}" if sub else "."))
        if not sub:
            targets += [
                config[k] for k in ("source", "types", "typings", "module", "main") if isinstance(config.get(k), str)
            ]
            targets += ["index", "src/index", "lib/index"]
        else:
            targets += [sub, f"src/{sub}", f"lib/{sub}"]
        for target in targets:
            path = posixpath.normpath(posixpath.join(directory, target))
            found = self._probe_file(path) or self._source_of(directory, target)
            if found:
                return found
        return ""

    def _probe_file(self, path: str) -> str:
        stem, extension = posixpath.splitext(path)
        options = [stem + o for o in _SWAPS.get(extension, ())] + [path] + [path + e for e in EXTENSIONS]
        options += [posixpath.join(path, "index" + e) for e in EXTENSIONS]
        return next((o for o in options if o in self.paths), "")

    def _source_of(self, directory: str, target: str) -> str:
        """`dist/x.js` is not in the repository, but `src/x.ts` is."""
        parts = posixpath.normpath(target).split("/")
        if parts[0] in ("dist", "build", "lib", "out", "esm", "cjs", "es") and len(parts) > 1:
            stem = posixpath.splitext("/".join(parts[1:]))[0].removesuffix(".d")
            for root in ("src", "source", "lib", ""):
                found = self._probe_file(posixpath.normpath(posixpath.join(directory, root, stem)))
                if found:
                    return found
        return ""

    def _package_import(self, directory: str, specifier: str) -> str:
        here = directory
        while True:
            config = self.configs.get(posixpath.join(here, "package.json"))
            if config is not None:
                for target in _export_targets(config.get("imports"), specifier):
                    found = self._probe_file(posixpath.normpath(posixpath.join(here, target)))
                    if found:
                        return found
                return ""
            if not here:
                return ""
            here = posixpath.dirname(here)

    def _mapped(self, directory: str, specifier: str) -> str:
        """Through `baseUrl` and `paths` of the nearest tsconfig."""
        here = directory
        while True:
            if here in self.tsconfigs:
                config = self.tsconfigs[here]
                for pattern, targets in sorted(
                    config.paths.items(), key=lambda p: (-len(p[0].partition("*")[0]), p[0])
                ):
                    star = _match(pattern, specifier)
                    for target in targets if star is not None else ():
                        found = self.probe(
                            posixpath.normpath(posixpath.join(config.root, target.replace("*", star or "")))
                        )
                        if found:
                            return found
                if config.base is not None:
                    found = self.probe(posixpath.normpath(posixpath.join(config.base, specifier)))
                    if found:
                        return found
            if not here:
                return ""
            here = posixpath.dirname(here)

    def _paths_of(self, path: str, seen: tuple[str, ...]) -> TsConfig:
        """What a tsconfig says about look-up, through its `extends`."""
        config = self.configs.get(path, {})
        directory = posixpath.dirname(path)
        found = TsConfig(None, directory, {})
        parents = config.get("extends", [])
        for parent in [parents] if isinstance(parents, str) else parents if isinstance(parents, list) else []:
            if not isinstance(parent, str) or not parent.startswith("."):
                continue
            target = posixpath.normpath(posixpath.join(directory, parent))
            target = target if target in self.configs else target + ".json"
            if target in self.configs and target not in seen:
                found = self._paths_of(target, (*seen, path))
        options = config.get("compilerOptions")
        options = options if isinstance(options, dict) else {}
        if isinstance(options.get("baseUrl"), str):
            base = posixpath.normpath(posixpath.join(directory, options["baseUrl"]))
            found = found._replace(base=base, root=base if not found.paths else found.root)
        own = options.get("paths")
        if isinstance(own, dict):
            paths = {k: [t for t in v if isinstance(t, str)] for k, v in own.items() if isinstance(v, list)}
            found = TsConfig(found.base, directory if found.base is None else found.base, paths)
        return found


def _match(pattern: str, specifier: str) -> str | None:
    """What the star of a pattern stands for, "" for an exact match, None for no match."""
    before, star, after = pattern.partition("*")
    if not star:
        return "" if pattern == specifier else None
    fits = specifier.startswith(before) and specifier.endswith(after) and len(specifier) >= len(before) + len(after)
    return specifier[len(before) : len(specifier) - len(after)] if fits else None


def _export_targets(exports: Any, sub: str) -> Iterable[str]:
    """The paths that `exports` gives a subpath, every condition in order of how near it is to the source."""
    if isinstance(exports, str):
        if sub == ".":
            yield exports
    elif isinstance(exports, list):
        for item in exports:
            yield from _export_targets(item, sub)
    elif isinstance(exports, dict):
        keys = [k for k in exports if isinstance(k, str)]
        if any(k.startswith((".", "#")) for k in keys):
            for key in sorted(keys, key=lambda k: (-len(k.partition("*")[0]), k)):
                star = _match(key, sub)
                if star is not None:
                    for target in _export_targets(exports[key], "."):
                        yield target.replace("*", star)
        else:
            keys = sorted(keys, key=lambda k: _CONDITIONS.index(k) if k in _CONDITIONS else len(_CONDITIONS))
            # Whatever its condition is called, what leads to TypeScript that is no declaration file leads to the source.
            yield from sorted(
                (target for key in keys for target in _export_targets(exports[key], sub)),
                key=lambda target: not re.search(r"(?<!\.d)\.[cm]?tsx?$", target),
            )
