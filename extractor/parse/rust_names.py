"""The lower half of the Rust front end: types, parameters, patterns and expressions written down, nothing defined yet.

Macros of the standard kind (`println!`, `assert_eq!`, `vec!` …) are blanked into calls and arrays before parsing, so that what
stands in them is read as the expressions it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extractor.facts import Definition, Param
from extractor.parse.collect import MAX_STEPS, Step, clip
from extractor.parse.rust_docs import RustDocs
from extractor.parse.rust_locals import Locals
from extractor.parse.tree import collapse

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_CALLED: Final = re.compile(
    rb"\b(?:e?println|e?print|format|write|writeln|panic|assert|assert_eq|assert_ne|debug_assert|debug_assert_eq"
    rb"|debug_assert_ne|dbg|todo|unreachable|unimplemented|try|bail|ensure|anyhow|eyre|format_args)!(?=\s*\()"
    rb"|\b(?:debug|info|warn|error|trace|log)!(?=\s*\(\s*\")"  # one with fields has a syntax of its own: `info!(id = %id)`
)
_ARRAYS: Final = re.compile(rb"\bvec!(?=\s*\[)")
_LITERALS: Final = {
    "string_literal": "<str>",
    "raw_string_literal": "<str>",
    "integer_literal": "<i32>",
    "float_literal": "<f64>",
    "boolean_literal": "<bool>",
    "char_literal": "<char>",
}
MAX_TYPED: Final = 60  # longer type arguments of a call are left out
MAX_NESTED: Final = 3
MAX_BRANCHES: Final = 12
_COMPARISONS: Final = frozenset(("==", "!=", "<", ">", "<=", ">=", "&&", "||"))
_HOLES: Final = re.compile(r"\{(\w[\w.]*)?(?::[^{}]*)?\}")
PATHS: Final = frozenset(
    ("identifier", "scoped_identifier", "type_identifier", "scoped_type_identifier", "self", "crate", "super")
)


def prepare(data: bytes) -> bytes:
    """The same length of text with the macros everybody knows turned into what their arguments are: calls and arrays."""
    data = _CALLED.sub(lambda m: m[0][:-1] + b" ", data)
    return _ARRAYS.sub(lambda m: b" " * len(m[0]), data)


def numbered(defs: list[Definition]) -> list[Definition]:
    """A field may bear a method's name: of the two the method is the first."""
    groups: dict[str, list[int]] = {}
    for index, definition in enumerate(defs):
        groups.setdefault(definition.qualname, []).append(index)
    out = list(defs)
    for group in groups.values():
        if len(group) > 1:
            ordered = sorted(group, key=lambda i: ("field" in defs[i].flags, i))
            for ordinal, index in enumerate(ordered, 1):
                out[index] = defs[index]._replace(ordinal=ordinal)
    return out


# The method of std::ops behind a sign. Comparisons are left out: their traits are mostly derived.
OPERATORS: Final = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "rem", "&": "bitand", "|": "bitor", "^": "bitxor", "<<": "shl", ">>": "shr",
    "+=": "add_assign", "-=": "sub_assign", "*=": "mul_assign", "/=": "div_assign", "%=": "rem_assign", "&=": "bitand_assign",
    "|=": "bitor_assign", "^=": "bitxor_assign",
}  # fmt: skip


class RustNames(RustDocs):
    """What needs no definition."""

    comments = frozenset(("line_comment", "block_comment"))

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.typevars: list[list[object]] = []  # [scope, name, bound]
        self.wheres: list[list[object]] = []  # [scope, `T::Item` or a type parameter from around it, bound]
        self.puts: list[
            list[object]
        ] = []  # [scope, line, holder, field, chain]: what may be a function, and where it is kept
        self._nested = 0  # branches being read inside branches
        self.locals = Locals(source)
        self.locals.read(source.tree.root_node)

    def variable(self, node: Node | None) -> str:
        """A name as it stands, with the number of the variable it means."""
        return self.locals.at(node.start_byte, self.text(node)) if node is not None else ""

    def _visibility(self, node: Node) -> str:
        first = next((c for c in node.named_children if c.type == "visibility_modifier"), None)
        return "private" if first is None else "public" if self.text(first) == "pub" else "internal"

    # ------------------------------------------------------------------ types
    def type_text(self, node: Node | None) -> str:
        return collapse(self.text(node)).replace(" ::", "::") if node is not None else ""

    def type_parameters(self, node: Node, index: int) -> None:
        """Parameters with their bounds. What a where clause says of others than the item's own is kept apart: `G::Map: VisitMap`."""
        bounds: dict[str, list[str]] = {}
        clause = next((c for c in node.named_children if c.type == "where_clause"), None)
        for predicate in clause.named_children if clause is not None else ():
            left, bound = predicate.child_by_field_name("left"), predicate.child_by_field_name("bounds")
            if left is not None and bound is not None:
                bounds.setdefault(self._subject(left), []).append(self._bound(bound))
        parameters = node.child_by_field_name("type_parameters")
        for child in parameters.named_children if parameters is not None else ():
            if child.type == "type_parameter":
                name = self.text(child.child_by_field_name("name"))
                stated = [self._bound(child.child_by_field_name("bounds")), *bounds.pop(name, ())]
                self.typevars.append([index, name, " + ".join(b for b in stated if b)])
        self.wheres += [[index, name, " + ".join(stated)] for name, stated in bounds.items()]

    def _subject(self, left: Node) -> str:
        """What a where clause speaks of: G of `for<'a> &'a G`."""
        node: Node | None = left
        while node is not None and node.type in ("higher_ranked_trait_bound", "reference_type"):
            node = node.child_by_field_name("type")
        return self.projection(node) if node is not None and node.type.startswith("scoped") else self.type_text(node)

    def projection(self, node: Node) -> str:
        """`T::Item` of `<T as Iterator>::Item`, the trait left out."""
        before, name = node.child_by_field_name("path"), self.text(node.child_by_field_name("name"))
        if before is not None and before.type == "bracketed_type" and before.named_children:
            inner = before.named_children[0]
            before = inner.child_by_field_name("type") if inner.type == "qualified_type" else inner
        if before is not None and before.type.startswith("scoped"):
            return f"{self.projection(before)}::{name}"
        return f"{self.text(before)}::{name}"

    def _bound(self, node: Node | None) -> str:
        return collapse(self.text(node)).lstrip(": ") if node is not None else ""

    def params(self, parameters: Node | None) -> tuple[tuple[Param, ...], str]:
        """The parameters, and how self is taken (`&mut self`), empty when it is not."""
        out: list[Param] = []
        taken = ""
        for child in parameters.named_children if parameters is not None else ():
            if child.type == "self_parameter":
                taken = collapse(self.text(child))
            elif child.type == "parameter":
                pattern = child.child_by_field_name("pattern")
                if pattern is not None and pattern.type == "self":
                    taken = collapse(self.text(child))
                    continue
                name = self.text(pattern).removeprefix("mut ").removeprefix("ref ").strip()
                out.append(
                    Param(name if name.isidentifier() else "_", self.type_text(child.child_by_field_name("type")))
                )
        return tuple(out), taken

    def message(self, arguments: Node | None) -> str:
        """The first string among the arguments, its holes named after what they print."""
        given = [c for c in arguments.named_children if c.type not in self.comments] if arguments is not None else []
        for position, node in enumerate(given):
            if node.type in ("string_literal", "raw_string_literal"):
                text = collapse(self.text(node)).strip("r#").strip('"')
                return self._filled(text, [self.text(n) for n in given[position + 1 :]])
        return ""

    @staticmethod
    def _filled(text: str, values: list[str]) -> str:
        left = iter(values)

        def hole(found: re.Match[str]) -> str:
            name = found[1] or next(left, "")
            return "{" + name + "}" if name.replace(".", "").replace("_", "").isalnum() else "{}"

        return _HOLES.sub(hole, text)

    # ------------------------------------------------------------------ expressions
    def args(self, arguments: Node | None) -> list[str]:
        if arguments is None:
            return []
        return [clip(self.chain(c)) for c in arguments.named_children if c.type not in self.comments]

    def path(self, node: Node | None) -> str:
        """`a::b::C` without type arguments; `<T as Trait>::f` goes by the trait."""
        if node is None:
            return ""
        if node.type == "scoped_identifier" or node.type == "scoped_type_identifier":
            before = node.child_by_field_name("path")
            deep = before is not None and before.type.startswith("scoped")  # `<T as Trait>::Item::f` goes by the type
            left = (
                self.projection(before)
                if before is not None and deep and "<" in self.text(before)
                else self.path(before)
            )
            return (
                f"{left}::{self.text(node.child_by_field_name('name'))}"
                if left
                else self.text(node.child_by_field_name("name"))
            )
        if node.type in ("generic_type", "generic_function"):
            return self.path(node.child_by_field_name("type") or node.child_by_field_name("function"))
        if node.type == "bracketed_type":
            return self.path(node.named_children[0]) if node.named_children else ""
        if node.type == "qualified_type":
            return self.path(node.child_by_field_name("alias"))
        if node.type in PATHS:
            return self.text(node)
        return "?"

    def is_macro(self, node: Node) -> bool:
        """Whether a name was followed by ! before it was blanked."""
        return self.source.data[node.end_byte : node.end_byte + 1] == b"!"

    def chain(self, node: Node | None) -> str:
        """An expression in the notation of collect.py; `?` and unwrapping are !, the error in a Result ^."""
        steps: list[str] = []
        head, typed = "?", ""
        while node is not None and len(steps) <= MAX_STEPS:
            kind = node.type
            if kind in PATHS:
                head = (self.variable(node) if kind == "identifier" else self.path(node)) + typed
                break
            if kind == "call_expression":
                function = node.child_by_field_name("function")
                if function is not None and function.type == "identifier" and self.is_macro(function):
                    name, given = self.text(function), node.child_by_field_name("arguments")
                    head = "<String>" if name == "format" else "?"
                    if name in ("try", "dbg") and given is not None and given.named_children:
                        steps.append("!" if name == "try" else "")
                        node = given.named_children[0]
                        continue
                    break
                steps.append("()")
                node = function
            elif kind == "field_expression":
                steps.append("." + self.text(node.child_by_field_name("field")) + typed)
                typed = ""
                node = node.child_by_field_name("value")
            elif kind == "generic_function":
                stated = self.type_text(node.child_by_field_name("type_arguments")).removeprefix("::")
                typed = f"::{stated}" if 2 < len(stated) <= MAX_TYPED else ""
                node = node.child_by_field_name("function")
            elif kind == "try_expression":
                steps.append("!")
                node = node.named_children[0] if node.named_children else None
            elif kind == "index_expression":
                if (
                    not node.named_children or node.named_children[-1].type != "range_expression"
                ):  # a slice is of the same kind
                    steps.append("[]")
                node = node.named_children[0] if node.named_children else None
            elif kind in ("reference_expression", "await_expression", "parenthesized_expression", "unary_expression"):
                if kind == "unary_expression" and self.text(node).startswith("!"):
                    head = "<bool>"
                    break
                node = node.child_by_field_name("value") or (node.named_children[-1] if node.named_children else None)
            elif kind == "macro_invocation":
                name = self.path(node.child_by_field_name("macro")).rpartition("::")[2]
                head = "<bool>" if name in ("matches", "cfg") else f"{self.path(node.child_by_field_name('macro'))}~()"
                break
            elif kind in ("struct_expression", "type_cast_expression"):
                wanted = node.child_by_field_name("name" if kind == "struct_expression" else "type")
                head = f"<{self.type_text(wanted)}>"
                break
            elif kind == "closure_expression":
                head = "=>" + clip(self.chain(node.child_by_field_name("body")))
                break
            elif kind == "block":
                last = node.named_children[-1] if node.named_children else None
                node = (
                    last if last is not None and last.type.endswith(("expression", "identifier", "literal")) else None
                )
            elif kind in ("match_expression", "if_expression"):
                head = self._either(node)
                break
            elif kind == "array_expression":
                inner = self.chain(node.named_children[0]) if node.named_children else "?"
                head = f"{inner}.@list" if inner != "?" else "?"
                break
            elif kind in _LITERALS:
                head = _LITERALS[kind]
                break
            elif kind == "binary_expression":
                if self.text(node.child_by_field_name("operator")) in _COMPARISONS:
                    head = "<bool>"
                    break
                node = node.child_by_field_name("left")
            elif kind == "range_expression":
                head = "<Iterator<i32>>"
                break
            elif kind == "tuple_expression":
                head = f"[{','.join(self.chain(c) for c in node.named_children if c.type not in self.comments)}]"
                break
            else:
                break
        return head + "".join(reversed(steps)) if len(steps) <= MAX_STEPS else "?"

    def _either(self, node: Node) -> str:
        """What any of the branches of a match or an if gives, without those that say nothing."""
        if node.type == "match_expression":
            body = node.child_by_field_name("body")
            arms = [c for c in body.named_children if c.type == "match_arm"] if body is not None else []
            given = [arm.child_by_field_name("value") for arm in arms]
        else:
            other = node.child_by_field_name("alternative")
            given = [node.child_by_field_name("consequence")]
            given.append(other.named_children[-1] if other is not None and other.named_children else None)
        if self._nested >= MAX_NESTED:
            return "?"
        self._nested += 1
        found = dict.fromkeys(self.chain(n) for n in given[:MAX_BRANCHES])
        self._nested -= 1
        told = [text for text in found if not text.startswith("?")]
        return f"({'|'.join(told)})" if len(told) > 1 else told[0] if told else "?"

    # ------------------------------------------------------------------ operators
    def on_operator(self, step: Step) -> None:
        """`a + b` is `a.add(b)` where the type of a implements the trait, which only linking knows."""
        node, scope = step[0], step[1]
        if node.type == "index_expression":
            left: Node | None = node.named_children[0]
            right: Node | None = node.named_children[-1]
            method = "index_mut" if self._is_changed(node) else "index"
        elif node.type == "unary_expression":
            left, right = node.named_children[-1] if node.named_children else None, None
            method = {"-": "neg", "!": "not"}.get(self.text(node)[:1], "")
        else:
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            method = OPERATORS.get(self.text(node.child_by_field_name("operator")), "")
        held = clip(self.chain(left)) if method and left is not None else "?"
        if held[:1] not in ("?", "<", ""):
            given = [clip(self.chain(right))] if right is not None else []
            self.call(scope, held, method, node, given, "operator")
        self.push(step)

    @staticmethod
    def _is_changed(node: Node) -> bool:
        """Whether something is put where an expression points."""
        parent = node.parent
        if parent is None:
            return False
        if parent.type in ("assignment_expression", "compound_assignment_expr"):
            return parent.child_by_field_name("left") == node
        return parent.type == "reference_expression" and any(c.type == "mutable_specifier" for c in parent.children)
