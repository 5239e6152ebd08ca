"""How declarations read in a summary: what goes in and comes out, what marks them, the shape of a type told in one line."""

from __future__ import annotations

from typing import Final

from brain.clauses import Sentence, enumeration
from brain.derive import FactTable
from brain.facts import Fact
from brain.text import one_line, tokens
from extractor.languages import BY_NAME
from extractor.schema import Node

NOTHING: Final = frozenset(("None", "void"))  # as a return type
LEFT_OPEN: Final = "..."  # a default that a declaration does not tell
_MARK: Final = 16  # tokens of a decorator or annotation


def signature(node: Node, table: FactTable) -> Sentence | None:
    """`takes url, params (default None) and **kwargs; returns Response`."""
    parameters = table.about(node.id, "parameter")
    returns = table.about(node.id, "returns")
    shown = [_parameter(fact) for fact in parameters[:6]]
    clauses = []
    if shown:
        clauses.append(f"takes {enumeration(shown, len(parameters) - len(shown))}")
    purpose = table.about(node.id, "purpose")
    told = not shown and purpose and purpose[0].object.startswith(("Return", "Yield"))  # "Returns the x. Returns int."
    if returns and returns[0].object not in NOTHING and len(tokens(returns[0].object)) <= 12 and not told:
        clauses.append(f"returns {_unquoted(returns[0].object)}")
    if not clauses:
        return None
    return Sentence(" and ".join(clauses), tuple(f.id for f in (*parameters[:6], *returns[:1])), ())


def _unquoted(annotation: str) -> str:
    """A forward reference as the type it names."""
    quoted = len(annotation) > 2 and annotation[0] == annotation[-1] and annotation[0] in "\"'"
    return annotation[1:-1] if quoted and annotation.count(annotation[0]) == 2 else annotation


def _parameter(fact: Fact) -> str:
    default = fact.qualifier("default")
    stars = {"*": "*", "**": "**"}.get(fact.qualifier("kind"), "")
    name = stars + fact.object.lstrip("*")
    if default == LEFT_OPEN:
        return f"{name} (optional)"
    return f"{name} (default {default})" if default and len(tokens(default)) <= 6 else name


def marked(node: Node, table: FactTable) -> Sentence | None:
    """What stands above a definition: `marked @command(hidden=True)`."""
    spec = BY_NAME.get(node.lang)
    marks = [f for f in table.about(node.id, "decorator") if len(tokens(f.object)) <= _MARK]
    if spec is None or not marks:
        return None
    shown = [f.object if f.object[:1] in "@#[" else spec.mark.format(f.object) for f in marks]
    return Sentence(f"marked {enumeration(shown)}", tuple(f.id for f in marks), ())


def shape_of(node: Node) -> str:
    """`, written type Check func(s string) error`: of a type that is told whole in its declaration."""
    written = one_line(str(node.meta.get("signature", "")))
    return f", written {written}" if node.type == "class" and "(" in written and len(tokens(written)) <= _MARK else ""
