"""Types of Rust as they are written: text in, a name with its arguments out."""

from __future__ import annotations

import re
from typing import Final

from extractor.resolve.chains import UNKNOWN_TYPE, TypeText, reads_types, split_top

_LEADING: Final = re.compile(r"^(?:&\s*|'\w+\s+|mut\s+|dyn\s+|impl\s+|\*const\s+|\*mut\s+|for\s*<[^>]*>\s*|\?)+")
_PROJECTED: Final = re.compile(r"<\s*(?:&\s*)?(?:'\w+\s+)?([\w:]+)\s+as\s.*?>((?:::\w+)+)$")  # `<T as Iterator>::Item`
_PARAMETER: Final = re.compile(r"^\s*\w+\s*:(?!:)")  # the name in `fn(a: A)`
_CALLABLE: Final = re.compile(r"^(?:unsafe\s+|extern\s+(?:\"\w+\"\s+)?)*(?:[\w:]*::)?(?:fn|Fn|FnMut|FnOnce)\s*\(")


@reads_types
def rust_type(text: str) -> TypeText:
    """`&mut Option<Box<dyn Shape>>` as Option(Box(Shape)): references say nothing about members."""
    text = _LEADING.sub("", text.strip()).strip()
    if text.startswith("<") and (projected := _PROJECTED.match(text)):
        text = projected[1] + projected[2]
    if not text or text[0] in "_<!'":
        return UNKNOWN_TYPE
    bounds = [b.strip() for b in split_top(text, "+") if b.strip() and b.strip()[0] not in "'?"]
    if len(bounds) > 1:
        return TypeText("|", tuple(rust_type(b) for b in bounds))
    text = bounds[0] if bounds else text
    if _CALLABLE.match(text):
        start = text.index("(")
        end = _close(text, start)
        result = text[end:].strip().removeprefix("->").strip()
        params = tuple(rust_type(_PARAMETER.sub("", p)) for p in split_top(text[start + 1 : end - 1], ",") if p.strip())
        return TypeText("=>", (rust_type(result) if result else TypeText("()"), *params))
    if text.startswith("["):
        return TypeText("[]", (rust_type(split_top(text[1:-1], ";")[0]),))
    if text.startswith("("):
        inner = tuple(rust_type(p) for p in split_top(text[1:-1], ",") if p.strip())
        return inner[0] if len(inner) == 1 and "," not in text else TypeText("()", inner)
    cut = text.find("<")
    if cut < 0:
        return TypeText(text.replace(" ", "")) if re.match(r"^[\w:\s]+$", text) else UNKNOWN_TYPE
    end = _close(text, cut)
    args = [a.strip() for a in split_top(text[cut + 1 : end - 1], ",") if a.strip()]
    kept = tuple(rust_type(a.partition("=")[2] if "=" in a else a) for a in args if a[0] != "'")
    rest = text[end:].strip()
    return TypeText(text[:cut].strip().removesuffix("::") + rest, kept)


def closing(text: str) -> int:
    """Where the bracket closes that stands open before a text, its end where none does."""
    end = _close("<" + text, 0)
    return end - 2 if end <= len(text) or text.endswith(">") else len(text)


def _close(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        if text[position] in "(<[":
            depth += 1
        elif text[position] in ")]" or (text[position] == ">" and text[position - 1] not in "-="):
            depth -= 1
            if depth == 0:
                return position + 1
    return len(text)


def untyped(callee: str) -> tuple[str, str]:
    """`data.read::<Head>` as `data.read` and `<Head>`."""
    depth = 0
    for position in range(len(callee) - 1, -1, -1) if callee.endswith(">") else ():
        char = callee[position]
        depth += (char == ">" and callee[position - 1] not in "-=") - (char == "<")
        if depth == 0:
            return (
                (callee[: position - 2], callee[position:]) if callee.startswith("::", position - 2) else (callee, "")
            )
    return callee, ""
