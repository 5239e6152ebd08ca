"""Invented repositories: graphs with the shape of real ones and no fact of any. The embedded base learns questions from them.

A repository here is nodes and edges as the extractor writes them (modules, classes, methods, functions, errors; imports,
calls, bases, raises), drawn from the word lists beside this file. The same seed gives the same repository on any machine.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from config.manifest import digest
from extractor.schema import Edge, FileRow, Node, external_id, module_id, package_id, symbol_id

HERE: Final = Path(__file__).resolve().parent
# suffix, id prefix, language, how often: the flavours the extractor knows, Python most of all.
FLAVOURS: Final = (
    (".py", "py", "python", 6),
    (".ts", "ts", "typescript", 2),
    (".java", "java", "java", 1),
    (".cpp", "cpp", "cpp", 1),
)
ERRORS: Final = ("ValueError", "TypeError", "KeyError", "RuntimeError", "OSError", "NotImplementedError", "IndexError")

TYPES: Final = (
    "str",
    "int",
    "float",
    "bool",
    "bytes",
    "None",
    "list[str]",
    "dict[str, int]",
    "tuple[int, int]",
    "Path",
    "set[str]",
    "str | None",
    "int | None",
    "Iterator[str]",
    "Any",
    "Sequence[int]",
    "Mapping[str, Any]",
    "list[int]",
    "dict[str, Any]",
)


@dataclass(frozen=True, slots=True)
class Invented:
    """What `extractor.graph.write_graph` takes, and the project's name."""

    project: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    files: tuple[FileRow, ...]


@functools.cache
def words() -> dict[str, tuple[str, ...]]:
    """Section of words.txt -> its words, in order."""
    return {name: tuple(dict.fromkeys(found)) for name, found in sections("words.txt", str.split).items()}


def sections(file: str, parts: Callable[[str], Iterable[str]]) -> dict[str, list[str]]:
    """Section of a text file beside this one -> the parts of its lines, in order."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (HERE / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            current += parts(line)
    return found


@functools.cache
def prose() -> tuple[str, ...]:
    lines = (HERE / "prose.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def invent(seed: int, modules: int = 16) -> Invented:
    """One repository of about `modules` files and nine symbols in each."""
    return _Inventor(random.Random(f"nanodex {seed}")).repository(modules)


def sentences(seed: int, count: int) -> Iterator[str]:
    """Documentation sentences, for fitting the tokenizer."""
    inventor = _Inventor(random.Random(f"prose {seed}"))
    for _ in range(count):
        yield inventor.sentence()


class _Inventor:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.nodes: dict[str, Node] = {}
        self.edges: set[Edge] = set()
        self.line = 1

    def repository(self, modules: int) -> Invented:
        project = self._one("nouns") + self.rng.choice(("", "kit", "lab", "py", "ly", "base", "flow"))
        folders = [self.rng.choice(("", "src/")) + project]
        folders += [f"{folders[0]}/{name}" for name in self.rng.sample(words()["folders"], 4)]
        flavours = [f for f in FLAVOURS for _ in range(f[3])]
        main = self.rng.choice(flavours)
        for _ in range(modules):
            flavour = main if self.rng.random() < 0.8 else self.rng.choice(flavours)
            self._module(self.rng.choice(folders), flavour)
        self._relate()
        files = tuple(
            FileRow(n.path, n.lang, digest([n.path]), "1", "ok", loc=n.meta["end_line"])
            for n in self.nodes.values()
            if n.type == "module"
        )
        return Invented(project, tuple(self.nodes.values()), tuple(sorted(self.edges)), files)

    def sentence(self) -> str:
        """One doc sentence with its holes filled, its first letter a capital."""
        template = self.rng.choice(prose())
        for hole, section in (("{n}", "nouns"), ("{v}", "verbs"), ("{a}", "adjectives")):
            while hole in template:
                template = template.replace(hole, self._one(section), 1)
        return template[0].upper() + template[1:]

    def _one(self, section: str) -> str:
        return self.rng.choice(words()[section])

    def _module(self, folder: str, flavour: tuple[str, str, str, int]) -> None:
        suffix, prefix, lang, _ = flavour
        stem = self._one("nouns") if self.rng.random() < 0.7 else f"{self._one('adjectives')}_{self._one('nouns')}"
        path = f"{folder}/{stem}{suffix}"
        identity = module_id(prefix, path)
        if identity in self.nodes:
            return
        self.line = 1
        package = package_id(prefix, folder)
        if package not in self.nodes:
            self.nodes[package] = Node(package, "package", folder.rpartition("/")[2], folder, lang, {})
        symbols = [self._class(prefix, path, lang, identity) for _ in range(self.rng.randint(1, 2))]
        symbols += [self._callable(prefix, path, lang, identity, "") for _ in range(self.rng.randint(2, 4))]
        if self.rng.random() < 0.3:
            symbols.append(self._constant(prefix, path, lang, identity))
        meta = {"start_line": 1, "end_line": self.line, "doc": self._doc(), "content_hash": digest([path])}
        self.nodes[identity] = Node(identity, "module", stem, path, lang, meta)
        self._edge(identity, package, "defined_in")

    def _class(self, prefix: str, path: str, lang: str, module: str) -> str:
        kind = self.rng.random()
        name = self._camel(self._one("nouns"), self._one("nouns")) if kind < 0.6 else self._camel(self._one("nouns"))
        if kind > 0.85:
            name = self._camel(self._one("adjectives"), self._one("nouns"), "error")
        identity = self._symbol("class", prefix, path, lang, name, module)
        for _ in range(0 if name.endswith("Error") else self.rng.randint(2, 4)):
            self._callable(prefix, path, lang, identity, name)
        return identity

    def _callable(self, prefix: str, path: str, lang: str, container: str, owner: str) -> str:
        parts = [self._one("verbs")] + ([self._one("nouns")] if self.rng.random() < 0.65 else [])
        if self.rng.random() < 0.1:
            parts.insert(1, self._one("adjectives"))
        name = "_".join(parts) if prefix in ("py", "cpp") else parts[0] + self._camel(*parts[1:])
        if prefix == "py" and self.rng.random() < 0.15:
            name = "_" + name
        params = [self._parameter() for _ in range(self.rng.randint(0, 3))]
        returns = self.rng.choice(TYPES) if self.rng.random() < 0.7 else ""
        inside = ", ".join(
            p["name"]
            + (f": {p['annotation']}" if p["annotation"] else "")
            + (f" = {p['default']}" if p["default"] else "")
            for p in params
        )
        signature = f"{name}({inside})" + (f" -> {returns}" if returns else "")
        qualname = f"{owner}.{name}" if owner else name
        meta = {"signature": signature, "params": params, "returns": returns}
        return self._symbol("method" if owner else "function", prefix, path, lang, qualname, container, meta)

    def _constant(self, prefix: str, path: str, lang: str, container: str) -> str:
        name = f"{self._one('adjectives')}_{self._one('nouns')}".upper()
        return self._symbol("variable", prefix, path, lang, name, container, {"value": str(self.rng.randint(1, 4096))})

    def _symbol(
        self,
        kind: str,
        prefix: str,
        path: str,
        lang: str,
        qualname: str,
        container: str,
        extra: dict[str, Any] | None = None,
    ) -> str:
        identity = symbol_id(prefix, path, qualname)
        name = qualname.rpartition(".")[2]
        length = self.rng.randint(3, 40)
        meta = {
            "start_line": self.line,
            "end_line": self.line + length,
            "signature": name,
            "params": [],
            "returns": "",
            "doc": self._doc(),
            "decorators": [],
            "visibility": "private" if name.startswith("_") else "public",
            "content_hash": digest([identity]),
            **(extra or {}),
        }
        self.line += length + 2
        self.nodes[identity] = Node(identity, kind, name, path, lang, meta)
        self._edge(identity, container, "defined_in")
        return identity

    def _parameter(self) -> dict[str, str]:
        name = self._one("nouns") if self.rng.random() < 0.8 else f"{self._one('adjectives')}_{self._one('nouns')}"
        default = self._one("defaults") if self.rng.random() < 0.4 else ""
        return {"name": name, "annotation": self.rng.choice(TYPES), "default": default, "kind": ""}

    def _relate(self) -> None:
        modules = [n for n in self.nodes.values() if n.type == "module"]
        classes = [n for n in self.nodes.values() if n.type == "class"]
        callables = [n for n in self.nodes.values() if n.type in ("function", "method")]
        errors = [n for n in classes if n.name.endswith("Error")]
        builtin = [Node(external_id("builtins", e), "external", e, "", "", {}) for e in ERRORS]
        for source in modules:
            for target in self.rng.sample(modules, min(len(modules), self.rng.randint(0, 3))):
                if target.id != source.id:
                    self._edge(source.id, target.id, "imports", 2)
        for source in classes:
            if self.rng.random() < 0.4:
                target = self.rng.choice(builtin if source in errors else classes)
                if target.id != source.id:
                    self._edge(source.id, self._known(target), "extends", source.lines[0])
        for source in callables:
            for target in self.rng.sample(callables, self.rng.choice((0, 1, 1, 2, 2, 3))):
                if target.id != source.id:
                    self._edge(source.id, target.id, "calls", source.lines[0] + 1)
            if self.rng.random() < 0.3:
                target = self.rng.choice([*errors, *builtin])
                self._edge(source.id, self._known(target), "throws", source.lines[0] + 2)

    def _known(self, node: Node) -> str:
        self.nodes.setdefault(node.id, node)
        return node.id

    def _edge(self, src: str, dst: str, kind: str, line: int = 0) -> None:
        self.edges.add(Edge(src, dst, kind, line, 1.0, "invented"))

    def _doc(self) -> str:
        return self.sentence() if self.rng.random() < 0.7 else ""

    @staticmethod
    def _camel(*parts: str) -> str:
        return "".join(part[:1].upper() + part[1:] for part in parts)
