"""Extension modules that build files state: the texts of setup.py, pyproject.toml, CMakeLists.txt and binding.gyp in, Extensions out.

setup.py is read as a syntax tree, its constants followed, never run. CMake is read command by command, with the variables that
`set` gives. A file that cannot be read states nothing.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from posixpath import normpath
from typing import Any, Final, NamedTuple

_CMAKE_MODULES: Final = re.compile(
    r"(?:pybind11|nanobind|cython|boost_python)_add_module$|python[23]?_add_library$|cuda_add_library$"
)
_CMAKE_WORDS: Final = frozenset((
    "MODULE", "SHARED", "STATIC", "THIN_LTO", "OPT_SIZE", "NO_EXTRAS", "EXCLUDE_FROM_ALL", "SYSTEM", "NB_STATIC", "NB_SHARED", "STABLE_ABI",
    "FREE_THREADED", "NB_DOMAIN", "LTO", "WITH_SOABI", "NOMINSIZE", "NOSTRIP", "PROTECT_STACK", "MUSL_DYNAMIC_LIBCPP", "OBJECT",
    "NB_SUPPRESS_WARNINGS", "PUBLIC", "PRIVATE", "INTERFACE",
))  # fmt: skip
_GLOB: Final = "*?["


class Extension(NamedTuple):
    """A native module under its full name. `sources` are paths or patterns below the repository's root; `base` the build file's folder."""

    name: str
    sources: tuple[str, ...]
    base: str

    def builds(self, path: str) -> bool:
        """Whether a source file is named among its sources."""
        return any(path == s or (any(c in s for c in _GLOB) and _matches(path, s)) for s in self.sources)


def extensions(configs: Mapping[str, str]) -> list[Extension]:
    """Every native module that a build file names, in order of path and place."""
    found: list[Extension] = []
    for path in sorted(configs):
        base, _, name = path.rpartition("/")
        if name == "setup.py":
            found += _setup(configs[path], base)
        elif name == "pyproject.toml":
            found += _pyproject(configs[path], base)
        elif name == "CMakeLists.txt":
            found += _cmake(configs[path], base)
        elif name == "binding.gyp":
            found += _gyp(configs[path], base)
        elif name == "Cargo.toml":
            found += _cargo(configs[path], base)
    return found


def _made(name: str, sources: list[str], base: str) -> Extension:
    paths = (normpath(f"{base}/{s}" if base and not s.startswith("**") else s) for s in sources if s)
    return Extension(name.replace("/", "."), tuple(dict.fromkeys(paths)), base)


def _matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) or ("**/" in pattern and fnmatchcase(path, pattern.replace("**/", "")))


# ---------------------------------------------------------------------- setup.py
def _setup(text: str, base: str) -> Iterator[Extension]:
    """`Extension("pkg._C", ["a.cpp"])` and its kin: whatever is called so and ends in Extension."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name) and node.value:
            values.setdefault(node.target.id, []).append(node.value)
        elif (
            (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
            )
            and node.func.attr in ("append", "extend")
            and node.args
        ):
            values.setdefault(node.func.value.id, []).append(node.args[0])
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    for node in sorted(calls, key=lambda n: (n.lineno, n.col_offset)):
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if not function.endswith(("Extension", "extension")):
            continue
        given = {k.arg: k.value for k in node.keywords if k.arg}
        named = given.get("name") or given.get("target") or (node.args[0] if node.args else None)
        sources = given.get("sources") or (node.args[1] if len(node.args) > 1 else None)
        for name in _strings(named, values, 0)[:1]:
            yield _made(name, _strings(sources, values, 0), base)


def _strings(node: ast.expr | None, values: Mapping[str, list[ast.expr]], depth: int) -> list[str]:
    """The strings that an expression of constants may hold; `*` where a part is not known."""
    if node is None or depth > 8:
        return []
    inner = depth + 1
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [s for e in node.elts for s in _strings(e, values, inner)]
    if isinstance(node, ast.Name):
        return [s for value in values.get(node.id, ()) for s in _strings(value, values, inner)]
    if isinstance(node, ast.JoinedStr):
        parts = [_strings(p.value if isinstance(p, ast.FormattedValue) else p, values, inner) for p in node.values]
        return ["".join(p[0] if p else "*" for p in parts)]
    if isinstance(node, ast.BinOp):
        left, right = _strings(node.left, values, inner), _strings(node.right, values, inner)
        whole = isinstance(node.left, ast.List | ast.Tuple) or isinstance(node.right, ast.List | ast.Tuple)
        if isinstance(node.op, ast.Add) and (whole or len(left) != 1 or len(right) != 1):
            return left + right
        return [("/" if isinstance(node.op, ast.Div) else "").join((*left[:1], *right[:1]))] if left or right else []
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        over = node.generators[0]
        bound = {**values, over.target.id: [over.iter]} if isinstance(over.target, ast.Name) else values
        return _strings(node.elt, bound, inner)
    if isinstance(node, ast.Starred):
        return _strings(node.value, values, inner)
    if isinstance(node, ast.IfExp):
        return _strings(node.body, values, inner) + _strings(node.orelse, values, inner)
    if isinstance(node, ast.Call):
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if function == "join" and len(node.args) > 0:
            parts = [_strings(a, values, inner) for a in node.args]
            tails = parts[-1] or ["*"]
            head = [p[0] for p in parts[:-1] if p]
            return ["/".join([*head, tail]).lstrip("/") for tail in tails]
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        before = (
            _strings(owner, values, inner) if function in ("glob", "rglob") and not isinstance(owner, ast.Name) else []
        )
        return [
            "/".join([*before[:1], s]) for a in node.args for s in _strings(a, values, inner)
        ]  # sorted(glob("csrc/*.cpp")), str(p), Path("a")
    if isinstance(node, ast.Attribute):
        return []
    return []


# ---------------------------------------------------------------------- the others
def _pyproject(text: str, base: str) -> Iterator[Extension]:
    tool = _toml(text).get("tool")
    tool = tool if isinstance(tool, dict) else {}
    setuptools = tool.get("setuptools")
    rows = setuptools.get("ext-modules") if isinstance(setuptools, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            sources = row.get("sources")
            yield _made(
                row["name"], [s for s in sources if isinstance(s, str)] if isinstance(sources, list) else [], base
            )
    maturin = tool.get("maturin")
    if isinstance(maturin, dict) and isinstance(maturin.get("module-name"), str):
        yield _made(maturin["module-name"], ["src/**/*.rs", "src/*.rs"], base)


def _cargo(text: str, base: str) -> Iterator[Extension]:
    library = _toml(text).get("lib")
    if isinstance(library, dict) and isinstance(library.get("name"), str) and "cdylib" in library.get("crate-type", ()):
        yield _made(library["name"], ["src/**/*.rs", "src/*.rs"], base)


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _gyp(text: str, base: str) -> Iterator[Extension]:
    """binding.gyp is a Python literal with comments, or JSON."""
    try:
        held = ast.literal_eval(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for row in held.get("targets", ()) if isinstance(held, dict) else ():
        if isinstance(row, dict) and isinstance(row.get("target_name"), str):
            yield _made(row["target_name"], [s for s in row.get("sources", ()) if isinstance(s, str)], base)


def _cmake(text: str, base: str) -> Iterator[Extension]:
    """Targets that are Python modules by their command, or libraries renamed to one by OUTPUT_NAME."""
    variables: dict[str, list[str]] = {}
    targets: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    libraries: dict[str, list[str]] = {}
    for command, words in _commands(text):
        args = [value for word in words for value in _expand(word, variables)]
        if not args:
            continue
        plain = [a for a in args[1:] if a not in _CMAKE_WORDS]
        if command == "set":
            variables[args[0]] = args[1:]
        elif command == "project":
            variables.setdefault("PROJECT_NAME", args[:1])
        elif command == "list" and args[0] == "APPEND" and len(args) > 2:
            variables[args[1]] = variables.get(args[1], []) + args[2:]
        elif command == "file" and args[0] in ("GLOB", "GLOB_RECURSE") and len(args) > 2:
            deep = "**/" if args[0] == "GLOB_RECURSE" else ""
            patterns = [a for a in args[2:] if a != "CONFIGURE_DEPENDS"]
            variables[args[1]] = patterns + ([re.sub(r"([^/]+)$", deep + r"\1", p) for p in patterns] if deep else [])
        elif _CMAKE_MODULES.match(command):
            targets[args[0]] = plain
        elif command == "add_library" and ("MODULE" in args or "SHARED" in args):
            libraries[args[0]] = plain
        elif command == "target_sources":
            (targets if args[0] in targets else libraries).setdefault(args[0], []).extend(plain)
        elif command == "set_target_properties" and "OUTPUT_NAME" in args[:-1]:
            names[args[0]] = args[args.index("OUTPUT_NAME") + 1]
    for target in [*targets, *(t for t in libraries if t not in targets)]:
        yield _made(names.get(target, target), targets.get(target) or libraries.get(target, []), base)


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """(name in lower case, words) of every command of a CMake file."""
    tokens = re.findall(r'#\[(=*)\[.*?\]\1\]|#[^\n]*|("(?:\\.|[^"\\])*")|([()])|([^\s()"#]+)', text, re.DOTALL)
    name, depth = "", 0
    words: list[str] = []
    for _, quoted, bracket, word in tokens:
        if bracket == "(":
            depth += 1
        elif bracket == ")":
            depth -= 1
            if depth <= 0:
                yield name.lower(), words
                name, words, depth = "", [], 0
        elif depth and (quoted or word):
            words.append(quoted.strip('"') if quoted else word)
        elif word:
            name = word


def _expand(word: str, variables: Mapping[str, list[str]]) -> list[str]:
    """A word with its variables filled in; those of CMake's own folders are the folder of the file."""
    word = re.sub(r"\$\{(?:CMAKE_CURRENT_(?:SOURCE|LIST)_DIR|CMAKE_SOURCE_DIR|PROJECT_SOURCE_DIR)\}/?", "", word)
    whole = re.fullmatch(r"\$\{(\w+)\}", word)
    if whole:
        return variables.get(whole[1], [])
    return [re.sub(r"\$\{(\w+)\}", lambda m: " ".join(variables.get(m[1], [])), word)]
