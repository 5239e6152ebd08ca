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


# What a comment says to a linter, a formatter, a coverage tool or whoever comes next, not to who uses the code.
TO_TOOLS: Final = re.compile(
    r"\W*(?:[a-z]+lint\b|(?:es|js|ts|css)hint\b|[a-z]+-(?:disable|enable|ignore)|clang-(?:format|tidy)\b|@?ts-|globals?\s+\w+\s*[:,]"
    r"|(?:istanbul|prettier|noinspection|nosonar|nosec|noqa|rustfmt)\b|(?:pragma|lint|mypy|flake8|ruff|fmt):|type:\s*ignore|(?:todo|fixme|xxx)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LanguageSpec:
    """`entry` is the key of the `languages:` setting, `module` the grammar's Python module, `function` what it exports.

    The rest says how prose speaks of it: `builtin` is the package whose names need no qualifier, `dotted` whether modules go
    by dotted paths, `rest` what marks a parameter that takes all further arguments, `throws` whether an error is thrown
    rather than returned, `embeds` whether a type takes over another by holding it, `mark` how an attribute of a definition
    is written, `nouns` what its programmers call a node type, `packaged` whether a file is called by its package's path, `fences`
    what a document writes above code that our own parser reads, `documentation` is the query for what documents and is no comment,
    `joint` what stands between the parts of a qualified name, `wraps` what looks like a call and only says how a value is meant,
    `virtual` whether a method replaces a base class's only where one of the two says so, `by_package` whether
    what a package offers is always called by its name: `strings.Contains`.
    """

    name: str
    entry: str
    prefix: str
    suffixes: tuple[str, ...]
    module: str
    function: str = "language"
    builtin: str = ""
    dotted: bool = False
    rest: str = "..."
    throws: bool = True
    embeds: bool = False
    mark: str = "@{}"
    nouns: tuple[tuple[str, str], ...] = ()
    packaged: bool = False
    fences: tuple[str, ...] = ()
    documentation: str = ""
    joint: str = "."
    wraps: tuple[str, ...] = ()
    virtual: bool = False
    by_package: bool = False

    @property
    def family(self) -> str:
        """The module under `extractor.parse` and `extractor.resolve` that handles this language."""
        return self.entry

    @property
    def distribution(self) -> str:
        """The wheel that holds the grammar."""
        return self.module.replace("_", "-")


_DOCSTRING: Final = '(expression_statement . (string) @document . (#not-match? @document "^[rRbB]?[fF]"))'
SPECS: Final = (
    LanguageSpec(
        "python", "python", "py", (".py", ".pyi", ".pyw"), "tree_sitter_python",
        builtin="builtins", dotted=True, rest="*", packaged=True,
        fences=("python", "py", "python3", "pycon", "pytb", ""), documentation=_DOCSTRING,
    ),
    LanguageSpec(
        "cython", "python", "py", (".pyx", ".pxd", ".pxi"), "tree_sitter_python",
        builtin="builtins", dotted=True, rest="*", documentation=_DOCSTRING,
    ),
    LanguageSpec("java", "java", "java", (".java",), "tree_sitter_java", builtin="java.lang", packaged=True),
    LanguageSpec(
        "typescript", "typescript", "ts", (".ts", ".mts", ".cts"), "tree_sitter_typescript", "language_typescript", builtin="js"
    ),
    LanguageSpec("tsx", "typescript", "ts", (".tsx",), "tree_sitter_typescript", "language_tsx", builtin="js"),
    LanguageSpec(
        "javascript", "typescript", "js", (".js", ".mjs", ".cjs", ".jsx"), "tree_sitter_javascript", builtin="js"
    ),
    LanguageSpec("c", "cpp", "cpp", (".c",), "tree_sitter_c", mark="[[{}]]"),
    LanguageSpec(
        "cpp",
        "cpp",
        "cpp",
        (
            ".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".ipp", ".inl", ".tcc", ".tpp", ".txx", ".cppm", ".ixx",
        ),
        "tree_sitter_cpp",
        joint="::",
        virtual=True,
    ),
    LanguageSpec("cuda", "cpp", "cpp", (".cu", ".cuh"), "tree_sitter_cuda", joint="::", virtual=True),
    LanguageSpec("go", "go", "go", (".go",), "tree_sitter_go", builtin="builtin", throws=False, embeds=True, by_package=True),
    LanguageSpec(
        "rust", "rust", "rs", (".rs",), "tree_sitter_rust", throws=False, mark="#[{}]", nouns=(("interface", "trait"),),
        joint="::", wraps=("Ok", "Err", "Some"),
    ),
    LanguageSpec("csharp", "csharp", "cs", (".cs",), "tree_sitter_c_sharp", mark="[{}]", virtual=True),
)  # fmt: skip
BY_NAME: Final = {spec.name: spec for spec in SPECS}
BY_PREFIX: Final = {spec.prefix: spec for spec in reversed(SPECS)}  # the first of those that share a prefix
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
_MEMBERS = (
    rb"|\boperator\s*(?:[-+*/%=<>!&|^~([]|bool\b)|\)\s*const\s*[{;]|\bconst\s+\w+\s*&|\b(?:virtual|constexpr|explicit|friend)\s+\w"
    rb"|\bnoexcept\b|\bnullptr\b|\bstatic_cast\s*<|=\s*(?:default|delete)\s*;|^\s*~\w+\s*\(|^\s*struct\s+\w+\s*(?:final\s*)?:\s*\w"
    rb"|^\s*\#\s*include\s*<(?:vector|string|map|memory|iostream|functional|utility|algorithm|optional|variant|array|tuple|set|list)>"
)
_CPLUSPLUS = re.compile(_QUALIFIED + _MEMBERS, re.MULTILINE)
_NOISE = re.compile(rb"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_GUARDED = re.compile(
    rb"^\s*\#\s*if(?:def\s+|\s+defined\s*\(?\s*)__cplusplus\b.*?^\s*\#\s*(?:else|elif|endif)", re.MULTILINE | re.DOTALL
)
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
        spec = BY_NAME["cpp" if suffix == ".H" or _says_cplusplus(head) else "c"]
    else:
        spec = _BY_SUFFIX.get(suffix.lower(), None)  # type: ignore[assignment]
    if spec is None or (suffix == ".ts" and head.lstrip()[:5] in (b"<?xml", b"<!DOC")):
        return None
    if spec.name in ("c", "cpp") and _LAUNCH.search(head) and _LAUNCH.search(_NOISE.sub(b" ", head)):
        return BY_NAME["cuda"]
    return spec


def _says_cplusplus(head: bytes) -> bool:
    """Whether a header holds what C has not; what it shows to C++ alone does not count."""
    text = _NOISE.sub(b" ", head)
    return _CPLUSPLUS.search(_GUARDED.sub(b"", text) if b"__cplusplus" in text else text) is not None


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
