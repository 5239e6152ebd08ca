"""One Python file's tree in, FileFacts out: definitions, imports, bases, raises, handlers, and in `extra` the flow of each scope.

`extra` is {"scopes": rows, "all_of": names whose `__all__` ours includes, "withs", "yields", "told" and "says": see
`python_unit`}. Row 0 is the module's, row i + 1 that of `defs[i]`
(null for a variable): [flow, bound, captured, declared global, nonlocal, annotations, return type], see `python_unit`.
A tree with errors is read like any other: what lies in its broken places is looked through for calls and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from extractor.facts import Binding, FileFacts
from extractor.parse import Source
from extractor.parse.python_annotation import annotation
from extractor.parse.python_cython import externs, prepare_cython
from extractor.parse.python_defs import class_definition, declare, function_definition, names_bound
from extractor.parse.python_errors import raise_statement, try_statement, with_statement
from extractor.parse.python_expr import EXPRESSIONS, assigned
from extractor.parse.python_imports import export, export_call, import_from, import_statement
from extractor.parse.python_match import match_statement
from extractor.parse.python_operators import IN_PLACE
from extractor.parse.python_tests import tests, truth
from extractor.parse.python_text import docstring, shorten
from extractor.parse.python_unit import (
    Flow,
    Scope,
    Unit,
    attached,
    block,
    evaluate,
    expression,
    first_unit,
    nested,
    plain,
    resolve_captures,
)
from extractor.parse.python_variables import comments, described
from extractor.parse.tree import collapse, start_line

if TYPE_CHECKING:
    from tree_sitter import Node


__all__ = ["parse", "prepare_cython"]


def parse(source: Source) -> FileFacts:
    """The facts of one Python file; status, hash and line count are the caller's."""
    unit = first_unit(source, EXPRESSIONS, STATEMENTS)
    root = source.tree.root_node
    block(unit, root)
    comments(unit, root)
    known = {d.qualname for d in unit.defs}
    late = [d for d in unit.stubs if d.qualname not in known and not known.add(d.qualname)]  # type: ignore[func-returns-value]
    late += [d for d in described(unit) if d.qualname not in known]
    unit.defs.extend(late)
    unit.scopes.extend([None] * len(late))
    resolve_captures(unit)
    exports = tuple(dict.fromkeys(unit.exports)) if unit.exports is not None else None
    facts = FileFacts(
        source.path, source.spec.name, source.spec.prefix, "", 0,
        doc=docstring(unit, root), defs=tuple(unit.defs), imports=tuple(unit.imports), exports=exports,
        calls=tuple(unit.calls), bases=tuple(unit.bases), raises=tuple(unit.raises), handlers=tuple(unit.handlers),
        bindings=tuple(unit.bindings),
        extra={"scopes": tuple([_row(scope) for scope in unit.scopes]), "all_of": unit.exports_of,
               "withs": unit.withs, "yields": unit.yields, "told": unit.told, "says": unit.says},
    )  # fmt: skip
    if source.spec.name == "cython":
        facts.extra["externs"] = externs(source.data)
        if source.path.endswith(".pxd"):  # declarations of what the .pyx beside it defines, or of C
            empty: Flow = ((), *facts.extra["scopes"][0][1:])  # nor does it run anything
            facts = facts._replace(
                defs=(),
                calls=(),
                bases=(),
                raises=(),
                handlers=(),
                bindings=(),
                extra={**facts.extra, "scopes": (empty,)},
            )
    if unit.too_deep:
        return facts._replace(status="partial", reason=f"nested too deeply at line {unit.too_deep}")
    return facts


def _row(scope: Scope | None) -> Flow:
    if scope is None:
        return None
    names = [scope.bound if scope.kind != "class" else (), scope.captured, scope.outer, scope.nonlocals]
    return tuple(scope.flow), *[tuple(sorted(group)) for group in names], tuple(scope.annotations), scope.returns


def _expression_statement(unit: Unit, node: Node) -> None:
    for child in node.named_children:
        kind = child.type
        if kind == "assignment":
            _assignment(unit, child)
        elif kind == "augmented_assignment":
            _augmented(unit, child)
        elif kind == "call":
            flow = expression(unit, child)
            unit.scope.flow.append(("e", flow))
            if unit.scope.index < 0:
                export_call(unit, child)
        elif kind != "comment":
            evaluate(unit, expression(unit, child))


def _assignment(unit: Unit, node: Node) -> None:
    targets: list[Node] = []
    current: Node | None = node
    declared = None
    value: Node | None = None
    while current is not None and current.type == "assignment":
        left = current.child_by_field_name("left")
        if left is not None:
            targets.append(left)
        declared = declared or current.child_by_field_name("type")
        value = current.child_by_field_name("right")
        current = value
    flow = expression(unit, value) if value is not None else None
    for target in targets:
        place = assigned(unit, target)
        if declared is not None:
            attached(unit, declared)
            written = unit.of(declared)
            unit.scope.typed.add(written)
            unit.scope.flow.append((":", place, annotation(written), flow, value is not None))
            if target.type in ("identifier", "attribute"):
                unit.bindings.append(
                    Binding(unit.scope.index, unit.name(target), collapse(written), start_line(node), "declared")
                )
        elif value is not None:
            unit.scope.flow.append(("=", place, flow))
        for name in names_bound(target):
            declare(unit, name, node, value if target.type == "identifier" else None, declared)
        if unit.scope.index < 0 and target.type == "identifier" and unit.of(target) == "__all__":
            unit.exports = []
            export(unit, value)


def _augmented(unit: Unit, node: Node) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return
    if unit.scope.index < 0 and unit.of(left) == "__all__":
        export(unit, right)
    flow = expression(unit, right)
    reading = expression(unit, left)
    target = assigned(unit, left)
    if reading is not None and not (left.type == "identifier" and plain(flow)):
        both = ("O", IN_PLACE.get(operator.type, IN_PLACE["+="]), reading, flow, start_line(node))
        unit.scope.flow.append(("=", target, both))


def _return(unit: Unit, node: Node) -> None:
    flow = expression(unit, node.named_children[0]) if node.named_children else None
    unit.scope.flow.append(("r", flow))


def _assert(unit: Unit, node: Node) -> None:
    """`assert test`: past it the test holds."""
    condition = node.named_children[0] if node.named_children else None
    if condition is None:
        return
    for part in node.named_children:
        evaluate(unit, truth(unit, part) if part == condition else expression(unit, part))
    said = tests(unit, condition)
    if said:
        unit.scope.flow.append(("?", said, (), (("!", None, start_line(node)),)))


def _jump(unit: Unit, node: Node) -> None:
    unit.scope.flow.append(("j",))


def _if(unit: Unit, node: Node) -> None:
    """`if`, its `elif` chain flattened from the end so that a long one does not nest the reader."""
    clauses: list[tuple[Node | None, Node | None]] = [
        (node.child_by_field_name("condition"), node.child_by_field_name("consequence"))
    ]
    orelse: Node | None = None
    for clause in node.children_by_field_name("alternative"):
        if clause.type == "elif_clause":
            clauses.append((clause.child_by_field_name("condition"), clause.child_by_field_name("consequence")))
        else:
            orelse = clause.child_by_field_name("body")
    read: list[tuple[list[Flow], tuple[Flow, ...], tuple[Flow, ...]]] = []
    guards = unit.scope.guards
    depth = len(guards)
    for condition, body in clauses:
        written = shorten(collapse(unit.of(condition))) if condition is not None else ""
        outer, unit.scope.flow = unit.scope.flow, []
        if condition is not None:
            evaluate(unit, truth(unit, condition))
        before, unit.scope.flow = unit.scope.flow, outer
        kind, unit.import_kind = unit.import_kind, _import_kind(unit.import_kind, written)
        guards.append(written)
        inner = nested(unit, body)
        guards[-1] = f"not ({written})"
        unit.import_kind = kind
        read.append((before, tests(unit, condition) if condition is not None else (), inner))
    unit.import_kind = unit.import_kind or ("optional" if unit.scope.index < 0 else "")
    otherwise = nested(unit, orelse)
    unit.import_kind = kind
    del guards[depth:]
    for before, said, inner in reversed(read[1:]):
        otherwise = (*before, ("?", said, inner, otherwise))
    before, said, inner = read[0]
    unit.scope.flow.extend(before)
    if inner or otherwise:
        unit.scope.flow.append(("?", said, inner, otherwise))


def _import_kind(outer: str, condition: str) -> str:
    return "type" if condition.rpartition(".")[2] == "TYPE_CHECKING" else outer or "optional"


def _for(unit: Unit, node: Node) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return
    iterable = expression(unit, right)
    target = assigned(unit, left)
    for name in names_bound(left):
        declare(unit, name, node, None, None)
    body = nested(unit, node.child_by_field_name("body"))
    orelse = node.child_by_field_name("alternative")
    after = nested(unit, orelse.child_by_field_name("body")) if orelse is not None else ()
    asynchronous = node.children[0].type == "async"
    unit.scope.flow.append(("f", target, iterable, body, after, start_line(node), asynchronous))


def _while(unit: Unit, node: Node) -> None:
    condition = node.child_by_field_name("condition")
    outer, unit.scope.flow = unit.scope.flow, []
    if condition is not None:
        evaluate(unit, truth(unit, condition))
    tested, unit.scope.flow = unit.scope.flow, outer
    body = nested(unit, node.child_by_field_name("body"))
    orelse = node.child_by_field_name("alternative")
    after = nested(unit, orelse.child_by_field_name("body")) if orelse is not None else ()
    unit.scope.flow.append(("w", (*tested, *body), after))


def _global(unit: Unit, node: Node) -> None:
    names = {unit.name(child) for child in node.named_children if child.type == "identifier"}
    (unit.scope.outer if node.type == "global_statement" else unit.scope.nonlocals).update(names)
    unit.scope.bound -= names


def _delete(unit: Unit, node: Node) -> None:
    names: list[str] = []
    targets: list[Flow] = []
    pending = list(reversed(node.named_children))
    while pending:
        child = pending.pop()
        if child.type == "identifier":
            names.append(unit.name(child))
        elif child.type in ("attribute", "subscript"):
            targets.append(expression(unit, child))
        elif child.type in ("expression_list", "tuple", "list", "parenthesized_expression"):
            pending.extend(reversed(child.named_children))
        else:
            evaluate(unit, expression(unit, child))
    unit.scope.flow.append(("x", tuple(names), tuple(targets)))


def _function(unit: Unit, node: Node) -> None:
    function_definition(unit, node, [])


def _class(unit: Unit, node: Node) -> None:
    class_definition(unit, node, [])


def _decorated(unit: Unit, node: Node) -> None:
    decorators = [c for c in node.named_children if c.type == "decorator"]
    inner = node.child_by_field_name("definition")
    if inner is not None and inner.type == "function_definition":
        function_definition(unit, inner, decorators)
    elif inner is not None:
        class_definition(unit, inner, decorators)


def _type_alias(unit: Unit, node: Node) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is not None and right is not None and left.named_children and left.named_children[0].type == "identifier":
        name = left.named_children[0]
        unit.scope.flow.append(("=", assigned(unit, name), ("Q", annotation(unit.of(right)))))
        declare(unit, name, node, None, None)


def _block(unit: Unit, node: Node) -> None:
    block(unit, node)


STATEMENTS: Final[dict[str, Callable[[Unit, Node], None]]] = {
    "expression_statement": _expression_statement,
    "return_statement": _return,
    "assert_statement": _assert,
    "continue_statement": _jump,
    "break_statement": _jump,
    "if_statement": _if,
    "for_statement": _for,
    "while_statement": _while,
    "try_statement": try_statement,
    "with_statement": with_statement,
    "raise_statement": raise_statement,
    "import_statement": import_statement,
    "import_from_statement": import_from,
    "future_import_statement": import_from,
    "global_statement": _global,
    "nonlocal_statement": _global,
    "delete_statement": _delete,
    "match_statement": match_statement,
    "function_definition": _function,
    "class_definition": _class,
    "decorated_definition": _decorated,
    "type_alias_statement": _type_alias,
    "block": _block,
}
