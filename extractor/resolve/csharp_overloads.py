"""Overload resolution as C# has it: the methods of one name and the arguments of a call in, the one that runs out; several where the
types of the arguments are not known well enough to tell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from extractor.resolve import csharp_library as library
from extractor.resolve.csharp_types import CSharpTypes, is_plain
from extractor.resolve.model import Context, Symbol, Value, Values, accepts

# How far an argument's type is from a parameter's: less is better. `None` in a list of ranks is a type that is not known.
_SAME: Final = 0
_INFERRED: Final = 2  # a type parameter becomes the argument's type
_NEARER: Final = 3  # a base class, a wider number: plus how far
_CONSTANT: Final = 20  # a number that may be a constant small enough
_PERHAPS: Final = 30  # of two types elsewhere one may extend the other
_CONVERTED: Final = 60  # by an operator that a class declares
_INTERFACE: Final = 80
_ROOT: Final = 90
NEVER: Final = 1000
_TYPED: Final = frozenset(("inst", "ext", "beyond", "list", "lambda", "func", "callable", "var", "tuple"))
_DEEP: Final = 4
_RECEIVER: Final = "?this"  # in place of what an extension method is called on
_NAMED: Final = re.compile(r"([^\W\d]\w*):(?!:)")


class CSharpOverloads(CSharpTypes):
    """Chooses among methods by what their parameters take."""

    max_overloads = 1  # one runs: two that are not told apart are candidates

    def chosen(self, callee: Value, args: list[str] | None, context: Context) -> list[Symbol]:
        stated = [s for s in callee.symbol if len(s.file.typevars.get(s.index, ())) == len(callee.args)]
        return self.select((callee.args and stated) or callee.symbol, args, context, callee)

    def undecided(self, chosen: Sequence[Symbol]) -> bool:
        """Of the bodies that `#if` has for one method whichever is built is called."""
        variants = len({(self.home(s), tuple(p.annotation for p in s.d.params)) for s in chosen}) == 1
        return super().undecided(chosen) and not variants

    def select(
        self, symbols: Sequence[Symbol], args: list[str] | None, context: Context, callee: Value | None = None
    ) -> list[Symbol]:
        if args is None:
            return [s for s in symbols if self.home(s) is self.home(symbols[0])]
        written = [(s, self._written(s, symbols, args)) for s in symbols]
        fitting = [(s, given) for s, given in written if given is not None and accepts(s, len(given))]
        if len(fitting) < 2:
            return [s for s, _ in fitting]
        ranked = [(s, self._ranks(s, given, context, callee)) for s, given in fitting]
        ranked = [(s, ranks) for s, ranks in ranked if NEVER not in ranks] or ranked
        ranked = self._nearest(ranked, symbols)
        best = [(s, r) for s, r in ranked if not any(_better(other, r) for _, other in ranked)]
        return self._preferred([s for s, _ in best] or [s for s, _ in ranked], len(args))

    def _written(self, symbol: Symbol, among: Sequence[Symbol], args: list[str]) -> list[str] | None:
        """The arguments as the symbol takes them: what an extension method is called on is its first, and those with a name
        stand where the parameter of that name does. None when there is no such parameter."""
        if self.extends(symbol):
            instances = [s for s in among if self.extends(s)]
            if len(instances) < len(among) or any(accepts(s, len(args) + 1) for s in instances):
                args = [_RECEIVER, *args]
        named = [_NAMED.match(a) for a in args]
        if not any(named):
            return args
        names = [p.name for p in symbol.d.params]
        out = [a for a, found in zip(args, named, strict=True) if not found]
        for arg, found in zip(args, named, strict=True):
            if found and found[1] not in names:
                return None
            if found:
                at = names.index(found[1])
                out += [""] * (at + 1 - len(out))
                out[at] = arg[found.end() :]
        return out

    @staticmethod
    def extends(symbol: Symbol) -> bool:
        """Whether it is an extension method."""
        return symbol.index in symbol.file.found["extending"]

    def _nearest(
        self, ranked: list[tuple[Symbol, list[int | None]]], symbols: Sequence[Symbol]
    ) -> list[tuple[Symbol, list[int | None]]]:
        """Of methods that can be meant, those of the nearest class: an override counts where it is first declared, and an
        extension method after all others."""
        homes = list(dict.fromkeys(self.home(s) for s in symbols))
        places = {s.id: homes.index(self.home(s)) for s in symbols}
        texts = {s.id: [p.annotation for p in s.d.params] for s, _ in ranked}
        levels: dict[str, int] = {}
        replaced: set[str] = set()
        for symbol, _ in ranked:
            level = places[symbol.id]
            if "override" in symbol.d.flags:
                same = [s for s, _ in ranked if places[s.id] != level and texts[s.id] == texts[symbol.id]]
                replaced.update(s.id for s in same if places[s.id] > level)
                declared = [places[s.id] for s in same if "override" not in s.d.flags]
                level = max(declared, default=len(homes))
            levels[symbol.id] = level if not self.extends(symbol) else len(homes) + 1
        kept = [(s, r) for s, r in ranked if s.id not in replaced] or ranked
        nearest = min(levels[s.id] for s, _ in kept)
        return [(s, r) for s, r in kept if levels[s.id] == nearest]

    def _preferred(self, symbols: list[Symbol], count: int) -> list[Symbol]:
        """Of methods that take the arguments equally well: those without `params`, without defaults, without type parameters."""
        for plain in (_expanded, _defaulted, _generic):
            kept = [s for s in symbols if not plain(s, count)]
            texts = {tuple(p.annotation for p in s.d.params[:count]) for s in symbols}
            if kept and (len(texts) == 1 or plain is _expanded):
                symbols = kept
        return symbols

    def fit(self, symbol: Symbol, args: Sequence[str], context: Context) -> int:
        return -1 if NEVER in self._ranks(symbol, args, context) else 0

    def _ranks(
        self, symbol: Symbol, args: Sequence[str], context: Context, callee: Value | None = None
    ) -> list[int | None]:
        out: list[int | None] = []
        params = symbol.d.params
        owner = callee.owner if callee is not None else None
        env = self.seen_by(symbol, owner) if owner is not None else {}
        if callee is not None and callee.kind == "func" and callee.args:  # `Get<Item>(…)`
            env = env | dict(zip(symbol.file.typevars.get(symbol.index, {}), callee.args, strict=False))
        for position, arg in enumerate(args):
            param = params[min(position, len(params) - 1)]
            given = self.evaluate(arg, context) if arg not in ("", "?", _RECEIVER) else ()
            given = (owner,) if arg == _RECEIVER and owner is not None else given
            wanted = self.type_values(param.annotation, symbol.file, symbol.index)
            wanted = self.substitute(wanted, env, 1) if env else wanted
            if not given or not wanted or not _is_known(given[0]):
                out.append(None)
                continue
            rank = self.rank(given[0], wanted[0])
            if (param.kind == "&") != arg.endswith("&"):
                rank = NEVER
            if param.kind == "*" and len(args) == len(params) and given[0].kind == "list":  # as an array, or one by one
                rank = min(rank, self.rank(given[0], Value("list", args=(wanted,))))
            out.append(rank)
        return out

    def seen_by(self, symbol: Symbol, owner: Value) -> dict[str, Values]:
        """The type parameters of the class that declares a method, as the type of what it is called on gives them."""
        base = self.environment(owner)
        for ancestor, inner in self.lineage(owner.symbol) if isinstance(owner.symbol, Symbol) else ():
            if ancestor is self.home(symbol):
                env = {k: self.substitute(v, base, 1) for k, v in inner.items()} if inner else base
                return {k: v for k, v in env.items() if v}
        return {}

    # ------------------------------------------------------------------ conversions
    def rank(self, given: Value, wanted: Value, depth: int = 0) -> int:
        """How well a value of one type converts to another without being told to."""
        if not _is_known(wanted) or depth > _DEEP:
            return _PERHAPS
        if wanted.kind == "var":
            bounds = [b for b in self.bounded((wanted,)) if b.kind == "inst"]
            function = given.kind in ("lambda", "func")
            return NEVER if function or any(self.rank(given, b, depth + 1) == NEVER for b in bounds) else _INFERRED
        name, target = plain_name(given), plain_name(wanted)
        if target in ("object", "dynamic"):
            return _ROOT if given.kind != "lambda" and name != target else _SAME if name == target else NEVER
        if name == "null":
            return NEVER if is_plain(wanted) else 1 + library.SEQUENCES.get(str(wanted.symbol), 0)
        if target == "Nullable":
            inner = given.args[:1] if name == "Nullable" else ((given,),)
            pairs = [(a[0], b[0]) for a, b in zip(inner, wanted.args, strict=False) if a and b]
            rank = self.rank(*pairs[0], depth + 1) if pairs else _PERHAPS
            return rank if name == "Nullable" or rank == NEVER else rank + 1
        if name == "Nullable":
            return _INTERFACE if target in library.OF_PRIMITIVES else NEVER
        if given.kind in ("lambda", "func", "callable"):
            return self._of_function(given, wanted)
        if given.kind == "var":
            held = [b for b in self.bounded((given,)) if b.kind == "inst"]
            return min((self.rank(b, wanted, depth + 1) for b in held), default=_PERHAPS)
        if given.kind == "list" or (wanted.kind == "list" and given.kind != "inst"):
            return self._of_list(given, wanted, name, target, depth)
        if given.kind == "inst":
            return self._of_object(given, wanted, target, depth)
        if wanted.kind == "inst":  # nothing elsewhere extends what is declared here
            return _CONVERTED if _converts(wanted) else NEVER
        if name == target and name:
            several = len(given.args) != len(wanted.args) and bool(given.args) != bool(wanted.args)
            return NEVER if several or self._differ(given.args, wanted.args, depth) else _SAME
        return _of_library(name, target, wanted)

    def _of_function(self, given: Value, wanted: Value) -> int:
        if wanted.kind == "callable":
            number = len(wanted.args) - 1
            if given.kind == "func" and not any(len(s.d.params) == number for s in given.symbol):
                return NEVER
            differ = given.kind == "callable" and (
                len(given.args) != len(wanted.args)
                or _is_void(given.args[0]) != _is_void(wanted.args[0])
                or self._differ(given.args, wanted.args, 1)
            )
            return NEVER if differ else _open_args(wanted)
        foreign = wanted.kind in ("beyond", "ext") and plain_name(wanted) not in library.PRIMITIVES
        return _PERHAPS if foreign else NEVER

    def _of_list(self, given: Value, wanted: Value, name: str, target: str, depth: int) -> int:
        if wanted.kind == "list" and given.kind == "list":
            far = _farther(given.symbol, wanted.symbol)
            left, right = given.args[0], wanted.args[0]
            if far is None or not left or not right:
                return 1 if far is not None else NEVER
            rank = self.rank(left[0], right[0], depth + 1)
            if rank > _INFERRED and is_plain(left[0]):
                return NEVER
            return rank if not far or rank == NEVER else max(rank, _NEARER) + far
        if given.kind == "list":
            if wanted.kind == "inst":
                return _CONVERTED if _converts(wanted) else NEVER
            return NEVER if target in library.PRIMITIVES or wanted.kind in ("callable", "tuple") else _PERHAPS
        if name == "string":
            return _INTERFACE if not wanted.args[0] or plain_name(wanted.args[0][0]) in ("char", "") else NEVER
        return NEVER if name in library.PRIMITIVES or given.kind == "tuple" else _PERHAPS

    def _of_object(self, given: Value, wanted: Value, target: str, depth: int) -> int:
        opened = self.is_open(given.symbol)
        operators = _CONVERTED if _converts(given) or (wanted.kind == "inst" and _converts(wanted)) else NEVER
        if wanted.kind == "inst":
            base = self.environment(given)
            for far, (ancestor, inner) in enumerate(self.lineage(given.symbol)):
                if ancestor is wanted.symbol:
                    env = {k: self.substitute(v, base, 1) for k, v in inner.items()} if inner else base
                    names = ancestor.file.typevars.get(ancestor.index, {})
                    held = given.args if not far else tuple(env.get(n, ()) for n in names)
                    if self._differ(held, wanted.args, depth):
                        return operators
                    return _NEARER + far if far else _open_args(wanted)
            return operators
        if wanted.kind == "list":
            ranks = [self._of_list(v, wanted, "", target, depth) for v in self.sequences(given)]
            if ranks:
                return max(min(ranks), _NEARER)
            return _PERHAPS if opened else operators
        if wanted.kind in ("ext", "beyond"):
            bases = [b for a, _ in self.lineage(given.symbol) for b in a.bases if b.kind != "class"]
            if any(plain_name(b) == target for b in bases):
                return _NEARER
            if "enum" in given.symbol.d.flags or target in library.PRIMITIVES:
                return operators
            return _PERHAPS if opened else operators
        return operators

    def _differ(self, given: Sequence[Values], wanted: Sequence[Values], depth: int) -> bool:
        """Whether type arguments are surely of different types."""
        pairs = [(a[0], b[0]) for a, b in zip(given, wanted, strict=False) if len(a) == 1 and len(b) == 1]
        for left, right in pairs:
            rank = self.rank(left, right, depth + 1) if left.kind != "var" and _is_known(left) else _SAME
            if rank == NEVER or (rank not in (_SAME, _INFERRED) and (is_plain(left) or is_plain(right))):
                return True
        return False

    def sequences(self, value: Value) -> list[Value]:
        """The sequences of the library that a class is."""
        given = self.environment(value)
        found = []
        for ancestor, inner in self.lineage(value.symbol):
            for base in ancestor.bases:
                if base.kind == "extclass" and base.args and plain_name(base) in library.LISTS:
                    env = {k: self.substitute(v, given, 1) for k, v in inner.items()} if inner else given
                    found.append(Value("list", plain_name(base), args=(self.substitute(tuple(base.args[0]), env),)))
        return found

    def iterated(self, value: Value) -> Values:
        """What a class that is a sequence gives one after another."""
        return next((tuple(v.args[0]) for v in self.sequences(value)), ())


def _open_args(value: Value) -> int:
    """How well a type fits whose arguments are partly for the call to say: the more it says itself, the better."""
    return min(sum(1 for a in value.args if a and a[0].kind == "var"), _INFERRED)


def _is_void(values: Values) -> bool:
    return bool(values) and values[0].kind == "tuple" and not values[0].args


def _is_known(value: Value) -> bool:
    return value.kind in _TYPED and (value.kind != "beyond" or bool(value.name))


def plain_name(value: Value) -> str:
    """The last name of a type elsewhere, as C# has a word for it: `System.String` is `string`."""
    if value.kind not in ("ext", "extclass", "beyond"):
        return ""
    name = value.name.rpartition("#")[2].rpartition(".")[2]
    return library.WORDS.get(name, name)


def _of_library(name: str, target: str, wanted: Value) -> int:
    wider = library.WIDER.get(name, ())
    if target in wider:
        return _NEARER + wider.index(target)
    if name == "int" and target in library.NUMBERS:
        return _CONSTANT + library.NUMBERS.index(target)
    if name in library.PRIMITIVES:
        return _INTERFACE if target in library.OF_PRIMITIVES else NEVER
    return NEVER if target in library.PRIMITIVES or wanted.kind in ("callable", "tuple") else _PERHAPS


def _farther(given: str | None, wanted: str | None) -> int | None:
    """How far one kind of sequence is from another that it is, None when it is not."""
    given, wanted = given or "[]", wanted or "[]"
    abstract = library.SEQUENCES.get(wanted, 0)
    return 0 if given == wanted else abstract if abstract > library.SEQUENCES.get(given, 0) else None


def _converts(value: Value) -> bool:
    """Whether a class declares a conversion."""
    return any(name.startswith("operator ") for name in value.symbol.members)


def _better(left: Sequence[int | None], right: Sequence[int | None]) -> bool:
    pairs = [(a, b) for a, b in zip(left, right, strict=False) if a is not None and b is not None]
    return any(a < b for a, b in pairs) and all(a <= b for a, b in pairs)


def _expanded(symbol: Symbol, count: int) -> bool:
    return any(p.kind == "*" for p in symbol.d.params)


def _defaulted(symbol: Symbol, count: int) -> bool:
    return len(symbol.d.params) > count


def _generic(symbol: Symbol, count: int) -> bool:
    return bool(symbol.file.typevars.get(symbol.index))
