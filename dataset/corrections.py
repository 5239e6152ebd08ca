"""Questions with a false premise about real things, and the truth that corrects them. Facts and graph in, topics out.

A correction is made only where the graph is sure of the absence: no unresolved base, call or import could make the premise
true after all. Where it cannot be sure, there is no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brain.facts import Fact
from brain.view import hidden, is_aside, is_test
from dataset.names import listing, parts_of, spec_of, unique
from dataset.topics import RUNS, Ask, Facts, Topic, beside, constructs
from extractor.graph import Graph

_ROOTS = frozenset({"object", "abc"})  # bases outside the project, by name, that bring no methods of their own
_OPEN_MEMBERS = ("__getattr__", "__getattribute__", "__dict__")


class Corrections:
    """Absences that the graph can vouch for."""

    def __init__(self, graph: Graph, facts: Facts) -> None:
        self._graph = graph
        self._facts = facts
        self._methods: dict[str, list[str]] = {}
        self._in_file: dict[str, list[str]] = {}
        modules: list[str] = []
        for node_id, kind in sorted(facts.names.types.items()):
            path, qualname = parts_of(node_id)
            if kind in ("method", "property"):
                self._methods.setdefault(qualname.rpartition(".")[2], []).append(node_id)
            if kind in RUNS:
                self._in_file.setdefault(path, []).append(node_id)
            elif kind == "module" and not is_test(path) and not is_aside(path):
                modules.append(node_id)
        self._modules = modules
        self._lone = sorted(
            ids[0]
            for name, ids in self._methods.items()
            if len(ids) == 1 and not hidden(name) and not constructs(ids[0]) and not beside(ids[0])
        )

    def topics(self, ask: Ask) -> Iterator[Topic]:
        """Corrections about one subject, at most one of each sort."""
        kind = ask.subject.type
        makers = {
            "class": (self._wrong_owner,),
            "function": (self._no_parameter, self._false_call),
            "method": (self._no_parameter, self._false_call),
            "module": (self._false_import,),
        }
        for maker in makers.get(kind, ()):
            topic = maker(ask)
            if topic is not None:
                yield topic

    def _wrong_owner(self, ask: Ask) -> Topic | None:
        """A method asked of a class that does not have it, answered with the class that does."""
        s = ask.subject
        lineage = self._lineage(s.id)
        if lineage is None or s.in_path:
            return None
        members = [f.object for c in sorted(lineage) for f in self._facts.about(c, "member")]
        have = {parts_of(i)[1].rpartition(".")[2] for i in members}
        if have & set(_OPEN_MEMBERS) or not any(self._facts.names.subject(i).type in RUNS for i in members):
            return None  # it answers to any name, or has no methods at all
        start = self._position(s.id, self._lone)
        for method in (self._lone[start:] + self._lone[:start])[:40]:
            path, qualname = parts_of(method)
            owner, _, name = qualname.rpartition(".")
            container = self._facts.first(method, "container")
            if name in have or container is None or container.object in lineage or "." in owner:
                continue
            if spec_of(method) is not spec_of(s.id) or not name.isidentifier():
                continue
            if self._facts.names.subject(method).in_path or self._facts.names.exists(f"{s.qualname}.{name}"):
                continue
            place = self._facts.first(method, "path")
            there, wrong = self._facts.names.subject(method), f"{s.label}{s.joint}{name}"
            lead = there.spelled.removesuffix(name)
            answers = (
                f"There is no `{wrong}`; `{name}` is a method of `{lead.removesuffix(there.joint)}`, in `{path}`.",
                f"`{s.label}` has no `{name}`: that is `{there.spelled}`, in `{path}`.",
            )
            return ask.topic(
                "wrong_owner",
                "discovery",
                "location",
                answers,
                [container, place],
                "correction",
                o=f"`{wrong}`",
            )
        return None

    def _no_parameter(self, ask: Ask) -> Topic | None:
        """A parameter of a neighbour asked of a function that does not declare it and takes no others."""
        s, own = ask.subject, ask.all("parameter")
        if not own or any(f.object.startswith("*") or f.qualifier("kind") in ("*", "**") for f in own):
            return None
        if self._facts.names.same_place(s.id) > 1 or ask.one("decorator") is not None:
            return None
        has = {f.object for f in own}
        near = self._in_file.get(s.path, [])
        start = self._position(s.id, near)
        for other in (near[start + 1 :] + near[:start])[:20]:
            for fact in self._facts.about(other, "parameter"):
                name = fact.object
                if name in has or name.startswith(("*", "_")) or any(name in h or h in name for h in has):
                    continue
                shown = listing([f"`{p.object}`" for p in own], limit=8)
                answers = (
                    f"{s.said()} has no parameter `{name}`; it takes {shown}.{ask.home}",
                    f"There is no parameter `{name}` in {s.said()}, which takes {shown}.{ask.home}",
                )
                return ask.topic(
                    "no_parameter", "howto", "usage", answers, [*own[:8], ask.one("path")], "correction", o=f"`{name}`"
                )
        return None

    def _false_call(self, ask: Ask) -> Topic | None:
        """A neighbour that the function does not call, answered with what it does call."""
        s, called = ask.subject, ask.all("calls")
        if not called or self._facts.names.same_place(s.id) > 1:
            return None
        if any(f.object.startswith(f"{s.id}.") for f in ask.all("member")):
            return None  # a nested function may make the call
        reached = {parts_of(e.dst)[1].rpartition(".")[2] for e in self._graph.edges(("calls",), src=s.id, confidence=0)}
        reached |= {u.name.rpartition(".")[2] for u in self._graph.unresolved(src=s.id)}
        near = self._in_file.get(s.path, [])
        start = self._position(s.id, near)
        for other in (near[start + 1 :] + near[:start])[:20]:
            subject = self._facts.names.subject(other)
            if (
                other == s.id
                or subject.name in reached
                or hidden(subject.name)
                or "<" in other
                or subject.name[:2] == "__"
                or subject.in_path
            ):
                continue
            if other.startswith(f"{s.id}.") or s.id.startswith(f"{other}.") or beside(other):
                continue
            shown = listing(unique(ask.said(f.object) for f in called))
            answers = (
                f"{s.said()} does not call `{subject.label}` itself; it calls {shown}.{ask.home}",
                f"{s.said()} itself calls {shown}, not `{subject.label}`.{ask.home}",
            )
            return ask.topic(
                "false_call", "discovery", "control flow", answers, [*called[:6], ask.one("path")], "correction",
                o=f"`{subject.label}`",
            )  # fmt: skip
        return None

    def _false_import(self, ask: Ask) -> Topic | None:
        """A module of the repository that this one does not import, answered with those it does."""
        s, imported = ask.subject, ask.all("imports")
        if not imported or any(u.kind == "imports" for u in self._graph.unresolved(src=s.id)):
            return None
        seen = {parts_of(f.object)[0] for f in imported}
        for node_id in self._members_below(s.id):
            seen |= {parts_of(f.object)[0] for f in self._facts.about(node_id, "imports")}
        start = self._position(s.id, self._modules)
        for other in (self._modules[start + 1 :] + self._modules[:start])[:20]:
            path = parts_of(other)[0]
            # A package import reaches its modules: only modules of which no enclosing package is imported are sure.
            if (
                spec_of(other) is not spec_of(s.id)
                or path in seen
                or path == s.path
                or any(p.endswith("/") and path.startswith(p) for p in seen)
            ):
                continue
            if path.rpartition("/")[2].startswith("__init__") or path.rpartition("/")[2].startswith("index."):
                continue
            shown = listing([ask.said(f.object) for f in imported], limit=8)
            answers = (
                f"{s.said()} does not import `{path}`; it imports {shown}.",
                f"There is no import of `{path}` in {s.said()}, which imports {shown}.",
            )
            return ask.topic(
                "false_import", "discovery", "dependency", answers, imported[:8], "correction", o=f"`{path}`"
            )
        return None

    def _members_below(self, node_id: str) -> Iterator[str]:
        waiting = [f.object for f in self._facts.about(node_id, "member")]
        while waiting:
            member = waiting.pop()
            yield member
            waiting += [f.object for f in self._facts.about(member, "member")]

    def _lineage(self, class_id: str) -> set[str] | None:
        """The class and all its ancestors in the repository; None where some base is unknown or lies outside."""
        seen, waiting = {class_id}, [class_id]
        while waiting:
            current = waiting.pop()
            if any(u.kind in ("extends", "implements") for u in self._graph.unresolved(src=current)):
                return None
            if self._facts.first(current, "decorator") is not None:
                return None
            bases: list[Fact] = [*self._facts.about(current, "extends"), *self._facts.about(current, "implements")]
            for base in bases:
                if base.object.startswith("ext:"):
                    if parts_of(base.object)[1].rpartition(".")[2].lower() not in _ROOTS:
                        return None
                elif base.object not in seen:
                    seen.add(base.object)
                    waiting.append(base.object)
        return seen

    def _position(self, node_id: str, ids: Sequence[str]) -> int:
        """Where to start looking: spread by the id, so that not every class is asked for the same method."""
        return sum(node_id.encode()) * 7 % len(ids) if ids else 0
