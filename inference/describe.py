"""What a thing is: where it stands, what it does, what it takes and returns, what it holds. In: a linked target. Out: a Section."""

from __future__ import annotations

import inspect
import re

from brain.markup import prose
from brain.text import clean, one_line, paragraph
from brain.view import hidden, is_test
from config.console import plural
from dataset.names import firsts
from extractor.schema import Node
from inference.link import Target
from inference.relations import Relations
from inference.wording import (
    INLINE,
    SHOWN,
    Claim,
    Section,
    at_most,
    brief,
    built_on,
    documented_parameter,
    documented_return,
    few,
    header,
    here,
    join,
    kind_of,
    name_of,
    names_of,
    opening,
    parameter,
    parameters,
    places_of,
    purpose,
    quote,
    raised,
    row_names,
    signature,
    sites_of,
    unique,
)


class Describer:
    def __init__(self, relations: Relations) -> None:
        self.relations = relations

    def outside(self, target: Target) -> Section:
        """Something the repository only uses: who uses it, and where."""
        node, name = target.node, name_of(target.node)
        package = node.id.removeprefix("ext:").partition("#")[0]
        origin = (
            "is part of the language" if package == "builtins" else f"belongs to {package}, outside this repository"
        )
        origin = "is a package outside this repository" if package == name else origin
        used = unique(
            [
                r
                for r in self.relations.backward((node,), "calls", "imports", "extends", "throws", "depends_on")
                if not is_test(r.node)
            ]
        )
        if not used:
            return Section(
                "outside",
                (Claim(f"{name} {origin}; the index holds only what this repository defines."),),
                "missing",
                0.0,
            )
        claim = Claim(f"It is used here by {few(row_names(used), 8)}.", sites_of(used[:8]))
        return Section("outside", (Claim(f"{name} {origin}."), claim), "yes", 0.9)

    def locate(self, target: Target) -> Section:
        node = target.node
        if node.type == "external":
            return self.outside(target)
        claims = [self._place(node)]
        stubs = [n for n in target.group if n.id != node.id]
        if stubs:
            spans = places_of(stubs)
            claims.append(
                Claim(
                    f"{plural(len(stubs), 'more definition')} of the same name (overloads or redefinitions)"
                    f" {'stands' if len(stubs) == 1 else 'stand'} in the same file.",
                    spans,
                )
            )
        others = [n for n in target.others if not is_test(n)]
        if others:
            claims.append(
                Claim(
                    f"The same name is also defined {'once' if len(others) == 1 else f'{len(others)} times'} elsewhere:"
                )
            )
            claims += [Claim(f"{name_of(n)}, {kind_of(n)}, in {n.path}", here(n), item=True) for n in others[:SHOWN]]
        return Section("locate", tuple(claims))

    def _place(self, node: Node) -> Claim:
        if node.type == "package":
            inner = self.relations.members(node)
            text = (
                f"{name_of(node)} is a package with {plural(len(inner), 'module')}"
                if inner
                else f"{name_of(node)} is a package"
            )
            front = [m for m in inner if m.path.rpartition("/")[2].startswith(("__init__.", "index."))] or inner
            return Claim(text + ".", tuple(s for m in front[:1] for s in header(m)))
        if node.type == "module":
            return Claim(
                f"{name_of(node)} is a module of {plural(int(node.meta.get('loc', 0)), 'line')}.", header(node)
            )
        if node.type == "external":
            return Claim(f"{name_of(node)} is defined outside the repository.")
        return Claim(f"{name_of(node)} is {kind_of(node)}, defined in {node.path}.", here(node))

    def explain(self, target: Target) -> Section:
        if target.node.type == "external":
            return self.outside(target)
        node = target.node
        claims: list[Claim] = []
        if node.type in ("module", "package"):
            return self._explain_module(node)
        said = purpose(node)
        claims.append(self._place(node))
        if said:
            claims.append(Claim(said, here(node)))
        if node.type in ("class", "interface"):
            claims += self._explain_class(target)
        elif node.type == "variable":
            claims += self._explain_variable(target)
        else:
            claims += self._explain_callable(target)
        if not said and len(claims) == 1:
            claims.append(Claim("It has no documentation, and the index knows of no calls from or to it."))
        return Section("explain", tuple(claims), score=1.0 if said or len(claims) > 1 else 0.7)

    def reason(self, target: Target) -> Section:
        """Why a thing is as it is: what its documentation says of it, in full; the code itself gives no reasons."""
        node = target.node
        written = prose(inspect.cleandoc(clean(str(node.meta.get("doc", "")))))
        parts = [said for said in map(paragraph, re.split(r"\n\s*\n", written)) if said]
        lead = f"The index holds what {name_of(node)} does, not why"
        if not parts:
            return Section("reason", (Claim(f"{lead}, and it has no documentation.", here(node)),), "unknown", 0.3)
        claims = [Claim(f"{lead}. Its documentation says:", here(node))]
        claims += [Claim(quote(p), here(node), item=True) for p in parts[:INLINE]]
        return Section("reason", tuple(claims), score=0.7)

    def _explain_variable(self, target: Target) -> list[Claim]:
        node = target.node
        claims: list[Claim] = []
        value, written = one_line(str(node.meta.get("value", ""))), signature(node)
        if value:
            claims.append(Claim(f"Its value is {value}.", here(node)))
        elif "=" in written and len(written) <= 160:
            claims.append(Claim(f"It is defined as {written}.", here(node)))
        users = unique([r for r in self.relations.backward(target.group, "imports", "calls") if not is_test(r.node)])
        if users:
            claims.append(Claim(f"It is used by {few(row_names(users))}.", sites_of(users[:5])))
        return claims

    def _explain_callable(self, target: Target) -> list[Claim]:
        node = target.node
        claims: list[Claim] = []
        taken, returns = [brief(p) for p in parameters(node)], one_line(str(node.meta.get("returns", "")))
        if taken or returns:
            parts = ([f"takes {join(taken)}"] if taken else []) + (
                [f"returns {returns}"] if returns and returns != "None" else []
            )
            if parts:
                claims.append(Claim(f"It {join(parts)}.", here(node, "signature")))
        direct, through = self.relations.raises(target.group)
        if direct:
            rows = unique(direct)
            claims.append(Claim(f"It raises {few([raised(r) for r in rows], 4)}.", sites_of(rows[:5])))
        elif through:
            rows = unique(through)
            claims.append(Claim(f"It may raise {few(row_names(rows), 4)} through what it calls.", sites_of(rows[:5])))
        inner = [r for r in unique(self.relations.callees(target.group)) if r.node.type != "external"]
        if inner:
            claims.append(Claim(f"It calls {few(names_of([r.node for r in inner], [node]))}.", sites_of(inner[:5])))
        callers = [r for r in unique(self.relations.callers(target.group)) if not is_test(r.node)]
        if callers:
            claims.append(
                Claim(f"It is called by {few(names_of([r.node for r in callers], [node]))}.", sites_of(callers[:5]))
            )
        return claims

    def _explain_class(self, target: Target) -> list[Claim]:
        node = target.node
        claims: list[Claim] = []
        bases = self.relations.bases(node)
        if bases:
            claims.append(Claim(f"It extends {join(row_names(bases))}.", sites_of(bases)))
        inner = self.relations.members(node)
        start = next((m for m in inner if m.name in ("__init__", "constructor") or m.name == node.name), None)
        if start is not None and parameters(start):
            claims.append(Claim(f"It is constructed with {join([brief(p) for p in parameters(start)])}.", here(start)))
        methods = list(dict.fromkeys(m.name for m in inner if m.type == "method" and not m.name.startswith("_")))
        if methods:
            claims.append(Claim(f"It has {plural(len(methods), 'public method')}: {few(methods, 12)}.", here(node)))
        below = unique([r for r in self.relations.subclasses(target.group) if not is_test(r.node)])
        if below:
            claims.append(Claim(f"It is {built_on(below)} by {few(row_names(below))}.", sites_of(below[:5])))
        direct, _ = self.relations.raisers(target.group)
        raisers = unique([r for r in direct if not is_test(r.node)])
        if raisers:
            claims.append(Claim(f"It is raised by {few(row_names(raisers))}.", sites_of(raisers[:5])))
        return claims

    def _explain_module(self, node: Node) -> Section:
        said = purpose(node)
        claims = [self._place(node)]
        if said:
            claims.append(Claim(said, header(node)))
        inner = [m for m in self.relations.members(node) if not hidden(m.name)]
        for types, noun, many in (
            (("class", "interface"), "class", "classes"),
            (("function",), "function", ""),
            (("module",), "module", ""),
        ):
            names = list(dict.fromkeys(m.name for m in inner if m.type in types))
            if names:
                claims.append(
                    Claim(
                        f"It defines {plural(len(names), f'public {noun}', f'public {many}' if many else '')}: {few(names, 12)}.",
                        tuple(
                            s
                            for m in [m for m in inner if m.type in types][:3]
                            for s in (header(m) if m.type == "module" else here(m))
                        ),
                    )
                )
        return Section("explain", tuple(claims))

    def parameters(self, target: Target) -> Section:
        node = self.called(target.node)
        taken = parameters(node)
        claims: list[Claim] = []
        if not taken:
            claims.append(Claim(f"{name_of(node)} takes no parameters.", here(node)))
            return Section("parameters", tuple(claims), "no")
        claims.append(
            Claim(
                f"{name_of(node)} takes {plural(len(taken), 'parameter')}: {join([parameter(p) for p in taken])}.",
                here(node),
            )
        )
        returns = one_line(str(node.meta.get("returns", "")))
        if returns:
            claims.append(Claim(f"It returns {returns}.", here(node)))
        return Section("parameters", tuple(claims))

    def called(self, node: Node) -> Node:
        """A class is called through its constructor."""
        if node.type in ("class", "interface"):
            for owner in (node, *self.relations.ancestors(node)):
                for member in self.relations.members(owner):
                    if member.name in ("__init__", "constructor") or (
                        member.name == owner.name and member.type == "method"
                    ):
                        return member
        return node

    def default(self, target: Target, wanted: str) -> Section:
        """What one parameter of a function is: its annotation and default."""
        node = self.called(target.node)
        taken = parameters(node)
        match = next((p for p in taken if p["name"].lstrip("*&") == wanted.lstrip("*&-").replace("-", "_")), None)
        if match is None:
            listed = join([p["name"] for p in taken]) or "none"
            return Section(
                "default",
                (Claim(f"{name_of(node)} has no parameter {wanted}; its parameters are: {listed}.", here(node)),),
                "no",
                targets=(node.id,),
            )
        text = f"The parameter {match['name']} of {name_of(node)} "
        text += f"defaults to {one_line(str(match['default']))}" if match.get("default") else "has no default"
        text += f" and is annotated {one_line(str(match['annotation']))}" if match.get("annotation") else ""
        claims = [Claim(text + ".", here(node))]
        said = documented_parameter(node, wanted) or documented_parameter(target.node, wanted)
        if said:
            claims.append(Claim(f"Its documentation says: {said}.", here(node)))
        return Section("default", tuple(claims), targets=(node.id,))

    def returns(self, target: Target) -> Section:
        node = target.node
        if node.type in ("class", "interface"):
            return Section(
                "returns",
                (Claim(f"{name_of(node)} is {kind_of(node)}: calling it gives an instance of it.", here(node)),),
            )
        declared, said = one_line(str(node.meta.get("returns", ""))), documented_return(node)
        claims: list[Claim] = []
        if declared:
            claims.append(Claim(f"{name_of(node)} returns {declared}.", here(node)))
        if said:
            claims.append(Claim(f"Its documentation says of the return value: {said}.", here(node)))
        if not claims:
            claims.append(
                Claim(f"{name_of(node)} declares no return type and does not document what it returns.", here(node))
            )
            lead = purpose(node)
            if lead:
                claims.append(Claim(lead, here(node)))
            return Section("returns", tuple(claims), "unknown", 0.6)
        return Section("returns", tuple(claims))

    def members(self, target: Target) -> Section:
        node = target.node
        inner = self.relations.members(node)
        if not inner:
            rows = [r.node for r in self.relations.forward((node,), "imports") if r.node.path]
            taken = [n for n in rows if "#" in n.id] or rows  # of a module whose every name is taken
            names = f" It only takes names from elsewhere: {join([name_of(n) for n in taken])}." if taken else ""
            said = f"{name_of(node)} defines nothing of its own.{names}"
            return Section("members", (Claim(said, here(node)),), "no")
        shown = (m for m in inner if not hidden(m.name) and not _is_dunder_value(m))
        public = firsts(shown, lambda m: m.name)
        private = {m.name for m in inner if hidden(m.name)}
        tail = f" and {plural(len(private), 'private one')}" if private else ""
        groups: dict[str, int] = {}
        for member in public:
            groups[member.type] = groups.get(member.type, 0) + 1
        summary = join([plural(number, kind, "classes" if kind == "class" else "") for kind, number in groups.items()])
        claims = [
            Claim(
                f"{name_of(node)} defines {summary or 'no public names'}{tail}:",
                opening(node),
            )
        ]
        items = [Claim(self._entry(m), opening(m), item=True) for m in public]
        claims += at_most(SHOWN, items)
        inherited = [n for n in self.relations.ancestors(node) if n.type != "external"] if node.type == "class" else []
        if inherited:
            claims.append(
                Claim(
                    f"More is inherited from {join([name_of(n) for n in inherited])}.",
                    sites_of(self.relations.bases(node)),
                )
            )
        return Section("members", tuple(claims))

    def _entry(self, node: Node) -> str:
        said = purpose(node, 25)
        head = signature(node) if node.type in ("function", "method") else node.name
        head = one_line(head).removeprefix("async def ").removeprefix("def ").rstrip(":{ ") or node.name
        if len(head) > 100:
            head = f"{node.name}(…)"
        return f"{head} — {said}" if said else head


def _is_dunder_value(node: Node) -> bool:
    """`__all__` and its like: bookkeeping, not members a reader asks for."""
    return node.type == "variable" and node.name.startswith("__")
