"""Events of emitters that lie outside the repository, as node's EventEmitter: what was given to `on` under a name in, what `emit`
of that name runs out. An emitter written here needs none of this: what it keeps is found like anything kept.
"""

from __future__ import annotations

from typing import Any

from extractor.facts import Call
from extractor.resolve.model import Context, Symbol, Value, Values, join
from extractor.resolve.typescript_asked import Key
from extractor.resolve.typescript_flow import Row, ScriptFlow

_OUTSIDE = frozenset(("extfunc", "beyond"))


class ScriptEvents(ScriptFlow):
    """Listeners by emitter and name."""

    def _flow_call(self, call: Call, args: list[str], context: Context, rows: list[Row]) -> None:
        super()._flow_call(call, args, context, rows)
        keys = self._event_keys(call, context)
        if call.name == "emit":
            for listener in join(self._arriving(key) for key in keys):
                if listener.kind == "lambda":
                    self._flow_lambda(listener, args[1:], context, rows)
                else:
                    self._flow_function(listener, args[1:], context, rows)
        elif len(args) > 1:
            for key in keys:
                listeners = tuple(v for v in self.evaluate(args[1], context) if v.kind in ("func", "lambda"))
                self._arrive(rows, key, listeners, context.file, context.file)

    def _event_keys(self, call: Call, context: Context) -> list[Key]:
        """Where the listeners of what a call names are kept: by the class of the emitter, or where that lies outside its name."""
        event = context.file.found["events"].get((call.line, call.col))
        if event is None or not any(v.kind in _OUTSIDE for v in self._callees(call, context)):
            return []
        return [(f"on {event}", owner, 0) for v in self.evaluate(call.receiver, context) if (owner := self._emitter(v))]

    def _emitter(self, value: Value) -> str:
        symbol: Any = value.symbol[0] if value.kind == "func" else value.symbol
        if isinstance(symbol, Symbol):
            return self.lineage(symbol)[-1][0].id
        return value.name if value.kind in ("ext", "extclass", "extfunc") else ""

    def listeners(self, call: Call, context: Context) -> Values:
        """The functions that an `emit` runs."""
        found = join(self._arriving(key) for key in self._event_keys(call, context)) if call.name == "emit" else ()
        return tuple(v for v in found if v.kind == "func")
