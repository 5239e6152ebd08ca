"""Languages: a file's path and content in, the LanguageSpec that parses it out, and the tree-sitter grammar of a spec.

A spec names its entry in the `languages:` setting, the prefix of its node ids, and the family: the module of that name under
`extractor.parse` and `extractor.resolve` that reads and links it.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Language


@dataclass(frozen=True, slots=True)
class LanguageSpec:
    """`entry` is the key of the `languages:` setting, `module` the grammar's Python module, `function` what it exports."""

    name: str
    entry: str
    prefix: str
    suffixes: tuple[str, ...]
    module: str
    function: str = "language"
    dotted: bool = False  # a module is called by its path, with dots
    fences: tuple[str, ...] = ()  # what a document writes above code in this language, where our own parser reads it

    @property
    def family(self) -> str:
        """The module under `extractor.parse` and `extractor.resolve` that handles this language."""
        return self.entry

    @property
    def distribution(self) -> str:
        """The wheel that holds the grammar."""
        return self.module.replace("_", "-")


SPECS: Final = (
    LanguageSpec(
        "python", "python", "py", (".py", ".pyi", ".pyw"), "tree_sitter_python",
        dotted=True, fences=("python", "py", "python3", "pycon", "pytb", ""),
    ),
    LanguageSpec("cython", "python", "py", (".pyx", ".pxd", ".pxi"), "tree_sitter_python"),
    LanguageSpec("java", "java", "java", (".java",), "tree_sitter_java", dotted=True),
    LanguageSpec(
        "typescript", "typescript", "ts", (".ts", ".mts", ".cts"), "tree_sitter_typescript", "language_typescript"
    ),
    LanguageSpec("tsx", "typescript", "ts", (".tsx",), "tree_sitter_typescript", "language_tsx"),
    LanguageSpec("javascript", "typescript", "js", (".js", ".mjs", ".cjs", ".jsx"), "tree_sitter_javascript"),
    LanguageSpec("c", "cpp", "cpp", (".c",), "tree_sitter_c"),
    LanguageSpec(
        "cpp",
        "cpp",
        "cpp",
        (
            ".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".ipp", ".inl", ".tcc", ".tpp", ".txx", ".cppm", ".ixx",
        ),
        "tree_sitter_cpp",
    ),
    LanguageSpec("cuda", "cpp", "cpp", (".cu", ".cuh"), "tree_sitter_cuda"),
    LanguageSpec("go", "go", "go", (".go",), "tree_sitter_go"),
    LanguageSpec("rust", "rust", "rs", (".rs",), "tree_sitter_rust"),
    LanguageSpec("csharp", "csharp", "cs", (".cs",), "tree_sitter_c_sharp"),
)  # fmt: skip
BY_NAME: Final = {spec.name: spec for spec in SPECS}
_BY_SUFFIX: Final = {suffix: spec for spec in SPECS for suffix in spec.suffixes}
SOURCE_SUFFIXES: Final = frozenset(_BY_SUFFIX) | {".h"}

_INTERPRETERS: Final = {
    "python": "python",
    "pypy": "python",
    "node": "javascript",
    "deno": "typescript",
    "bun": "typescript",
}
_SHEBANG = re.compile(rb"#![^\n]*?(python|pypy|node|deno|bun)[\d.]*(?=\s|$)")
_QUALIFIED = rb"^\s*(?:template\s*<|namespace\b|using\s+\w|class\s+\w|enum\s+class\b|public\s*:|private\s*:|protected\s*:)|\w::\w"
_CPLUSPLUS = re.compile(_QUALIFIED, re.MULTILINE)
_NOISE = re.compile(rb"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_LAUNCH = re.compile(rb"(?<!<)<<<(?!<)")


def spec_for(path: str, head: bytes) -> LanguageSpec | None:
    """The language of a file, None for everything that is not source.

    `head` is the file's content or its beginning. It decides what the suffix leaves open: `.h` is C++ when it says so, C or
    C++ with a kernel launch is CUDA, `.ts` may be a translation file, and a script without a suffix names its interpreter.
    """
    name = path.rpartition("/")[2]
    _, dot, ending = name.rpartition(".")
    if not dot:
        found = _SHEBANG.match(head)
        return BY_NAME[_INTERPRETERS[found[1].decode()]] if found else None
    suffix = f".{ending}"
    # `.C` and `.H` are C++ by old custom; every other suffix is read whatever its case.
    if suffix == ".C":
        spec = BY_NAME["cpp"]
    elif suffix.lower() == ".h":
        spec = BY_NAME["cpp" if suffix == ".H" or _CPLUSPLUS.search(_NOISE.sub(b" ", head)) else "c"]
    else:
        spec = _BY_SUFFIX.get(suffix.lower(), None)  # type: ignore[assignment]
    if spec is None or (suffix == ".ts" and head.lstrip()[:5] in (b"<?xml", b"<!DOC")):
        return None
    if spec.name in ("c", "cpp") and _LAUNCH.search(head) and _LAUNCH.search(_NOISE.sub(b" ", head)):
        return BY_NAME["cuda"]
    return spec


@cache
def grammar(spec: LanguageSpec) -> Language:
    """The loaded grammar. Raises ImportError when its wheel is missing, ValueError when its ABI does not fit."""
    from tree_sitter import Language

    return Language(getattr(importlib.import_module(spec.module), spec.function)())


@cache
def grammar_version(distribution: str) -> str:
    """The installed version of a grammar's wheel, empty when it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def check_grammars() -> list[tuple[str, bool, str]]:
    """Load every grammar and parse a token with it: (language, whether it works, wheel and version or what went wrong)."""
    from tree_sitter import Parser

    checked = []
    for spec in SPECS:
        try:
            ok = Parser(grammar(spec)).parse(b";").root_node is not None
            detail = f"{spec.distribution} {grammar_version(spec.distribution)}"
        except (ImportError, AttributeError, ValueError) as error:
            ok, detail = False, f"{spec.distribution}: {error}"
        checked.append((spec.name, ok, detail))
    return checked
