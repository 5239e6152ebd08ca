"""Intents to prose, without a model: one frame per kind of question over typed facts, best first, each with its spans.

`Composer.answer` takes a kind and a linked target and returns a Section. Relations are complete and counted; what is propagated
or unsure says "may" or "probably"; an empty relation says whether that means none or unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from brain.view import is_test
from extractor.graph import Graph
from inference.describe import Describer
from inference.errors import Errors
from inference.flow import Flow
from inference.link import Target
from inference.relations import Relations
from inference.structure import Structure
from inference.wording import Claim, Section, join, name_of

# What only the code of a thing tells; that of things outside the repository was not read.
_READ_OFF_ITS_CODE: Final = frozenset(
    ("parameters", "returns", "members", "callees", "raises", "catches", "bases", "imports", "overrides", "depends")
)


class Composer:
    """Composes for one graph. Every frame has the shape (target) -> Section."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.relations = Relations(graph)
        self.describe = Describer(self.relations)
        self.flow = Flow(self.relations)
        self.errors = Errors(self.relations)
        self.structure = Structure(self.relations)
        of, way, form, bad = self.describe, self.flow, self.structure, self.errors
        self._frames: dict[str, Callable[[Target], Section]] = {
            "locate": of.locate, "explain": of.explain, "parameters": of.parameters, "returns": self.returns, "members": of.members,
            "callers": self.users, "callees": way.callees, "raises": bad.raises, "raisers": bad.raisers,
            "handlers": bad.handlers, "catches": bad.catches, "tests": way.tests, "subclasses": form.subclasses,
            "bases": form.bases, "imports": form.imports, "importers": form.importers, "overrides": form.overrides,
            "overriders": form.overriders, "returners": form.returners, "depends": self.depends, "dependents": self.dependents,
        }  # fmt: skip

    def answer(self, kind: str, target: Target) -> Section | None:
        """The section for one symbol; None when `kind` is not about one."""
        frame = self._frames.get(kind)
        if frame is None:
            return None
        outside = target.node.type == "external" and kind in _READ_OFF_ITS_CODE
        section = replace(self.describe.outside(target), value="unknown", score=0.6) if outside else frame(target)
        notes = self.assumptions(target, kind)
        exact = 1.0 if not target.others else 0.9
        claims = (
            *(Claim(target.note[:1].upper() + target.note[1:] + ".") for _ in [0] if target.note),
            *section.claims,
            *notes,
        )
        features = (("exact_symbol", exact), *section.features)
        return Section(kind, claims, section.value, section.score * exact, features, (target.node.id,))

    def assumptions(self, target: Target, kind: str) -> list[Claim]:
        """Which of several things of one name an answer is about."""
        others = [n for n in target.others if not is_test(n)][:6]
        if not others or kind == "locate":
            return []
        listed = join([f"{name_of(n)} ({n.path})" if "#" in n.id else name_of(n) for n in others[:4]])
        more = f" and {len(others) - 4} more" if len(others) > 4 else ""
        about = f"{name_of(target.node)} in {target.node.path}" if "#" in target.node.id else name_of(target.node)
        return [Claim(f"This is about {about}; the same name also means {listed}{more}.")]

    def users(self, target: Target) -> Section:
        """Who calls a function or makes a class; a module or an outside package, which nobody calls, is used by who imports it,
        a variable by who reads and sets it."""
        whole = "#" not in target.node.id
        if target.node.type == "variable" and not self.relations.callers(target.group):
            outside = self.graph.node(f"ext:{target.mention.name}")
            if self.flow.handled(target) or outside is None:
                return self.flow.readers(target)
            target, whole = Target(target.mention, outside, (outside,)), True
        return (
            self.structure.importers(target)
            if whole and not self.relations.callers(target.group)
            else self.flow.callers(target)
        )

    def returns(self, target: Target) -> Section:
        """What a function gives back; of an error, which places give it back or throw it."""
        raised = target.node.type == "class" and self.relations.raisers(target.group)[0]
        return self.errors.raisers(target) if raised else self.describe.returns(target)

    def depends(self, target: Target) -> Section:
        """What a module imports, what a function calls."""
        modular = target.node.type in ("module", "package")
        return self.structure.imports(target) if modular else self.flow.callees(target)

    def dependents(self, target: Target) -> Section:
        """Who imports a module, who calls a function, and what overrides or extends it."""
        node = target.node
        if node.type in ("module", "package", "external"):
            return self.structure.importers(target)
        users = self.users(target)
        if self.relations.subclasses(target.group):
            below = self.structure.subclasses(target)
        elif self.relations.overriders(node):
            below = self.structure.overriders(target)
        else:
            return users
        first, then = (users, below) if users.value == "yes" else (below, users)
        return replace(below, claims=(*first.claims, *then.claims))
