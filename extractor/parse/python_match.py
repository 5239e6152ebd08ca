"""`match` statements: each case is a branch in which class patterns narrow the subject and captured names are bound to parts of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.parse.python_annotation import annotation
from extractor.parse.python_unit import Flow, Unit, expression, nested, plain
from extractor.parse.tree import start_line

if TYPE_CHECKING:
    from tree_sitter import Node


SUBJECT = "<match>"  # the name of what is matched where it has none


def match_statement(unit: Unit, node: Node) -> None:
    given = node.child_by_field_name("subject")
    flow = expression(unit, given) if given is not None else None
    subject = flow
    if flow.__class__ is tuple and not plain(flow):
        unit.scope.bound.add(SUBJECT)
        unit.scope.flow.append(("=", SUBJECT, flow))
        subject = SUBJECT
    body = node.child_by_field_name("body")
    chain: list[tuple[Flow, Flow]] = []
    for case in body.named_children if body is not None else ():
        if case.type != "case_clause":
            continue
        patterns = [child for child in case.named_children if child.type == "case_pattern"]
        typed: list[Flow] = []
        if len(patterns) == 1:
            target = _target(unit, patterns[0], typed, subject)
            classes = _classes(unit, patterns[0])
        else:
            target = _sequence(unit, patterns, typed, subject)
            classes = []
        bound = isinstance(target, str) or (target and any(target[2]))
        binding: list[Flow] = [("=", target, subject)] if bound else []
        guard = case.child_by_field_name("guard")
        guarded = expression(unit, guard.named_children[0]) if guard is not None and guard.named_children else None
        tested: list[Flow] = [("e", guarded)] if isinstance(guarded, tuple) else []
        inner = nested(unit, case.child_by_field_name("consequence"))
        types = tuple([annotation(c) for c in classes])
        tests = ((subject, types, True, True),) if isinstance(subject, str) and types else ()
        chain.append((tests, (*binding, *typed, *tested, *inner)))
    otherwise: Flow = ()
    for tests, inner in reversed(chain):
        otherwise = (("?", tests, inner, otherwise),)
    unit.scope.flow.extend(otherwise)


def _classes(unit: Unit, pattern: Node) -> list[str]:
    """The classes of which the whole pattern asks for one, none when it asks for something else."""
    while pattern.type in ("case_pattern", "as_pattern") and pattern.named_children:
        pattern = pattern.named_children[0]
    if pattern.type == "class_pattern" and pattern.named_children:
        return [unit.of(pattern.named_children[0])]
    found = [_classes(unit, child) for child in pattern.named_children] if pattern.type == "union_pattern" else []
    return [written for one in found for written in one] if all(found) else []


def _target(unit: Unit, pattern: Node, typed: list[Flow], subject: Flow) -> Flow:
    """The pattern as the target of an assignment. What class and mapping patterns say of captured names is added to `typed`."""
    kind = pattern.type
    children = [child for child in pattern.named_children if child.type != "comment"]
    if kind == "dotted_name" and len(children) == 1:
        return _bound(unit, children[0])
    if kind == "as_pattern" and len(children) == 2:
        _target(unit, children[0], typed, subject)
        name, written = _bound(unit, children[1]), _classes(unit, children[0])
        if written:
            types = tuple([annotation(one) for one in written])
            typed.append(("=", name, ("J", ((name, types, True, True),), name, None, None)))
        return name
    if kind == "splat_pattern" and children:
        return "S", _bound(unit, children[0])
    grouped = kind == "tuple_pattern" and len(children) == 1 and all(child.type != "," for child in pattern.children)
    if kind in ("list_pattern", "tuple_pattern") and not grouped:
        return _sequence(unit, children, typed, subject)
    if grouped or (kind == "case_pattern" and len(children) == 1):
        return _target(unit, children[0], typed, subject)
    if kind == "class_pattern" and children:
        _attributes(unit, children, typed, subject)
    elif kind == "dict_pattern":
        _items(unit, children, typed, subject)
    elif kind == "union_pattern":
        _alternatives(unit, children, typed, subject)
    return None


def _sequence(unit: Unit, patterns: list[Node], typed: list[Flow], subject: Flow) -> Flow:
    parts: list[Flow] = []
    starred = False
    for index, child in enumerate(patterns):
        part = None if starred or plain(subject) else ("I", subject, ("K", index), start_line(child))
        parts.append(_target(unit, child, typed, part))
        starred = starred or (parts[-1].__class__ is tuple and parts[-1][0] == "S")
    return "T", 0, tuple(parts)


def _capture(unit: Unit, pattern: Node, typed: list[Flow], part: Flow) -> None:
    """A pattern inside a class or mapping pattern, which is matched against this part of the subject."""
    later: list[Flow] = []
    target = _target(unit, pattern, later, part)
    if isinstance(target, str) or (target and any(target[2:])):
        typed.append(("=", target, part))
    typed.extend(later)


def _attributes(unit: Unit, children: list[Node], typed: list[Flow], subject: Flow) -> None:
    """`C(x, name=y)`: attributes, by the order that the class gives them and by name."""
    written = annotation(unit.of(children[0]))
    for index, child in enumerate(children[1:]):
        line, alias, inner = start_line(child), None, child
        while inner.type in ("case_pattern", "as_pattern") and inner.named_children:
            alias = inner.named_children[1] if inner.type == "as_pattern" and inner.named_child_count == 2 else alias
            inner = inner.named_children[0]
        if inner.type != "keyword_pattern" or inner.named_child_count < 2:
            _capture(unit, child, typed, ("H", subject, written, index, line))
            continue
        part = ("H", subject, written, unit.name(inner.named_children[0]), line)
        _capture(unit, inner.named_children[1], typed, part)
        if alias is not None:
            typed.append(("=", _bound(unit, alias), part))


def _items(unit: Unit, children: list[Node], typed: list[Flow], subject: Flow) -> None:
    """`{"key": x, **rest}`."""
    key: Flow = None
    for child in children:
        if child.type == "splat_pattern" and child.named_children:
            typed.append(("=", _bound(unit, child.named_children[0]), subject))
        elif child.type == "case_pattern":
            _capture(unit, child, typed, ("I", subject, key, start_line(child)))
        else:
            key = expression(unit, child)


def _alternatives(unit: Unit, children: list[Node], typed: list[Flow], subject: Flow) -> None:
    """`A(x) | B(x)`: a name holds what either binds to it."""
    held: dict[str, list[Flow]] = {}
    for child in children:
        said: list[Flow] = []
        _capture(unit, child, said, subject)
        for statement in said:
            if statement[0] == "=" and isinstance(statement[1], str):
                held.setdefault(statement[1], []).append(statement[2])
            else:
                typed.append(statement)
    typed.extend([("=", name, ("U", tuple(flows))) for name, flows in held.items()])


def _bound(unit: Unit, node: Node) -> str:
    name = unit.name(node)
    unit.scope.bound.add(name)
    return name
