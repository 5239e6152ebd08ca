"""Who reads and who writes a field, or a variable of a module: one file's tree and definitions in, rows for the linker out.

A row is [definition, owner, name, mode]: the function that does it; what the name is read of, "" for a name that stands alone,
OWN for the object itself, else the type as written; the name; WRITES or READS. Only what the text decides is said: a name that
a function also declares for itself is that function's own, and what an expression is read of counts when it is the object, a
type, or a variable of the function that is declared with one type. What the rows mean is for `extractor/uses.py` to find out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE, Binding, Definition
from extractor.languages import LanguageSpec, grammar

if TYPE_CHECKING:
    from tree_sitter import Node, Query

    from extractor.parse import Source

OWN: Final = "this"
READS: Final = "r"
WRITES: Final = "w"
Span = tuple[int, int]

_SELF: Final = frozenset((b"this", b"self", b"super", b"base", b"(*this)"))
# Reading a member: node -> the field that holds what it is read of. The member's name stands last.
_MEMBERS: Final = {
    "field_access": "object",
    "field_expression": "argument",
    "selector_expression": "operand",
    "member_access_expression": "expression",
    "member_expression": "object",
}
_QUALIFIED: Final = {"qualified_identifier": "scope", "scoped_identifier": "path"}
_ASSIGNMENTS: Final = frozenset(
    (
        "assignment_expression",
        "augmented_assignment_expression",
        "compound_assignment_expr",
        "assignment_statement",
        "inc_statement",
        "dec_statement",
    )
)
_UPDATES: Final = frozenset(("update_expression", "postfix_unary_expression", "prefix_unary_expression"))
# What gives a name of its own to the function around it, and the children of such a node that give none.
_DECLARES_TEXT: Final = """
    variable_declarator formal_parameter catch_formal_parameter enhanced_for_statement resource inferred_parameters
    lambda_expression instanceof_expression type_pattern record_pattern_component
    init_declarator declaration parameter_declaration optional_parameter_declaration pointer_declarator reference_declarator
    array_declarator function_declarator for_range_loop structured_binding_declarator variadic_declarator
    parameter implicit_parameter foreach_statement declaration_pattern declaration_expression catch_declaration from_clause
    parenthesized_variable_designation tuple_pattern let_clause var_pattern local_function_statement
    variadic_parameter_declaration var_spec const_spec short_var_declaration range_clause
    let_declaration closure_parameters for_expression tuple_struct_pattern captured_pattern ref_pattern mut_pattern match_pattern
    let_condition field_pattern slice_pattern or_pattern reference_pattern
    required_parameter optional_parameter array_pattern object_pattern rest_pattern assignment_pattern arrow_function catch_clause
    for_in_statement pair_pattern object_assignment_pattern function_declaration
"""
_DECLARES: Final = frozenset(_DECLARES_TEXT.split())
_GIVEN: Final = ("value", "right", "default_value", "body", "type", "size", "condition", "object", "pattern_type")
# What may give a field of a new object its value, or hold the name of a member that is no variable of the function.
_KEYED: Final = frozenset(
    (
        "field_initializer",
        "shorthand_field_initializer",
        "literal_element",
        "assignment_expression",
        "required_parameter",
        "token_tree",
        "scoped_identifier",
        "qualified_identifier",
    )
)
# A name in these is neither a variable nor a member.
_OTHER_TEXT: Final = """
    labeled_statement break_statement continue_statement goto_statement named_argument annotation marker_annotation
    package_clause import_spec type_arguments generic_type name_colon attribute attribute_item macro_definition macro_invocation
    method_declaration constructor_declaration destructor_declarator namespace_identifier using_directive type_parameter
    property_declaration event_declaration label_name name_equals enumerator preproc_def preproc_ifdef preproc_defined preproc_function_def
    namespace_definition class_declaration
    qualified_name alias_qualified_name element_value_pair import_specifier export_specifier labeled_expression lifetime
"""
_OTHER: Final = frozenset(_OTHER_TEXT.split())


@dataclass(frozen=True, slots=True)
class Reading:
    """How a language reads: the leaves that may name a variable, or a member only, whether a name alone may mean what another file
    declares (a field of a base, a variable of the package), and the nodes that call what they name, with the field that holds it."""

    leaves: str
    alone: bool = False
    calls: dict[str, str] = field(default_factory=dict)


_IDENTIFIERS: Final = "(identifier) @name (field_identifier) @member"
READINGS: Final = {
    "java": Reading("(identifier) @name", True, {"method_invocation": "name", "method_reference": ""}),
    "cpp": Reading(_IDENTIFIERS, True, {"call_expression": "function"}),
    "csharp": Reading("(identifier) @name", True, {"invocation_expression": "function"}),
    "go": Reading(_IDENTIFIERS, True, {"call_expression": "function"}),
    "rust": Reading(
        f"{_IDENTIFIERS} (scoped_identifier name: (identifier) @member) (shorthand_field_initializer (identifier) @member)"
        " (token_tree (identifier) @member)",
        False, {"call_expression": "function", "macro_invocation": "macro"},
    ),
    "typescript": Reading(
        "(identifier) @name (property_identifier) @member (private_property_identifier) @member",
        False, {"call_expression": "function"},
    ),
}  # fmt: skip


def uses(
    source: Source,
    defs: Sequence[Definition],
    spans: Sequence[Span],
    bindings: Sequence[Binding],
    known: frozenset[str],
) -> list[list[int | str]]:
    """The rows of a file in order. `spans` are the bytes of each definition, `known` the names that may stand alone and mean
    something outside the function, for a language where only the file itself can say so."""
    reading = READINGS[source.spec.family]
    found: list[tuple[int, str, bytes, str]] = []
    own: dict[int, set[bytes]] = {
        index: {p.name.lstrip("*&.").encode() for p in d.params} for index, d in enumerate(defs) if d.params
    }
    wanted = None if reading.alone else {name.encode() for name in known}
    for scope, name, leaf in _leaves(source, reading, defs, spans, wanted):
        parent = leaf.parent
        if parent is None or (kind := parent.type) in _OTHER:
            continue
        mine = own.setdefault(scope, set())
        if name in mine and kind not in _MEMBERS and kind not in _KEYED:
            continue
        owner, mode = _said(source, reading, leaf, parent, kind)
        if mode == "declares":
            mine.add(name)
        elif mode:
            found.append((scope, owner, name, mode))
    types = _types(defs, bindings)
    rows: dict[tuple[int, str, str, str], None] = {}
    for scope, owner, name, mode in dict.fromkeys(found):
        mine = own[scope]
        if not owner:
            if name in mine or (wanted is not None and name not in wanted):
                continue
        elif (first := owner.partition(".")[0]).encode() in mine or first in types.get(scope, ()):
            held = types.get(scope, {}).get(first, "")
            if not held:
                continue
            owner = held + owner[len(first) :]
        rows[scope, owner, name.decode(), mode] = None
    return [list(row) for row in sorted(rows)]


@cache
def _query(spec: LanguageSpec) -> Query:
    from tree_sitter import Query

    return Query(grammar(spec), READINGS[spec.family].leaves)


def _leaves(
    source: Source, reading: Reading, defs: Sequence[Definition], spans: Sequence[Span], wanted: set[bytes] | None
) -> Iterator[tuple[int, bytes, Node]]:
    """(function, name, node) for each name inside a function, the innermost one; of names alone those that are wanted."""
    from tree_sitter import QueryCursor

    around = sorted(
        (start, -end, index)
        for index, (start, end) in enumerate(spans)
        if end > start and (defs[index].kind != "variable" or "property" in defs[index].flags)
    )
    if not around:
        return
    captured, data = QueryCursor(_query(source.spec)).captures(source.tree.root_node), source.data
    leaves = captured.get("name", [])
    if wanted is not None:
        leaves = [leaf for leaf in leaves if data[leaf.start_byte : leaf.end_byte] in wanted]
    # One that is wanted and a member too comes twice, which changes nothing.
    leaves = sorted([*leaves, *captured.get("member", ())], key=lambda n: n.start_byte)
    open_: list[tuple[int, int]] = []  # (end, definition), the outermost first
    position = 0
    for leaf in leaves:
        at = leaf.start_byte
        while position < len(around) and around[position][0] <= at:
            open_.append((-around[position][1], around[position][2]))
            position += 1
        while open_ and open_[-1][0] <= at:
            open_.pop()
        if open_ and defs[open_[-1][1]].kind not in ("class", "interface"):
            yield open_[-1][1], data[at : leaf.end_byte], leaf


def _said(source: Source, reading: Reading, leaf: Node, parent: Node, kind: str) -> tuple[str, str]:
    """(owner, mode) of a name, the mode "declares" where it is one the function gives, "" where it says nothing here."""
    called = reading.calls.get(kind)
    if called is not None and (not called or parent.child_by_field_name(called) == leaf):
        return "", ""
    if kind in _MEMBERS and leaf.end_byte == parent.end_byte and leaf.start_byte > parent.start_byte:
        of = parent.child_by_field_name(_MEMBERS[kind]) or parent.child_by_field_name("value")
        owner = _owner(source, of)
        return owner, _mode(parent) if owner else ""
    if kind in _QUALIFIED:
        of = parent.child_by_field_name(_QUALIFIED[kind])
        last = leaf.end_byte == parent.end_byte and of is not None and of != leaf
        return (last_of(source.text(of)), _mode(parent)) if last and of is not None else ("", "")
    if kind == "token_tree":  # the arguments of a macro are told as their tokens
        before = source.data[max(0, leaf.start_byte - 5) : leaf.start_byte]
        return (OWN, READS) if before == b"self." else ("", "" if before.endswith(b".") else READS)
    if kind in _KEYED and (keyed := _keyed(source, leaf, parent)) is not None:
        return keyed
    if kind in _DECLARES and not any(parent.child_by_field_name(given) == leaf for given in _GIVEN):
        return "", "declares"
    if kind == "expression_list" and parent.parent is not None and parent.parent.type in _DECLARES:
        return "", "declares" if parent.parent.child_by_field_name("left") == parent else READS
    if leaf.type != "identifier":
        return "", ""
    return "", _mode(leaf)


def _owner(source: Source, of: Node | None) -> str:
    """What a member is read of: the object itself, or a plain name; empty for every other expression."""
    if of is None:
        return ""
    text = source.data[of.start_byte : of.end_byte]
    if text in _SELF:
        return OWN
    if of.type in _MEMBERS:  # a field's field, through what is a plain name itself
        inner = of.child_by_field_name(_MEMBERS[of.type]) or of.child_by_field_name("value")
        first = _owner(source, inner)
        held = (
            source.data[of.start_byte : of.end_byte].rpartition(b".")[2].rpartition(b">")[2].decode("utf-8", "replace")
        )
        return f"{first}.{held}" if first and "." not in first and held.isidentifier() else ""
    return text.decode("utf-8", "replace") if of.type in ("identifier", "type_identifier") else ""


def _keyed(source: Source, leaf: Node, parent: Node) -> tuple[str, str] | None:
    """(owner, WRITES) of a name that says which field of a new object is set, None for others."""
    kind, around = parent.type, parent.parent
    if kind in ("field_initializer", "shorthand_field_initializer") and around is not None:
        if around.type == "field_initializer_list" and around.parent is not None:
            if around.parent.type == "struct_expression":
                first = parent.named_children[0] if parent.named_children else None
                written = last_of(source.text(around.parent.child_by_field_name("name") or leaf))
                return (OWN if written == "Self" else written, WRITES) if first == leaf else None
            return (OWN, WRITES) if leaf.type == "field_identifier" else None
    elif kind == "literal_element" and around is not None and around.type == "keyed_element":
        holder = around.parent.parent if around.parent is not None else None
        made = holder.child_by_field_name("type") if holder is not None else None
        if around.named_children[0] != parent:
            return None
        named = made is not None and made.type in ("type_identifier", "qualified_type")
        return (last_of(source.text(made)), WRITES) if made is not None and named else ("", "")
    elif kind == "assignment_expression" and around is not None and around.type == "initializer_expression":
        made = around.parent.child_by_field_name("type") if around.parent is not None else None
        if parent.child_by_field_name("left") == leaf:
            return (last_of(source.text(made)), WRITES) if made is not None else ("", "")
    elif kind == "required_parameter" and any(c.type == "accessibility_modifier" for c in parent.children):
        return (OWN, WRITES) if parent.child_by_field_name("pattern") == leaf else None
    return None


def _mode(node: Node) -> str:
    """Whether an expression is assigned to where it stands."""
    parent = node.parent
    if parent is not None and parent.type == "expression_list":
        node, parent = parent, parent.parent
    if parent is None:
        return READS
    if parent.type in _ASSIGNMENTS:
        left = parent.child_by_field_name("left") or (parent.named_children[0] if parent.named_children else None)
        return WRITES if left == node else READS
    if parent.type in _UPDATES and any(c.type in ("++", "--") for c in parent.children):
        return WRITES
    return READS


def last_of(written: str) -> str:
    """`Kind` of `crate::a::Kind`, `ns.Kind<T>`."""
    if written.isidentifier():
        return written
    return re.split(r"::|\.", re.sub(r"<.*", "", written, flags=re.DOTALL).strip())[-1].strip()


_PLAIN_TYPE: Final = re.compile(
    r"(?:const |&(?:'\w+ )?|mut |final |readonly |ref |in |\*)*([\w.:]+)(?:<.*>)?(?: ?const)?[*&? ]*", re.DOTALL
)


def _types(defs: Sequence[Definition], bindings: Sequence[Binding]) -> dict[int, dict[str, str]]:
    """definition -> name -> the class it is declared to hold, for names declared with one type that is no collection."""
    found: dict[int, dict[str, set[str]]] = {}
    for index, d in enumerate(defs):
        for p in d.params:
            if p.annotation and d.kind in ("function", "method"):
                found.setdefault(index, {}).setdefault(p.name, set()).add(class_of(p.annotation))
    for b in bindings:
        if b.scope != MODULE and defs[b.scope].kind in ("function", "method") and b.kind == "declared":
            found.setdefault(b.scope, {}).setdefault(b.name, set()).add(class_of(b.text))
    return {
        scope: {n: next(iter(t)) if len(t) == 1 else "" for n, t in names.items()} for scope, names in found.items()
    }


def class_of(annotation: str) -> str:
    """`Node` of `const Node*`, `&mut Node`, `*Node`; empty for what is written otherwise."""
    match = _PLAIN_TYPE.fullmatch(annotation.strip())
    return last_of(match[1]) if match else ""
