"""What goes wrong: what a function raises and lets through, who raises an error, who catches it. In: a linked target. Out: a Section."""

from __future__ import annotations

import re
from typing import Final

from brain.text import one_line
from brain.view import is_test
from config.console import plural
from dataset.names import firsts
from extractor.schema import Node
from inference.link import Target
from inference.relations import Handler, Relations, Row, handlers_of
from inference.wording import (
    INLINE,
    SHOWN,
    Claim,
    Section,
    at_most,
    by_class,
    caught_at,
    few,
    here,
    join,
    listing,
    name_of,
    none,
    raised,
    row_names,
    sites_of,
    unique,
)

# A result type that hands an error back to the caller instead of raising it.
_CARRIES: Final = re.compile(r"\b(?:Result|Either|Expected|expected|Try|error|Error|Status|errno_t)\b")
_RUNS: Final = ("function", "method")
_TOLD: Final = 6  # errors spelled out of those that come through one callee; the rest is counted
_ACTIONS: Final = {
    "reraise": "raises it again", "convert": "raises another error", "return": "returns", "log": "logs it", "pass": "ignores it"
}  # fmt: skip


class Errors:
    def __init__(self, relations: Relations) -> None:
        self.relations = relations

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
        inner = self._methods(target) if target.node.type in ("class", "interface") else []
        if inner:
            lead = "Its methods raise more:" if claims else f"{name} raises nothing when it is made; its methods do:"
            claims += [Claim(lead), *inner]
        if not claims:
            whole = "neither in its constructor nor in its methods" if target.node.type == "class" else "neither itself"
            declared = one_line(str(target.node.meta.get("returns", "")))
            if _CARRIES.search(declared):
                text = f"{name} raises nothing, but returns {declared}, which may carry an error; which one is not in the index."
                return Section("raises", (Claim(text, here(target.node)),), "unknown", 0.6)
            own = self.relations.absence(target.group, "throws", inward=False)
            said = f"raises nothing, {whole} nor through its calls"
            return none("raises", target.node, said, own if not own.certain else self.relations.silence(target.group))
        return Section("raises", tuple(claims), score=1.0 if direct or inner else 0.85)

    def _methods(self, target: Target) -> list[Claim]:
        """What the methods of a class raise, its constructor left out."""
        claims = []
        for method in self.relations.methods(target.group):
            direct, through = self.relations.raises((method,))
            said = list(dict.fromkeys(raised(r) for r in direct))
            passed = list(dict.fromkeys(row_names(through)))
            if said or passed:
                text = f"{name_of(method)}: {join(said)}" if said else f"{name_of(method)}:"
                text += f"{', and' if said else ''} through what it calls {few(passed, 4)}" if passed else ""
                claims.append(Claim(text, sites_of((*direct, *through[:2])), item=True))
        return at_most(SHOWN, claims)

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
            names = few(list(dict.fromkeys(row_names(own))), _TOLD)
            claims.append(Claim(f"{names}, from {source}" if source else names, sites_of(own), item=True))
        return claims

    def _through(self, row: Row) -> str:
        callee = self.relations.node(str(row.edge.meta.get("callee", ""))) if row.edge else None
        return f"{name_of(row.node)} (from {name_of(callee)})" if callee else name_of(row.node)

    def is_error(self, node: Node) -> bool:
        if node.type == "error":
            return True
        if node.type != "class" and (node.type != "function" or self._runs(node)):
            return False
        above = {n.name for n in self.relations.ancestors(node)}
        return bool(above & {"Exception", "BaseException", "Error", "Throwable", "RuntimeException"}) or any(
            n.endswith(("Error", "Exception")) for n in above
        )

    def _runs(self, node: Node) -> bool:
        """Whether this is called for what it does: a function that inherits is a class of the old kind."""
        return node.type in _RUNS and not self.relations.bases(node)

    def raisers(self, target: Target) -> Section:
        node = target.node
        if self._runs(node):
            return self.raises(target)
        direct, through = self.relations.raisers(target.group)
        product = [r for r in direct if not is_test(r.node)] or direct
        name = name_of(node)
        claims: list[Claim] = []
        if product:
            lead = f"{name} is raised by"
            section = listing("raisers", lead, product, raised)
            if len(section.claims) > 1:
                places = plural(len(product), "place")
                section = Section("raisers", (Claim(f"{name} is raised in {places}:"), *section.claims[1:]))
            claims += section.claims
        below = self.relations.descendants(node)
        nested = [(n, r) for n in below for r in self.relations.raisers((n,))[0] if not is_test(r.node)]
        if nested:
            names = by_class(nested)
            lead = (
                "Its subclasses are raised too"
                if product
                else f"{name} itself is never raised directly, but its subclasses are"
            )
            claims.append(Claim(f"{lead}: {few(names, 6)}.", sites_of(r for _, r in nested[:6])))
        if through:
            rows = unique([r for r in through if not is_test(r.node)])
            if rows:
                claims.append(
                    Claim(
                        f"It may pass through {plural(len(rows), 'more function')}: {few(row_names(rows), 6)}.",
                        sites_of(rows[:6]),
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
        if self._runs(node):
            return self._handlers_around(target)
        found = self.catching(node)
        product = [h for h in found if not is_test(h.node)]
        only = "" if product else " only by tests,"
        found = product or found
        if not found:
            absence = self.relations.absence(target.group, "catches", inward=True)
            return none("handlers", node, "is not caught by name anywhere in the repository", absence)
        return self._handled(f"{name_of(node)} is caught{only} in {plural(len(found), 'place')}", found)

    def _handlers_around(self, target: Target) -> Section:
        """Who catches what a function raises: its own handlers and its callers'."""
        node = target.node
        direct, through = self.relations.raises(target.group)
        classes = unique([*direct, *through])
        if not classes:
            return self.raises(target)
        near = {r.node.id for r in self.relations.callers(target.group)} | {n.id for n in target.group}
        every = [h for row in classes for h in self.catching(row.node) if not is_test(h.node)]
        once = firsts(every, lambda h: (h.node.id, h.line))
        found = [h for h in once if h.node.id in near]
        names = few(row_names(classes), _TOLD)
        if found:
            return self._handled(f"Of what {name_of(node)} raises ({names}), it or its callers catch", found)
        claims = [Claim(f"None of the direct callers of {name_of(node)} catches what it raises ({names}).", here(node))]
        if once:
            listed = few(list(dict.fromkeys(row_names(once))))
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
        return self._handled(f"{name_of(node)} has {plural(len(found), 'handler')}", found)
