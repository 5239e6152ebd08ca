"""Properties and indexers of C# whose accessors run code: what reads or writes one calls it. Lines of names that are read or written
in, edges out; a property that the compiler fills in runs nothing and gets no edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE
from extractor.resolve.emit import Emitter
from extractor.resolve.model import MAX_OVERRIDES, Context, File, Symbol, Value, accepts

if TYPE_CHECKING:
    from extractor.resolve.csharp_types import CSharpTypes

_RUNS: Final = {"get": ("getter",), "set": ("setter",), "both": ("getter", "setter")}


def emit_accesses(engine: CSharpTypes, emitter: Emitter) -> None:
    """`calls` edges, `via` getter or setter, to every property that runs code."""
    flags = ("getter", "setter")
    running = {s.d.name for file in engine.files for s in file.symbols if any(f in s.d.flags for f in flags)}
    for file in engine.files:
        for scope, line, receiver, name, how, args in (file.facts.extra or {}).get("accesses", ()):
            if name not in running:
                continue
            context = Context(file, scope, line)
            if not receiver and args:  # `Color.Red`, where Color is a property too
                meant = engine.type_name(name, file, scope)
                if meant is not None and meant.kind == "class" and args[0][1:] in meant.symbol.members:
                    continue
                args = []
            src = file.owner_id(scope)
            for holder in _holders(engine, receiver, name, context):
                for word in _RUNS[how]:
                    for symbol, via in _run(engine, holder, name, args, word, context):
                        if symbol.id != src:
                            emitter.edge(src, symbol.id, "calls", line, via)


def _holders(engine: CSharpTypes, receiver: str, name: str, context: Context) -> list[Value]:
    """The objects whose property may be meant; without a receiver, the innermost class that has one by this name."""
    if receiver:
        held = engine.bounded(engine.evaluate(receiver, context))
        return [v for v in held if v.kind in ("inst", "class") and isinstance(v.symbol, Symbol)]
    file, scope, _ = context
    if _is_local(file, scope, name):
        return []
    owner = file.enclosing_class(scope)
    while owner is not None:
        if any(name in ancestor.members for ancestor, _ in engine.lineage(owner)):
            return [Value("inst", owner, via="self")]
        owner = owner.file.enclosing_class(owner.d.scope)
    return []


def _is_local(file: File, scope: int, name: str) -> bool:
    while scope != MODULE and not file.symbols[scope].is_class:
        symbol = file.symbols[scope]
        if (scope, name) in file.binds or any(p.name == name for p in symbol.d.params):
            return True
        scope = symbol.d.scope
    return False


def _run(
    engine: CSharpTypes, holder: Value, name: str, args: Sequence[str], word: str, context: Context
) -> Iterator[tuple[Symbol, str]]:
    """The accessors that run: the nearest one declared, and where that may be overridden those of the classes below."""
    for ancestor, _ in engine.lineage(holder.symbol):
        found = [s for s in ancestor.members.get(name, ()) if "property" in s.d.flags and accepts(s, len(args))]
        if len(found) > 1:
            found = engine.select(found, list(args), context)
        if not found:
            continue
        open_ended = "abstract" in found[0].d.flags or (holder.via != "new" and engine.is_virtual(found[0]))
        below = list(_below(holder.symbol, found[0], word)) if open_ended and holder.via != "super" else []
        if word in found[0].d.flags or ("abstract" in found[0].d.flags and below):
            yield found[0], word
        if len(below) <= MAX_OVERRIDES:
            yield from ((s, "override") for s in below)
        return


def _below(cls: Symbol, declared: Symbol, word: str) -> Iterator[Symbol]:
    stack, seen = [cls], set()
    while stack:
        below = stack.pop()
        if below.id in seen:
            continue
        seen.add(below.id)
        stack.extend(below.subclasses)
        for symbol in below.members.get(declared.d.name, ()):
            if word in symbol.d.flags and symbol is not declared and len(symbol.d.params) == len(declared.d.params):
                yield symbol
