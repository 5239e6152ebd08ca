"""Pieces of code by which a repository shows its users how something is done: code fences, doctests, example files and test
functions. A view and the files' texts in, snippets out; `Step` is one call that was read off such a piece.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from brain.corpus import sections
from brain.index import Files
from brain.markup import code_blocks
from brain.text import one_line, split_identifier
from brain.view import View, dotted, is_aside, is_history, is_test, members, readable
from extractor.languages import SPECS
from extractor.schema import Node

MOST_STEPS: Final = 8
_FENCES: Final = frozenset(fence for spec in SPECS for fence in spec.fences)
_IMPORT = re.compile(r"^(?:from\s+[\w.]+\s+import\s+[\w., ]+|import\s+[\w., ]+)$", re.M)


@dataclass(frozen=True, slots=True)
class Snippet:
    """`start` is the line of `path` on which `text` begins; `source` one of TRUST; `imports` code that stands before it."""

    path: str
    start: int
    text: str
    title: str
    source: str
    imports: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    node_id: str
    arguments: tuple[str, ...]
    line: int
    after: int = 0  # the earlier step whose result this one uses, 0: none


def snippets(view: View, texts: Files) -> Iterator[Snippet]:
    """Every piece of code that can be read here and that the repository shows its users, in order of path and line."""
    for path, (_, text) in sorted(texts.items()):
        if path.lower().endswith((".md", ".markdown", ".mdx", ".rst", ".txt")) and not is_history(path):
            yield from fences(path, text)
    for node in view.of_type("module", "class", "function", "method"):
        doc = str(node.meta.get("doc", ""))
        if ">>>" in doc and not is_test(node):
            code = doctest_source(doc)
            yield Snippet(node.path, node.lines[0] or 1, code, "", "doctest", _own_import(node))
    for node in view.of_type("module"):
        if is_aside(node.path) and readable(node) and node.path in texts:
            yield Snippet(node.path, 1, texts[node.path].text, "", "example")
    yield from _tests(view, texts)


def _own_import(node: Node) -> str:
    module = dotted(Node("", "module", "", node.path, node.lang))
    return f"from {module} import *" if module.replace(".", "").isidentifier() else ""


def _tests(view: View, texts: Files) -> Iterator[Snippet]:
    for module in view.of_type("module"):
        if not is_test(module) or not readable(module) or module.path not in texts:
            continue
        lines = texts[module.path].lines()
        imports = "\n".join(line for line in lines if re.match(r"(?:import|from)\s[^(]*$", line))
        for node in members(view, module.id):
            if node.type != "function" or not node.name.startswith("test"):
                continue
            start, end = node.lines
            body = inspect.cleandoc("\n" + "\n".join(lines[start - 1 : end]))
            title = " ".join(split_identifier(node.name.removeprefix("test")))
            yield Snippet(module.path, start, body, title, "test", imports)


def fences(path: str, text: str) -> Iterator[Snippet]:
    """Blocks of code of a document, titled by the heading above them; a page is read from the top, so what an earlier block
    of it imported holds in the later ones."""
    lines = text.split("\n")
    headings = sections(text)
    imported: list[str] = []
    for block in code_blocks(lines):
        first, lang = block.first + 1, block.lang
        code = inspect.cleandoc("\n" + "\n".join(lines[block.first : block.end]))
        if lang not in _FENCES or not code or not re.search(r"\w\s*\(|import ", code):
            continue
        if ">>>" in code:
            code = doctest_source(code)
        elif not lang and not _IMPORT.search(code):
            continue  # an untagged block that imports nothing is as likely a shell session
        title = next((t for t, a, b in reversed(headings) if a <= first <= b and t), "")
        yield Snippet(path, first, code, one_line(title), "documentation", "\n".join(imported))
        imported += [line for line in _IMPORT.findall(code) if line not in imported]


def doctest_source(doc: str) -> str:
    """The statements of a doctest, prompts and output removed."""
    kept = [m.group(1) for m in re.finditer(r"^\s*(?:>>>|\.\.\.) ?(.*)$", doc, re.M)]
    return "\n".join(kept)
