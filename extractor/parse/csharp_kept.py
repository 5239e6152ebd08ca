"""Where C# keeps what may be a function: `changed += handler`, `table[key] = method`, `table = new() { [key] = method }`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from extractor.parse.collect import clip
from extractor.parse.tree import start_line

if TYPE_CHECKING:
    from tree_sitter import Node


def kept(held: str, value: Node | None, chain: Callable[[Node | None], str]) -> Iterator[tuple[int, str, str, str]]:
    """(line, holder, field, chain) for each name that an assignment to `held` puts there."""
    while held.endswith("[]"):
        held = held.removesuffix("[]")
    holder, _, field = held.rpartition(".")
    if value is None or not field.isidentifier():
        return
    given = [value]
    made = next((c for c in value.named_children if c.type == "initializer_expression"), None)
    for item in made.named_children if made is not None else ():
        given.append(item.child_by_field_name("right") or (item.named_children[-1] if item.named_children else item))
    for node in given:
        text = clip(chain(node)) if node.type in ("identifier", "member_access_expression") else "?"
        if text[:1] not in ("?", "<", "="):
            yield start_line(node), holder or "this", field, text
