"""What runs into what: callers and callees, tests. In: a linked target. Out: a Section."""

from __future__ import annotations

from typing import Final

from brain.text import one_line
from brain.view import is_aside, is_test
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
    count,
    each_once,
    few,
    hedge,
    here,
    join,
    listing,
    name_of,
    none,
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
        product = [r for r in found if not is_test(r.node)]
        tests = [r for r in found if is_test(r.node)]
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
                        f"{lead}: {join(each_once([hedge(r) + name_of(r.node) for r in people]))}.",
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
            said = Claim(f"No function is known to read or set {name}.", here(target.node))
            return Section("callers", (said,), "unknown", 0.5)
        claims = [
            Claim(
                f"{'It' if number else name} is {verb} by {few([name_of(n) for n in users], 8)}.",
                tuple(s for n in users[:8] for s in here(n)),
            )
            for number, (verb, users) in enumerate(found)
        ]
        return Section("callers", tuple(claims))

    def callees(self, target: Target) -> Section:
        name = name_of(target.node)
        # A module calls what any of its functions calls that stands elsewhere.
        inside = [n for n in target.group if n.type == "module"]
        within = tuple(
            n for m in inside for n in self.graph.nodes(SYMBOL_TYPES, path=m.path) if n.origin == "extractor"
        )
        rows = self.relations.callees((*target.group, *within))
        rows = [r for r in rows if not within or r.node.path != target.node.path]
        # Stand-ins of the tests are no part of what the product calls.
        inside_tests = is_test(target.node)
        local = [
            r
            for r in rows
            if r.node.type != "external" and (inside_tests or not is_test(r.node) or r.via.startswith("flow"))
        ]
        plain, values = _by_dispatch(local)
        plain = [r for r in plain if inside_tests or not is_test(r.node)]
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
        loose = [u for n in (*target.group, *within) for u in self.graph.unresolved(n.id, "calls")]
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
        product = [r for r in found if not is_test(r.node) and not is_aside(r.node.path)]
        total = _fan_out(found)
        text = f"{name} also calls a value it is handed, at line {site[1]}, which may be any of {count(total, 'known function')}"
        if product:
            text += f", such as {few([name_of(r.node) for r in product])}"
            outside = len(found) - len(product)
            text += f" ({outside} of them in tests and examples)" if outside and total == len(found) else ""
        elif total == len(found):
            text += ", all in tests and examples"
        return Claim(text + ".", at(found[0]))

    def tests(self, target: Target) -> Section:
        group = target.group
        if target.node.type in ("class", "module"):
            group = (*group, *self.relations.members(target.node))
        rows = unique(
            [
                r
                for r in self.relations.backward(group, "calls", "imports")
                if is_test(r.node) and r.node.type != "module"
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
