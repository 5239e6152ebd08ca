"""What is worked out for TypeScript and JavaScript is remembered together with the flows it asked for: expressions, exports and
results in; the same, each evaluated once until a flow it depends on changes, out.

A function that returns a function without telling what that one is given, as `compose` does, is looked at once for each of the
calls that make one (its sites): what one caller composes does not arrive where another does.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from extractor.facts import MODULE, FileFacts
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values
from extractor.resolve.typescript_exports import ScriptExports

# ("", function id, position), ("=>", place of a function without a name, position), ("[]", what holds a container, scope),
# (field, class id, 0), ("...", what is copied to, 0) or ("site", function id, 0)
Key = tuple[str, str, int]
Memo = dict[tuple[int, int, int, str], Values]

MAX_SITES: Final = 8
MAX_TRIES: Final = 3
_EXPORTS: Final = -2  # in the place of a scope: what a module exports under a name


class Maker(NamedTuple):
    """A function that returns functions, and the scopes inside it."""

    symbol: Symbol
    scopes: frozenset[int]
    ids: frozenset[str]


class Site(NamedTuple):
    """One call of a maker."""

    key: str
    maker: Maker

    def covers(self, file: File, scope: int) -> bool:
        return file is self.maker.symbol.file and scope in self.maker.scopes


class Known(NamedTuple):
    """What has been worked out, and the flows that each depends on."""

    memo: Memo
    depends: dict[tuple[int, int, int, str], tuple[Key, ...]]
    returns: dict[str, Values]
    returns_depend: dict[str, tuple[Key, ...]]


class ScriptAsked(ScriptExports):
    """Remembers."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.flows: dict[Key, Values] = {}
        self._asked: list[Key] = []  # the flows that what is being evaluated depends on
        self._known: dict[str, Known] = {}
        self._depth: dict[Any, int] = {}  # what is being worked out, and inside how much
        self._low = 0  # the outermost of it that was asked for again
        self._part = False
        self._tries: dict[Any, int] = {}
        self._site: Site | None = None
        self._makers: dict[str, Maker] = {}
        self._enter(None)

    # ------------------------------------------------------------------ remembering
    def _enter(self, site: Site | None) -> None:
        self._site = site
        known = self._known.setdefault(site.key if site is not None else "", Known({}, {}, {}, {}))
        self._memo, self._depends, self._returns, self._returns_depend = known

    def _leave(self, file: File, scope: int) -> Site | None:
        """Outside the maker it does not matter which call of it is looked at. The site that was left is to be entered again."""
        site = self._site
        if site is None or site.covers(file, scope):
            return None
        self._enter(None)
        return site

    def evaluate(self, text: str, context: Context) -> Values:
        outside = self._leave(context.file, context.scope) if self._site is not None else None
        key = (context.file.number, context.scope, context.line, text)
        values = self._memo.get(key)
        if values is not None:
            if key in self._depends:
                self._asked.extend(self._depends[key])
        elif key in self._depth:
            values = self._cut(key)
        else:
            start, before = len(self._asked), self._begin(key)
            try:
                values = super().evaluate(text, context)
            finally:
                self._end(key, before)
            asked = self._since(start)
            if self._part and self._partial(key):
                self._memo.pop(key, None)
            elif asked and key in self._memo:
                self._depends[key] = asked
        if outside is not None:
            self._enter(outside)
        return values

    def export(self, file: File, name: str) -> Values:
        outside = self._leave(file, MODULE) if self._site is not None else None
        key = (file.number, _EXPORTS, 0, name)
        if key in self._memo:
            self._asked.extend(self._depends.get(key, ()))
            values = self._memo[key]
        else:
            start, cycles = len(self._asked), self._cycles
            values = self.stored(super().export(file, name), exported(file, name))
            asked = self._since(start)
            if cycles == self._cycles:
                self._memo[key] = values
                if asked:
                    self._depends[key] = asked
        if outside is not None:
            self._enter(outside)
        return values

    @abstractmethod
    def stored(self, values: Values, key: Key) -> Values:
        """Values that hold a container, with what was put into it."""

    def returns(self, symbol: Symbol) -> Values:
        outside = self._leave(symbol.file, symbol.index) if self._site is not None else None
        key = symbol.id
        if key in self._returns:
            self._asked.extend(self._returns_depend.get(key, ()))
            values = self._returns[key]
        elif key in self._depth:
            values = self._cut(key)
        else:
            start, before = len(self._asked), self._begin(key)
            try:
                values = super().returns(symbol)
            finally:
                self._end(key, before)
            asked = self._since(start)
            if self._part and self._partial(key):
                self._returns.pop(key, None)
            elif asked and key in self._returns:
                self._returns_depend[key] = asked
        if outside is not None:
            self._enter(outside)
        return values

    # ------------------------------------------------------------------ circles
    def _cut(self, key: Any) -> Values:
        """What is asked for while it is being worked out; what asked for it in between is known in part only."""
        self._low = min(self._low, self._depth[key])
        return NOTHING

    def _begin(self, key: Any) -> int:
        before = self._low
        self._low = self._depth[key] = len(self._depth)
        return before

    def _end(self, key: Any, before: int) -> None:
        depth = self._depth.pop(key)
        self._part = self._low < depth
        self._low = min(before, self._low)

    def _partial(self, key: Any) -> bool:
        """Whether what was just worked out lacks what it is part of. It is worked out again when asked for, a few times."""
        self._part = False
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        return tries <= MAX_TRIES

    def _since(self, start: int) -> tuple[Key, ...]:
        """The keys asked for since, each once."""
        if len(self._asked) == start:
            return ()
        asked = tuple(dict.fromkeys(self._asked[start:]))
        del self._asked[start:]
        self._asked.extend(asked)
        return asked

    def _forget(self) -> None:
        self.flows = {}
        self._known.clear()
        self._tries.clear()
        self._enter(None)

    def _drop(self, changed: set[Key]) -> None:
        """Forget what was worked out from what has changed since, or in part only."""
        for known in self._known.values():
            for name in self._tries:
                known.memo.pop(name, None)
                known.returns.pop(name, None)
        self._tries.clear()
        for memo, depends, returns, returns_depend in self._known.values():
            for key in [k for k, asked in depends.items() if not changed.isdisjoint(asked)]:
                memo.pop(key, None)
                del depends[key]
            for name in [k for k, asked in returns_depend.items() if not changed.isdisjoint(asked)]:
                returns.pop(name, None)
                del returns_depend[name]

    def _arriving(self, key: Key) -> Values:
        site = self._site
        if site is not None and (key[0] == "=>" or (key[0] == "" and key[1] in site.maker.ids)):
            key = at_site(key, site.key)
        self._asked.append(key)
        return self.flows.get(key, NOTHING)

    # ------------------------------------------------------------------ makers of functions
    def _find_makers(self) -> None:
        """Functions with parameters that return functions they contain."""
        self._makers.clear()
        for file in self.files:
            inner: dict[int, list[Symbol]] = {}
            for symbol in file.symbols:
                inner.setdefault(file.around(symbol.index), []).append(symbol)
            for symbol in file.symbols:
                if symbol.is_function and symbol.d.params and self._makes(symbol):
                    inside, stack = [symbol], [symbol]
                    while stack:
                        further = inner.get(stack.pop().index, [])
                        inside += further
                        stack += further
                    self._makers[symbol.id] = Maker(
                        symbol, frozenset(s.index for s in inside), frozenset(s.id for s in inside)
                    )

    def _makes(self, symbol: Symbol) -> bool:
        rows = symbol.file.binds.get((symbol.index, "return"), ())
        return any("=>" in b.text or any(s.is_function for s in symbol.members.get(b.text, ())) for b in rows)

    def _maker_around(self, file: File, scope: int) -> Maker | None:
        while scope != MODULE:
            found = self._makers.get(file.symbols[scope].id)
            if found is not None:
                return found
            scope = file.around(scope)
        return None

    def _sites(self, maker: Maker) -> list[Site]:
        """The calls of a maker, when there are several and not too many to look at each."""
        known = self._arriving(("site", maker.symbol.id, 0))
        return [Site(v.name, maker) for v in known] if 1 < len(known) <= MAX_SITES else []

    def _site_for(self, symbol: Symbol, args: list[str] | None, context: Context) -> Site | None:
        """The call of a maker that this one is."""
        maker = self._makers.get(symbol.id)
        if maker is None or args is None:
            return None
        key = site_of(symbol, args, context)
        return next((s for s in self._sites(maker) if s.key == key), None)

    def _made(self, values: Values, site: Site) -> Values:
        """What a call of a maker returns, marked with that call."""
        mark = (Value("site", name=site.key),)
        return tuple(v._replace(args=(mark,)) if not v.args and self._inside(v, site.maker) else v for v in values)

    def _inside(self, value: Value, maker: Maker) -> bool:
        if value.kind == "lambda":
            return value.symbol.file is maker.symbol.file and value.symbol.scope in maker.scopes
        return value.kind == "func" and value.symbol[0].id in maker.ids

    def _site_marked(self, value: Value) -> Site | None:
        """The call that made a function."""
        mark = value.args[0] if value.args and value.kind in ("func", "lambda") else ()
        if not mark or mark[0].kind != "site":
            return None
        maker = self._makers.get(mark[0].name.partition("|")[0])
        return Site(mark[0].name, maker) if maker is not None else None


def site_of(symbol: Symbol, args: Sequence[str], context: Context) -> str:
    """Calls of one function with the same arguments in one scope are one."""
    return f"{symbol.id}|{context.file.number}:{context.scope}:{','.join(args)}"


def at_site(key: Key, site: str) -> Key:
    return (key[0], f"{key[1]}@{site}", key[2])


def exported(file: File, name: str) -> Key:
    """The container that a module exports under a name."""
    return ("[]", f"{file.id}:exports.{name}", MODULE)
