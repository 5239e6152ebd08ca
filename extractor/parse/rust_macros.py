"""Macros of Rust whose text nobody has expanded: what stands in their calls and in their rules, read as far as it is Rust.

The arguments of an invocation are expressions when they parse as such. A rule's body is read with `$name` as a plain name and
`$( … )*` as what it repeats: its calls are the macro's own. What does not parse that way is left alone.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from extractor.languages import grammar
from extractor.parse.collect import Step
from extractor.parse.rust_errors import RustErrors
from extractor.parse.rust_names import prepare

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_HELD: Final = ("impl_item", "trait_item", "mod_item")
_ITEMS: Final = frozenset(
    ("struct_item", "enum_item", "union_item", "type_item", "use_declaration", "macro_definition", "attribute_item",
     "extern_crate_declaration", "foreign_mod_item", "const_item", "static_item")
)  # fmt: skip
_DEFINED: Final = frozenset(
    ("function_item", "impl_item", "struct_item", "enum_item", "union_item", "trait_item", "mod_item", "type_item", "const_item",
     "static_item", "use_declaration", "macro_definition")
)  # fmt: skip
_AROUND: Final = frozenset(("source_file", "ERROR", "expression_statement", "if_expression", "else_clause", "block"))
_MODULES: Final = frozenset(("source_file", "declaration_list"))
_LISTED: Final = frozenset(("tuple_expression", "parenthesized_expression", "array_expression"))
_SEPARATORS: Final = frozenset((",", ";", "=>"))
_FIELD: Final = re.compile(rb"\s*(?:[\w.]+\s*=\s*)?[%?]|\s*[\w.]+\s*=(?![=>])")
# Macros whose arguments never run, or run elsewhere.
_NO_CODE: Final = frozenset(("cfg", "stringify", "quote", "quote_spanned", "parse_quote", "parse_quote_spanned"))
_NAMED: Final = re.compile(rb"\$([A-Za-z_]\w*)")
_MARKED: Final = re.compile(rb"^[ \t]*@[^\n]*", re.MULTILINE)  # a line that begins so is a mark for the macro
_WORDS: Final = re.compile(r"\w+")
_REPETITION: Final = re.compile(rb"\)\s*[^\s()\[\]{}$\w]{0,2}\s*[*+?]")


class RustMacros(RustErrors):
    """Reads token trees."""

    def read_arguments(self, node: Node, step: Step) -> None:
        """What the macro of an invocation is given: items where items stand, else what of it are expressions."""
        tokens = next((c for c in node.named_children if c.type == "token_tree"), None)
        name = self.text(node.child_by_field_name("macro")).rpartition("::")[2]
        if tokens is None or tokens.end_byte - tokens.start_byte < 3 or name in _NO_CODE:
            return
        if _holder(node) in _MODULES and self._read_items(tokens, step):
            return
        held = self._whole(tokens)
        if held is not None:
            listed = held.type in _LISTED
            pattern = listed and "matches" in name
            self.push_nodes(
                held.named_children[:1] if pattern else held.named_children if listed else [held], step[1], step[2]
            )
            return
        first = tokens.start_byte + 1
        for child in tokens.children[1:]:
            if child.type in _SEPARATORS or child == tokens.children[-1]:
                self._read_part(first, child.start_byte, step)
                first = child.end_byte

    def _read_items(self, tokens: Node, step: Step) -> bool:
        """`cfg_unix! { fn f() {} }`: the items between the braces, whatever else stands there."""
        first, last = tokens.start_byte + 1, tokens.end_byte - 1
        text = _MARKED.sub(lambda m: b" " * len(m[0]), self.source.data[first:last])
        root = self._parsed(first, last, text, b"", broken=True)
        found: list[Node] = []
        stack = [root] if root is not None else []
        while stack:
            node = stack.pop()
            if node.type in _DEFINED or node.type == "attribute_item":
                found.append(node)
            elif node.type in _AROUND:
                stack.extend(reversed(self._take_comments(node, node.named_children)))
        if not any(n.type in _DEFINED for n in found):
            return False
        self.push_nodes(found, step[1], step[2], top=step[3])
        return True

    def macro_arguments(self, node: Node) -> list[str]:
        """The arguments of an invocation that are a list of expressions."""
        tokens = next((c for c in node.named_children if c.type == "token_tree"), None)
        held = self._whole(tokens) if tokens is not None and _holder(node) not in _MODULES else None
        return self.args(held) if held is not None and held.type in _LISTED else []

    def _whole(self, tokens: Node) -> Node | None:
        """The list of expressions, or the block, that an invocation is given; None when it is neither."""
        first, last = tokens.start_byte, tokens.end_byte
        root = self._parsed(first, last, self.source.data[first:last], b";")
        inside = root.named_children[0] if root is not None and root.named_children else None
        held = inside.named_children[0] if inside is not None and inside.named_children else None
        if inside is not None and self.source.data.startswith(b"{", inside.start_byte):
            return inside
        return held if held is not None and held.type in _LISTED else None

    def _read_part(self, first: int, last: int, step: Step) -> None:
        """One argument that may be an expression: behind the name of a field (`id = %self.id()`), or as it stands."""
        data = self.source.data
        named = _FIELD.match(data, first, last)
        first = named.end() if named is not None else first
        root = self._parsed(first, last, data[first:last], b";") if last > first else None
        if root is not None:
            self.push_nodes(root.named_children, step[1], step[2])

    def read_rules(self, node: Node, index: int) -> None:
        """The calls that the bodies of a `macro_rules!` make."""
        for rule in node.named_children:
            body = rule.child_by_field_name("right") if rule.type == "macro_rule" else None
            if body is None or body.end_byte - body.start_byte < 3:
                continue
            text = bytearray(self.source.data[body.start_byte : body.end_byte])
            text[:1], text[-1:] = b"{", b"}"
            plain = _plain(bytes(text))
            before = self.source
            self.source = self._with(body.start_byte, plain)
            root = self._parsed(body.start_byte, body.end_byte, plain, b"")
            block = root.named_children[0] if root is not None and root.named_children else None
            if block is not None:
                stack, self.stack = self.stack, []
                first = len(self.calls)
                self._items(block, index)
                self.visit()
                self.stack = stack
                self._forget(first, {f"_{name.decode()}" for name in _NAMED.findall(text)})
            self.source = before

    def _forget(self, first: int, given: set[str]) -> None:
        """Leave out the calls of what only an invocation says: `$f(x)`, `$x.f()`."""
        rows = list(zip(self.calls[first:], self.arguments[first:], strict=True))
        kept = [row for row in rows if not {row[0].name, *_WORDS.findall(row[0].receiver)[:1]} & given]
        self.calls[first:] = [call for call, _ in kept]
        self.arguments[first:] = [args for _, args in kept]

    def _items(self, block: Node, index: int) -> None:
        """Push what runs: statements, and the bodies of functions that the macro writes, with their parameters bound."""
        pending = [block]
        while pending:
            node = pending.pop()
            if node.type == "function_item":
                body = node.child_by_field_name("body")
                for param in self.params(node.child_by_field_name("parameters"))[0]:
                    self.bind(index, param.name, param.annotation, node, "declared", node)
                self.push_nodes([body], index, self.defs[index].qualname)
            elif node.type in _HELD or node.type in (
                "block",
                "declaration_list",
                "expression_statement",
                "source_file",
            ):
                pending.extend(reversed(node.named_children))
            elif node.type not in _ITEMS:
                self.push_nodes([node], index, self.defs[index].qualname)

    def _parsed(self, first: int, last: int, text: bytes, end: bytes, *, broken: bool = False) -> Node | None:
        """The tree of one stretch of the file with another text, at its own place; None when that is no Rust, or not all of it."""
        from tree_sitter import Parser, Range

        data = self.source.data
        whole = data[:first] + prepare(text) + end + data[last + len(end) :]
        row = data.count(b"\n", 0, first)
        column = first - (data.rfind(b"\n", 0, first) + 1)
        inner = text.count(b"\n")
        width = len(text) - (text.rfind(b"\n") + 1) if inner else column + len(text)
        stop = (row + inner, width + len(end))
        parser = Parser(grammar(self.source.spec))
        parser.included_ranges = [Range((row, column), stop, first, last + len(end))]
        root = parser.parse(whole).root_node
        if root.has_error and not broken:
            return None
        self.locals.read(root)
        return root

    def _with(self, first: int, text: bytes) -> Source:
        data = self.source.data
        return replace(self.source, data=data[:first] + text + data[first + len(text) :])


def _holder(node: Node) -> str:
    """The kind of node that an invocation is a statement of."""
    around = node.parent
    if around is not None and around.type == "expression_statement":
        around = around.parent
    return around.type if around is not None else ""


def _plain(text: bytes) -> bytes:
    """A rule's body without the marks of macros, every offset kept."""
    text = text.replace(b"$crate", b" crate")
    out = bytearray(text)
    stack: list[bool] = []  # of each open parenthesis whether it is a repetition's
    for position, char in enumerate(text):
        if char == 40:  # (
            repeats = position > 0 and text[position - 1] == 36  # $
            stack.append(repeats)
            if repeats:
                out[position - 1 : position + 1] = b"  "
        elif char == 41 and stack and stack.pop():
            tail = _REPETITION.match(text, position)
            stop = tail.end() if tail is not None else position + 1
            out[position:stop] = bytes(c if c in b"\r\n" else 32 for c in text[position:stop])
    return re.sub(rb"\$(?=[A-Za-z_])", b"_", bytes(out))
