"""Tracebacks and error messages -> what happened in this repository. In: a Trace. Out: the section that explains it: where it was
raised and under which condition, the own frames, who would catch it, what to do.

Frames are mapped by longest path suffix plus function name; a function that does not own the line means another version.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from brain.text import one_line, when
from brain.view import is_direct, is_test, is_test_id
from extractor.languages import SPECS
from extractor.schema import Edge, Node
from inference.citations import Span
from inference.compose import Composer
from inference.link import Linker, Mention, Target
from inference.logs import Frame, Trace, installed, parse
from inference.retrieve import Retriever
from inference.symptoms import lines_before, pasted
from inference.wording import Claim, Section, advice, here, join, name_of, row_names, sites_of

_SHOWN: Final = 8
_FAMILY: Final = {suffix: spec.family for spec in SPECS for suffix in spec.suffixes}
_CHECKS: Final = 3
_ASKED: Final = 2_000  # characters of a text that may quote a message


def failed(
    composer: Composer, linker: Linker, retriever: Retriever | None, text: str, is_error: Callable[[str], bool]
) -> Section | None:
    """What went wrong, where `text` is a log or holds a message of the program; None where it only asks."""
    trace = parse(text, is_error)
    if trace is not None:
        return diagnose(composer, linker, retriever, trace)
    return pasted(composer, retriever, text[:_ASKED]) if retriever is not None else None


def diagnose(composer: Composer, linker: Linker, retriever: Retriever | None, trace: Trace) -> Section:
    """Raise site and guard, own frames, what would catch it, what to do."""
    claims: list[Claim] = []
    own = _own(composer, trace)
    error = _class(linker, trace.error)
    said = f"{trace.error}: {trace.message}" if trace.message else trace.error
    site = own[-1] if own else None
    ours = site is not None and bool(trace.frames) and site[0] == trace.frames[-1]
    # Where one line lies elsewhere, the lines of the whole trace say nothing here: its functions still do.
    other = _elsewhere(own)
    score = 0.3 + (0.4 if site else 0.0) + (0.3 if error else 0.0)
    if site is not None:
        frame, node = site
        place = f"{name_of(node)}, in {node.path}" if other else f"{name_of(node)}, at line {frame.line} of {node.path}"
        how = "comes out of" if ours else "is raised in code outside this repository, reached from"
        claims.append(Claim(f"{said or 'The error'} {how} {place}.", _frame_span(frame, node, not other)))
    if other:
        claims.append(Claim(f"{other}, so what follows goes by the names of the functions."))
    at_node, at_line = site[1] if ours and site else None, 0 if other or not site else site[0].line
    claims += _raise_sites(composer, trace, error, at_node, at_line)
    thrown = any(s.via == "throws" for c in claims for s in c.spans)
    if ours and site is not None and retriever is not None and not _guarded(claims):
        raised = next((s.start for c in claims for s in c.spans if s.via == "throws"), 0)
        line = raised or (0 if other else site[0].line)
        claims += lines_before(retriever, site[1], line) if line else []
    if trace.message and retriever is not None and not thrown:
        claims += _message_lines(composer, retriever, trace.message)
    if not thrown and error is not None and at_node is None and not any(c.spans for c in claims):
        # Without a place that says this, all that raise the class.
        section = composer.errors.raisers(error)
        claims += section.claims if section.value == "yes" else ()
    if not claims and said and trace.error:
        known = "no place in this repository was found to raise it" if error is None else f"see {name_of(error.node)}"
        claims.append(Claim(f"About {said.rstrip('.')}: {known}.", here(error.node) if error else ()))
    if len(own) > 1:
        claims.append(Claim("The way there, in this repository's code:"))
        for frame, node in own[-_SHOWN:]:
            text = name_of(node) if other else f"{name_of(node)}, line {frame.line}"
            claims.append(Claim(text, _frame_span(frame, node, not other), item=True))
        foreign = len(trace.frames) - len(own)
        if foreign:
            claims.append(Claim(f"({foreign} frame{'s' if foreign > 1 else ''} of other code left out.)"))
    if error is not None:
        claims += _catchers(composer, error)
        advised = _fixes(composer, error, trace, site[1] if ours and site else None)
        claims += [c for c in advised if not (ours and _guarded(claims) and c.text.startswith("To check: whether"))]
    if trace.chain:
        claims.append(Claim(f"Before it came {join(trace.chain)}."))
    found = own or error or any(c.spans for c in claims)
    score = max(score, 0.6) if found else score
    return Section(
        "diagnostics",
        tuple(claims),
        "yes" if found else "unknown",
        round(score, 2),
        (("own_frames", float(len(own))), ("known_error", float(error is not None))),
        (error.node.id,) if error else (),
    )


def _elsewhere(own: list[tuple[Frame, Node]]) -> str:
    """Why the line numbers of a trace say nothing about the code here; "" when they do."""
    if any(frame.path.replace("\\", "/").rpartition("/")[2] != node.path.rpartition("/")[2] for frame, node in own):
        return "The trace is of compiled code"
    frame = next((f for f, n in own if not n.lines[0] <= f.line <= n.lines[1]), None)
    if frame is None:
        return ""
    return f"The trace comes from another version of the code: line {frame.line} is not inside {frame.name} here"


def _guarded(claims: list[Claim]) -> bool:
    """Whether a raise site was told together with the condition it stands under."""
    return any(" when " in c.text for c in claims if c.spans and c.spans[0].via == "throws")


def _message_lines(composer: Composer, retriever: Retriever, message: str) -> list[Claim]:
    """Where the words of a message stand in the code, when no raise site carries them: a constant, a template, a log call."""
    # Quoted and numeric parts are filled in at run time; the longest run of plain words between them is what was written.
    pieces = sorted(re.split(r"['\"`<>{}\[\]()]|\b\d+\b", one_line(message)), key=lambda p: (-len(p), p))
    wanted = pieces[0].strip(" .:,;") if pieces else ""
    if len(wanted) < 12:
        return []
    claims = []
    for path, line in retriever.lines_with(wanted, 3):
        node = _owner(composer, Frame(path, line, ""))
        where = f"{name_of(node)}, line {line} of {path}" if node is not None else path
        claims.append(Claim(f"The words of the message stand in {where}.", (Span(path, line, line, "", "message"),)))
        if node is not None and node.type in ("function", "method"):
            claims += lines_before(retriever, node, line)
    return claims


def advise(composer: Composer, target: Target) -> Section:
    """About an error class without a log: where it is raised and when, who catches it, what to check."""
    raised = composer.errors.raisers(target)
    claims = [*raised.claims]
    if raised.value == "yes":
        claims += _catchers(composer, target)
    claims += _fixes(composer, target, Trace((), target.node.name))
    return Section("diagnose", tuple(claims), raised.value, raised.score, raised.features, (target.node.id,))


def _own(composer: Composer, trace: Trace) -> list[tuple[Frame, Node]]:
    """The frames that stand in this repository's code, outermost first. Where it runs as an installed package, a file that lies
    outside and only shares its name with one here is the user's own."""
    found = [(frame, node) for frame in trace.frames for node in [_owner(composer, frame)] if node is not None]
    as_package = any(installed(frame.path) for frame, _ in found)
    return [
        (frame, node)
        for frame, node in found
        if not as_package or installed(frame.path) or _shared(frame.path, node.path) > 1
    ]


def _owner(composer: Composer, frame: Frame) -> Node | None:
    """The symbol of this repository that a frame stands in: longest path suffix, then the function's name, then the line."""
    candidates = _files(composer, installed(frame.path) or frame.path)
    last = frame.name.rpartition(".")[2]
    for path in candidates:
        nodes = [n for n in composer.graph.nodes(path=path, origin="extractor") if n.lines[0]]
        inside = [n for n in nodes if n.lines[0] <= frame.line <= n.lines[1]]
        bears = partial(_bears, frame.name)
        named = [n for n in inside if bears(n)] or [n for n in nodes if bears(n) and n.type in ("function", "method")]
        if (not named and last.startswith("<")) or not last:
            named = named or inside
        pool = (
            named or [n for n in inside if n.type in ("function", "method")] or (inside if last == "<module>" else [])
        )
        if pool:
            return min(pool, key=lambda n: (n.lines[1] - n.lines[0], n.id))
    return None


def _bears(name: str, node: Node) -> bool:
    """Whether a frame's name is a symbol's. Runtimes call constructors by words of their own: `Cart.<init>`, `Cart..ctor`."""
    owner, _, last = name.rpartition(".")
    if last in ("<init>", "ctor"):
        return "constructor" in node.meta.get("flags", ()) and owner.rstrip(".").rpartition(".")[
            2
        ] in node.qualname.split(".")
    return node.name == last


def _files(composer: Composer, path: str) -> list[str]:
    """Indexed files that end like `path`, those sharing most directories first; one shared name alone will do if unique."""
    scored = []
    for row in composer.graph.files():
        shared = _shared(path, row.path)
        if shared:
            scored.append((shared, shared == row.path.count("/") + 1, row.path))
    if not scored:
        return []
    best = max(scored)[0]
    found = sorted(path for shared, _, path in scored if shared == best)
    return found if best > 1 or len(found) == 1 else []


def _shared(path: str, own: str) -> int:
    """How many parts two paths share at their ends; a compiled file counts as the one it was made from."""
    parts, ours = path.replace("\\", "/").strip("/").split("/"), own.split("/")
    same = 0
    while same < min(len(ours), len(parts)):
        a, b = parts[-1 - same], ours[-1 - same]
        if a != b and not (same == 0 and _compiled(a, b)):
            break
        same += 1
    return same


def _compiled(ran: str, source: str) -> bool:
    """Whether a file that ran may have been made from `source`: one name, two suffixes of one
    family of languages."""
    (stem, _, ending), (ours, _, own) = ran.partition("."), source.partition(".")
    family = (_FAMILY.get(f".{ending}"), _FAMILY.get(f".{own}"))
    return stem == ours and family[0] is not None and family[0] == family[1]


def _frame_span(frame: Frame, node: Node, same: bool) -> tuple[Span, ...]:
    """The frame's line, where the trace is of `same` code as the index; else the whole function."""
    return (Span(node.path, frame.line, frame.line, node.id, "frame"),) if same else here(node)


def _class(linker: Linker, name: str) -> Target | None:
    if not name:
        return None
    for form in (name, name.rpartition(".")[2]):
        found = linker.link(Mention(form, 0, 0, "tick"))
        if isinstance(found, Target) and found.node.type in ("class", "interface", "error"):
            return found
    return None


def matches_template(template: str, message: str) -> bool:
    """Whether `message` can come from an error template: its literal pieces in order, holes standing for anything."""
    pieces = re.split(r"\{[^{}]*\}", template.removesuffix("…"))  # which stands for what was too long to keep
    literal = "".join(pieces).strip()
    if len(re.findall(r"[A-Za-z]{2,}", literal)) < 2 and len(literal) < 12:
        return False
    pattern = ".*?".join(re.escape(one_line(piece)) if piece.strip() else "" for piece in pieces)
    said = one_line(message)
    if "…" not in said and "..." not in said:
        return re.search(pattern, said, re.DOTALL) is not None
    # A message quoted with gaps: what stands around them must stand in the template, in order.
    kept = [re.escape(one_line(piece).strip(" ()'\"")) for piece in re.split(r"…|\.\.\.", said)]
    return re.search(".*?".join(kept), one_line(template), re.DOTALL) is not None


def _raise_sites(
    composer: Composer, trace: Trace, error: Target | None, at_node: Node | None, line: int
) -> list[Claim]:
    """Where the repository raises this: at the trace's own line (0 when that says nothing), else by the message, else by the class."""
    edges = (
        list(composer.graph.edges(["throws"], dst=error.node.id)) if error else list(composer.graph.edges(["throws"]))
    )
    direct = [e for e in edges if is_direct(e)]
    short = trace.error.rpartition(".")[2]
    if not error:
        direct = [e for e in direct if e.dst.rpartition("#")[2] == short]
    matched = [
        e
        for e in direct
        if trace.message and e.meta.get("message") and matches_template(str(e.meta["message"]), trace.message)
    ]
    there = [e for e in direct if at_node is not None and e.src == at_node.id]
    exact = [e for e in there if e.line == line]
    chosen = exact or [e for e in matched if e in there] or matched or _likest(there, trace.message)
    claims: list[Claim] = []
    for edge in chosen[:3]:
        node = composer.graph.node(edge.src)
        if node is None:
            continue
        told = short if short and at_node is None and not claims else "it"
        text = f"{name_of(node)} raises {told}{when(str(edge.meta.get('guard') or ''), 40)}"
        template = one_line(str(edge.meta.get("message") or ""))
        text += f", with the message “{template}”" if template and matched else ""
        claims.append(Claim(text + ".", (Span(node.path, edge.line, edge.line, node.id, "throws"),)))
        callers = composer.relations.callers((node,))[:4]
        names = list(dict.fromkeys(row_names(callers)))
        if names and at_node is None:
            claims.append(Claim(f"{name_of(node)} is called by {join(names)}.", sites_of(callers)))
    return claims


def _likest(edges: list[Edge], message: str) -> list[Edge]:
    """The same, those first that share most words with what was said."""
    said = set(re.findall(r"\w+", message.lower()))
    return sorted(edges, key=lambda e: -len(said & set(re.findall(r"\w+", str(e.meta.get("message") or "").lower()))))


def _catchers(composer: Composer, error: Target) -> list[Claim]:
    found = composer.errors.catching(error.node)
    if not found:
        return [Claim("Nothing in the repository catches it by name.")]
    if all(is_test(h.node) for h in found):
        return [Claim("Nothing in the repository catches it by name, besides tests.")]
    return list(composer.errors.handlers(error).claims[:4])


def _fixes(composer: Composer, error: Target, trace: Trace, at_node: Node | None = None) -> list[Claim]:
    """What the index knows to do about it; where it knows nothing, what to look at."""
    found: list[str] = []
    for node in composer.graph.nodes(["error"]):
        about = [e.dst for e in composer.graph.edges(["depends_on"], src=node.id) if e.meta.get("role") == "about"]
        template = str(node.meta.get("message", ""))
        if error.node.id not in about and node.path != error.node.path:
            continue
        if template and trace.message and not matches_template(template, trace.message):
            continue
        if error.node.id in about or template:
            found += [one_line(str(f["text"])) for f in node.meta.get("fixes", ())]
    known = [Claim(advice(text)) for text in list(dict.fromkeys(found))[:_CHECKS]]
    return known or _guards(composer, error, trace, at_node)


def _guards(composer: Composer, error: Target, trace: Trace, at_node: Node | None) -> list[Claim]:
    """Without a known fix, what decides is the condition each raise stands under."""
    edges = [e for e in composer.graph.edges(["throws"], dst=error.node.id) if is_direct(e)]
    # Where the trace shows the place, only its condition matters.
    edges = [e for e in edges if at_node is None or e.src == at_node.id]
    said = [e for e in edges if e.meta.get("message") and matches_template(str(e.meta["message"]), trace.message)]
    tested: dict[str, Claim] = {}
    for edge in sorted(said or edges, key=lambda e: (is_test_id(e.src), e.src, e.line)):
        node, guard = composer.graph.node(edge.src), one_line(str(edge.meta.get("guard") or ""))
        if node is not None and guard and not is_test(node):
            text = f"whether {guard} holds in {name_of(node)}"
            tested.setdefault(text, Claim(text, (Span(node.path, edge.line, edge.line, node.id, "throws"),)))
    chosen = list(tested.values())[:_CHECKS]
    return (
        [Claim(f"To check: {'; '.join(c.text for c in chosen)}.", tuple(s for c in chosen for s in c.spans))]
        if chosen
        else []
    )
