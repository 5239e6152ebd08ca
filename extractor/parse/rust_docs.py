"""What stands above a Rust item and belongs to it: attributes, and the comments above, between and below them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE
from extractor.parse.collect import Collector, Step
from extractor.parse.tree import collapse

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_DOC_ATTRIBUTE: Final = re.compile(r'doc\s*=\s*"(.*)"$', re.DOTALL)


class RustDocs(Collector):
    """Keeps attributes until the item comes that they speak of."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.attributes: list[str] = []
        self.attribute_doc = ""

    def on_attribute(self, step: Step) -> None:
        """Attributes and the comment above them belong to the item that follows."""
        self.attributes.append(collapse(self.text(step[0])).removeprefix("#[").removesuffix("]"))
        self.attribute_doc = self.attribute_doc or self.docs.get(step[0].id, "")

    def described(self, body: Node, kind: str) -> Iterator[tuple[Node, tuple[str, ...], str]]:
        """The nodes of one kind in a body, each with its attributes and its doc, which may stand above them."""
        for child in self._take_comments(body, body.named_children):
            if child.type == "attribute_item":
                self.on_attribute((child, MODULE, "", False))
            elif child.type == kind:
                yield child, *self._taken(child)

    def _take_comments(self, parent: Node, children: list[Node]) -> list[Node]:
        """`//!` speaks of what it stands in, never of the item behind it."""
        comments = self.comments
        outer = [c for c in children if c.type not in comments or not self.text(c).startswith(("//!", "/*!"))]
        return super()._take_comments(parent, outer)

    def _taken(self, node: Node) -> tuple[tuple[str, ...], str]:
        """(attributes, doc) of an item."""
        above, below = self.attribute_doc, self.docs.get(node.id, "")
        said = [m[1] for a in self.attributes if (m := _DOC_ATTRIBUTE.match(a))]
        attributes, doc = tuple(self.attributes), "\n".join(text for text in (above, below, *said) if text)
        self.attributes, self.attribute_doc = [], ""
        return attributes, doc
