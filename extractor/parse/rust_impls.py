"""Impl blocks of Rust: whose functions stand in one, for which trait, and what its type parameters are bound by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from extractor.facts import MODULE
from extractor.parse.collect import Step, bare
from extractor.parse.rust_macros import RustMacros
from extractor.parse.tree import end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source


class Impl(NamedTuple):
    """`typevars` and `wheres` are rows as those of `RustNames`, of no definition yet."""

    target: str
    trait: str
    typevars: list[list[object]]
    wheres: list[list[object]]


class RustImpls(RustMacros):
    """Gives what stands in an impl block to its type."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.pymethods: list[list[int]] = []  # first and last line of the impl blocks that Python sees
        self.receivers: dict[str, str] = {}
        self.impls: list[list[Any]] = []
        self.types: dict[str, int] = {}  # qualified name -> definition
        self._impls: dict[int, Impl] = {}

    def on_impl(self, step: Step) -> None:
        node, _, prefix, _ = step
        attributes, _ = self._taken(node)
        if any(a.partition("(")[0].rpartition("::")[2] == "pymethods" for a in attributes):
            self.pymethods.append([start_line(node), end_line(node)])
        written = node.child_by_field_name("type")
        # What is said of a reference is said of what it points to.
        while written is not None and written.type == "reference_type":
            written = written.child_by_field_name("type")
        target, name = self.type_text(written), self.path(written)
        typevars, wheres = len(self.typevars), len(self.wheres)
        self.type_parameters(node, MODULE)
        trait = node.child_by_field_name("trait")
        impl = Impl(target, bare(self.path(trait)).rpartition("::")[2], self.typevars[typevars:], self.wheres[wheres:])
        del self.typevars[typevars:], self.wheres[wheres:]
        if trait is not None:
            bound = next((str(row[2]) or "?" for row in impl.typevars if row[1] == target), "")
            self.impls.append([target, self.type_text(trait), start_line(node), bound])
        body = node.child_by_field_name("body")
        if body is None:
            return
        simple = name.rpartition("::")[2] if name != "?" else re.sub(r"\W+", "_", target).strip("_") or "impl"
        qualname = f"{prefix}.{simple}" if prefix else simple
        kept = self._take_comments(body, body.named_children)
        scope = self.types.get(qualname, MODULE)
        self._impls[node.id] = impl
        self.stack.extend((c, scope, qualname, False) for c in reversed(kept))

    def impl_of(self, node: Node) -> Impl | None:
        """The impl block that an item stands in."""
        holder = node.parent.parent if node.parent is not None else None
        return self._impls.get(holder.id) if holder is not None and holder.type == "impl_item" else None

    def belongs(self, index: int, impl: Impl | None) -> None:
        if impl is not None:
            self.receivers[str(index)] = impl.target
            self.typevars += [[index, *row[1:]] for row in impl.typevars]
            self.wheres += [[index, *row[1:]] for row in impl.wheres]
            self.defs[index] = self.defs[index]._replace(trait=impl.trait)
