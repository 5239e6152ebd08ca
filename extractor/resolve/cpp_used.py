"""What the templates of C++ are used with: type arguments as they are met in, what a parameter of a template may be, out."""

from __future__ import annotations

from collections.abc import Sequence

from extractor.facts import MODULE
from extractor.resolve.model import MAX_VALUES, File, Symbol, Value, Values, join


class Used:
    """Type arguments of class and function templates, by the template and the parameter's name."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, str], list[Value]] = {}
        self.size = 0

    def learn(self, template: Symbol, args: Sequence[Values]) -> None:
        names = template.file.typevars.get(template.index, {})
        for name, given in zip(names, args, strict=False):
            known = self._known.setdefault((template.file.number, template.index, name), [])
            for value in given:
                plain = value.kind in ("inst", "func") and len(known) <= MAX_VALUES
                if plain and all(v.symbol is not value.symbol for v in known):
                    known.append(value)
                    self.size += 1

    def of(self, value: Value) -> Values:
        """What a type parameter was seen to stand for; itself when nothing was."""
        file, scope, _ = value.symbol
        known = self._known.get((file.number, scope, value.name), ())
        return join([tuple(known)]) or (value,)

    def anything_in(self, file: File, scope: int) -> bool:
        """Whether code in `scope` is a template's whose use has been seen."""
        while scope != MODULE:
            owners = [(file, scope)]
            if scope in file.outside:
                owners.append((file.outside[scope].file, file.outside[scope].index))
            for held, index in owners:
                if any(self._known.get((held.number, index, name)) for name in held.typevars.get(index, ())):
                    return True
            scope = file.symbols[scope].d.scope
        return False
