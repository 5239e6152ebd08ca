"""Texts of Python syntax: docstrings, string values, signatures, parameters, `Raises:` sections."""

from __future__ import annotations

import ast
import inspect
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from extractor.facts import Param
from extractor.parse.python_unit import Unit
from extractor.parse.tree import collapse

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_SIGNATURE = 600
MAX_VALUE = 120
_GOOGLE = re.compile(r"^(?P<indent>\s*)Raises:\s*$")
_NUMPY = re.compile(r"^\s*Raises\s*\n\s*-{3,}\s*$", re.MULTILINE)
_SPHINX = re.compile(r"^\s*:(?:raises?|exception|except)\s+(?P<name>[\w.]+(?:\s*,\s*[\w.]+)*)\s*:\s*(?P<text>.*)$")
_ENTRY = re.compile(r"^\s*`{0,2}(?P<name>[A-Za-z_][\w.]*)`{0,2}\s*(?::\s*(?P<text>.*))?$")


def string_value(unit: Unit, node: Node) -> str | None:
    """The value of a string literal without holes, None for bytes and f-strings."""
    if node.type == "concatenated_string":
        parts = [string_value(unit, child) for child in node.named_children if child.type == "string"]
        return None if any(part is None for part in parts) else "".join(part or "" for part in parts)
    text = unit.of(node)
    quoted = text.lstrip("rRuU")
    if quoted[:1] not in ("'", '"'):
        return None
    if "\\" in text and (value := unescaped(text)) is not None:
        return value
    quotes = 3 if quoted.startswith(('"""', "'''")) else 1
    return quoted[quotes:-quotes]


@lru_cache(maxsize=512)
def unescaped(text: str) -> str | None:
    """What a string literal with backslashes means, None where Python does not take it. Most of them are one of a few."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def docstring(unit: Unit, body: Node | None) -> str:
    """The cleaned docstring of a block, empty when it has none."""
    if body is None:
        return ""
    for statement in body.named_children:
        if statement.type == "comment":
            continue
        if statement.type == "expression_statement" and statement.named_child_count == 1:
            literal = statement.named_children[0]
            if literal.type in ("string", "concatenated_string"):
                return inspect.cleandoc(string_value(unit, literal) or "")
        return ""
    return ""


def signature(unit: Unit, node: Node) -> str:
    """`def f(a: int = 1) -> str` or `class A(B)`: everything before the colon, on one line."""
    body = node.child_by_field_name("body")
    end = body.start_byte if body is not None else node.end_byte
    for child in node.children:
        if child.type == ":":
            end = child.start_byte
            break
    data = unit.source.data[node.start_byte : end].decode("utf-8", "replace")
    if "#" in data or "\\" in data:
        data = re.sub(r"#[^\n]*\n|\\\n", " ", data)
    text = collapse(data).rstrip(": ")
    text = text.replace("( ", "(").replace(", )", ")").replace(",)", ")").replace(" )", ")")
    return text if len(text) <= MAX_SIGNATURE else text[: MAX_SIGNATURE - 1] + "…"


def parameters(unit: Unit, node: Node | None) -> list[tuple[Param, Node | None, Node | None]]:
    """(parameter, its annotation, its default) in order of a `parameters` or `lambda_parameters` node."""
    found: list[tuple[Param, Node | None, Node | None]] = []
    keyword_only = False
    for child in node.named_children if node is not None else ():
        kind = child.type
        if kind == "keyword_separator":
            keyword_only = True
        elif kind == "positional_separator":
            found = [(p._replace(kind="posonly") if not p.kind else p, a, d) for p, a, d in found]
        elif kind != "comment":
            annotation, default = child.child_by_field_name("type"), child.child_by_field_name("value")
            target = child.child_by_field_name("name") or child
            while target.type in ("typed_parameter", "list_splat_pattern", "dictionary_splat_pattern"):
                star = {"list_splat_pattern": "*", "dictionary_splat_pattern": "**"}.get(target.type, "")
                kind = star or kind
                if not target.named_children:
                    break
                target = target.named_children[0]
            if target.type != "identifier":
                continue
            shape = kind if kind in ("*", "**") else "kwonly" if keyword_only else ""
            parameter = Param(
                unit.name(target),
                collapse(unit.of(annotation)) if annotation is not None else "",
                shorten(collapse(unit.of(default))) if default is not None else "",
                shape,
            )
            found.append((parameter, annotation, default))
            keyword_only = keyword_only or shape == "*"
    return found


def shorten(text: str, limit: int = MAX_VALUE) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def declared_raises(doc: str) -> Iterator[tuple[str, str]]:
    """(class name, when) for each entry of a `Raises:` section: Google, NumPy or Sphinx style."""
    if "aise" not in doc and ":exc" not in doc:
        return
    lines = doc.split("\n")
    inside = -1
    numpy = bool(_NUMPY.search(doc))
    for number, line in enumerate(lines):
        sphinx = _SPHINX.match(line)
        if sphinx:
            for name in sphinx["name"].split(","):
                yield name.strip(), sphinx["text"].strip()
            continue
        google = _GOOGLE.match(line)
        if google or (numpy and line.strip() == "Raises" and set(lines[number + 1].strip() or "x") == {"-"}):
            inside = len(line) - len(line.lstrip())
            continue
        if inside < 0 or not line.strip() or set(line.strip()) == {"-"}:
            continue
        indent = len(line) - len(line.lstrip())
        entry = _ENTRY.match(line)
        heading = number + 1 < len(lines) and set(lines[number + 1].strip() or "x") == {"-"}
        if indent < inside or (indent == inside and (heading or not numpy)):
            inside = -1
        elif entry and (entry["text"] is not None or (numpy and indent == inside)):
            name = entry["name"]
            if name[0].isupper() or "." in name:
                following = lines[number + 1].strip() if numpy and number + 1 < len(lines) else ""
                yield name, (entry["text"] or following).strip()


def is_name_part(text: str) -> bool:
    """Whether this may be a part of an attribute's name, and long enough to tell names apart."""
    return len(text) > 2 and "_" in text and f"_{text}".isidentifier()


def is_module_part(text: str) -> bool:
    """Whether this may be a part of a module's dotted name."""
    return "." in text and all(f"_{word}".isidentifier() for word in text.split("."))
