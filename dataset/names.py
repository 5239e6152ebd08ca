"""How nodes are called in prose: the label of a subject, the noun for its kind, lists and clauses. Node ids in, words out.

Works from ids alone, so that it names nodes of no graph as well (`Names()`); given the ids of a graph it also knows which
labels are shared, and adds the path to those.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from brain.view import is_aside, is_test
from extractor.languages import BY_PREFIX, SPECS, LanguageSpec
from extractor.schema import read_path

NOUNS = {
    "package": "package",
    "module": "module",
    "class": "class",
    "interface": "interface",
    "function": "function",
    "method": "method",
    "property": "property",
    "variable": "variable",
    "external": "name",
    "capability": "capability",
    "concept": "class",
    "error": "error",
    "recipe": "recipe",
}
Item = TypeVar("Item")
# Packages whose names need no qualifier in their language.
_EVERYWHERE = frozenset({"", *(spec.builtin for spec in SPECS)})
_WORD = re.compile(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Subject:
    """A node as a question names it. `label` is unambiguous in the repository; `owner` is the class it stands in, if any."""

    id: str
    type: str
    qualname: str
    path: str
    label: str
    in_path: bool = False  # the label needs the path to be unambiguous
    called: str = ""  # what its language calls it, where that says more than the type: constructor, struct, macro
    joint: str = "."  # what joins the parts of a name in its language

    @property
    def noun(self) -> str:
        if self.called:
            return self.called
        if self.type == "variable" and self.owner:
            return "attribute"
        return NOUNS.get(self.type, "symbol")

    @property
    def a_noun(self) -> str:
        """The noun behind its article."""
        return f"{'an' if self.noun[0] in 'aeio' else 'a'} {self.noun}"

    @property
    def name(self) -> str:
        return self.qualname.rpartition(".")[2]

    @property
    def owner(self) -> str:
        return self.qualname.rpartition(".")[0]

    @property
    def spelled(self) -> str:
        """The qualified name as its language writes it."""
        return self.qualname.replace(".", self.joint)

    def said(self) -> str:
        """The label in a sentence."""
        return f"`{self.label}` in `{self.path}`" if self.in_path else f"`{self.label}`"


@lru_cache(maxsize=100_000)
def parts_of(node_id: str) -> tuple[str, str]:
    """(path, qualified name) an id spells; a module has its path and no name, an external its dotted name and no path."""
    prefix, _, rest = node_id.partition(":")
    place, hash_sign, symbol = rest.partition("#")
    symbol = re.sub(r"@\d+$", "", symbol)
    if prefix == "ext":
        joint = "::" if place == "std" or "::" in place else "."
        shown = symbol if place in _EVERYWHERE and symbol else joint.join(filter(None, (place, symbol)))
        return "", shown
    if prefix in ("capability", "concept", "error", "recipe"):
        return "", re.sub(r"@\d+$", "", rest)
    return (read_path(place), symbol) if hash_sign else (read_path(rest), "")


class Names:
    """Labels for ids. `types` maps the ids of a graph to their node types; empty when the ids stand in no graph."""

    def __init__(
        self,
        types: Mapping[str, str] | None = None,
        called: Mapping[str, str] | None = None,
        joints: Mapping[str, str] | None = None,
    ) -> None:
        """`joints` says what joins the parts of a name, for the ids where that is no dot."""
        self.types = dict(types or {})
        self._called = dict(called or {})
        self._joints = dict(joints or {})
        self._shared: Counter[str] = Counter()
        self._own: Counter[str] = Counter()  # of the product itself: what tests define takes no plain name from it
        self._homes: Counter[tuple[str, str]] = Counter()
        self._outside: set[str] = set()
        self._places: dict[str, list[str]] = {}
        for node_id, kind in self.types.items():
            path, qualname = parts_of(node_id)
            if kind == "external":
                dotted = qualname.replace("::", ".")
                self._outside.update((qualname, dotted, dotted.rpartition(".")[2]))
            if kind != "external" and path and qualname:
                self._homes[path, qualname] += 1
                if self._homes[path, qualname] == 1:
                    self._places.setdefault(qualname, []).append(path)
                    pieces = qualname.split(".")
                    own = pieces[-1:] == pieces[-2:-1]  # a constructor takes no name from its class
                    ends = [".".join(pieces[start:]) for start in range(len(pieces) - own)]
                    self._shared.update(ends)
                    self._own.update(ends if _ours(path) else ())

    def subject(self, node_id: str) -> Subject:
        """The subject an id stands for."""
        path, qualname = parts_of(node_id)
        kind = self.types.get(node_id, "") or _guessed_type(node_id, qualname)
        if not qualname:
            return Subject(node_id, kind, path, path, path.rstrip("/") or path)
        called, joint = self._called.get(node_id, ""), self._joints.get(node_id, ".")
        label, in_path = qualname.replace(".", joint), False
        if path and (self._own if _ours(path) else self._shared)[qualname] > 1:
            dotted = self._dotted(node_id, path, qualname)
            label, in_path = dotted or label, not dotted
        return Subject(node_id, kind, qualname, path, label, in_path, called, joint)

    def holds(self, node_id: str) -> bool:
        """Whether the graph has this node: an error named in a handler only is no node. All ids pass where there is no graph."""
        ontology = node_id.partition(":")[0] in ("capability", "concept", "error", "recipe")
        return not self.types or ontology or node_id in self.types

    def homonyms(self, qualname: str) -> Sequence[str]:
        """The files of the product that define this very name."""
        return [path for path in self._places.get(qualname, ()) if _ours(path)]

    def _dotted(self, node_id: str, path: str, qualname: str) -> str:
        """The name behind as much of its module's dotted path as tells it from all others; empty where modules have none."""
        spec = spec_of(node_id)
        if spec is None or not spec.dotted:
            return ""
        pieces = _module(path)
        others = [_module(p) for p in self._places[qualname] if p != path]
        for number in range(1, len(pieces) + 1):
            tail = pieces[-number:]
            label = ".".join((*tail, qualname))
            if (
                tail[0] not in sys.stdlib_module_names
                and not self._shared[label]
                and all(other[-number:] != tail for other in others)
            ):
                return label
        return ""

    def spelled(self, node_id: str) -> str:
        """The qualified name of an id as its language writes it; empty for a file."""
        return parts_of(node_id)[1].replace(".", self._joints.get(node_id, "."))

    def exists(self, name: str) -> bool:
        """Whether some symbol, external or not, has this qualified name or ends in it; a module's dotted path may lead. However
        its parts are joined."""
        name = name.replace("::", ".")
        if self._shared[name] > 0 or name in self._outside:
            return True
        pieces = name.split(".")
        return any(
            _module(path)[-cut:] == pieces[:cut]
            for cut in range(1, len(pieces))
            for path in self._places.get(".".join(pieces[cut:]), ())
        )

    def said(self, node_id: str) -> str:
        """How an answer names a node: "`Context.invoke`", with its path when the name alone is shared."""
        return self.subject(node_id).said()

    def same_place(self, node_id: str) -> int:
        """How many definitions share the id's path and qualified name (overloads, setters, alternatives)."""
        path, qualname = parts_of(node_id)
        return self._homes[path, qualname]


def apart(name: str) -> tuple[str, str]:
    """(what leads, the plain name) of a qualified name in either spelling: `Cart.` and `add`, `shop::Cart::` and `add`."""
    last = re.split(r"::|\.", name)[-1]
    return name.removesuffix(last) if last else name, last


def spec_of(node_id: str) -> LanguageSpec | None:
    """The language a node's id belongs to, None outside the code."""
    return BY_PREFIX.get(node_id.partition(":")[0])


@lru_cache(maxsize=100_000)
def _ours(path: str) -> bool:
    """Whether a file is the product itself: no test, example or documentation."""
    return not (is_test(path) or is_aside(path))


def _module(path: str) -> list[str]:
    """`src/click/core.py` -> src, click, core; a package's `__init__` is the package."""
    pieces = path.rpartition(".")[0].split("/")
    return pieces[:-1] if pieces[-1] == "__init__" and len(pieces) > 1 else pieces


def _guessed_type(node_id: str, qualname: str) -> str:
    prefix = node_id.partition(":")[0]
    if prefix in ("capability", "concept", "error", "recipe"):
        return prefix
    if prefix == "ext":
        return "external"
    if not qualname:
        return "package" if node_id.endswith("/") else "module"
    if qualname.rpartition(".")[2][:1].isupper():
        return "class"
    return "method" if "." in qualname else "function"


def listing(items: Sequence[str], *, limit: int = 6) -> str:
    """`a`, `a and b`, `a, b and c`; past `limit` the rest is counted."""
    if len(items) > limit:
        rest = len(items) - limit
        return ", ".join(items[:limit]) + f" and {'one other' if rest == 1 else f'{rest} others'}"
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + " and " + items[-1]


def clauses(pieces: Sequence[str], link: str = "") -> str:
    """Pieces that hold commas of their own: `a; b; and c`, the later ones behind `link`."""
    told = [piece if not number else link + piece for number, piece in enumerate(unique(pieces))]
    return "; ".join([*told[:-1], f"and {told[-1]}"]) if len(told) > 1 else "".join(told)


def count(number: int, noun: str) -> str:
    """`one class`, `4 classes`."""
    if number == 1:
        return f"one {noun}"
    many = (
        noun[:-1] + "ies" if noun[-1] == "y" and noun[-2] not in "aeiou" else noun + ("es" if noun[-1] == "s" else "s")
    )
    return f"{number} {many}"


def plural_verb(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def token_count(text: str) -> int:
    """Words and marks: the measure of "at most 25 source tokens verbatim"."""
    return len(_WORD.findall(text))


def unique(items: Iterable[Item]) -> list[Item]:
    """The items without repeats, in their order."""
    return list(dict.fromkeys(items))


def firsts(items: Iterable[Item], key: Callable[[Item], Hashable]) -> list[Item]:
    """Of the items that share a key the first, in their order."""
    found: dict[Hashable, Item] = {}
    for item in items:
        found.setdefault(key(item), item)
    return list(found.values())
