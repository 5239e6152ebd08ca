"""Go types and packages: type text taken apart; files grouped into packages, import paths led to directories, names to their
definitions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from extractor.facts import MODULE, FileFacts
from extractor.nodes import parent_of
from extractor.resolve import go_library as library
from extractor.resolve.chains import UNKNOWN_TYPE, TypeText, reads_types, split_top
from extractor.resolve.go_build import constraint, is_plain, meet
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values
from extractor.resolve.oo import Engine

_MODULE_LINE: Final = re.compile(r"^\s*module\s+\"?([^\s\"]+)", re.MULTILINE)
_REPLACE: Final = re.compile(r"^\s*(?:replace\s+)?([^\s()]+)(?:\s+v\S+)?\s*=>\s*(\.{1,2}/\S*|\.{1,2})", re.MULTILINE)
_NAMED: Final = re.compile(r"^[^\W\d]\w*\s+(?=\S)")
_ARROW: Final = re.compile(r"<-\s*chan\b|\bchan\s*<-")  # which way a channel goes says nothing about its elements
_FIELD: Final = re.compile(r"^(\w+(?:\s*,\s*\w+)*)\s+(?=\S)")
_METHOD: Final = re.compile(r"^\s*(\w+)\s*(\(.*)$", re.DOTALL)
_WORDS: Final = ("chan", "func", "map", "struct", "interface")


@reads_types
def go_type(text: str) -> TypeText:
    """`map[string]*Item` as map(string, Item): pointers say nothing about members."""
    text = _ARROW.sub("chan ", text).strip().lstrip("*~& ")
    if text.startswith("..."):
        return TypeText("[]", (go_type(text[3:]),))
    if text.startswith("["):
        return TypeText("[]", (go_type(text[_close(text, 0) :]),))
    if text.startswith("map["):
        end = _close(text, 3)
        return TypeText("map", (go_type(text[4 : end - 1]), go_type(text[end:])))
    if text.startswith("chan "):
        return TypeText("chan", (go_type(text.partition(" ")[2]),))
    if text.startswith(("func(", "func (")):
        start = text.find("(")
        end = _close(text, start)
        result = text[end:].strip()
        return TypeText("=>", (go_type(result) if result else TypeText("()"), *_fields(text[start + 1 : end - 1])))
    if text.startswith("(") and _close(text, 0) == len(text):
        inner = _fields(text[1:-1])
        return inner[0] if len(inner) == 1 else TypeText("()", inner)
    if text.startswith(("struct{", "struct {", "interface{", "interface {")) and text.endswith("}"):
        return _members(text)
    if "|" in text or not text or not (text[0].isalpha() or text[0] in "_$"):
        return UNKNOWN_TYPE
    name, bracket, rest = text.partition("[")
    if not bracket:
        return TypeText(name.strip())
    inside = rest[: _close("[" + rest, 0) - 2]
    return TypeText(name.strip(), tuple(go_type(a) for a in split_top(inside, ",") if a.strip()))


def _members(text: str) -> TypeText:
    """A struct or an interface without a name: its fields, or its methods as fields that hold functions."""
    kind, _, inside = text[:-1].partition("{")
    out: list[TypeText] = []
    embedded: list[TypeText] = []
    for part in split_top(inside, ";"):
        if kind.strip() == "struct":
            names, _, written = _FIELD.sub(r"\1;", part.strip(), count=1).partition(";")
            out += [TypeText(name.strip(), (go_type(written),)) for name in names.split(",") if written]
        elif found := _METHOD.match(part):
            out.append(TypeText(found[1], (go_type("func" + found[2]),)))
        else:
            embedded.append(go_type(part))
    own = (
        TypeText("{}" if kind.strip() == "struct" else "{m}", tuple(out))
        if out or kind.strip() == "struct"
        else TypeText("any")
    )
    return TypeText("|", (own, *embedded)) if embedded and embedded != [UNKNOWN_TYPE] else own


def _fields(text: str) -> tuple[TypeText, ...]:
    """The types of `a, b int, c *T` or of `int, *T`."""
    parts = [p.strip() for p in split_top(text, ",") if p.strip()]
    named = [bool(_NAMED.match(p)) and p.split(None, 1)[0] not in _WORDS for p in parts]
    if not any(named):
        return tuple(go_type(p) for p in parts)
    out: list[TypeText] = []
    current = UNKNOWN_TYPE
    for part, has_name in zip(reversed(parts), reversed(named), strict=True):
        current = go_type(part.split(None, 1)[1]) if has_name else current
        out.append(current)
    return tuple(reversed(out))


def _close(text: str, start: int) -> int:
    """Just behind the bracket that closes the one at `start`; the end of the text when none does."""
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    return len(text)


class Package:
    """One package: the files of one directory that bear one name, and what they declare, by name."""

    __slots__ = ("directory", "files", "name", "symbols")

    def __init__(self, directory: str, name: str) -> None:
        self.directory = directory
        self.name = name
        self.files: list[File] = []
        self.symbols: dict[str, list[Symbol]] = {}


class GoTypes(Engine):
    """Packages and types."""

    parse_type = staticmethod(go_type)
    implicit_members = False
    implements_interfaces = True

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.packages: dict[tuple[str, str], Package] = {}
        self.directories: dict[str, Package] = {}
        for file in self.files:
            key = (parent_of(file.facts.path), file.facts.namespace)
            package = self.packages.setdefault(key, Package(*key))
            package.files.append(file)
            file.found["package"] = package
            file.found["build"] = constraint(file.facts.path, (file.facts.extra or {}).get("build", ""))
            functions = {name: [s for s in held if s.d.kind != "method"] for name, held in file.top.items()}
            file.top = {name: held for name, held in functions.items() if held}  # a bare name is never a method
            for name, symbols in file.top.items():
                package.symbols.setdefault(name, []).extend(symbols)
        for (directory, name), package in sorted(self.packages.items()):
            known = self.directories.get(directory)
            # `x_test` beside `x`, a main behind a build tag, a file too broken to say: not what an import of the directory means.
            if (
                known is None
                or not known.name
                or known.name.endswith("_test")
                or (known.name == "main" and not name.endswith("_test"))
            ):
                self.directories[directory] = package
        self.modules = self._modules()
        self._import_cache: dict[str, Package | None] = {}
        for file in self.files:
            self._attach(file)
        for file in self.files:
            self._imports(file)
        self._types: dict[tuple[int, int, str], Value | None] = {}

    # ------------------------------------------------------------------ packages
    def _modules(self) -> list[tuple[str, str]]:
        """(import path, directory) of the modules in this repository, longest path first."""
        found: dict[str, str] = {}
        for path, text in sorted(self.configs.items()):
            if path.rpartition("/")[2] != "go.mod":
                continue
            directory = parent_of(path)
            stated = _MODULE_LINE.search(text)
            if stated:
                found[stated[1]] = directory
            for name, target in _REPLACE.findall(text):
                found.setdefault(name, _joined(directory, target))
        return sorted(found.items(), key=lambda m: (-len(m[0]), m[0]))

    def package_at(self, path: str, file: File) -> Package | None:
        """The package here that an import path names."""
        if path.startswith(("./", "../")) or path in (".", ".."):
            return self.directories.get(_joined(parent_of(file.facts.path), path))
        if path not in self._import_cache:
            self._import_cache[path] = self._find_package(path)
        return self._import_cache[path]

    def _find_package(self, path: str) -> Package | None:
        for module, directory in self.modules:
            if path == module or path.startswith(module + "/"):
                return self.directories.get(f"{directory}/{path[len(module) + 1 :]}".strip("/"))
            if module == "std" and (known := self.directories.get(f"{directory}/{path}".strip("/"))):
                return known  # Go's own repository: packages of the library bear no module's name
        for directory in sorted(self.directories):
            if directory == f"vendor/{path}" or directory.endswith(f"/vendor/{path}"):
                return self.directories[directory]
        if path.partition("/")[0] in library.STANDARD or self.modules:
            return None
        # No go.mod: the longest end of the path that is a directory here, when only one is.
        parts = path.split("/")
        for cut in range(len(parts)):
            end = "/".join(parts[cut:])
            found = [d for d in sorted(self.directories) if d == end or (cut == 0 and d.endswith("/" + end))]
            if found:
                return self.directories[found[0]] if len(found) == 1 else None
        return None

    def _imports(self, file: File) -> None:
        """Names that imports give: file.found["imports"] name -> package here or path, and the dot imports."""
        named: dict[str, Package | str] = {}
        dots: list[Package | str] = []
        for row in file.facts.imports:
            package = self.package_at(row.module, file)
            if row.name == "*":
                dots.append(package or row.module)
            elif row.alias != "_":
                named[row.alias or (package.name if package else _default_name(row.module))] = package or row.module
        file.found["imports"], file.found["dots"] = named, dots

    def _attach(self, file: File) -> None:
        """Methods join their type, whichever file of the package it stands in."""
        for key, (owner, _) in (file.facts.extra or {}).get("receivers", {}).items():
            method = file.symbols[int(key)]
            types = [s for s in file.found["package"].symbols.get(owner, ()) if s.is_class]
            chosen = [s for s in types if s.file is file] or [s for s in types if self.meets(s, file)] or types
            for symbol in chosen:
                file.outside.setdefault(method.index, symbol)
                group = symbol.members.setdefault(method.d.name, [])
                if method not in group:
                    group.append(method)

    def plain(self, symbols: Sequence[Symbol], file: File) -> list[Symbol]:
        """Of variants, those that a plain build takes together with a file; all that may meet it where that leaves none."""
        held = [s for s in symbols if self.meets(s, file)] or list(symbols)
        return [s for s in held if is_plain(s.file.found["build"])] or held

    def meets(self, symbol: Symbol, file: File) -> bool:
        """Whether some build takes a definition and a file together."""
        return meet(symbol.file.found["build"], file.found["build"])

    # ------------------------------------------------------------------ names of types
    def type_name(self, name: str, file: File, scope: int) -> Value | None:
        key = (file.number, scope, name)
        if key not in self._types:
            self._types[key] = self._type_name(name, file, scope)
        return self._types[key]

    def _type_name(self, name: str, file: File, scope: int) -> Value | None:
        first, dot, rest = name.rpartition(".")
        if dot:
            if "/" in first:  # a type in the library's table
                return Value("extclass", name=f"{first}#{rest}")
            target = file.found["imports"].get(first)
            if isinstance(target, Package):
                return self._declared(target, rest, "import")
            return Value("extclass", name=f"{target or first}#{rest}")
        variable = (
            self.type_variable(name, file, scope) if name[0] != "$" else Value("var", (file, scope, ""), (), name)
        )
        if variable is not None:
            return variable
        while scope != MODULE:
            for symbol in file.symbols[scope].members.get(name, ()):
                if file.symbols[scope].is_function and (symbol.is_class or "alias" in symbol.d.flags):
                    return Value("alias" if "alias" in symbol.d.flags else "class", symbol)
            scope = file.symbols[scope].d.scope
        found = self._declared(file.found["package"], name, "scope", file)
        if found is not None:
            return found
        for dot_import in file.found["dots"]:
            found = self._declared(dot_import, name, "import") if isinstance(dot_import, Package) else None
            if found is not None:
                return found
        if name in library.BUILTIN_TYPES:
            return Value("extclass", name=f"builtin#{name}")
        outside = self.outside_dots(name, file)
        return Value("extclass", name=outside) if outside else None

    def outside_dots(self, name: str, file: File) -> str:
        """What an exported name means that nothing here declares: the one dot import from elsewhere declares it."""
        dots = [d for d in file.found["dots"] if isinstance(d, str)]
        return f"{dots[0]}#{name}" if len(dots) == 1 and name[:1].isupper() else ""

    def type_variable(self, name: str, file: File, scope: int) -> Value | None:
        """What a method calls a type parameter has the bound that its type gives it."""
        found = super().type_variable(name, file, scope)
        if found is None or (owner := file.outside.get(found.symbol[1])) is None:
            return found
        given = list(file.typevars[found.symbol[1]])
        bounds = list(owner.file.typevars.get(owner.index, {}).values())
        at = given.index(name)
        return found._replace(symbol=(owner.file, owner.index, bounds[at])) if at < len(bounds) else found

    def _declared(self, package: Package, name: str, via: str, near: File | None = None) -> Value | None:
        symbols = [s for s in package.symbols.get(name, ()) if s.is_class or "alias" in s.d.flags]
        if not symbols:
            return None
        # Of the variants of a type one is meant: that of this file, else one that is built with it, and without tags.
        best = symbols[0]
        if len(symbols) > 1:
            key = [
                (s.file is near, near is None or self.meets(s, near), is_plain(s.file.found["build"])) for s in symbols
            ]
            best = symbols[key.index(max(key))]
        return Value("alias" if "alias" in best.d.flags else "class", best, via=via)

    # ------------------------------------------------------------------ values
    def instances(self, parsed: TypeText, file: File, scope: int, depth: int = 0) -> Values:
        if parsed.name in ("map", "chan"):
            inner = [self.instances(a, file, scope, depth + 1) for a in parsed.args]
            return (Value("list", args=(inner[-1], inner[0]), name=parsed.name),)
        if parsed.name == "()":
            return (Value("tuple", args=tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args)),)
        if parsed.name in ("{}", "{m}"):
            held = tuple(self.instances(a.args[0], file, scope, depth + 1) for a in parsed.args)
            via = "interface" if parsed.name == "{m}" else "type"
            return (Value("fields", args=held, name=",".join(a.name for a in parsed.args), via=via),)
        return super().instances(parsed, file, scope, depth)

    def underlying(self, value: Value, context: Context) -> Values:
        """What a named type that is no struct stands for: `type Stack []Item`."""
        if value.kind != "inst" or not isinstance(value.symbol, Symbol):
            return NOTHING
        rows = value.symbol.file.binds.get((value.symbol.index, "underlying"), ())
        held = self.type_values(rows[0].text, value.symbol.file, value.symbol.index) if rows else NOTHING
        return self.substitute(held, self.environment(value), 1) if value.args else held


def _joined(directory: str, relative: str) -> str:
    parts = directory.split("/") if directory else []
    for part in relative.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _default_name(path: str) -> str:
    """What a package elsewhere is called by custom: without its version, `go-` and `.go`."""
    parts = path.split("/")
    last = parts[-2] if len(parts) > 1 and re.fullmatch(r"v\d+", parts[-1]) else parts[-1]
    last = re.sub(r"\.v\d+$", "", last).removesuffix(".go").removesuffix("-go").removeprefix("go-").removeprefix("go.")
    return last.rpartition("-")[2] if "-" in last else last
