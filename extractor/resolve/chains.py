"""The texts that facts carry, taken apart: chains (see parse/collect.py) into head and steps, types into name and arguments."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

_OPEN: Final = "<([{"
_CLOSE: Final = ">)]}"
_DEEPEST: Final = 50


class Step(NamedTuple):
    """`op` is one of . -> () [] ! * ^ & # |; `end` is where the step ends in the chain's text."""

    op: str
    name: str
    end: int


class Chain(NamedTuple):
    """`kind` is name, new, value (a type follows), lambda (a chain follows), one of `[` `{` `(` (array, object, alternatives:
    what stands between the brackets) or unknown."""

    kind: str
    head: str
    end: int
    steps: tuple[Step, ...]


@lru_cache(maxsize=1 << 16)
def parse_chain(text: str) -> Chain:
    """Take a chain apart. Anything malformed is an unknown head."""
    if text.startswith("=>"):
        return Chain("lambda", text[2:], len(text), ())
    if text.startswith("<"):
        end = _balanced(text, 0)
        return Chain("value", text[1 : end - 1], end, _steps(text, end))
    if text.startswith("new "):
        end = _name_end(text, 4)
        while text.startswith(".", end):  # `new a.B()`
            end = _name_end(text, end + 1)
        after = end + 2 if text.startswith("()", end) else end
        return Chain("new", text[4:end], after, _steps(text, after))
    if text.startswith(("[", "{", "(")):
        end = _balanced(text, 0)
        return Chain(text[0], text[1 : end - 1], end, _steps(text, end))
    end = _name_end(text, 0)
    head = text[:end]
    kind = "unknown" if not head or head == "?" else "name"
    return Chain(kind, head, end, _steps(text, end))


def _steps(text: str, position: int) -> tuple[Step, ...]:
    steps: list[Step] = []
    while position < len(text):
        two = text[position : position + 2]
        if two == "->" or text[position] == ".":
            start = position + (2 if two == "->" else 1)
            # A private name of JavaScript begins with the sign that elsewhere asks for a callback's parameter.
            position = _name_end(text, start + text.startswith("#", start))
            steps.append(Step("->" if two == "->" else ".", text[start:position], position))
        elif two in ("()", "[]"):
            position += 2
            steps.append(Step(two, "", position))
        elif text[position] in "!*^&":
            position += 1
            steps.append(Step(text[position - 1], "", position))
        elif text[position] == "|":
            end = text.find(";", position) + 1
            if not end:
                return (*steps, Step("?", "", len(text)))
            steps.append(Step("|", text[position + 1 : end - 1], end))
            position = end
        elif text[position] == "#":
            found = re.compile(r"#(\d+\.\d+(?:@\d+)?)").match(text, position)
            if not found:
                return (*steps, Step("?", "", len(text)))
            position = found.end()
            steps.append(Step("#", found[1], position))
        else:
            return (*steps, Step("?", "", len(text)))
    return tuple(steps)


def _name_end(text: str, position: int) -> int:
    """Where a name ends, template or type arguments included. A name that opens a bracket of its own swallows it."""
    while position < len(text):
        char = text[position]
        if char == "<":
            position = _balanced(text, position)
            continue
        if char == "-" and text.startswith("->", position):
            return position
        if char in ".()[]!*^&#|" and not (char == "." and text.startswith("..", position)):
            return position
        position += 1
    return position


def _balanced(text: str, position: int) -> int:
    """Just behind the bracket that closes the one at `position`; arrows do not close anything."""
    depth = 0
    while position < len(text):
        char = text[position]
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE and not (char == ">" and text[position - 1] in "=-"):
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return position


class TypeText(NamedTuple):
    """`name` is dotted; `[]` an array, `()` a tuple, `{}` fields, `|` alternatives, `=>` a function (its result first), `?`
    nothing known."""

    name: str
    args: tuple[TypeText, ...] = ()


UNKNOWN_TYPE: Final = TypeText("?")
_JAVA_NOISE = re.compile(r"@[\w.]+(?:\([^()]*\))?|\bfinal\b|\?\s*(?:extends|super)\b")
_CPP_NOISE = re.compile(
    r"\b(?:const|constexpr|volatile|static|inline|extern|mutable|virtual|explicit|struct|class|enum|union|typename|register"
    r"|friend|template|__restrict__|__restrict|restrict)\b|[&*]"
)
_INT = re.compile(r"\b(unsigned|long|short)\s+int\b|\bsigned\s+(?=int|long|short)")
_TS_NOISE = re.compile(r"^(?:readonly|unique|asserts)\s+")


def reads_types(read: Callable[[str], TypeText]) -> Callable[[str], TypeText]:
    """`read`, remembered. A type nested deeper than anybody writes one stays unknown: it must not end the linking of all others."""

    @lru_cache(maxsize=1 << 16)
    def reader(text: str) -> TypeText:
        return UNKNOWN_TYPE if len(text) > _DEEPEST and _depth(text) > _DEEPEST else read(text)

    return reader


def _depth(text: str) -> int:
    """How many brackets stand around one another, or how many dimensions after one another."""
    depth = deepest = 0
    for char in text:
        depth += (char in _OPEN) - (char in _CLOSE)
        deepest = max(deepest, depth)
    return max(deepest, text.count("[]"))


@reads_types
def java_type(text: str) -> TypeText:
    text = _JAVA_NOISE.sub("", text).replace("...", "[]").replace(" ", "")
    return _generic(text)


@reads_types
def cpp_type(text: str) -> TypeText:
    text = re.sub(r"\s*::\s*", ".", _CPP_NOISE.sub(" ", text)).strip().lstrip(".")
    if "signed" in text or "long" in text or "short" in text:
        text = _INT.sub(r"\1", text)
    return _generic(re.sub(r"\s*([<>,])\s*", r"\1", text))


@reads_types
def ts_type(text: str) -> TypeText:
    """`Map<string, Item[]> | undefined` of a TypeScript annotation as a type with its arguments."""
    text = _TS_NOISE.sub("", text.strip().lstrip(":").strip())
    if "=>" in text and text.startswith(("(", "new ", "async ", "<")):
        pieces = _split_arrow(text)
        if pieces:
            return TypeText("=>", (ts_type(pieces[1]), *(ts_type(p) for p in pieces[0])))
    parts = split_top(text, "|")
    if len(parts) > 1:
        kept = [p for p in (part.strip() for part in parts) if p and p not in ("null", "undefined")]
        return ts_type(kept[0]) if len(kept) == 1 else TypeText("|", tuple(ts_type(p) for p in kept))
    parts = split_top(text, "&")
    if len(parts) > 1:
        return TypeText("|", tuple(ts_type(p) for p in parts if p.strip()))
    if text.startswith("(") and text.endswith(")") and _balanced(text, 0) == len(text):
        return ts_type(text[1:-1])
    if text.endswith("[]"):
        return TypeText("[]", (ts_type(text[:-2]),))
    if text.startswith("[") and text.endswith("]"):
        return TypeText("()", tuple(ts_type(p.strip().lstrip(".")) for p in split_top(text[1:-1], ",") if p.strip()))
    if text.startswith("typeof "):
        return TypeText("typeof", (TypeText(text[7:].strip()),))
    if text.startswith("{") and text.endswith("}"):
        fields = [part.partition(":") for separated in split_top(text[1:-1], ";") for part in split_top(separated, ",")]
        named = [
            (name.strip().removeprefix("readonly ").rstrip("?").strip(), kind)
            for name, _, kind in fields
            if kind.strip()
        ]
        return TypeText("{}", tuple(TypeText(name, (ts_type(kind),)) for name, kind in named if name.isidentifier()))
    if not text or text[0] in "{'\"`-" or text[0].isdigit() or text.startswith(("keyof ", "infer ")) or " is " in text:
        return UNKNOWN_TYPE
    return _generic(text, ts_type)


def _generic(text: str, parse: object = None) -> TypeText:
    """`a.B<C, D>[]` into name and arguments; arguments of an enclosing type (`Outer<T>.Inner`) are dropped."""
    argument = parse if callable(parse) else _generic
    while text.endswith("[]"):
        return TypeText("[]", (_generic(text[:-2], parse),))
    cut = text.find("<")
    if cut < 0:
        return TypeText(text) if text else UNKNOWN_TYPE
    end = _balanced(text, cut)
    args = tuple(argument(a.strip()) for a in split_top(text[cut + 1 : end - 1], ",") if a.strip())
    rest = text[end:]
    if rest.startswith("."):
        return _generic(text[:cut] + rest, parse)
    return TypeText(text[:cut].strip(), args)


def split_top(text: str, separator: str) -> list[str]:
    """Split at a separator that stands outside every bracket."""
    parts, depth, start = [], 0, 0
    for position, char in enumerate(text):
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE and not (char == ">" and position and text[position - 1] in "=-"):
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _split_arrow(text: str) -> tuple[list[str], str] | None:
    """`(a: A, b?: B) => R` into (["A", "B"], "R"); None when the arrow stands elsewhere."""
    opening = text.find("(")
    if opening < 0:
        return None
    if text.startswith("<"):  # type parameters first
        opening = _balanced(text, 0)
        opening += len(text[opening:]) - len(text[opening:].lstrip())
        if not text.startswith("(", opening):
            return None
    closing = _balanced(text, opening)
    rest = text[closing:].lstrip()
    if not rest.startswith("=>"):
        return None
    written = [p.strip() for p in split_top(text[opening + 1 : closing - 1], ",")]
    params = [p.partition(":")[2].strip() for p in written if p and not p.startswith("this:")]
    return params, rest[2:].strip()
