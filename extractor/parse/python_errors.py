"""`try`, `with` and `raise` of Python: handlers, what they protect and do, and what is raised with which message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.facts import Handler, Raise
from extractor.parse.python_defs import declare, names_bound
from extractor.parse.python_expr import assigned
from extractor.parse.python_message import message
from extractor.parse.python_unit import Flow, Unit, block, evaluate, expression, nested
from extractor.parse.tree import collapse, end_line, start_line, walk

if TYPE_CHECKING:
    from tree_sitter import Node

SUPPRESSING: Final = ("suppress", "raises", "assertRaises", "assertRaisesRegex")
LOGGING: Final = ("log", "logger", "logging", "warnings", "_log", "_logger", "LOG", "LOGGER")
_MISSING: Final = {"ImportError", "ModuleNotFoundError", "Exception", "AttributeError"}


def try_statement(unit: Unit, node: Node) -> None:
    body = node.child_by_field_name("body")
    clauses = [c for c in node.named_children if c.type in ("except_clause", "except_group_clause")]
    caught = [_caught(unit, clause) for clause in clauses]
    kind = unit.import_kind
    if any(not names or {n.rpartition(".")[2] for n in names} & _MISSING for names, _, _ in caught):
        unit.import_kind = kind or "optional"
    protected = nested(unit, body)
    handlers: list[Flow] = []
    for clause, (names, values, alias) in zip(clauses, caught, strict=True):
        inner = next((c for c in clause.named_children if c.type == "block"), None)
        name = unit.name(alias) if alias is not None and not _rebinds(unit, inner, alias) else ""
        if body is not None:
            unit.handlers.append(
                Handler(
                    unit.scope.index,
                    tuple(names),
                    start_line(body),
                    end_line(body),
                    start_line(clause),
                    _action(unit, inner, name),
                    end_line(clause),
                    _keeping(unit, inner, name),
                )
            )
        types = tuple([expression(unit, value) for value in values])
        target = assigned(unit, alias) if alias is not None else None
        unit.scope.caught.append(name)
        handlers.append((types, target, nested(unit, inner)))
        unit.scope.caught.pop()
    unit.import_kind = kind
    parts: dict[str, tuple[Flow, ...]] = {"else_clause": (), "finally_clause": ()}
    for clause in node.named_children:
        if clause.type in parts:
            inner = next((c for c in clause.named_children if c.type == "block"), None)
            parts[clause.type] = nested(unit, inner)
            if clause.type == "finally_clause" and body is not None and _returns(inner):
                first, last = start_line(body), start_line(clause) - 1
                unit.handlers.append(Handler(unit.scope.index, (), first, last, start_line(clause), "return"))
    unit.scope.flow.append(("t", protected, tuple(handlers), parts["else_clause"], parts["finally_clause"]))


def _caught(unit: Unit, clause: Node) -> tuple[list[str], list[Node], Node | None]:
    """(class names as written, their nodes, the alias) of an except clause; no names: everything is caught."""
    value, alias = clause.child_by_field_name("value"), clause.child_by_field_name("alias")
    if value is None:
        value = next((c for c in clause.named_children if c.type not in ("block", "comment")), None)
    if value is not None and value.type == "as_pattern":
        alias = value.child_by_field_name("alias")
        value = value.named_children[0] if value.named_children else None
    if alias is not None and alias.type == "as_pattern_target" and alias.named_children:
        alias = alias.named_children[0]
    if value is None:
        return [], [], alias
    if value.type == "parenthesized_expression" and value.named_children:
        value = value.named_children[0]
    nodes = [c for c in value.named_children if c.type != "comment"] if value.type == "tuple" else [value]
    return [collapse(unit.of(n)) for n in nodes], nodes, alias


def _returns(body: Node | None) -> bool:
    """Whether a block ends by returning, which drops the error on its way."""
    return body is not None and any(child.type == "return_statement" for child in body.named_children)


def _rebinds(unit: Unit, body: Node | None, alias: Node) -> bool:
    """Whether a handler gives its error's name to something else."""
    name = unit.of(alias)
    for node in walk(body) if body is not None else ():
        if node.type == "assignment":
            left = node.child_by_field_name("left")
            if left is not None and left.type == "identifier" and unit.of(left) == name:
                return True
    return False


def _keeping(unit: Unit, body: Node | None, caught: str) -> str:
    """The variable that a handler puts its error into, empty where there is none."""
    for node in walk(body) if body is not None and caught else ():
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if node.type == "assignment" and left is not None and right is not None and unit.of(right) == caught:
            return unit.of(left) if left.type == "identifier" else ""
    return ""


def _raised_again(unit: Unit, value: Node, caught: str) -> bool:
    """Whether `raise value` raises the caught error itself: `raise e`, `raise e.with_traceback(t)`."""
    function = value.child_by_field_name("function") if value.type == "call" else None
    written = unit.of(function).removesuffix(".with_traceback") if function is not None else unit.of(value)
    return bool(caught) and written == caught


def _action(unit: Unit, body: Node | None, caught: str = "") -> str:
    """What a handler does: reraise, convert, return, log, pass, else handle."""
    statements = [c for c in body.named_children if c.type != "comment"] if body is not None else []
    kinds = [s.type for s in statements]
    raised = next((s for s in statements if s.type == "raise_statement"), None)
    if raised is not None:
        value = raised.named_children[0] if raised.named_children else None
        return "reraise" if value is None or _raised_again(unit, value, caught) else "convert"
    if body is not None and any(node.type == "raise_statement" for node in walk(body)):
        return "handle"  # at times it raises, at times it does not
    if "return_statement" in kinds:
        return "return"
    if all(kind in ("pass_statement", "continue_statement", "break_statement") for kind in kinds):
        return "pass"
    for s in statements:
        call = s.named_children[0] if s.type == "expression_statement" and s.named_children else None
        if call is not None and call.type == "call":
            parts = unit.of(call).partition("(")[0].split(".")
            if len(parts) > 1 and any(part in LOGGING for part in parts[:-1]):
                return "log"
    return "handle"


def with_statement(unit: Unit, node: Node) -> None:
    asynchronous = node.children[0].type == "async"
    body = node.child_by_field_name("body")
    clause = next((c for c in node.named_children if c.type == "with_clause"), None)
    for item in clause.named_children if clause is not None else ():
        value = item.child_by_field_name("value") if item.type == "with_item" else None
        if value is None:
            continue
        alias = None
        if value.type == "as_pattern":
            alias = value.child_by_field_name("alias")
            value = value.named_children[0]
            if alias is not None and alias.named_children:
                alias = alias.named_children[0]
        flow = expression(unit, value)
        target = assigned(unit, alias) if alias is not None else None
        for name in names_bound(alias) if alias is not None else ():
            declare(unit, name, node, None, None)
        unit.scope.flow.append(("h", flow, target, start_line(item), asynchronous))
        if body is not None:
            unit.withs.append([unit.scope.index, start_line(value), start_line(body), end_line(body)])
        if value.type == "call" and body is not None:
            _suppression(unit, value, body)
    if body is not None and body.named_children and body.named_children[-1].type == "raise_statement":
        # What manages the body may swallow its error.
        unit.scope.flow.append(("?", (), nested(unit, body), ()))
    elif body is not None:
        block(unit, body)


def _suppression(unit: Unit, call: Node, body: Node) -> None:
    """`with suppress(E):` and `with pytest.raises(E):` catch like a handler."""
    function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    name = unit.of(function).rpartition(".")[2] if function is not None else ""
    if name in SUPPRESSING and arguments is not None:
        given = [a for a in arguments.named_children if a.type in ("identifier", "attribute", "tuple")]
        if name != "suppress":
            given = given[:1]
        nodes = [n for a in given for n in (a.named_children if a.type == "tuple" else [a])]
        if nodes:
            names = tuple(collapse(unit.of(n)) for n in nodes)
            action = "pass" if name == "suppress" else "handle"
            line = start_line(call)
            unit.handlers.append(Handler(unit.scope.index, names, start_line(body), end_line(body), line, action))


def raise_statement(unit: Unit, node: Node) -> None:
    cause = node.child_by_field_name("cause")
    value = next((c for c in node.named_children if c.type != "comment" and c != cause), None)
    guards = unit.scope.guards
    for one in _choices(unit, value):
        called = one is not None and one.type == "call"
        said = message(unit, one.child_by_field_name("arguments")) if called and one is not None else ""
        again = one is not None and unit.scope.caught and _raised_again(unit, one, unit.scope.caught[-1])
        for target in _choices(unit, one.child_by_field_name("function") if called and one is not None else one):
            name = "" if again or target is None else collapse(unit.of(target))
            unit.raises.append(
                Raise(
                    unit.scope.index, name, start_line(node), said, guards[-1] if guards else "",
                    collapse(unit.of(cause)) if cause is not None else "",
                )
            )  # fmt: skip
    unit.scope.flow.append(("!", expression(unit, value) if value is not None else None, start_line(node)))
    if cause is not None:
        evaluate(unit, expression(unit, cause))


def _choices(unit: Unit, value: Node | None) -> list[Node | None]:
    """What a raise may raise: `raise e if silent else Failure(e)` raises one of two, `raise cast(Failure, e)` just what it casts."""
    sides = [child for child in value.named_children if child.type != "comment"] if value is not None else []
    if value is None or not sides:
        return [value]
    if value.type == "parenthesized_expression":
        return _choices(unit, sides[0])
    either = value.type == "boolean_operator" and any(child.type == "or" for child in value.children)
    if either or value.type == "conditional_expression":
        return [*_choices(unit, sides[0]), *_choices(unit, sides[-1])]
    called = sides[0].named_children[-1] if value.type == "call" and sides[0].type == "attribute" else sides[0]
    if value.type == "call" and unit.of(called) == "cast" and sides[-1].named_child_count == 2:
        return _choices(unit, sides[-1].named_children[1])
    if value.type == "call" and unit.of(called) == "with_traceback" and sides[0].named_child_count == 2:
        return _choices(unit, sides[0].named_children[0])
    return [value]
