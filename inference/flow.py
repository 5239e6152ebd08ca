"""What runs into what: callers and callees, tests. In: a linked target. Out: a Section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from brain.text import one_line
from brain.view import is_aside, is_test
from config.console import plural
from extractor.schema import SYMBOL_TYPES, Node
from inference.citations import Span
from inference.link import Target
from inference.relations import Relations, Row
from inference.wording import (
    INLINE,
    SHOWN,
    Claim,
    Section,
    at,
    at_most,
    each_once,
    few,
    hedge,
    join,
    listing,
    name_of,
    none,
    places_of,
    row_names,
    sites_of,
    unique,
)

# One call that may reach more functions than this goes through a value, not to a function.
_FAN_OUT: Final = 4
_RUNS: Final = ("function", "method")


class Flow:
    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.graph = relations.graph

    def callers(self, target: Target) -> Section:
        rows = self.relations.callers(target.group)
        if not rows:
            return self._uncalled(target)
        product = [r for r in rows if not is_test(r.node)]
        testers = unique([r for r in rows if is_test(r.node)])
        claims = self._called_by(target, product) if product else []
        if testers:
            lead = "It is also called by" if product else f"{name_of(target.node)} is called only by"
            text = f"{lead} {plural(len(testers), 'test')}: {few(row_names(testers))}."
            claims.append(Claim(text, sites_of(testers[:5])))
        return Section("callers", tuple(claims))

    def _called_by(self, target: Target, rows: list[Row]) -> list[Claim]:
        """The callers: in a sentence while they are few, else as a list, each with all of its calls."""
        calls: dict[str, list[Row]] = {}
        for row in rows:
            calls.setdefault(row.node.id, []).append(row)
        callers, unsure = unique(rows), [r for r in rows if hedge(r)]
        verb = "instantiated or called" if target.node.type == "class" else "called"
        lead = f"{name_of(target.node)} is {verb} by {plural(len(callers), 'caller')}"
        lead += f" ({plural(len(rows), 'call site')})" if len(rows) != len(callers) else ""
        if unsure:
            least = min(r.confidence for r in unsure)
            lead += f", {plural(len(unsure), 'call')} of them through dynamic dispatch (confidence {least:.1f})"
        if len(callers) <= INLINE:
            return [Claim(f"{lead}: {join(each_once([hedge(r) + name_of(r.node) for r in callers]))}.", sites_of(rows))]
        items = [
            Claim(f"{hedge(r)}{name_of(r.node)} in {r.node.path}", sites_of(calls[r.node.id]), item=True)
            for r in callers
        ]
        return [Claim(f"{lead}:"), *at_most(SHOWN, items)]

    def _uncalled(self, target: Target) -> Section:
        """What is known of something that nothing calls directly: who imports it, what it overrides."""
        importers = unique([r for r in self.relations.backward(target.group, "imports") if r.site[1]])
        if target.node.type == "function" and importers:
            text = f"No direct call of {name_of(target.node)} was found, but it is imported by {few(row_names(importers))}."
            return Section("callers", (Claim(text, sites_of(importers[:5])),), "unknown", 0.6)
        absence = self.relations.absence(target.group, "calls", inward=True)
        section = none("callers", target.node, "is not called anywhere in the repository", absence)
        above = self.relations.overridden(target.node)[:3]
        if not above:
            return section
        text = f"It overrides {join([name_of(n) for n in above])}, so calls of that may reach it."
        return Section("callers", (*section.claims, Claim(text, places_of(above))), "unknown", section.score)

    def handled(self, target: Target) -> list[tuple[str, list[Node]]]:
        """What is done with a variable, and by whom; product before tests."""
        found = []
        for verb, key in (("read", "used_by"), ("set", "set_by")):
            users = [self.relations.node(user) for node in target.group for user in node.meta.get(key, ())]
            known = {n.id: n for n in users if n is not None}
            found.append((verb, sorted(known.values(), key=lambda n: (is_test(n), n.path, n.lines, n.id))))
        importers = unique(self.relations.backward(target.group, "imports"))
        return [(verb, users) for verb, users in (*found, ("imported", [r.node for r in importers])) if users]

    def readers(self, target: Target) -> Section:
        """Who reads, sets and imports a variable."""
        name, found = name_of(target.node), self.handled(target)
        if not found:
            said = Claim(f"No function is known to read or set {name}.", places_of([target.node]))
            return Section("callers", (said,), "unknown", 0.5)
        claims = [
            Claim(
                f"{'It' if number else name} is {verb} by {few([name_of(n) for n in users], 8)}.",
                places_of(users[:8]),
            )
            for number, (verb, users) in enumerate(found)
        ]
        return Section("callers", tuple(claims))

    def callees(self, target: Target) -> Section:
        # A module calls what any of its functions calls that stands elsewhere.
        modules = [n for n in target.group if n.type == "module"]
        within = tuple(
            n for m in modules for n in self.graph.nodes(SYMBOL_TYPES, path=m.path) if n.origin == "extractor"
        )
        name, rows = name_of(target.node), self.relations.callees((*target.group, *within))
        rows = [r for r in rows if not within or r.node.path != target.node.path]
        claims = [*self._calls_inside(target, rows), *self._inner_functions(target)]
        loose = [u for n in (*target.group, *within) for u in self.graph.unresolved(n.id, "calls")]
        outside = {name_of(r.node): r for r in reversed(rows) if r.node.type == "external"}
        names = sorted({*outside, *(one_line(u.name) for u in loose if u.reason == "external")})
        if names:
            nothing = f"{name} calls nothing else of the repository; outside it calls"
            lead = "Outside the repository it calls" if claims else nothing
            spans = sites_of(outside[n] for n in names[:10] if n in outside)
            claims.append(Claim(f"{lead} {few(names, 10)}.", spans))
        found = bool(claims)
        dynamic = [u for u in loose if u.reason != "external"]
        if dynamic:
            listed = few(list(dict.fromkeys(one_line(u.name) for u in dynamic)), 6)
            text = f"{plural(len(dynamic), 'more call')} in it could not be linked to a definition: {listed}."
            path = target.node.path
            claims.append(Claim(text, tuple(Span(path, u.line, u.line, u.src, "calls") for u in dynamic[:6] if u.line)))
        if found:
            return Section("callees", tuple(claims))
        absence = self.relations.absence(target.group, "calls", inward=False)
        section = none("callees", target.node, "calls nothing", absence)
        return Section("callees", (*section.claims, *claims), section.value, section.score)

    def _calls_inside(self, target: Target, rows: list[Row]) -> list[Claim]:
        """Calls of the repository's own functions, then those through values."""
        # Stand-ins of the tests are no part of what the product calls.
        tests_too = is_test(target.node)
        local = [r for r in rows if r.node.type != "external"]
        plain, values = _by_dispatch([r for r in local if tests_too or not is_test(r.node) or r.via.startswith("flow")])
        called = unique([r for r in plain if tests_too or not is_test(r.node)])
        claims: list[Claim] = []
        if called:
            name = name_of(target.node)
            section = listing("callees", f"{name} calls", called, lambda r: f"{hedge(r)}{name_of(r.node)}")
            claims += section.claims
            if len(claims) > 1:
                claims[0] = Claim(f"{name} calls {plural(len(called), 'function')} of the repository:")
        return [*claims, *(self._dispatch(name_of(target.node), site, found) for site, found in values)]

    def _inner_functions(self, target: Target) -> Iterator[Claim]:
        """What the functions defined inside it call."""
        nested = [m for n in target.group if n.type in _RUNS for m in self.relations.members(n) if m.type in _RUNS]
        for function in nested:
            called = unique([r for r in self.relations.callees((function,)) if r.node.type != "external"])
            if called:
                names = few(list(dict.fromkeys(row_names(called))))
                yield Claim(f"Its inner function {function.name} calls {names}.", sites_of(called[:5]))

    def _dispatch(self, name: str, site: tuple[str, int], found: list[Row]) -> Claim:
        """A call through a value: which of many functions runs is decided at run time."""
        product = [r for r in found if not is_test(r.node) and not is_aside(r.node.path)]
        total = _fan_out(found)
        text = f"{name} also calls a value it is handed, at line {site[1]}, which may be any of {plural(total, 'known function')}"
        if product:
            text += f", such as {few(row_names(product))}"
            outside = len(found) - len(product)
            text += f" ({outside} of them in tests and examples)" if outside and total == len(found) else ""
        elif total == len(found):
            text += ", all in tests and examples"
        return Claim(text + ".", at(found[0]))

    def tests(self, target: Target) -> Section:
        group = target.group
        if target.node.type in ("class", "module"):
            group = (*group, *self.relations.members(target.node))
        users = self.relations.backward(group, "calls", "imports")
        rows = unique([r for r in users if is_test(r.node) and r.node.type != "module"])
        if not rows:
            absence = self.relations.absence(target.group, "calls", inward=True)
            return none("tests", target.node, "is not called by any test directly", absence)
        lead = f"{name_of(target.node)} is exercised by"
        if len(rows) <= INLINE:
            return listing("tests", lead, rows, lambda r: name_of(r.node))
        many = f"{lead} {plural(len(rows), 'test')}"
        return listing("tests", many, rows, lambda r: f"{name_of(r.node)} in {r.node.path}")


def _fan_out(found: list[Row]) -> int:
    """How many functions one call may reach, those that are too unsure to be read included."""
    recorded = (int(r.edge.meta.get("n_candidates", 0)) for r in found if r.edge)
    return max(len(unique(found)), *recorded, 0)


def _by_dispatch(rows: list[Row]) -> tuple[list[Row], list[tuple[tuple[str, int], list[Row]]]]:
    """(calls of known functions, calls through values by the line they stand on)."""
    sites: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        if row.via.partition(":")[0] in ("flow", "callback"):
            sites.setdefault(row.site, []).append(row)
    wide = {site: unique(found) for site, found in sites.items() if _fan_out(found) > _FAN_OUT}
    plain = [r for r in rows if r.site not in wide or r.via.partition(":")[0] not in ("flow", "callback")]
    return plain, sorted(wide.items())
