"""How something is done: the steps a recipe holds, with the code they were read from, or a real call of what was found. In: nodes
and the index. Out: claims; code stands as it is written in the documentation or a test, never made up.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Sequence
from typing import Any, Final

from brain.lookup import Hit
from brain.markup import code_blocks
from brain.text import clean, one_line, stem
from brain.view import is_aside, is_public, is_test
from extractor.schema import Node
from inference.citations import Span
from inference.compose import Composer
from inference.retrieve import Retriever, akin, content_words, stems
from inference.verbs import LIGHT, deed, opposed
from inference.wording import Claim, documented_parameter, few, here, join, name_of, parameters, places_of, purpose

_ASKED: Final = 24  # recipes that are weighed
_TAKING: Final = 80  # functions whose documented parameters are weighed
_ACTS: Final = 0.7
_TITLED: Final = 0.4
_NEARLY_ALL: Final = 0.8
_LINES: Final = 16  # of code shown in one answer
_CALL_LINES: Final = 6
_CALLS: Final = 80  # of which the one that is most about a question is shown
_PARAMETERS = re.compile(r":param|@param|\bArgs:|\bArguments:|\bParameters\b|^\s*\w+\s*\([^)]*\)\s*:", re.MULTILINE)
_DOCUMENTED = re.compile(
    r"(?::param|@param)\s+(?:[\w.\[\]| ]+\s+)?\*{0,2}(\w+)\s*:|^\s*[-*+]\s+(?:\*\*|``?)(\w+)(?:\*\*|``?)"
    r"|@param\s+\{[^}]*\}\s+\[?\w+\.(\w+)",
    re.MULTILINE,
)
_SWITCHED = re.compile(r"\b(?:turn|switch)(?:ed|ing)?\s+(?:\w+\s+){0,3}?(?:off|on)\b|\b(?:dis|en)able\b", re.IGNORECASE)
_TAUGHT: Final = (".md", ".rst", ".adoc", ".txt")
_MARK = re.compile(r"\[\d+\]|```")  # would read as a citation, or close the block


class Guide:
    """Composes how-to answers from one index."""

    def __init__(self, composer: Composer, retriever: Retriever, path_glob: str = "", lang: str = "") -> None:
        self.composer = composer
        self.graph = composer.graph
        self.retriever = retriever
        self.path_glob = path_glob
        self.lang = lang

    def steps(self, text: str, best: float, told: float, titled: Sequence[Hit], taught: bool = False) -> list[Claim]:
        """The best recipe, when one holds the question's words: documentation before tests, and a test only when nothing else
        that was found (`best`) is more about the question, and no document (`told`) nearly as much. `titled` are sections whose
        titles hold words of the question. `taught`: only what documentation teaches."""
        words = content_words(text)
        if not words:
            return []
        weight = self.retriever.weights(words)
        everything = sum(weight.values()) or 1.0
        telling = max(words, key=lambda w: (weight[w], w))
        usable = []
        for place, node in enumerate(self._recipes(text, titled)):
            if taught and not node.path.endswith(_TAUGHT):
                continue
            # What a recipe is about stands in its title and its steps, not in every line of the test it was read from.
            linked = " ".join(f"{name_of(n)} {n.name}" for n in self.linked(node, "step"))
            file = node.path.rpartition("/")[2].partition(".")[0]
            held = stems(f"{node.meta.get('title', '')} {linked} {file if node.meta.get('trust') != 'test' else ''}")
            holds = [w for w in words if any(akin(stem(w), h) for h in held)]
            share = sum(weight[w] for w in holds) / everything
            # Steps that leave out the most telling word are the steps of something else.
            if telling not in holds and share < _NEARLY_ALL:
                continue
            written = node.meta.get("trust") != "test"
            title = stems(str(node.meta.get("title", "")))
            named = sum(weight[w] for w in words if any(akin(stem(w), h) for h in title))
            # What a test is not called for, it does on the way to something else.
            if not written and named < _TITLED * everything and not any(akin(stem(telling), h) for h in title):
                continue
            where = stems(" ".join(n.path for n in self.linked(node, "step")))
            there = sum(weight[w] for w in words if any(akin(stem(w), h) for h in where))
            if share >= (0.6 if written else max(0.6, best, told + 0.1)):
                usable.append((-round(share, 2), not written, -round(there, 2), place, node))
        if not usable:
            return []
        node = min(usable, key=lambda u: u[:4])[-1]
        start, end = node.lines
        return self.recipe(node, (Span(node.path, start, end, node.id, "search"),) if start else ())

    def _recipes(self, text: str, titled: Sequence[Hit]) -> list[Node]:
        hits = self.retriever.search(text, _ASKED, self.path_glob, ("recipe",), self.lang)
        found = [n for n in (self.graph.node(h.node_id) for h in hits) if n is not None]
        for section in titled:
            found += [
                n
                for n in self.graph.nodes(["recipe"], path=section.path)
                if section.start <= n.lines[0] <= max(section.end, section.start)
            ]
        return list({n.id: n for n in found}.values())

    def linked(self, node: Node, role: str) -> list[Node]:
        """What an ontology node points to in `role` ("" any), in its order, tests left out."""
        edges = [e for e in self.graph.edges(["depends_on"], src=node.id) if not role or e.meta.get("role") == role]
        edges.sort(key=lambda e: (int(e.meta.get("order", 0)), e.dst))
        found = [self.graph.node(e.dst) for e in edges]
        return [n for n in found if n is not None and n.type != "external" and not is_test(n)]

    def recipe(self, node: Node, span: tuple[Span, ...]) -> list[Claim]:
        """The steps of one recipe, then the code they were read from."""
        edges = [e for e in self.graph.edges(["depends_on"], src=node.id) if e.meta.get("role") == "step"]
        edges.sort(key=lambda e: (int(e.meta.get("order", 0)), e.dst))
        title = one_line(str(node.meta.get("title", "")))
        source = (
            f"the test “{title}”"
            if node.meta.get("trust") == "test"
            else f"{node.path}, “{title}”"
            if title
            else node.path
        )
        claims = [Claim(f"Steps, as in {source}:", span)]
        said_before: set[str] = set()
        listed: list[Node] = []
        for edge in edges:
            step = self.graph.node(edge.dst)
            # A call of an interface is one step, however many implement it.
            if step is None or any(self._same_call(step, before) for before in listed):
                continue
            listed.append(step)
            arguments = edge.meta.get("arguments", "")
            shown = join(arguments) if isinstance(arguments, list) else one_line(str(arguments))
            text = name_of(step) + (f" with {shown}" if shown else "")
            if text in said_before:
                continue
            said = purpose(step, 20) if not any(t.startswith(name_of(step)) for t in said_before) else ""
            said_before.add(text)
            claims.append(Claim(f"{len(said_before)}. {text}" + (f" — {said}" if said else ""), here(step), item=True))
        return [*claims, *self._written(node.path, *node.lines, "In code:", span)]

    def _same_call(self, a: Node, b: Node) -> bool:
        if a.name != b.name or a.id == b.id:
            return False
        overridden = self.composer.relations.overridden
        return a in overridden(b) or b in overridden(a)

    def section_code(self, hit: Hit, text: str) -> list[Claim]:
        """The block of code in a section of a document that holds most of the question's words."""
        written = self.retriever.lookup.text(hit.path, hit.start, hit.end).split("\n")
        words = {stem(w) for w in content_words(text)}
        blocks = code_blocks(written, fenced=hit.path.endswith(".md"))
        best = max(blocks, key=lambda b: len(words & stems("\n".join(written[b.first : b.end]))), default=None)
        if best is None:
            return []
        start, end = hit.start + best.first, hit.start + best.end - 1
        return self._written(hit.path, start, end, "The code given there:", (Span(hit.path, start, end, "", "search"),))

    def call(self, node: Node, text: str = "") -> list[Claim]:
        """How `node` is written: its documentation's own example, its code where it is an example itself, else one real call of
        it, from examples or tests before the product's own code; the one that holds most words of `text`."""
        if node.type not in ("function", "method", "class"):
            return []
        shown = self.example(node)
        if shown:
            return [Claim("Its documentation shows:", here(node)), Claim(shown, code=True)]
        if is_aside(node.path) and node.lines[1] - node.lines[0] < _LINES:
            return self._written(node.path, *self._decorated(node), f"As written in {node.path}:", here(node))
        rows = [r for r in self.composer.relations.callers((node,)) if r.site[1] and r.confidence >= 0.9]
        rows.sort(key=lambda r: (not is_aside(r.node.path), not is_test(r.node), r.site))
        words = {stem(w) for w in content_words(text)} if text else set()
        rows = sorted(rows[:_CALLS], key=lambda r: -len(words & stems(self._statement(*r.site)))) if words else rows
        for row in rows[:12]:
            path, line = row.site
            last = self._statement_end(path, line)
            shown = self.retriever.lookup.text(path, line, last)
            if node.name not in shown and node.type != "class":
                continue
            span = (Span(path, line, last, row.site_node, "calls"),)
            claims = self._written(path, line, last, f"A call of it, in {path}:", span)
            if claims:
                return claims
        return []

    def example(self, node: Node) -> str:
        """The first example in the documentation of `node`, as code; "" without one."""
        lines = inspect.cleandoc(clean(str(node.meta.get("doc", "")))).split("\n")
        first = next((n for n, line in enumerate(lines) if line.lstrip().startswith(">>> ")), None)
        if first is not None:
            end = next((n for n in range(first, len(lines)) if not lines[n].strip()), len(lines))
        else:
            block = next(code_blocks(lines), None) or next(code_blocks(lines, fenced=False), None)
            if block is None:
                return ""
            first, end = block.first, block.end
        shown = textwrap.dedent("\n".join(lines[first:end][:_LINES])).strip("\n")
        return "" if _MARK.search(shown) else shown

    def _decorated(self, node: Node) -> tuple[int, int]:
        """The lines of a symbol with the decorators or attributes right above it, which say how it is used."""
        start, end = node.lines
        above = self.retriever.lookup.text(node.path, max(1, start - 6), start - 1).split("\n") if start > 1 else []
        while above and re.match(r"\s*[@#]\[?\w", above[-1]):
            above.pop()
            start -= 1
        return start, end

    def parameter(self, text: str) -> tuple[float, list[Claim], bool]:
        """How much of the question the documentation of one parameter holds, what it says, and whether the question names it:
        `timeout` of "set a timeout"."""
        words = [w for w in content_words(text) if w not in LIGHT] or content_words(text)
        weight = self.retriever.weights(words)
        everything = sum(weight.values()) or 1.0
        found = []
        spoken = {stem(w) for w in words}
        doing, switched = len(words) < len(content_words(text)), _SWITCHED.search(text) is not None
        hits = self.retriever.search(
            " ".join(words), _TAKING, self.path_glob, ("function", "method", "class"), self.lang
        )
        for node in [n for n in (self.graph.node(h.node_id) for h in hits) if n is not None]:
            doc = str(node.meta.get("doc", ""))
            low = doc.lower()
            if (
                not (_PARAMETERS.search(doc) or _DOCUMENTED.search(doc))
                or not is_public(node)
                or not any(stem(w) in low for w in words)
            ):
                continue
            about = stems(f"{node.name} {purpose(node)}")
            written = [str(p["name"]).lstrip("*&") for p in parameters(node)]
            left_out = {str(p["name"]).lstrip("*&") for p in parameters(node) if _may_be_left_out(p, node)}
            for name in dict.fromkeys([*written, *map("".join, _DOCUMENTED.findall(doc))]):
                must = name in written and name not in left_out
                said = documented_parameter(node, name)
                if not said:
                    continue
                near = ((stems(name), 1.2), (stems(said), 0.8), (about, 0.6))
                told = {
                    w: max((worth for held, worth in near if any(akin(stem(w), h) for h in held)), default=0.0)
                    for w in words
                }
                own = any(told[w] > 0.6 for w in words)
                share = sum(weight[w] * told[w] for w in words) / everything if own else 0.0
                # What is turned off is a yes or no.
                if switched and not re.search(r"\b(?:bool(?:ean)?|true|false|whether)\b", said, re.IGNORECASE):
                    share *= 0.5
                settles = (
                    doing
                    and stems(name) <= spoken
                    and 2 * sum(weight[w] for w in words if stem(w) in stems(name)) >= everything
                )
                share = max(share, float(settles)) * (_ACTS if opposed(name, text) else 1.0)
                # What has to be given is what the function works on, unless somebody asks to set just that; what sets it says so.
                if must and (not settles or stems(name) <= stems(node.name)):
                    continue
                if share:
                    found.append(
                        (not settles, -round(share, 3), "." in node.qualname, node.path, node.lines, name, said, node)
                    )
        if not found:
            return 0.0, [], False
        best = min(found, key=lambda f: f[:6])
        _, share, *_, name, said, node = best
        others = [
            f[-1]
            for f in sorted(found, key=lambda f: f[:6])
            if f[5] == name and f[-1].id != node.id and f[1] <= 0.8 * share
        ]
        claims = [Claim(f"Pass {name} to {name_of(node)}, in {node.path}: {said}.", here(node))]
        again = [
            f
            for f in sorted(found, key=lambda f: f[:6])
            if f[-1].id == node.id and f[5] != name and f[1] <= 0.85 * share
        ]
        claims += [Claim(f"Its {f[5]} may be meant as well: {f[6]}.", here(node)) for f in again[:2]]
        if others:
            shown = [n for n in {name_of(n): n for n in others}.values() if name_of(n) != name_of(node)]
            too = f"{few([name_of(n) for n in shown])} {'takes' if len(shown) == 1 else 'take'} it too."
            claims += [Claim(too, places_of(shown[:5]))] if shown else []
        # Somebody who writes, reads or adds something wants the function that does, unless the parameter is said to be for it.
        acts = deed(text)
        share *= 1.0 if doing or not acts or any(akin(stem(acts), h) for h in stems(f"{name} {said}")) else _ACTS
        return min(1.0, -share), claims, stems(name) <= spoken

    def _statement(self, path: str, line: int) -> str:
        return self.retriever.lookup.text(path, line, self._statement_end(path, line))

    def _statement_end(self, path: str, line: int) -> int:
        depth = 0
        for number, text in enumerate(self.retriever.lookup.text(path, line, line + _CALL_LINES).split("\n")):
            depth += sum(text.count(c) for c in "([{") - sum(text.count(c) for c in ")]}")
            if depth <= 0:
                return line + number
        return line

    def _written(self, path: str, start: int, end: int, lead: str, span: tuple[Span, ...]) -> list[Claim]:
        lines = clean(self.retriever.lookup.text(path, start, end)).rstrip().split("\n") if start else []
        cut = len(lines) > _LINES
        shown = textwrap.dedent("\n".join(lines[:_LINES])).strip("\n")
        if not shown.strip() or _MARK.search(shown):
            return []
        return [Claim(lead, span), Claim(shown + ("\n…" if cut else ""), code=True)]


def _may_be_left_out(param: dict[str, Any], node: Node) -> bool:
    """Whether a call may do without this parameter, or an object is made with it: what one calls an option."""
    made = (
        node.type == "class" or "constructor" in node.meta.get("flags", ()) or node.name in ("__init__", "constructor")
    )
    return made or bool(param.get("default")) or param.get("kind") in ("*", "**", "?", "kwonly")
