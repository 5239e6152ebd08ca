"""Which file an import means: source roots from the tree and the build files, then dotted names to Modules.

A module is a file, or a directory of source without `__init__.py` (a namespace package). One file may be reached by several
dotted names; a name that no root answers is external.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from extractor.facts import FileFacts, Import

SOURCE_DIRECTORIES = ("src", "lib")
MAX_MODULES = 64  # that one name known in part may mean
_PACKAGE_DIR = re.compile(r"package_dir\s*=\s*\{[^}]*['\"]{2}\s*:\s*['\"]([^'\"]+)['\"]")
_WHERE = re.compile(r"find_(?:namespace_)?packages\(\s*(?:where\s*=\s*)?['\"]([^'\"]+)['\"]")


@dataclass(eq=False, slots=True)
class Module:
    """`facts` is None for a namespace package; `directory` is set for packages."""

    path: str
    facts: FileFacts | None
    directory: str = ""
    imports: dict[str, list[Import]] = field(default_factory=dict)  # top-level imports by the name they bind
    symbols: dict[str, list[int]] = field(default_factory=dict)  # top-level definitions by name


class Modules:
    """The table of one repository's Python modules."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        self.by_path: dict[str, Module] = {}
        self._directories: set[str] = set()
        self._spaces: dict[str, Module] = {}
        self._found: dict[tuple[str, str], Module | None] = {}
        for facts in files:
            directory, _, name = facts.path.rpartition("/")
            package = directory if name.startswith("__init__.") else ""
            module = Module(facts.path, facts, package if package or name.startswith("__init__.") else "")
            for index, definition in enumerate(facts.defs):
                if definition.scope < 0:
                    module.symbols.setdefault(definition.name, []).append(index)
            for row in facts.imports:
                if row.scope < 0:
                    module.imports.setdefault(row.alias, []).append(row)
            self.by_path[facts.path] = module
            while directory not in self._directories:
                self._directories.add(directory)
                directory = directory.rpartition("/")[0]
        self.roots = self._roots(configs)

    def _roots(self, configs: Mapping[str, str]) -> list[str]:
        roots = ["", *SOURCE_DIRECTORIES]
        for path in sorted(configs):
            base = path.rpartition("/")[0]
            name = path.rpartition("/")[2]
            if name in ("pyproject.toml", "setup.py", "setup.cfg"):
                roots += [_join(base, where) for where in ["", *SOURCE_DIRECTORIES, *_configured(name, configs[path])]]
        tops = set()
        for path in self.by_path:
            directory = path.rpartition("/")[0]
            if path.rpartition("/")[2].startswith("__init__."):
                while self._is_package(directory):
                    directory = directory.rpartition("/")[0]
                tops.add(directory)
        roots += sorted(tops, key=lambda root: (root.count("/"), root))
        return [root for root in dict.fromkeys(roots) if root in self._directories]

    def _is_package(self, directory: str) -> bool:
        return bool(directory) and (
            f"{directory}/__init__.py" in self.by_path or f"{directory}/__init__.pyi" in self.by_path
        )

    def at(self, base: str, dotted: str) -> Module | None:
        """The module `dotted` below directory `base`."""
        place = _join(base, dotted.replace(".", "/"))
        if place == "":
            return self.by_path.get("__init__.py")
        for candidate in (
            f"{place}/__init__.py",
            f"{place}.py",
            f"{place}/__init__.pyi",
            f"{place}.pyi",
            f"{place}.pyx",
        ):
            if candidate in self.by_path:
                return self.by_path[candidate]
        if place in self._directories:
            return self._spaces.setdefault(place, Module(place + "/", None, place))
        return None

    def absolute(self, dotted: str, origin: str) -> Module | None:
        """What `import dotted` means in the file `origin`; None: outside the repository."""
        directory = origin.rpartition("/")[0]
        key = (dotted, directory)
        if key not in self._found:
            self._found[key] = self._search(dotted, directory)
        return self._found[key]

    def _search(self, dotted: str, directory: str) -> Module | None:
        # A script's own directory comes first on its path; a package's directory is not on the path at all.
        roots = self.roots if self._is_package(directory) else [directory, *self.roots]
        spaces: list[Module] = []
        for root in roots:
            found = self.at(root, dotted)
            if found is not None and found.facts is not None:
                return found
            if found is not None:
                spaces.append(found)
        # A directory that merely has the right name is a namespace package only when source lies directly in or below it.
        return spaces[0] if spaces else None

    def imported(self, row: Import, origin: str) -> Module | None:
        """The module named by an import row, whatever is then taken from it."""
        if not row.level:
            return self.absolute(row.module, origin)
        directory = origin.rpartition("/")[0]
        for _ in range(row.level - 1):
            if not directory:
                return None
            directory = directory.rpartition("/")[0]
        if not row.module:
            found = self.at(directory, "") if directory else self.by_path.get("__init__.py")
            return found or self._spaces.setdefault(directory, Module(directory + "/", None, directory or "."))
        return self.at(directory, row.module)

    def submodule(self, module: Module, name: str) -> Module | None:
        """`name` as a module inside a package."""
        if module.facts is not None and not module.path.rpartition("/")[2].startswith("__init__."):
            return None
        return self.at("" if module.directory == "." else module.directory, name)

    def between(self, before: str, after: str, origin: str) -> list[Module]:
        """The modules whose dotted name, as `origin` says it, begins and ends so with one word between."""
        stem, _, begun = before.rpartition(".")
        level = len(stem) - len(stem.lstrip(".")) + (not stem and before[:1] == ".")
        package = self.imported(Import(-1, stem.lstrip("."), "", "", level, 0), origin) if stem or level else None
        if package is None or not package.directory:
            return []
        base = "" if package.directory == "." else f"{package.directory}/"
        names = {
            path[len(base) :].partition("/")[0].partition(".")[0] for path in self.by_path if path.startswith(base)
        }
        found = [
            self.at(package.directory, name + after)
            for name in sorted(names)
            if name.startswith(begun) and name != "__init__"
        ]
        return [module for module in found if module is not None and module.facts is not None][:MAX_MODULES]

    def dotted(self, module: Module) -> str:
        """The name by which the roots know a module."""
        inside = [root for root in self.roots if module.path.startswith(f"{root}/")]
        path = module.path[len(max(inside, key=len)) + 1 :] if inside else module.path
        return path.rpartition(".")[0].removesuffix("__init__").rstrip("/").replace("/", ".")

    def public(self, module: Module) -> list[str] | None:
        """The names `from module import *` binds, as far as they are the module's own; None: all that are public."""
        if module.facts is None or module.facts.exports is None:
            return None
        names = list(module.facts.exports)
        for written in (module.facts.extra or {}).get("all_of", ()):
            for row in module.imports.get(written.partition(".")[0], ()):
                other = self.imported(row, module.path)
                if other is not None and row.name:
                    other = self.submodule(other, row.name) or other
                if other is not None and other is not module:
                    names += self.public(other) or []
        return names

    def definition(
        self, module: Module, name: str, _seen: frozenset[tuple[str, str]] = frozenset()
    ) -> list[tuple[Module, int]]:
        """Where `name` of `module` is really defined, through re-exports and star imports: [(module, definition)…]."""
        if (module.path, name) in _seen or module.facts is None:
            return []
        seen = _seen | {(module.path, name)}
        if name in module.symbols:
            indexes = module.symbols[name]
            kinds = [i for i in indexes if module.facts.defs[i].kind != "variable"]
            return [(module, i) for i in kinds or indexes]
        found: list[tuple[Module, int]] = []
        for row in module.imports.get(name, ()):
            other = self.imported(row, module.path)
            if other is not None and row.name:
                found += self.definition(other, row.name, seen)
        if not found:
            for row in module.imports.get("*", ()):
                other = self.imported(row, module.path)
                if other is not None and other is not module:
                    allowed = self.public(other)
                    if (allowed is None and not name.startswith("_")) or (allowed is not None and name in allowed):
                        found += self.definition(other, name, seen)
        return list(dict.fromkeys(found))


def _join(base: str, path: str) -> str:
    parts = [part for part in f"{base}/{path}".split("/") if part not in ("", ".")]
    return "/".join(parts)


def _configured(name: str, text: str) -> list[str]:
    """The source roots that a build file states."""
    if name == "setup.py":
        return [*_PACKAGE_DIR.findall(text), *_WHERE.findall(text)]
    if name == "setup.cfg":
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(text)
        except configparser.Error:
            return []
        where = parser.get("options.packages.find", "where", fallback="").split()
        mapped = re.findall(r"^\s*=\s*(\S+)", parser.get("options", "package_dir", fallback=""), re.MULTILINE)
        return where + mapped
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return []
    setuptools = _table(tool, "setuptools")
    roots = [w for w in _table(setuptools, "packages", "find").get("where", []) if isinstance(w, str)]
    top = _table(setuptools, "package-dir").get("")
    roots += [top] if isinstance(top, str) else []
    for entry in tool.get("poetry", {}).get("packages", []) if isinstance(tool.get("poetry"), dict) else []:
        if isinstance(entry, dict) and isinstance(entry.get("from"), str):
            roots.append(entry["from"])
    wheel = _table(tool, "hatch", "build", "targets", "wheel")
    roots += [p.rpartition("/")[0] for p in wheel.get("packages", []) if isinstance(p, str)]
    roots += [s for s in wheel.get("sources", []) if isinstance(s, str)]
    return roots


def _table(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key, {}) if isinstance(value, dict) else {}
    return value if isinstance(value, dict) else {}
