"""`match` statements: each case is a branch in which class patterns narrow the subject and captured names are bound to parts of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.parse.python_annotation import annotation
from extractor.parse.python_unit import Flow, Unit, evaluate, expression, nested

if TYPE_CHECKING:
    from tree_sitter import Node


def match_statement(unit: Unit, node: Node) -> None:
    subject = node.child_by_field_name("subject")
    flow = expression(unit, subject) if subject is not None else None
    evaluate(unit, flow)
    name = unit.name(subject) if subject is not None and subject.type == "identifier" else ""
    body = node.child_by_field_name("body")
    chain: list[tuple[Flow, Flow]] = []
    for case in body.named_children if body is not None else ():
        if case.type != "case_clause":
            continue
        patterns = [child for child in case.named_children if child.type == "case_pattern"]
        classes = [written for pattern in patterns if (written := _class(unit, pattern))] if len(patterns) == 1 else []
        typed: list[Flow] = []
        parts = tuple([_target(unit, pattern, typed) for pattern in patterns])
        target = parts[0] if len(parts) == 1 else ("T", 0, parts)
        binding: list[Flow] = [("=", target, flow)] if isinstance(target, str) or (target and any(parts)) else []
        guard = case.child_by_field_name("guard")
        guarded = expression(unit, guard.named_children[0]) if guard is not None and guard.named_children else None
        tested: list[Flow] = [("e", guarded)] if isinstance(guarded, tuple) else []
        inner = nested(unit, case.child_by_field_name("consequence"))
        types = tuple([annotation(c) for c in classes])
        tests = ((name, types, True, True),) if name and types else ()
        chain.append((tests, (*binding, *typed, *tested, *inner)))
    otherwise: Flow = ()
    for tests, inner in reversed(chain):
        otherwise = (("?", tests, inner, otherwise),)
    unit.scope.flow.extend(otherwise)


def _class(unit: Unit, pattern: Node) -> str:
    """The class that the whole pattern asks for, "" when it asks for none."""
    while pattern.type in ("case_pattern", "as_pattern") and pattern.named_children:
        pattern = pattern.named_children[0]
    return unit.of(pattern.named_children[0]) if pattern.type == "class_pattern" and pattern.named_children else ""


def _target(unit: Unit, pattern: Node, typed: list[Flow]) -> Flow:
    """The pattern as the target of an assignment. What a class pattern says of a captured name is added to `typed`."""
    kind = pattern.type
    children = [child for child in pattern.named_children if child.type != "comment"]
    if kind == "dotted_name" and len(children) == 1:
        return _bound(unit, children[0])
    if kind == "as_pattern" and len(children) == 2:
        _target(unit, children[0], typed)
        name, written = _bound(unit, children[1]), _class(unit, children[0])
        if written:
            typed.append((":", name, annotation(written), name, True))
        return name
    if kind == "splat_pattern" and children:
        return "S", _bound(unit, children[0])
    grouped = kind == "tuple_pattern" and len(children) == 1 and all(child.type != "," for child in pattern.children)
    if kind in ("list_pattern", "tuple_pattern") and not grouped:
        return "T", 0, tuple([_target(unit, child, typed) for child in children])
    if grouped or (kind == "case_pattern" and len(children) == 1):
        return _target(unit, children[0], typed)
    # The parts of a class, mapping or union pattern are bound to nothing known.
    for child in children[1:] if kind in ("class_pattern", "keyword_pattern") else children:
        _target(unit, child, typed)
    return None


def _bound(unit: Unit, node: Node) -> str:
    name = unit.name(node)
    unit.scope.bound.add(name)
    return name
