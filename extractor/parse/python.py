"""One Python file's tree in, FileFacts out: definitions, imports, bases, raises, handlers, and in `extra` the flow of each scope.

`extra` is {"scopes": rows, "all_of": names whose `__all__` ours includes}. Row 0 is the module's, row i + 1 that of `defs[i]`
(null for a variable): [flow, bound, captured, declared global, nonlocal, annotations, return type], see `python_unit`.
A tree with errors is read like any other: what lies in its broken places is looked through for calls and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from extractor.facts import Binding, FileFacts, Handler, Import, Raise
from extractor.parse import Source
from extractor.parse.python_defs import class_definition, declare, function_definition
from extractor.parse.python_expr import BINARY, annotation, assigned, expression
from extractor.parse.python_text import docstring, shorten, string_value, template
from extractor.parse.python_unit import MAX_DEPTH, Flow, Scope, Unit, first_unit, resolve_captures
from extractor.parse.tree import collapse, end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

SUPPRESSING: Final = ("suppress", "raises", "assertRaises", "assertRaisesRegex")
LOGGING: Final = ("log", "logger", "logging", "warnings", "_log", "_logger", "LOG", "LOGGER")


def parse(source: Source) -> FileFacts:
    """The facts of one Python file; status, hash and line count are the caller's."""
    unit = first_unit(source)
    root = source.tree.root_node
    block(unit, root)
    known = {d.qualname for d in unit.defs}
    late = [d for d in unit.stubs if d.qualname not in known and not known.add(d.qualname)]  # type: ignore[func-returns-value]
    late += [d for d in unit.variables if d.qualname not in known]
    unit.defs.extend(late)
    unit.scopes.extend([None] * len(late))
    resolve_captures(unit)
    exports = tuple(dict.fromkeys(unit.exports)) if unit.exports is not None else None
    facts = FileFacts(
        source.path, source.spec.name, source.spec.prefix, "", 0,
        doc=docstring(unit, root), defs=tuple(unit.defs), imports=tuple(unit.imports), exports=exports,
        calls=tuple(unit.calls), bases=tuple(unit.bases), raises=tuple(unit.raises), handlers=tuple(unit.handlers),
        bindings=tuple(unit.bindings),
        extra={"scopes": [_row(scope) for scope in unit.scopes], "all_of": unit.exports_of},
    )  # fmt: skip
    if unit.too_deep:
        return facts._replace(status="partial", reason=f"nested too deeply at line {unit.too_deep}")
    return facts


def _row(scope: Scope | None) -> Flow:
    if scope is None:
        return None
    bound = sorted(scope.bound) if scope.kind != "class" else []
    return [
        scope.flow, bound, sorted(scope.captured), sorted(scope.outer), sorted(scope.nonlocals),
        scope.annotations, scope.returns,
    ]  # fmt: skip


def block(unit: Unit, node: Node) -> list[Flow]:
    """Read the statements of a block into the current scope's flow, or a module's; returns them."""
    flow = unit.scope.flow
    start = len(flow)
    if unit.depth > MAX_DEPTH:
        unit.too_deep = unit.too_deep or start_line(node)
        return []
    unit.depth += 1
    for child in node.named_children:
        statement(unit, child)
    unit.depth -= 1
    return flow[start:]


def _nested(unit: Unit, node: Node | None) -> list[Flow]:
    """A block's flow by itself, taken out of the scope's."""
    if node is None:
        return []
    outer, unit.scope.flow = unit.scope.flow, []
    block(unit, node)
    inner, unit.scope.flow = unit.scope.flow, outer
    return inner


def statement(unit: Unit, node: Node) -> None:
    read = _STATEMENTS.get(node.type)
    if read is not None:
        read(unit, node)
    elif node.type not in _SILENT:
        _evaluate(unit, expression(unit, node))


def _evaluate(unit: Unit, flow: Flow) -> None:
    if flow is not None and flow.__class__ is list and flow[0] != "K":
        unit.scope.flow.append(["e", flow])


def _expression_statement(unit: Unit, node: Node) -> None:
    for child in node.named_children:
        kind = child.type
        if kind == "assignment":
            _assignment(unit, child)
        elif kind == "augmented_assignment":
            _augmented(unit, child)
        elif kind == "call":
            flow = expression(unit, child)
            unit.scope.flow.append(["e", flow])
            if unit.scope.index < 0:
                _export_call(unit, child)
        elif kind not in ("string", "comment"):
            _evaluate(unit, expression(unit, child))


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
            written = unit.of(declared)
            unit.scope.flow.append([":", place, annotation(written), flow, value is not None])
            if target.type in ("identifier", "attribute"):
                unit.bindings.append(
                    Binding(unit.scope.index, unit.of(target), collapse(written), start_line(node), "declared")
                )
        elif value is not None:
            unit.scope.flow.append(["=", place, flow])
        for name in _names(target):
            declare(unit, name, node, value if target.type == "identifier" else None, declared)
        if unit.scope.index < 0 and target.type == "identifier" and unit.of(target) == "__all__":
            unit.exports = []
            _export(unit, value)


def _names(target: Node) -> list[Node]:
    """The plain names that an assignment's target binds."""
    if target.type == "identifier":
        return [target]
    if target.type in ("pattern_list", "tuple_pattern", "list_pattern"):
        return [name for child in target.named_children for name in _names(child)]
    return []


def _augmented(unit: Unit, node: Node) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return
    if unit.scope.index < 0 and unit.of(left) == "__all__":
        _export(unit, right)
    flow = expression(unit, right)
    reading = expression(unit, left)
    target = assigned(unit, left)
    if reading is not None and not (isinstance(flow, list) and flow[0] == "K"):
        stem = BINARY.get(operator.type[:-1], "add")
        both = ["O", [f"__i{stem}__", f"__{stem}__"], reading, flow, start_line(node)]
        unit.scope.flow.append(["=", target, both])


def _export(unit: Unit, value: Node | None) -> None:
    """Take the constant names of an `__all__` expression, and the modules whose `__all__` it adds."""
    stack = [value]
    while stack:
        node = stack.pop()
        if node is None:
            continue
        if node.type == "string":
            name = string_value(unit, node)
            if name and unit.exports is not None:
                unit.exports.append(name)
        elif node.type == "attribute" and unit.of(node).endswith(".__all__"):
            unit.exports_of.append(unit.of(node)[: -len(".__all__")])
        else:
            stack.extend(reversed(node.named_children))


def _export_call(unit: Unit, node: Node) -> None:
    function = node.child_by_field_name("function")
    grows = function is not None and unit.of(function) in ("__all__.extend", "__all__.append")
    if grows and unit.exports is not None:
        _export(unit, node.child_by_field_name("arguments"))


def _return(unit: Unit, node: Node) -> None:
    flow = expression(unit, node.named_children[0]) if node.named_children else None
    unit.scope.flow.append(["r", flow])


def _jump(unit: Unit, node: Node) -> None:
    unit.scope.flow.append(["j"])


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
    read: list[list[Flow]] = []
    guards = unit.scope.guards
    depth = len(guards)
    for condition, body in clauses:
        written = shorten(collapse(unit.of(condition))) if condition is not None else ""
        outer, unit.scope.flow = unit.scope.flow, []
        if condition is not None:
            _evaluate(unit, expression(unit, condition))
        before, unit.scope.flow = unit.scope.flow, outer
        kind, unit.import_kind = unit.import_kind, _import_kind(unit.import_kind, written)
        guards.append(written)
        inner = _nested(unit, body)
        guards[-1] = f"not ({written})"
        unit.import_kind = kind
        tests = _tests(unit, condition) if condition is not None else []
        read.append([before, tests, inner])
    unit.import_kind = unit.import_kind or ("optional" if unit.scope.index < 0 else "")
    otherwise = _nested(unit, orelse)
    unit.import_kind = kind
    del guards[depth:]
    for before, tests, inner in reversed(read[1:]):
        otherwise = [*before, ["?", tests, inner, otherwise]]
    before, tests, inner = read[0]
    unit.scope.flow.extend(before)
    if inner or otherwise:
        unit.scope.flow.append(["?", tests, inner, otherwise])


def _import_kind(outer: str, condition: str) -> str:
    return "type" if condition.rpartition(".")[2] == "TYPE_CHECKING" else outer or "optional"


def _tests(unit: Unit, node: Node) -> Flow:
    """What an `if` condition says about names: [[name, [types], holds], …] for isinstance and `is None`, joined by `and`."""
    kind = node.type
    if kind == "parenthesized_expression" and node.named_children:
        return _tests(unit, node.named_children[0])
    if kind == "boolean_operator" and node.children[1].type == "and":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        # Only what both parts say holds in the body; nothing can be said of the else branch.
        parts = (_tests(unit, left) if left else []) + (_tests(unit, right) if right else [])
        return [[name, types, holds, True] for name, types, holds, _ in parts]
    if kind == "not_operator":
        argument = node.child_by_field_name("argument")
        tests = _tests(unit, argument) if argument is not None else []
        return [[name, types, not holds, one] for name, types, holds, one in tests] if len(tests) == 1 else []
    if kind == "identifier":
        return [[unit.of(node), [], False, False]]
    if kind == "comparison_operator" and node.named_child_count == 2 and node.named_children[1].type == "none":
        # An empty list of types stands for None.
        operator = "".join(child.type for child in node.children if not child.is_named).replace(" ", "")
        if node.named_children[0].type == "identifier" and operator in ("is", "isnot"):
            return [[unit.of(node.named_children[0]), [], operator == "is", False]]
    if kind == "call":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None or unit.of(function) != "isinstance":
            return []
        given = [child for child in arguments.named_children if child.type != "comment"]
        if len(given) == 2 and given[0].type in ("identifier", "attribute"):
            types = given[1].named_children if given[1].type == "tuple" else [given[1]]
            return [[collapse(unit.of(given[0])), [annotation(unit.of(t)) for t in types], True, False]]
    return []


def _for(unit: Unit, node: Node) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return
    iterable = expression(unit, right)
    target = assigned(unit, left)
    for name in _names(left):
        declare(unit, name, node, None, None)
    body = _nested(unit, node.child_by_field_name("body"))
    orelse = node.child_by_field_name("alternative")
    after = _nested(unit, orelse.child_by_field_name("body")) if orelse is not None else []
    asynchronous = node.children[0].type == "async"
    unit.scope.flow.append(["f", target, iterable, body, after, start_line(node), asynchronous])


def _while(unit: Unit, node: Node) -> None:
    condition = node.child_by_field_name("condition")
    outer, unit.scope.flow = unit.scope.flow, []
    if condition is not None:
        _evaluate(unit, expression(unit, condition))
    tested, unit.scope.flow = unit.scope.flow, outer
    body = _nested(unit, node.child_by_field_name("body"))
    orelse = node.child_by_field_name("alternative")
    after = _nested(unit, orelse.child_by_field_name("body")) if orelse is not None else []
    unit.scope.flow.append(["w", tested + body, after])


def _try(unit: Unit, node: Node) -> None:
    body = node.child_by_field_name("body")
    clauses = [c for c in node.named_children if c.type in ("except_clause", "except_group_clause")]
    caught = [_caught(unit, clause) for clause in clauses]
    kind = unit.import_kind
    if any(not names or {n.rpartition(".")[2] for n in names} & _MISSING for names, _, _ in caught):
        unit.import_kind = kind or "optional"
    protected = _nested(unit, body)
    handlers: list[Flow] = []
    for clause, (names, values, alias) in zip(clauses, caught, strict=True):
        inner = next((c for c in clause.named_children if c.type == "block"), None)
        if body is not None:
            unit.handlers.append(
                Handler(
                    unit.scope.index,
                    tuple(names),
                    start_line(body),
                    end_line(body),
                    start_line(clause),
                    _action(unit, inner),
                )
            )
        types = [expression(unit, value) for value in values]
        target = assigned(unit, alias) if alias is not None else None
        handlers.append([types, target, _nested(unit, inner)])
    unit.import_kind = kind
    parts: dict[str, list[Flow]] = {"else_clause": [], "finally_clause": []}
    for clause in node.named_children:
        if clause.type in parts:
            inner = next((c for c in clause.named_children if c.type == "block"), None)
            parts[clause.type] = _nested(unit, inner)
    unit.scope.flow.append(["t", protected, handlers, parts["else_clause"], parts["finally_clause"]])


_MISSING: Final = {"ImportError", "ModuleNotFoundError", "Exception", "AttributeError"}


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


def _action(unit: Unit, body: Node | None) -> str:
    """What a handler does: reraise, convert, return, log, pass, else handle."""
    statements = [c for c in body.named_children if c.type != "comment"] if body is not None else []
    kinds = [s.type for s in statements]
    raised = next((s for s in statements if s.type == "raise_statement"), None)
    if raised is not None:
        return "convert" if raised.named_children else "reraise"
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


def _with(unit: Unit, node: Node) -> None:
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
        for name in _names(alias) if alias is not None else ():
            declare(unit, name, node, None, None)
        unit.scope.flow.append(["h", flow, target, start_line(item), asynchronous])
        if value.type == "call" and body is not None:
            _suppression(unit, value, body)
    if body is not None:
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


def _raise(unit: Unit, node: Node) -> None:
    cause = node.child_by_field_name("cause")
    value = next((c for c in node.named_children if c.type != "comment" and c != cause), None)
    name, message = "", ""
    if value is not None:
        target = value
        if value.type == "call":
            function, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
            given = [a for a in arguments.named_children if a.type != "comment"] if arguments is not None else []
            first = given[0] if given else None
            if first is not None and first.type == "keyword_argument":
                first = first.child_by_field_name("value")
            message = template(unit, first)
            target = function if function is not None else value
        name = collapse(unit.of(target))
    guards = unit.scope.guards
    unit.raises.append(
        Raise(
            unit.scope.index, name, start_line(node), message, guards[-1] if guards else "",
            collapse(unit.of(cause)) if cause is not None else "",
        )
    )  # fmt: skip
    unit.scope.flow.append(["!", expression(unit, value) if value is not None else None, start_line(node)])
    if cause is not None:
        _evaluate(unit, expression(unit, cause))


def _import(unit: Unit, node: Node) -> None:
    for item in node.children_by_field_name("name"):
        alias = item.child_by_field_name("alias")
        named = item.child_by_field_name("name") if item.type == "aliased_import" else item
        if named is None:
            continue
        module = "".join(unit.of(named).split())
        bound = unit.of(alias) if alias is not None else module.partition(".")[0]
        _imported(unit, Import(unit.scope.index, module, "", bound, 0, start_line(item), unit.import_kind))


def _import_from(unit: Unit, node: Node) -> None:
    module, level = "", 0
    origin = node.child_by_field_name("module_name")
    if node.type == "future_import_statement":
        module = "__future__"
    elif origin is not None:
        written = "".join(unit.of(origin).split())
        module = written.lstrip(".")
        level = len(written) - len(module)
    for child in node.named_children:
        if child.type == "wildcard_import":
            _imported(unit, Import(unit.scope.index, module, "*", "*", level, start_line(child), unit.import_kind))
    for item in node.children_by_field_name("name"):
        alias = item.child_by_field_name("alias")
        named = item.child_by_field_name("name") if item.type == "aliased_import" else item
        if named is None:
            continue
        name = unit.of(named)
        bound = unit.of(alias) if alias is not None else name
        _imported(unit, Import(unit.scope.index, module, name, bound, level, start_line(item), unit.import_kind))


def _imported(unit: Unit, imported: Import) -> None:
    scope = unit.scope
    if imported.alias != "*" and imported.alias not in scope.outer:
        scope.bound.add(imported.alias)
    scope.flow.append(["i", len(unit.imports)])
    unit.imports.append(imported)


def _global(unit: Unit, node: Node) -> None:
    names = {unit.of(child) for child in node.named_children if child.type == "identifier"}
    (unit.scope.outer if node.type == "global_statement" else unit.scope.nonlocals).update(names)
    unit.scope.bound -= names


def _delete(unit: Unit, node: Node) -> None:
    names = [
        unit.of(n) for child in node.named_children for n in ([child, *child.named_children]) if n.type == "identifier"
    ]
    for child in node.named_children:
        if child.type in ("attribute", "subscript", "call"):
            _evaluate(unit, expression(unit, child))
            names = []
    if names:
        unit.scope.flow.append(["x", names])


def _match(unit: Unit, node: Node) -> None:
    """`match`: class patterns narrow the subject, captured names are bound to nothing known."""
    subject = node.child_by_field_name("subject")
    flow = expression(unit, subject) if subject is not None else None
    _evaluate(unit, flow)
    body = node.child_by_field_name("body")
    chain: list[list[Flow]] = []
    for case in body.named_children if body is not None else ():
        if case.type != "case_clause":
            continue
        types: list[Flow] = []
        for pattern in (c for c in case.named_children if c.type == "case_pattern"):
            stack = [pattern]
            while stack:
                part = stack.pop()
                if part.type == "class_pattern" and part.named_children:
                    if part.parent is not None and part.parent.parent in (pattern, case):
                        types.append(annotation(unit.of(part.named_children[0])))
                    stack.extend(part.named_children[1:])
                elif (part.type == "dotted_name" and part.named_child_count == 1) or (
                    part.type == "identifier"
                    and part.parent is not None
                    and part.parent.type in ("as_pattern", "splat_pattern")
                ):
                    unit.scope.bound.add(unit.of(part))
                else:
                    stack.extend(part.named_children)
        name = unit.of(subject) if subject is not None and subject.type == "identifier" else ""
        tests = [[name, types, True, True]] if name and types else []
        inner = _nested(unit, case.child_by_field_name("consequence"))
        guard = case.child_by_field_name("guard")
        before = [["e", g]] if guard is not None and (g := _guard(unit, guard)) is not None else []
        chain.append([before, tests, inner])
    otherwise: list[Flow] = []
    for before, tests, inner in reversed(chain):
        otherwise = [["?", tests, before + inner, otherwise]]
    unit.scope.flow.extend(otherwise)


def _guard(unit: Unit, node: Node) -> Flow:
    flow = expression(unit, node.named_children[0]) if node.named_children else None
    return flow if isinstance(flow, list) else None


def _function(unit: Unit, node: Node) -> None:
    function_definition(unit, node, [], block)


def _class(unit: Unit, node: Node) -> None:
    class_definition(unit, node, [], block)


def _decorated(unit: Unit, node: Node) -> None:
    decorators = [c for c in node.named_children if c.type == "decorator"]
    inner = node.child_by_field_name("definition")
    if inner is not None and inner.type == "function_definition":
        function_definition(unit, inner, decorators, block)
    elif inner is not None:
        class_definition(unit, inner, decorators, block)


def _type_alias(unit: Unit, node: Node) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is not None and right is not None and left.named_children and left.named_children[0].type == "identifier":
        name = left.named_children[0]
        unit.scope.flow.append(["=", assigned(unit, name), ["Q", annotation(unit.of(right))]])
        declare(unit, name, node, None, None)


def _block(unit: Unit, node: Node) -> None:
    block(unit, node)


_SILENT: Final = {"comment", "pass_statement", "line_continuation"}
_STATEMENTS: Final[dict[str, Callable[[Unit, Node], None]]] = {
    "expression_statement": _expression_statement,
    "return_statement": _return,
    "continue_statement": _jump,
    "break_statement": _jump,
    "if_statement": _if,
    "for_statement": _for,
    "while_statement": _while,
    "try_statement": _try,
    "with_statement": _with,
    "raise_statement": _raise,
    "import_statement": _import,
    "import_from_statement": _import_from,
    "future_import_statement": _import_from,
    "global_statement": _global,
    "nonlocal_statement": _global,
    "delete_statement": _delete,
    "match_statement": _match,
    "function_definition": _function,
    "class_definition": _class,
    "decorated_definition": _decorated,
    "type_alias_statement": _type_alias,
    "block": _block,
}
