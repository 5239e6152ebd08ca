"""What runs into what: callers and callees, errors raised, passed on and caught, tests. In: a linked target. Out: a Section."""

from __future__ import annotations

from typing import Final

from brain.text import one_line
from brain.view import is_aside, is_test
from extractor.schema import Node
from inference.citations import Span
from inference.link import Target
from inference.relations import Handler, Relations, Row, handlers_of
from inference.wording import (
    INLINE,
    SHOWN,
    Claim,
    Section,
    at,
    by_class,
    caught_at,
    count,
    few,
    hedge,
    here,
    join,
    listing,
    name_of,
    none,
    raised,
    unique,
)

# One call that may reach more functions than this goes through a value, not to a function.
_FAN_OUT: Final = 4
_RUNS: Final = ("function", "method")
_ACTIONS: Final = {
    "reraise": "raises it again", "convert": "raises another error", "return": "returns", "log": "logs it", "pass": "ignores it"
}  # fmt: skip


class Flow:
    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.graph = relations.graph

    def callers(self, target: Target) -> Section:
        name = name_of(target.node)
        found = self.relations.callers(target.group)
        if not found:
            importers = [r for r in self.relations.backward(target.group, "imports") if r.site[1]]
            if target.node.type != "function" or not importers:
                above = self.relations.overridden(target.node)
                section = none(
                    "callers",
                    target.node,
                    "is not called anywhere in the repository",
                    self.relations.absence(target.group, "calls", inward=True),
                )
                if above:
                    extra = Claim(
                        f"It overrides {join([name_of(n) for n in above[:3]])}, so calls of that may reach it.",
                        tuple(s for n in above[:3] for s in here(n)),
                    )
                    return Section("callers", (*section.claims, extra), "unknown", section.score)
                return section
        product = [r for r in found if not is_test(r.node.path)]
        tests = [r for r in found if is_test(r.node.path)]
        people = unique(product)
        claims: list[Claim] = []
        if people:
            sites = f" ({count(len(product), 'call site')})" if len(product) != len(people) else ""
            unsure = [r for r in product if hedge(r)]
            verb = "instantiated or called" if target.node.type == "class" else "called"
            lead = f"{name} is {verb} by {count(len(people), 'caller')}{sites}"
            lead += (
                f", {count(len(unsure), 'call')} of them through dynamic dispatch (confidence {min(r.confidence for r in unsure):.1f})"
                if unsure
                else ""
            )
            if len(people) <= INLINE:
                claims.append(
                    Claim(
                        f"{lead}: {join([hedge(r) + name_of(r.node) for r in people])}.",
                        tuple(s for r in product for s in at(r)),
                    )
                )
            else:
                claims.append(Claim(f"{lead}:"))
                for row in people[:SHOWN]:
                    own = [r for r in product if r.node.id == row.node.id]
                    claims.append(
                        Claim(
                            f"{hedge(row)}{name_of(row.node)} in {row.node.path}",
                            tuple(s for r in own for s in at(r)),
                            item=True,
                        )
                    )
                if len(people) > SHOWN:
                    claims.append(Claim(f"{len(people) - SHOWN} more are not shown."))
        if tests:
            testers = unique(tests)
            lead = "It is also called by" if people else f"{name} is called only by"
            claims.append(
                Claim(
                    f"{lead} {count(len(testers), 'test')}: {few([name_of(r.node) for r in testers])}.",
                    tuple(s for r in testers[:5] for s in at(r)),
                )
            )
        if not claims:
            rows = unique([r for r in self.relations.backward(target.group, "imports") if r.site[1]])
            claims.append(
                Claim(
                    f"No direct call of {name} was found, but it is imported by {few([name_of(r.node) for r in rows])}.",
                    tuple(s for r in rows[:5] for s in at(r)),
                )
            )
            return Section("callers", tuple(claims), "unknown", 0.6)
        return Section("callers", tuple(claims))

    def callees(self, target: Target) -> Section:
        name = name_of(target.node)
        rows = self.relations.callees(target.group)
        # Stand-ins of the tests are no part of what the product calls.
        inside_tests = is_test(target.node.path)
        local = [
            r
            for r in rows
            if r.node.type != "external" and (inside_tests or not is_test(r.node.path) or r.via.startswith("flow"))
        ]
        plain, values = _by_dispatch(local)
        plain = [r for r in plain if inside_tests or not is_test(r.node.path)]
        inner = unique(plain)
        claims: list[Claim] = []
        if inner:
            section = listing("callees", f"{name} calls", inner, lambda r: f"{hedge(r)}{name_of(r.node)}")
            if len(section.claims) > 1:
                head = Claim(f"{name} calls {count(len(inner), 'function')} of the repository:")
                section = Section("callees", (head, *section.claims[1:]))
            claims += section.claims
        claims += [self._dispatch(name, site, found) for site, found in values]
        nested = [m for n in target.group if n.type in _RUNS for m in self.relations.members(n) if m.type in _RUNS]
        for function in nested:
            rows_inside = unique([r for r in self.relations.callees((function,)) if r.node.type != "external"])
            if rows_inside:
                names_inside = few(list(dict.fromkeys(name_of(r.node) for r in rows_inside)))
                claims.append(
                    Claim(
                        f"Its inner function {function.name} calls {names_inside}.",
                        tuple(s for r in rows_inside[:5] for s in at(r)),
                    )
                )
        loose = [u for n in target.group for u in self.graph.unresolved(n.id, "calls")]
        outside = {name_of(r.node): r for r in reversed(rows) if r.node.type == "external"}
        names = sorted({*outside, *(one_line(u.name) for u in loose if u.reason == "external")})
        if names:
            lead = (
                "Outside the repository it calls"
                if claims
                else f"{name} calls nothing else of the repository; outside it calls"
            )
            spans = tuple(s for n in names[:10] if n in outside for s in at(outside[n]))
            claims.append(Claim(f"{lead} {few(names, 10)}.", spans))
        found = bool(claims)
        dynamic = [u for u in loose if u.reason != "external"]
        if dynamic:
            listed = few(list(dict.fromkeys(one_line(u.name) for u in dynamic)), 6)
            text = f"{count(len(dynamic), 'more call')} in it could not be linked to a definition: {listed}."
            claims.append(
                Claim(
                    text, tuple(Span(target.node.path, u.line, u.line, u.src, "calls") for u in dynamic[:6] if u.line)
                )
            )
        if not found:
            absence = self.relations.absence(target.group, "calls", inward=False)
            section = none("callees", target.node, "calls nothing", absence)
            return Section("callees", (*section.claims, *claims), section.value, section.score)
        return Section("callees", tuple(claims))

    def _dispatch(self, name: str, site: tuple[str, int], found: list[Row]) -> Claim:
        """A call through a value: which of many functions runs is decided at run time."""
        product = [r for r in found if not is_test(r.node.path) and not is_aside(r.node.path)]
        total = _fan_out(found)
        text = f"{name} also calls a value it is handed, at line {site[1]}, which may be any of {count(total, 'known function')}"
        if product:
            text += f", such as {few([name_of(r.node) for r in product])}"
            outside = len(found) - len(product)
            text += f" ({outside} of them in tests and examples)" if outside and total == len(found) else ""
        elif total == len(found):
            text += ", all in tests and examples"
        return Claim(text + ".", at(found[0]))

    def raises(self, target: Target) -> Section:
        if self.is_error(target.node):
            return self.raisers(target)
        direct, through = self.relations.raises(target.group)
        name = name_of(target.node)
        claims: list[Claim] = []
        if direct:
            claims += listing(
                "raises",
                f"{name} raises",
                unique(direct) if len({r.site for r in direct}) == 1 else direct,
                raised,
            ).claims
        if through:
            claims += self._passed_on(name, unique(through), bool(direct))
        if not claims:
            return none(
                "raises",
                target.node,
                "raises nothing, neither itself nor through the calls that could be followed",
                self.relations.absence(target.group, "throws", inward=False),
            )
        return Section("raises", tuple(claims), score=1.0 if direct else 0.85)

    def _passed_on(self, name: str, rows: list[Row], direct: bool) -> list[Claim]:
        """What comes through calls: a sentence when short, else by the callee it comes from."""
        lead = (
            "Through what it calls it may also raise"
            if direct
            else f"{name} raises nothing itself; through what it calls it may raise"
        )
        if len(rows) <= INLINE:
            return list(listing("raises", lead, rows, self._through).claims)
        sources: dict[str, list[Row]] = {}
        for row in rows:
            callee = self.relations.node(str(row.edge.meta.get("callee", ""))) if row.edge else None
            sources.setdefault(name_of(callee) if callee else "", []).append(row)
        claims = [Claim(f"{lead}:")]
        for source, own in sources.items():
            names = few(list(dict.fromkeys(name_of(r.node) for r in own)), 12)
            claims.append(
                Claim(f"{names}, from {source}" if source else names, tuple(s for r in own for s in at(r)), item=True)
            )
        return claims

    def _through(self, row: Row) -> str:
        callee = self.relations.node(str(row.edge.meta.get("callee", ""))) if row.edge else None
        return f"{name_of(row.node)} (from {name_of(callee)})" if callee else name_of(row.node)

    def is_error(self, node: Node) -> bool:
        if node.type == "error":
            return True
        if node.type != "class":
            return False
        above = {n.name for n in self.relations.ancestors(node)}
        return bool(above & {"Exception", "BaseException", "Error", "Throwable", "RuntimeException"}) or any(
            n.endswith(("Error", "Exception")) for n in above
        )

    def raisers(self, target: Target) -> Section:
        node = target.node
        if node.type in _RUNS:
            return self.raises(target)
        direct, through = self.relations.raisers(target.group)
        product = [r for r in direct if not is_test(r.node.path)] or direct
        name = name_of(node)
        claims: list[Claim] = []
        if product:
            lead = f"{name} is raised by"
            section = listing("raisers", lead, product, raised)
            if len(section.claims) > 1:
                places = count(len(product), "place")
                section = Section("raisers", (Claim(f"{name} is raised in {places}:"), *section.claims[1:]))
            claims += section.claims
        below = self.relations.descendants(node)
        nested = [(n, r) for n in below for r in self.relations.raisers((n,))[0] if not is_test(r.node.path)]
        if nested:
            names = by_class(nested)
            lead = (
                "Its subclasses are raised too"
                if product
                else f"{name} itself is never raised directly, but its subclasses are"
            )
            claims.append(Claim(f"{lead}: {few(names, 6)}.", tuple(s for _, r in nested[:6] for s in at(r))))
        if through:
            rows = unique([r for r in through if not is_test(r.node.path)])
            if rows:
                claims.append(
                    Claim(
                        f"It may pass through {count(len(rows), 'more function')}: {few([name_of(r.node) for r in rows], 6)}.",
                        tuple(s for r in rows[:6] for s in at(r)),
                    )
                )
        if not claims:
            return none(
                "raisers",
                target.node,
                "is not raised anywhere in the repository",
                self.relations.absence(target.group, "throws", inward=True),
            )
        return Section("raisers", tuple(claims))

    def handlers(self, target: Target) -> Section:
        node = target.node
        if node.type in _RUNS:
            return self._handlers_around(target)
        found = self.catching(node)
        product = [h for h in found if not is_test(h.node.path)]
        only = "" if product else " only by tests,"
        found = product or found
        if not found:
            absence = self.relations.absence(target.group, "catches", inward=True)
            return none("handlers", node, "is not caught by name anywhere in the repository", absence)
        return self._handled(f"{name_of(node)} is caught{only} in {count(len(found), 'place')}", found)

    def _handlers_around(self, target: Target) -> Section:
        """Who catches what a function raises: its own handlers and its callers'."""
        node = target.node
        direct, through = self.relations.raises(target.group)
        classes = unique([*direct, *through])
        if not classes:
            return self.raises(target)
        near = {r.node.id for r in self.relations.callers(target.group)} | {n.id for n in target.group}
        every = [h for row in classes for h in self.catching(row.node) if not is_test(h.node.path)]
        once = list({(h.node.id, h.line): h for h in reversed(every)}.values())[::-1]
        found = [h for h in once if h.node.id in near]
        names = join([name_of(r.node) for r in classes])
        if found:
            return self._handled(f"Of what {name_of(node)} raises ({names}), it or its callers catch", found)
        claims = [Claim(f"None of the direct callers of {name_of(node)} catches what it raises ({names}).", here(node))]
        if once:
            listed = few(list(dict.fromkeys(name_of(h.node) for h in once)))
            claims.append(
                Claim(f"Elsewhere it is caught by {listed}.", tuple(s for h in once[:5] for s in caught_at(h)))
            )
        return Section("handlers", tuple(claims), "no", 0.85)

    def catching(self, node: Node) -> list[Handler]:
        """Handlers that name the class, then those that name what it inherits from in this repository. A handler of
        Exception is no statement about this class."""
        own = self.relations.handlers(frozenset({node.id}))
        above = frozenset(n.id for n in self.relations.ancestors(node) if n.type != "external") - {node.id}
        return [*own, *[h for h in self.relations.handlers(above) if h not in own]]

    def _handled(self, lead: str, found: list[Handler]) -> Section:
        claims = [Claim(f"{lead}:")]
        for handler in found[:SHOWN]:
            caught = [self.relations.node(e) for e in handler.errors]
            names = [name_of(n) if n else written for n, written in zip(caught, handler.names, strict=False)]
            action = _ACTIONS.get(handler.action, "")
            text = f"{name_of(handler.node)} catches {join(names or handler.names) or 'everything'}"
            claims.append(Claim(text + (f" and {action}" if action else ""), caught_at(handler), item=True))
        return Section("handlers", tuple(claims))

    def catches(self, target: Target) -> Section:
        node = target.node
        if self.is_error(node):
            return self.handlers(target)
        # A class handles what its methods handle.
        inner = self.relations.members(node) if node.type == "class" else []
        found = [h for n in (*target.group, *inner) for h in handlers_of(n)]
        if not found:
            absence = self.relations.absence(target.group, "catches", inward=False)
            return none("catches", node, "has no handler" + (" in its methods" if inner else " of its own"), absence)
        return self._handled(f"{name_of(node)} has {count(len(found), 'handler')}", found)

    def tests(self, target: Target) -> Section:
        group = target.group
        if target.node.type in ("class", "module"):
            group = (*group, *self.relations.members(target.node))
        rows = unique(
            [
                r
                for r in self.relations.backward(group, "calls", "imports")
                if is_test(r.node.path) and r.node.type != "module"
            ]
        )
        if not rows:
            return none(
                "tests",
                target.node,
                "is not called by any test directly",
                self.relations.absence(target.group, "calls", inward=True),
            )
        if len(rows) <= INLINE:
            return listing("tests", f"{name_of(target.node)} is exercised by", rows, lambda r: name_of(r.node))
        return listing(
            "tests",
            f"{name_of(target.node)} is exercised by {count(len(rows), 'test')}",
            rows,
            lambda r: f"{name_of(r.node)} in {r.node.path}",
        )


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
