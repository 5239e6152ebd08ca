"""Where C# code runs without parentheses: operators, properties and indexers read or written, `using`, and `new()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE
from extractor.parse.collect import Step, clip
from extractor.parse.csharp_kept import kept
from extractor.parse.csharp_names import CSharpNames
from extractor.parse.tree import start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source


_OPERATORS: Final = frozenset(
    ("+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&", "|", "^", "<<", ">>", "!", "~")
)


class CSharpAccesses(CSharpNames):
    """Writes down `accesses` and operators; only linking knows which of them run code."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.accesses: list[list[object]] = []  # [scope, line, receiver, name, get | set | both, arguments]
        self.assigned: dict[
            int, str
        ] = {}  # node on the left of an assignment -> set, both, or "" where it is no place here

    def on_operator(self, step: Step) -> None:
        """`a + b`, `-a`, `a += b`: a call where a class overloads it, which only linking knows."""
        node, scope = step[0], step[1]
        misread = self.misread_new(node) if node.type == "binary_expression" else None
        if misread is not None:
            _, made, given = misread
            arguments = [c for c in given.named_children if c.type == "argument"] or given.named_children
            self.call(scope, "", made, node, [clip(self.chain(c)) for c in arguments], "new")
            self.push_nodes([given], scope, step[2])
            return
        left = node.child_by_field_name("left") or (node.named_children[-1] if node.named_children else None)
        right = node.child_by_field_name("right")
        sign = self.text(node.child_by_field_name("operator"))
        if not sign:
            sign = next((self.text(c) for c in node.children if not c.is_named), "")
        held = clip(self.chain(left)) if left is not None else "?"
        if node.type == "assignment_expression":
            sign = sign.removesuffix("=")
            if left is not None:
                inside = node.parent is not None and node.parent.type == "initializer_expression"
                self.assigned[left.id] = "" if inside else "both" if sign else "set"
            self.kept_in(held, right, scope)
            for number, name in enumerate(self.bare_parameters(right, scope)):
                if right is not None and name:
                    self.bind(scope, name, clip(f"{held}#0.{number}"), right, "assigned", right)
        if sign in _OPERATORS and held[:1] not in ("?", "<"):
            self.call(
                scope, held, f"operator{sign}", node, [clip(self.chain(right))] if right is not None else [], "operator"
            )
        self.push(step)

    def kept_in(self, held: str, value: Node | None, scope: int) -> None:
        self.puts += [[scope, *row] for row in kept(held, value, self.chain)]

    def access(self, scope: int, receiver: str, name: str, node: Node, how: str, args: list[str]) -> None:
        if how and receiver[:1] != "?":
            self.accesses.append([scope, start_line(node), receiver, name, how, args])

    def on_name(self, step: Step) -> None:
        """A bare name that may be a property of the class: .NET writes those with a capital."""
        node, name = step[0], self.text(step[0])
        if name[:1].isupper():
            around = node.parent if node.parent is not None and node.parent.type == "member_access_expression" else None
            member = [f".{self.text(around.child_by_field_name('name'))}"] if around is not None else []
            self.access(step[1], "", name, node, self.assigned.pop(node.id, "get"), member)

    def on_member(self, step: Step) -> None:
        """`a.B` and `a?.B` that are not called."""
        node = step[0]
        name = node.child_by_field_name("name")
        inner: Node | None = node.child_by_field_name("expression")
        word = next((c.type for c in node.children if c.type in ("this", "base")), "")
        if node.type == "member_binding_expression":
            held = node.parent.child_by_field_name("condition") if node.parent is not None else None
            receiver = clip(self.chain(held))
        else:
            receiver = {"this": "this", "base": "super"}.get(word) or clip(self.chain(inner))
        self.access(step[1], receiver, self.text(name), node, self.assigned.pop(node.id, "get"), [])
        self.push_nodes([inner], step[1], step[2])

    def on_element(self, step: Step) -> None:
        """`a[i]`."""
        node = step[0]
        given = self.args(node.child_by_field_name("subscript"))
        receiver = clip(self.chain(node.child_by_field_name("expression")))
        self.access(step[1], receiver, "this[]", node, self.assigned.pop(node.id, "get"), given)
        self.push(step)

    def filled(self, initializer: Node | None, receiver: str, scope: int) -> None:
        """`new A { B = 1 }` writes B of what it makes."""
        for child in initializer.named_children if initializer is not None else ():
            left = child.child_by_field_name("left") if child.type == "assignment_expression" else None
            if left is not None and left.type == "identifier":
                self.access(scope, receiver, self.text(left), left, "set", [])

    def accessors(self, block: Node | None, value: Node | None) -> list[str]:
        """Which of a property's accessors run code that is written."""
        if value is not None and value.type == "arrow_expression_clause":
            return ["getter"]
        found = [
            c for c in (block.named_children if block is not None else ()) if c.child_by_field_name("body") is not None
        ]
        words = {self.text(c.child_by_field_name("name")) or next((w.type for w in c.children if w.type in ("get", "set", "init")), "")
                 for c in found}  # fmt: skip
        return [flag for flag, names in (("getter", {"get"}), ("setter", {"set", "init"})) if words & names]

    def head_of_property(
        self, kind: str, name: str, accessors: Node | None, value: Node | None, runs: list[str]
    ) -> str:
        """A property as it is written, where that takes one line: `int Size { get; }`, `int Twice => size * 2`."""
        arrow = value is not None and value.type == "arrow_expression_clause"
        rest = self.short(value) if arrow else "" if runs else self.short(accessors)
        return f"{kind} {name} {rest}".rstrip()

    def used(self, statement: Node | None, held: str, scope: int) -> None:
        """`using (x)` and `using var x = …` dispose of x at the end."""
        words = [c.type for c in statement.children] if statement is not None else []
        if statement is not None and "using" in words and held[:1] != "?":
            self.call(scope, held, "DisposeAsync" if "await" in words else "Dispose", statement, [], "with")

    def on_using_block(self, step: Step) -> None:
        node = step[0]
        held = node.named_children[0] if node.named_children else None
        if held is not None and held.type not in ("variable_declaration", "block"):
            self.used(node, clip(self.chain(held)), step[1])
        self.push(step)

    def on_implicit_new(self, step: Step) -> None:
        """`return new(…)` and `=> new(…)` make what the method returns."""
        node, scope = step[0], step[1]
        around = node.parent.type if node.parent is not None else ""
        returned = (
            self.defs[scope].returns
            if scope != MODULE and around in ("return_statement", "arrow_expression_clause")
            else ""
        )
        if returned:
            made = returned[returned.find("<") + 1 : -1] if returned.startswith(("Task<", "ValueTask<")) else returned
            self.push_nodes([self.typed_new(node, made, scope)], scope, step[2])
        else:
            self.push(step)
