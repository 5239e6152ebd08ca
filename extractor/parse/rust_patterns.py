"""Patterns of Rust and the closures they stand in: what the names hold that a pattern binds when a value is matched against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.parse.collect import Step, clip
from extractor.parse.rust_names import RustNames

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

MAX_SUBJECT: Final = 120  # a longer value that a pattern is matched against is left out


def _as(chain: str, name: str) -> str:
    """A value known to be of a variant or a type: with its type arguments where they are known, without them where not."""
    return f"({chain}.={name}|<{name}>)" if chain[:1] not in ("?", "") and len(chain) < MAX_SUBJECT else f"<{name}>"


class RustPatterns(RustNames):
    """Binds what patterns name."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._closed: set[int] = set()  # closures whose parameters are bound

    @staticmethod
    def placed(pattern: Node) -> list[tuple[int, Node]]:
        """The patterns between parentheses or bars, each with the place it is matched against; behind `..` nobody can say."""
        out: list[tuple[int, Node]] = []
        position, inside = 0, False
        for child in pattern.children:
            if child.type == "remaining_field_pattern":
                break
            if child.type in ("(", ",") or (child.type == "|" and not inside):
                position, inside = position + inside, True
            elif inside and child.is_named and not child.is_extra:
                out.append((position, child))
        return out

    def taken_apart(self, function: Node, index: int) -> None:
        """Parameters of a function that are patterns: `(a, b): (A, B)`."""
        parameters = function.child_by_field_name("parameters")
        for child in parameters.named_children if parameters is not None else ():
            pattern = child.child_by_field_name("pattern") if child.type == "parameter" else None
            if pattern is not None and pattern.type not in ("identifier", "self"):
                held = f"<{self.type_text(child.child_by_field_name('type'))}>"
                self.bind_pattern(pattern, held, index, child, None)

    def closures(self, arguments: Node | None, scope: int, callee: str) -> None:
        """Parameters of a closure hold what the callee passes: `xs.iter().map#0.0`."""
        for position, argument in enumerate(arguments.named_children if arguments is not None else ()):
            if argument.type == "closure_expression":
                self.closure_parameters(argument, scope, f"{callee}#{position}")

    def on_closure(self, step: Step) -> None:
        """One that is no argument: a function's result, a field."""
        if step[0].id not in self._closed:
            self.closure_parameters(step[0], step[1], "")
        self.push(step)

    def closure_parameters(self, closure: Node, scope: int, place: str) -> None:
        """What a closure's parameters hold: what is written, else what the callee at this place passes."""
        self._closed.add(closure.id)
        parameters = closure.child_by_field_name("parameters")
        for number, parameter in self.placed(parameters) if parameters is not None else ():
            if parameter.type == "parameter":
                held = f"<{self.type_text(parameter.child_by_field_name('type'))}>"
                self.bind_pattern(parameter.child_by_field_name("pattern"), held, scope, closure, closure)
            else:
                self.bind_pattern(parameter, f"{place}.{number}" if place else "?", scope, closure, closure)

    def bind_pattern(self, pattern: Node | None, chain: str, scope: int, at: Node, until: Node | None) -> None:
        """What the names of a pattern hold when it is matched against the value of `chain`."""
        if pattern is None or not chain:
            return
        kind = pattern.type
        children = [c for c in pattern.named_children if c.type not in self.comments]
        if kind == "identifier":
            self.bind(scope, self.variable(pattern), clip(chain), at, "assigned", until)
        elif kind in ("mut_pattern", "ref_pattern", "reference_pattern", "match_pattern", "captured_pattern"):
            for child in children:
                if child.type not in ("mutable_specifier",) and child != pattern.child_by_field_name("condition"):
                    self.bind_pattern(child, chain, scope, at, until)
        elif kind == "or_pattern":
            self.bind_pattern(children[0] if children else None, chain, scope, at, until)
        elif kind == "tuple_pattern":
            for position, child in self.placed(pattern):
                self.bind_pattern(child, f"{chain}.{position}", scope, at, until)
        elif kind == "slice_pattern":
            for child in children:
                self.bind_pattern(child, f"{chain}[]", scope, at, until)
        elif kind == "tuple_struct_pattern":
            name = self.path(pattern.child_by_field_name("type"))
            for position, child in self.placed(pattern):
                held = {"Some": f"{chain}!", "Ok": f"{chain}!", "Err": f"{chain}^"}.get(
                    name
                ) or f"{_as(chain, name)}.{position}"
                self.bind_pattern(child, held, scope, at, until)
        elif kind == "struct_pattern":
            name = self.path(pattern.child_by_field_name("type"))
            for child in children:
                if child.type != "field_pattern":
                    continue
                field = child.child_by_field_name("name")
                inside = child.child_by_field_name("pattern")
                if inside is not None:
                    self.bind_pattern(inside, f"{_as(chain, name)}.{self.text(field)}", scope, at, until)
                elif field is not None:
                    self.bind(
                        scope, self.variable(field), f"{_as(chain, name)}.{self.text(field)}", at, "assigned", until
                    )
