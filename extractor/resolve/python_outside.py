"""Attributes of what lies outside the repository: those that builtin types really have, and how far an external path goes.

A builtin type has the attributes of every supported Python, and any dunder; other names on it are not its own. What an external
class holds is not known, so its attributes are followed by name a little way only: `node = node.parent` would go on for ever.
"""

from __future__ import annotations

from typing import Final

_SEQUENCE: Final = "count index"
_SET: Final = """
add clear copy difference difference_update discard intersection intersection_update isdisjoint issubset issuperset pop remove
symmetric_difference symmetric_difference_update union update
"""
_TEXT: Final = """
capitalize center count endswith expandtabs find index isalnum isalpha isascii isdigit islower isspace istitle isupper join ljust
lower lstrip maketrans partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines
startswith strip swapcase title translate upper zfill
"""
_INT: Final = (
    "as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag is_integer numerator real to_bytes"
)
_FILE: Final = """
buffer close closed closefd detach encoding errors fileno flush getbuffer getvalue isatty line_buffering mode name newlines peek raw
read read1 readable readall readinto readinto1 readline readlines reconfigure seek seekable tell truncate writable write
write_through writelines
"""
_TYPES: Final = {
    "list": f"{_SEQUENCE} append clear copy extend insert pop remove reverse sort",
    "tuple": _SEQUENCE,
    "range": f"{_SEQUENCE} start step stop",
    "dict": "clear copy fromkeys get items keys pop popitem setdefault update values",
    "set": _SET,
    "frozenset": "copy difference intersection isdisjoint issubset issuperset symmetric_difference union",
    "generator": "close gi_code gi_frame gi_running gi_suspended gi_yieldfrom send throw",
    "str": f"{_TEXT} casefold encode format format_map isdecimal isidentifier isnumeric isprintable",
    "bytes": f"{_TEXT} decode fromhex hex",
    "bytearray": f"{_TEXT} decode fromhex hex append clear copy extend insert pop remove resize reverse",
    "int": _INT,
    "bool": _INT,
    "float": "as_integer_ratio conjugate from_number fromhex hex imag is_integer real",
    "complex": "conjugate from_number imag real",
    "NoneType": "",
    "ellipsis": "",
    "open": _FILE,  # what it returns
}
_MAPPING: Final = "get items keys values"
_MUTABLE: Final = "clear pop popitem setdefault update"
_ELSEWHERE: Final = {
    "io.StringIO": _FILE,
    "io.BytesIO": _FILE,
    "collections.abc.Mapping": _MAPPING,
    "collections.abc.MutableMapping": f"{_MAPPING} {_MUTABLE}",
    "collections.abc.Sequence": _SEQUENCE,
    "collections.abc.MutableSequence": f"{_SEQUENCE} append clear extend insert pop remove reverse",
    "collections.OrderedDict": f"{_TYPES['dict']} move_to_end",
    "collections.Counter": f"{_TYPES['dict']} elements most_common subtract total",
    "collections.defaultdict": f"{_TYPES['dict']} default_factory",
    "collections.deque": f"{_TYPES['list']} appendleft extendleft maxlen popleft rotate",
}
ATTRIBUTES: Final = {
    path: frozenset(words.split())
    for path, words in ({f"builtins.{name}": words for name, words in _TYPES.items()} | _ELSEWHERE).items()
}
MAX_STEPS: Final = 2  # attributes followed from an external class
MAX_PARTS: Final = 8  # of any external path


# What every class has from `object`.
OF_OBJECT: Final = frozenset((
    "__new__", "__init__", "__init_subclass__", "__subclasshook__", "__getattribute__", "__setattr__", "__delattr__", "__dir__",
    "__repr__", "__str__", "__format__", "__eq__", "__ne__", "__hash__", "__sizeof__", "__reduce__", "__reduce_ex__",
))  # fmt: skip


def lacks(path: str, name: str) -> bool:
    """Whether the type at this path is known and has no such attribute."""
    known = ATTRIBUTES.get(path)
    return known is not None and name not in known and not (name.startswith("__") and name.endswith("__"))


def endless(path: str) -> bool:
    """Whether an external path has been followed so far that its next attribute says nothing more."""
    if path.count(".") < MAX_STEPS:
        return False
    parts = path.split(".")
    first = next((i for i, part in enumerate(parts) if part[:1].isupper()), len(parts))
    return len(parts) - first > MAX_STEPS or len(parts) >= MAX_PARTS


def is_error(path: str) -> bool:
    """Whether an external name may be an error class: by custom a capital, or one of the old names, as `socket.timeout`."""
    name = path.rpartition(".")[2].lstrip("_")
    return name[:1].isupper() or name in ("timeout", "exception") or (name.endswith("error") and "_" not in name)
