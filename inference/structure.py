"""How the code hangs together: inheritance, overriding, imports, declared returns. In: a linked target. Out: a Section."""

from __future__ import annotations

import re

from brain.text import one_line
from brain.view import is_test
from config.console import plural
from extractor.schema import Node
from inference.link import Target
from inference.relations import Absence, Relations
from inference.wording import (
    INLINE,
    SHOWN,
    Claim,
    Section,
    built_on,
    few,
    here,
    join,
    listing,
    name_of,
    none,
    places_of,
    row_names,
    sites_of,
    unique,
)


class Structure:
    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.graph = relations.graph

    def subclasses(self, target: Target) -> Section:
        node = target.node
        rows = unique(self.relations.subclasses(target.group))
        product = [r for r in rows if not is_test(r.node)] or rows
        if not product:
            return none(
                "subclasses",
                target.node,
                "has no subclass in the repository",
                self.relations.absence(target.group, "extends", inward=True),
            )
        if len(product) <= INLINE:
            section = listing(
                "subclasses", f"{name_of(node)} is {built_on(product)} by", product, lambda r: name_of(r.node)
            )
        else:
            section = listing(
                "subclasses",
                f"{name_of(node)} has {plural(len(product), 'direct subclass', 'direct subclasses')}",
                product,
                lambda r: f"{name_of(r.node)} in {r.node.path}",
            )
        ids = {r.node.id for r in rows}
        further = [n for n in self.relations.descendants(node) if n.id not in ids and not is_test(n)]
        claims = list(section.claims)
        if further:
            claims.append(
                Claim(f"Further below stand {few([name_of(n) for n in further], 8)}.", places_of(further[:8]))
            )
        return Section("subclasses", tuple(claims))

    def bases(self, target: Target) -> Section:
        rows = self.relations.bases(target.node)
        if not rows:
            return none(
                "bases", target.node, "extends nothing", self.relations.absence((target.node,), "extends", inward=False)
            )
        claims = list(listing("bases", f"{name_of(target.node)} extends", rows, lambda r: name_of(r.node)).claims)
        direct = {r.node.id for r in rows}
        above = [n for n in self.relations.ancestors(target.node) if n.id not in direct]
        if above:
            claims.append(Claim(f"Above that stand {join([name_of(n) for n in above])}.", places_of(above)))
        return Section("bases", tuple(claims))

    def overrides(self, target: Target) -> Section:
        found = self.relations.overridden(target.node)
        if not found:
            return none("overrides", target.node, "overrides nothing", Absence(True))
        return Section(
            "overrides",
            (
                Claim(
                    f"{name_of(target.node)} overrides {join([name_of(n) for n in found])}.",
                    places_of((target.node, *found)),
                ),
            ),
        )

    def overriders(self, target: Target) -> Section:
        found = self.relations.overriders(target.node)
        if not found:
            return none("overriders", target.node, "is not overridden in the repository", Absence(True))
        return Section(
            "overriders",
            (
                Claim(
                    f"{name_of(target.node)} is overridden by {few([name_of(n) for n in found], 12)}.",
                    places_of(found[:12]),
                ),
            ),
        )

    def modules(self, node: Node) -> tuple[Node, ...]:
        """The node whose imports count: a symbol's file, a package's modules."""
        if node.type == "package":
            return tuple(m for m in self.relations.members(node) if m.type == "module")
        whole = node.type in ("module", "external")
        return (node,) if whole else tuple(self.graph.nodes(["module"], path=node.path))

    def imports(self, target: Target) -> Section:
        modules = self.modules(target.node)
        rows = self.relations.forward(modules, "imports")
        external = unique(self.relations.forward(modules, "depends_on"))
        files = unique([r for r in rows if r.node.type in ("module", "package")])
        name = name_of(modules[0]) if len(modules) == 1 else name_of(target.node)
        if not rows and not external:
            return none(
                "imports", target.node, "imports nothing", self.relations.absence(modules, "imports", inward=False)
            )
        claims: list[Claim] = []
        if files:
            claims += listing("imports", f"{name} imports from the repository", files, lambda r: name_of(r.node)).claims
        symbols = unique([r for r in rows if r.node.type not in ("module", "package", "external")])
        if symbols:
            lead = "Of these it takes the names" if files else f"{name} imports"
            claims.append(Claim(f"{lead} {few(list(dict.fromkeys(row_names(symbols))), 20)}.", sites_of(symbols[:20])))
        outside = unique([*external, *[r for r in rows if r.node.type == "external"]])
        if outside:
            packages = {one_line(r.node.id.removeprefix("ext:").partition("#")[0]): r for r in reversed(outside)}
            claims.append(
                Claim(
                    f"From outside it imports {join(sorted(packages))}.",
                    sites_of(r for _, r in sorted(packages.items())),
                )
            )
        return Section("imports", tuple(claims))

    def importers(self, target: Target) -> Section:
        group = target.group
        rows = unique(self.relations.backward(group, "imports", "depends_on"))
        product = [r for r in rows if not is_test(r.node)]
        tests = [r for r in rows if is_test(r.node)]
        if not rows:
            return none(
                "importers",
                target.node,
                "is imported nowhere in the repository",
                self.relations.absence(group, "imports", inward=True),
            )
        claims: list[Claim] = []
        if product:
            lead = f"{name_of(target.node)} is imported by"
            claims += listing(
                "importers",
                lead if len(product) <= INLINE else f"{lead} {plural(len(product), 'module')}",
                product,
                lambda r: name_of(r.node),
            ).claims
        if tests:
            lead = "It is also imported by" if product else f"{name_of(target.node)} is imported only by"
            claims.append(
                Claim(f"{lead} {plural(len(tests), 'test file')}: {few(row_names(tests))}.", sites_of(tests[:5]))
            )
        return Section("importers", tuple(claims))

    def returners(self, target: Target) -> Section:
        word = re.compile(rf"(?<!\w){re.escape(target.node.name)}(?!\w)")
        found = [
            n
            for n in self.graph.nodes(["function", "method"])
            if word.search(str(n.meta.get("returns", ""))) and not is_test(n)
        ]
        if not found:
            return none("returners", target.node, "is not the declared return type of any function", Absence(True))
        claims = [Claim(f"{name_of(target.node)} is the declared return type of {plural(len(found), 'function')}:")]
        claims += [Claim(f"{name_of(n)} in {n.path}", here(n), item=True) for n in found[:SHOWN]]
        return Section("returners", tuple(claims))
