"""Types as written, into the flow language: what an annotation names, strings read as code."""

from __future__ import annotations

import ast
from functools import lru_cache

from extractor.parse.python_unit import Flow


@lru_cache(maxsize=8192)
def annotation(text: str) -> Flow:
    """A type as written: a name, ("A", …) or ("P", type, (arguments)); ("U", (…)) for alternatives, None for none of these."""
    try:
        return _type(ast.parse(text.strip(), mode="eval").body, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _type(node: ast.expr, depth: int) -> Flow:
    if depth > 12:
        return None
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _type(node.value, depth + 1)
        return ("A", owner, node.attr, 0) if owner is not None else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return annotation(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        parts = [flow for side in (node.left, node.right) if (flow := _type(side, depth + 1)) is not None]
        return ("U", tuple(parts)) if len(parts) > 1 else parts[0] if parts else None
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return ("P", _type(node.value, depth + 1), tuple(_type(part, depth + 1) for part in inner))
    return None
