"""What a Python file says of its variables beside their assignments: the comment that speaks of one, and who reads it.

A comment speaks of the assignment it stands behind or right above; `#:` always does, and so does a string right below. A plain
comment above several assignments in a row is the heading of them all, and of none of them in particular.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from typing import TYPE_CHECKING

from extractor.facts import MODULE, Definition
from extractor.parse.python_text import string_value
from extractor.parse.python_unit import Scope, Unit
from extractor.parse.tree import HEAD, TABLE, collapse, end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

_TO_TOOLS = re.compile(
    r"#+:?!?\s*(?:noqa|pragma|pylint|mypy|pyright|isort|nosec|ruff|flake8|yapf|pyre|todo|fixme|xxx|hack|region|endregion"
    r"|noinspection|cython|codespell|(?:type|fmt|coverage):)(?!\w).*",
    re.IGNORECASE | re.DOTALL,
)
_CODE = re.compile(
    r"[\w.\[\]'\"]+\s*(?:[-+*/|&]?=(?!=)|\()|@\w|(?:def|class|if|for|while|with|elif) .*:$|(?:from [\w.]+ )?import [\w., ]+$"
)

_COLLECTIONS = {"dictionary": "dictionary", "list": "list", "set": "set", "tuple": "tuple"}
_MAKERS = ("frozenset", "set", "tuple", "list", "dict")
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")


def comments(unit: Unit, node: Node) -> None:
    """Note for every assignment of a module's or class's block what the comments beside it say."""
    children = node.named_children
    for number, child in enumerate(children):
        if not _assigns(child):
            continue
        behind = children[number + 1] if number + 1 < len(children) else None
        told = ""
        if behind is not None and behind.type == "comment" and start_line(behind) == end_line(child):
            told = _words([unit.of(behind)])
            behind = children[number + 2] if number + 2 < len(children) else None
        if behind is not None and (text := _below(unit, child, behind)):
            told = text
        else:
            above = _above(children, number)
            texts = [unit.of(c) for c in above]
            # What stands right below without a comment of its own is of the same group.
            grouped = not told and behind is not None and _assigns(behind) and start_line(behind) == end_line(child) + 1
            if texts and (texts[-1].startswith("#:") or not grouped):
                told = _words(texts) or told
        if told:
            unit.comments[start_line(child)] = told


def table(unit: Unit, value: Node) -> tuple[str, ...]:
    """(kind, number of entries, the first of them as written) of a collection whose entries all stand there; empty for others."""
    kind = _COLLECTIONS.get(value.type, "")
    function = value.child_by_field_name("function")
    if value.type == "call" and function is not None and unit.of(function) in _MAKERS:
        arguments = value.child_by_field_name("arguments")
        inner = [a for a in (arguments.named_children if arguments is not None else ()) if a.type != "comment"]
        if len(inner) != 1 or inner[0].type not in _COLLECTIONS:
            return ()
        value, kind = inner[0], unit.of(function)
    entries = [e for e in value.named_children if e.type != "comment"] if kind else []
    if len(entries) < TABLE or any("splat" in e.type for e in entries):
        return ()
    heads = [e.child_by_field_name("key") or e for e in entries[:3]]
    shown = [collapse(unit.of(head)) for head in heads]
    return kind, str(len(entries)), ", ".join(shown) if all(len(text) <= HEAD for text in shown) else ""


def described(unit: Unit) -> list[Definition]:
    """The variables of a file with what comments say of them and the definitions that read them."""
    names_on = Counter(d.start_line for d in unit.variables)
    readers = _readers(unit)
    return [
        d._replace(
            doc=unit.comments.get(d.start_line, "") if names_on[d.start_line] == 1 else "",
            readers=tuple(sorted(readers.get(d.name, ()))) if d.scope == MODULE else (),
        )
        for d in unit.variables
    ]


def _assigns(node: Node) -> bool:
    if node.type == "type_alias_statement":
        return True
    return (
        node.type == "expression_statement"
        and bool(node.named_children)
        and node.named_children[0].type == "assignment"
    )


def _above(children: list[Node], number: int) -> list[Node]:
    """The comments on the lines right above a statement, none of them behind code."""
    found: list[Node] = []
    line = start_line(children[number])
    while number and children[number - 1].type == "comment" and start_line(children[number - 1]) == line - 1:
        number, line = number - 1, line - 1
        if number and children[number - 1].type != "comment" and end_line(children[number - 1]) == line:
            break
        found.insert(0, children[number])
    return found


def _below(unit: Unit, child: Node, behind: Node) -> str:
    """The text of a string that stands as a statement right below."""
    if (
        behind.type != "expression_statement"
        or behind.named_child_count != 1
        or start_line(behind) > end_line(child) + 1
    ):
        return ""
    literal = behind.named_children[0]
    return (
        inspect.cleandoc(string_value(unit, literal) or "") if literal.type in ("string", "concatenated_string") else ""
    )


def _words(texts: list[str]) -> str:
    """The prose of a comment: no marks, nothing said to tools, empty where it is code that was taken out."""
    lines = [re.sub(r"^#+[:!]? ?", "", _TO_TOOLS.sub("", text)).rstrip() for text in texts]
    told = "\n".join(line for line in lines if not line or re.search(r"\w", line)).strip()
    return "" if _CODE.match(told) else told


def _readers(unit: Unit) -> dict[str, list[int]]:
    """For each variable of the module the functions and classes that read it or name it in an annotation, in source order."""
    wanted = {d.name for d in unit.variables if d.scope == MODULE}
    found: dict[str, list[int]] = {}
    for scope in unit.scopes:
        if scope is None or scope.parent is None:
            continue
        reader = _named(unit, scope)
        typed = {name for text in scope.typed if "Literal" not in text for name in _NAME.findall(text)}
        # What a signature names, the code around the function would find.
        outside = scope.parent if scope.kind == "function" else scope
        read = [n for n in (scope.used & wanted) - scope.inner if _global(scope, n)]
        for name in sorted({*read, *(n for n in typed & wanted if _global(outside, n))}):
            if reader >= 0 and reader not in found.setdefault(name, []):
                found[name].append(reader)
    return found


def _global(scope: Scope, name: str) -> bool:
    """Whether a name read in a scope is the module's: no function around the place has one of its own."""
    above: Scope | None = scope
    while above is not None and above.parent is not None:
        if name in above.outer:
            return True
        if (above.kind == "function" or above is scope) and (name in above.bound or name in above.inner):
            return False
        above = above.parent
    return True


def _named(unit: Unit, scope: Scope) -> int:
    """The nearest definition with a name around a scope, itself included."""
    above: Scope | None = scope
    while above is not None and above.index >= 0 and unit.defs[above.index].name.startswith("<"):
        above = above.parent
    return above.index if above is not None else MODULE
