"""Names as their language writes them: `Cart.add`, `shop::Cart::add`. Inside the graph the parts of a name are joined by dots."""

from __future__ import annotations

import re

from extractor.languages import BY_NAME, SOURCE_SUFFIXES
from extractor.schema import Node


def joint_of(node: Node) -> str:
    """What joins the parts of a symbol's name in its language; a dot in the name of a file."""
    spec = BY_NAME.get(node.lang)
    file = "#" not in node.id or (node.type == "external" and f".{node.name}" in SOURCE_SUFFIXES)
    return "." if spec is None or file else spec.joint


def joined(qualname: str, lang: str) -> str:
    """A qualified name in its language's spelling; with a dot where that is not known."""
    spec = BY_NAME.get(lang)
    return qualname.replace(".", spec.joint) if spec is not None else qualname


def spelled(node: Node) -> str:
    """A symbol's qualified name as its language writes it: `Cart.add`, `shop::Cart::add`."""
    return node.qualname.replace(".", joint_of(node))


def owner_of(node: Node) -> str:
    """The same of what a symbol stands in, empty for what stands in a file."""
    return node.qualname.rpartition(".")[0].replace(".", joint_of(node))


def in_package(node: Node) -> str:
    """The same of what stands outside, with its package where its language always names that: `strings.Contains`."""
    spec, package = BY_NAME.get(node.lang), node.id.removeprefix("ext:").partition("#")[0]
    if spec is None or not spec.by_package or package == spec.builtin:
        return spelled(node)
    parts = [part for part in package.split("/") if not re.fullmatch(r"v\d+", part)]
    return f"{parts[-1] if parts else package}.{spelled(node)}"


def spelled_id(node: Node) -> str:
    """A node's id with its symbol spelled so; `plain_id` leads back."""
    place, hash_sign, symbol = node.id.partition("#")
    return f"{place}#{symbol.replace('.', joint_of(node))}" if hash_sign else node.id


def plain_id(written: str) -> str:
    """The id, or the name, that a spelling stands for."""
    place, hash_sign, symbol = written.partition("#")
    return f"{place}#{symbol.replace('::', '.')}" if hash_sign else written.replace("::", ".")
