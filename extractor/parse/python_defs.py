"""Definitions of Python: functions, classes and variables, with signature, parameters, documentation, decorators and flags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extractor.facts import Base, Definition, Raise
from extractor.parse.python_annotation import annotation
from extractor.parse.python_expr import note_call
from extractor.parse.python_managers import EXITS, swallowed
from extractor.parse.python_text import MAX_VALUE, declared_raises, docstring, parameters, shorten, signature
from extractor.parse.python_unit import Flow, Unit, attached, block, expression
from extractor.parse.python_variables import comments, table
from extractor.parse.tree import collapse, end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTION_FLAGS: Final = {
    "property": "property", "cached_property": "property", "staticmethod": "static", "classmethod": "classmethod",
    "abstractmethod": "abstract", "abstractproperty": "abstract", "overload": "overload", "setter": "setter", "deleter": "setter",
}  # fmt: skip
DATACLASSES: Final = {"dataclass", "define", "frozen", "mutable", "attrs", "s", "attributes"}
ENUMS: Final = {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}
BARE_QUALIFIERS: Final = {
    "Final",
    "ClassVar",
    "TypeAlias",
    "InitVar",
}  # say nothing of a type unless one stands inside them
CONSTANTS: Final = {"string", "integer", "float", "true", "false", "none", "concatenated_string", "unary_operator"}


def visibility(name: str) -> str:
    dunder = name.startswith("__") and name.endswith("__")
    return "private" if name.startswith("_") and not dunder else "public"


def function_definition(unit: Unit, node: Node, decorators: list[Node]) -> None:
    name_node, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name_node is None:
        return
    name = unit.name(name_node)
    outer = unit.scope
    written, wrapped = _decorators(unit, decorators)
    found = parameters(unit, node.child_by_field_name("parameters"))
    defaults = tuple(
        [(i, flow) for i, (_, _, d) in enumerate(found) if d is not None and (flow := expression(unit, d))]
    )
    for _, annotated, _ in found:
        attached(unit, annotated)
    flags = {FUNCTION_FLAGS[tail] for text in written if (tail := _tail(text)) in FUNCTION_FLAGS}
    if node.children[0].type == "async":
        flags.add("async")
    if outer.kind == "function":
        flags.add("nested")
    kind = "method" if outer.kind == "class" else "function"
    if kind == "method" and name in ("__init__", "__new__"):
        flags.add("constructor")
    if _only_not_implemented(unit, body):
        flags.add("abstract")
    qualname = unit.qualname(name)
    span = decorators[0] if decorators else node
    line, last = start_line(span), end_line(node)
    returned = node.child_by_field_name("return_type")
    doc = docstring(unit, body)
    ordinal = unit.ordinal(qualname) if "overload" not in flags else 1
    definition = Definition(
        kind, name, qualname, ordinal, outer.index, line, last, signature(unit, node), tuple(p for p, _, _ in found),
        collapse(unit.of(returned)) if returned is not None else "", doc, tuple(written), visibility(name),
        unit.source.content_hash(line, last), tuple(sorted(flags)),
    )  # fmt: skip
    if name not in outer.outer and name not in outer.nonlocals:
        outer.bound.add(name)
    if "overload" in flags:
        unit.stubs.append(definition)
        return
    inner = unit.enter(definition, "function")
    inner.bound.update(p.name for p, _, _ in found)
    inner.annotations = [
        (i, flow) for i, (_, a, _) in enumerate(found) if a is not None and (flow := annotation(unit.of(a))) is not None
    ]
    inner.returns = annotation(unit.of(returned)) if returned is not None else None
    inner.typed.update(p.annotation for p, _, _ in found)
    inner.typed.add(definition.returns)
    for error, when in declared_raises(doc):
        unit.raises.append(Raise(inner.index, error, line, shorten(collapse(when), 300), declared=True))
    if body is not None:
        block(unit, body)
        if kind == "method" and name in EXITS:
            swallowed(unit, body, inner.index, line)
    if "generator" in inner.flags:
        unit.defs[inner.index] = definition._replace(flags=tuple(sorted({*flags, "generator"})))
    unit.leave()
    outer.flow.append(("d", inner.index, tuple(wrapped), defaults))


def class_definition(unit: Unit, node: Node, decorators: list[Node]) -> None:
    name_node, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name_node is None:
        return
    name = unit.name(name_node)
    outer = unit.scope
    written, wrapped = _decorators(unit, decorators)
    index = len(unit.defs)
    bases: list[Flow] = []
    keywords: list[Flow] = []
    base_names: list[str] = []
    arguments = node.child_by_field_name("superclasses")
    for argument in arguments.named_children if arguments is not None else ():
        if argument.type == "keyword_argument":
            key, value = argument.child_by_field_name("name"), argument.child_by_field_name("value")
            if key is not None and value is not None:
                keywords.append((unit.name(key), expression(unit, value)))
        elif argument.type not in ("comment", "dictionary_splat", "list_splat"):
            flow = expression(unit, argument)
            while isinstance(flow, tuple) and flow[0] == "I" and argument.type == "subscript":
                flow = flow[1]
            base_name = collapse(unit.of(argument)).partition("[")[0]
            unit.bases.append(_base(index, base_name, len(bases), start_line(argument)))
            bases.append(flow)
            base_names.append(base_name)
    tails = {_tail(text) for text in base_names}
    flags = set()
    if {_tail(text) for text in written} & DATACLASSES or "NamedTuple" in tails:
        flags.add("dataclass")
    if tails & ENUMS:
        flags.add("enum")
    if "Protocol" in tails or "ABC" in tails or any(k == "metaclass" and v == "ABCMeta" for k, v in keywords):
        flags.add("abstract")
    if outer.kind == "function":
        flags.add("nested")
    qualname = unit.qualname(name)
    span = decorators[0] if decorators else node
    line, last = start_line(span), end_line(node)
    outer.bound.add(name)
    definition = Definition(
        "class", name, qualname, unit.ordinal(qualname), outer.index, line, last, signature(unit, node), (), "",
        docstring(unit, body), tuple(written), visibility(name), unit.source.content_hash(line, last), tuple(sorted(flags)),
    )  # fmt: skip
    unit.enter(definition, "class")
    if body is not None:
        block(unit, body)
        comments(unit, body)
    if any(d.scope == index and "abstract" in d.flags for d in unit.defs[index + 1 :]) and "abstract" not in flags:
        unit.defs[index] = definition._replace(flags=tuple(sorted({*flags, "abstract"})))
    unit.leave()
    outer.flow.append(("c", index, tuple(bases), tuple(keywords), tuple(wrapped)))


def declare(unit: Unit, name_node: Node, statement: Node, value: Node | None, declared: Node | None) -> None:
    """A variable of a module or class, the first time its name is assigned there."""
    scope = unit.scope
    if scope.kind == "function":
        return
    name = unit.name(name_node)
    qualname = unit.qualname(name)
    if qualname in unit.seen_variables:
        return
    unit.seen_variables.add(qualname)
    line, last = start_line(statement), end_line(statement)
    if statement.type in ("for_statement", "with_statement"):
        last = line
    constant = value is not None and value.type in CONSTANTS and value.end_byte - value.start_byte <= MAX_VALUE
    annotated = collapse(unit.of(declared)) if declared is not None else ""
    annotated = "" if _tail(annotated) in BARE_QUALIFIERS else annotated
    written = collapse(unit.of(statement)) if last - line < 4 else unit.of(name_node)
    unit.variables.append(
        Definition(
            "variable", name, qualname, 1, scope.index, line, last, shorten(written, 200), (), annotated, "", (),
            "private" if _script(scope.guards) else visibility(name), unit.source.content_hash(line, last),
            ("const",) if name.isupper() else (),
            collapse(unit.of(value)) if constant and value is not None else "",
            table=table(unit, value) if value is not None else (),
        )
    )  # fmt: skip


def _script(guards: list[str]) -> bool:
    """Whether a statement runs only where the file is started as a script."""
    return any(re.fullmatch(r"""__name__ == ["']__main__["']""", guard) for guard in guards)


def _base(scope: int, name: str, position: int, line: int) -> Base:
    return Base(scope, name, position, line)


def _decorators(unit: Unit, nodes: list[Node]) -> tuple[list[str], list[Flow]]:
    """Decorators as written without the @, and [flow, site, line] of each that is not only a mark of the language."""
    written, flows = [], []
    for node in nodes:
        inner = next((child for child in node.named_children if child.type != "comment"), None)
        if inner is None:
            continue
        text = collapse(unit.of(inner))
        written.append(shorten(text))
        flow = expression(unit, inner)
        if inner.type != "call":
            note_call(unit, inner, start_line(node), node.start_point[1], 1, "decorator")
        flows.append((flow, unit.site(), start_line(node), inner.start_point[1]))
    return written, flows


def _tail(text: str) -> str:
    return text.partition("(")[0].rpartition(".")[2]


def _only_not_implemented(unit: Unit, body: Node | None) -> bool:
    """Whether the body, documentation apart, is `raise NotImplementedError`."""
    raised: Node | None = None
    for statement in body.named_children if body is not None else ():
        kind = statement.type
        if kind == "raise_statement" and raised is None:
            raised = statement
        elif kind != "comment" and not (
            kind == "expression_statement"
            and statement.named_child_count == 1
            and statement.named_children[0].type in ("string", "ellipsis")
        ):
            return False
    return (
        raised is not None
        and raised.named_child_count > 0
        and unit.of(raised.named_children[0]).startswith("NotImplementedError")
    )


def names_bound(target: Node) -> list[Node]:
    """The plain names that an assignment's target binds."""
    if target.type == "identifier":
        return [target]
    if target.type in ("pattern_list", "tuple_pattern", "list_pattern"):
        return [name for child in target.named_children for name in names_bound(child)]
    return []
