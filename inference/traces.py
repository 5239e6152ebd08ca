"""Tracebacks and error messages -> what happened in this repository. In: a pasted log. Out: a Trace of frames and the error, and
the section that explains it: where it was raised and under which condition, the own frames, who would catch it, what to do.

Frames are mapped by longest path suffix plus function name; a function that does not own the line means another version.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from brain.text import one_line
from brain.view import is_test
from extractor.graph import Graph
from extractor.schema import Node
from inference.citations import Span
from inference.compose import Composer
from inference.grammar import ASK
from inference.link import Linker, Mention, Target
from inference.retrieve import Retriever
from inference.wording import Claim, Section, advice, at, here, join, name_of

_PYTHON = re.compile(
    r'^\s*(?:[|+]\s*)*File "(?P<path>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>[^\n]+))?', re.MULTILINE
)
_JAVA = re.compile(
    r"^\s*at (?:[\w.$@/-]+/)?(?P<name>[\w.$<>]+)\((?P<path>[\w$]+\.(?:java|kt|scala)):(?P<line>\d+)\)", re.MULTILINE
)
_NODE = re.compile(
    r"^\s*at (?:async )?(?:(?P<name>[\w.$<>\[\] ]+?) )?\(?(?:file://)?(?P<path>[^\s()]+\.[cm]?[jt]sx?):(?P<line>\d+):\d+\)?",
    re.MULTILINE,
)
_GO = re.compile(r"^(?P<name>[\w./*()]+)\([^\n]*\)\n\s+(?P<path>[^\s:]+\.go):(?P<line>\d+)", re.MULTILINE)
_RUST = re.compile(r"panicked at (?:'[^']*', )?(?P<path>[\w./-]+\.rs):(?P<line>\d+)", re.MULTILINE)
_NATIVE = re.compile(
    r"^\s*#\d+\s+(?:0x[0-9a-f]+ )?in (?P<name>[^\s(]+)[^\n]*? (?P<path>[\w./+-]+\.\w+):(?P<line>\d+)", re.MULTILINE
)
_PYTEST = re.compile(
    r"^(?P<path>[\w./-]+\.py):(?P<line>\d+): (?:in (?P<name>\w+)|(?=[A-Z]\w+(?:Error|Exception|Warning)?))",
    re.MULTILINE,
)
_ERROR = re.compile(
    r"^(?:E\s+|Caused by: |Exception in thread \"[^\"]*\" |Uncaught )?(?P<class>(?:[\w$]+\.)*[A-Z][\w$]*)"
    r"(?:: (?P<message>[^\n]*))?$",
    re.MULTILINE,
)
# What a program says when it dies without an exception's own line: Go, C++ and Rust.
_DEATH = re.compile(
    r"^panic: (?P<go>[^\n]+?)(?: \[recovered\])?$"
    r"|^terminate called after throwing an instance of '(?P<class>[^'\n]+)'(?:\n\s*what\(\):\s*(?P<what>[^\n]*))?"
    r"|^thread '[^'\n]*' (?:\(\d+\) )?panicked at (?:'(?P<old>[^'\n]*)'|[\w./-]+\.rs:[\d:]+\n(?P<rust>[^\n]+))",
    re.MULTILINE,
)
_MARKS: Final = (
    "Traceback (most recent call last)",
    "Caused by:",
    "goroutine ",
    "panicked at",
    "Exception in thread",
    "AddressSanitizer",
)
_QUESTION = re.compile(rf"\s*(?:and\s+|in\s+)?{ASK}\b[^\n]*\?\s*$", re.IGNORECASE)
_SHOWN: Final = 8
_CHECKS: Final = 3


@dataclass(frozen=True, slots=True)
class Frame:
    path: str
    line: int
    name: str


@dataclass(frozen=True, slots=True)
class Trace:
    """`frames` outermost first; `error` the class as written; `chain` the errors before it, oldest first."""

    frames: tuple[Frame, ...]
    error: str = ""
    message: str = ""
    chain: tuple[str, ...] = ()


def parse(text: str, is_error: Callable[[str], bool] = lambda name: False) -> Trace | None:
    """The trace in `text`; None when there is none. A single line such as `ValueError: bad size` is one without frames;
    `is_error` knows error classes whose names do not say so."""
    frames: list[tuple[int, Frame]] = []
    newest_first = False
    for pattern in (_PYTHON, _JAVA, _NODE, _GO, _RUST, _NATIVE, _PYTEST):
        for match in pattern.finditer(text):
            groups = match.groupdict()
            frames.append(
                (match.start(), Frame(groups["path"], int(groups["line"]), (groups.get("name") or "").strip()))
            )
            newest_first = newest_first or pattern in (_JAVA, _NODE, _GO, _NATIVE)
        if frames:
            break
    marked = any(mark in text for mark in _MARKS)
    errors = [m for m in _ERROR.finditer(text) if frames or marked or _alone(m, text, is_error)]
    death = _DEATH.search(text)
    if not frames and not errors and death is None:
        return None
    ordered = [frame for _, frame in frames]
    if newest_first:
        ordered.reverse()
    if death is not None:
        said = next((m for m in (death[g] for g in ("go", "what", "old", "rust")) if m), "")
        return Trace(tuple(ordered), death["class"] or "panic", said.strip())
    named = [m for m in errors if m.group("message") is not None or m.group("class")[-1:] != "."]
    last = (
        (named[0] if newest_first and not any("Caused by" in m.group(0) for m in named) else named[-1])
        if named
        else None
    )
    chain = tuple(dict.fromkeys(m.group("class") for m in named if m is not last))
    return Trace(
        tuple(ordered),
        last.group("class") if last else "",
        (last.group("message") or "").strip() if last else "",
        chain,
    )


def quoted(text: str, graph: Graph) -> Trace | None:
    """An error message that a question quotes: "who raises “no such option …”?" None unless a raise site carries it."""
    for match in re.finditer(r"[\"“]([^\"“”\n]{8,300})[\"”]", text):
        message = match.group(1)
        edges = [
            e for e in graph.edges(["throws"]) if e.meta.get("how", "direct") == "direct" and e.meta.get("message")
        ]
        if any(matches_template(str(e.meta["message"]), message) for e in edges):
            return Trace((), "", message)
    return None


def _alone(match: re.Match[str], text: str, is_error: Callable[[str], bool]) -> bool:
    """An error line counts without a trace around it when it is all there is and looks like one."""
    name = match.group("class").rpartition(".")[2]
    # "UsageError: who raises it?" asks; no program said so.
    if _QUESTION.match(match.group("message") or ""):
        return False
    looks = name.endswith(("Error", "Exception", "Warning", "Exit", "Abort"))
    return (looks or is_error(name)) and bool(match.group("message")) and len(text.strip().splitlines()) <= 3


def diagnose(composer: Composer, linker: Linker, retriever: Retriever | None, trace: Trace) -> Section:
    """Raise site and guard, own frames, what would catch it, what to do."""
    claims: list[Claim] = []
    own = [(frame, node) for frame in trace.frames for node in [_owner(composer, frame)] if node is not None]
    error = _class(linker, trace.error)
    said = f"{trace.error}: {trace.message}" if trace.message else trace.error
    site = own[-1] if own else None
    score = 0.3 + (0.4 if site else 0.0) + (0.3 if error else 0.0)
    if site is not None and trace.frames and site[0] == trace.frames[-1]:
        frame, node = site
        claims.append(
            Claim(
                f"{said or 'The error'} comes out of {name_of(node)}, at line {frame.line} of {node.path}.",
                _frame_span(frame, node),
            )
        )
    elif site is not None:
        frame, node = site
        claims.append(
            Claim(
                f"{said or 'The error'} is raised in code outside this repository,"
                f" reached from {name_of(node)} at line {frame.line} of {node.path}.",
                _frame_span(frame, node),
            )
        )
    claims += _raise_sites(composer, trace, error, site[1] if site else None)
    if trace.message and retriever is not None and not any(c.spans and c.spans[0].via == "throws" for c in claims):
        claims += _message_lines(composer, retriever, trace.message)
    if not claims and said and trace.error:
        known = "no place in this repository was found to raise it" if error is None else f"see {name_of(error.node)}"
        claims.append(Claim(f"About {said.rstrip('.')}: {known}.", here(error.node) if error else ()))
    if len(own) > 1:
        claims.append(Claim("The way there, in this repository's code:"))
        for frame, node in own[-_SHOWN:]:
            claims.append(Claim(f"{name_of(node)}, line {frame.line}", _frame_span(frame, node), item=True))
        foreign = len(trace.frames) - len(own)
        if foreign:
            claims.append(Claim(f"({foreign} frame{'s' if foreign > 1 else ''} of other code left out.)"))
    other = [f for f, n in own if not n.lines[0] <= f.line <= n.lines[1]]
    if other:
        claims.append(
            Claim(
                f"The trace comes from another version of the code: line {other[0].line} is not inside {other[0].name} here."
            )
        )
    if error is not None:
        claims += _catchers(composer, error)
        claims += _fixes(composer, error, trace)
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
    return claims


def advise(composer: Composer, target: Target) -> Section:
    """About an error class without a log: where it is raised and when, who catches it, what to check."""
    raised = composer.flow.raisers(target)
    claims = [*raised.claims]
    if raised.value == "yes":
        claims += _catchers(composer, target)
    claims += _fixes(composer, target, Trace((), target.node.name))
    return Section("diagnose", tuple(claims), raised.value, raised.score, raised.features, (target.node.id,))


def _owner(composer: Composer, frame: Frame) -> Node | None:
    """The symbol of this repository that a frame stands in: longest path suffix, then the function's name, then the line."""
    if any(part in frame.path for part in ("site-packages/", "dist-packages/", "node_modules/")):
        candidates = []
    else:
        candidates = _files(composer, frame.path)
    if not candidates:
        candidates = (
            _files(composer, frame.path.partition("site-packages/")[2]) if "site-packages/" in frame.path else []
        )
    last = frame.name.rpartition(".")[2]
    for path in candidates:
        nodes = [n for n in composer.graph.nodes(path=path, origin="extractor") if n.lines[0]]
        inside = [n for n in nodes if n.lines[0] <= frame.line <= n.lines[1]]
        named = [n for n in inside if n.name == last] or [
            n for n in nodes if n.name == last and n.type in ("function", "method")
        ]
        if last.startswith("<") or not last:
            named = named or inside
        pool = (
            named or [n for n in inside if n.type in ("function", "method")] or (inside if last == "<module>" else [])
        )
        if pool:
            return min(pool, key=lambda n: (n.lines[1] - n.lines[0], n.id))
    return None


def _files(composer: Composer, path: str) -> list[str]:
    """Indexed files that end like `path`, those sharing most directories first; one shared name alone will do if unique."""
    parts = path.replace("\\", "/").strip("/").split("/")
    scored = []
    for row in composer.graph.files():
        own = row.path.split("/")
        shared = 0
        while shared < min(len(own), len(parts)) and own[-1 - shared] == parts[-1 - shared]:
            shared += 1
        if shared:
            scored.append((shared, shared == len(own), row.path))
    if not scored:
        return []
    best = max(scored)[0]
    found = sorted(path for shared, _, path in scored if shared == best)
    return found if best > 1 or len(found) == 1 else []


def _frame_span(frame: Frame, node: Node) -> tuple[Span, ...]:
    start, end = node.lines
    return (Span(node.path, frame.line, frame.line, node.id, "frame"),) if start <= frame.line <= end else here(node)


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
    pieces = re.split(r"\{[^{}]*\}", template)
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


def _raise_sites(composer: Composer, trace: Trace, error: Target | None, at_node: Node | None) -> list[Claim]:
    """Where the repository raises this: by the message first, else by the class."""
    edges = (
        list(composer.graph.edges(["throws"], dst=error.node.id)) if error else list(composer.graph.edges(["throws"]))
    )
    direct = [e for e in edges if e.meta.get("how", "direct") == "direct"]
    short = trace.error.rpartition(".")[2]
    if not error:
        direct = [e for e in direct if e.dst.rpartition("#")[2] == short]
    matched = [
        e
        for e in direct
        if trace.message and e.meta.get("message") and matches_template(str(e.meta["message"]), trace.message)
    ]
    chosen = matched or [e for e in direct if at_node is not None and e.src == at_node.id]
    claims: list[Claim] = []
    for edge in chosen[:3]:
        node = composer.graph.node(edge.src)
        if node is None:
            continue
        guard = one_line(str(edge.meta.get("guard") or ""))
        told = short if short and at_node is None and not claims else "it"
        text = f"{name_of(node)} raises {told}" + (f" when {guard}" if guard else "")
        template = one_line(str(edge.meta.get("message") or ""))
        text += f", with the message “{template}”" if template and matched else ""
        claims.append(Claim(text + ".", (Span(node.path, edge.line, edge.line, node.id, "throws"),)))
        callers = composer.relations.callers((node,))[:4]
        names = list(dict.fromkeys(name_of(r.node) for r in callers))
        if names and at_node is None:
            claims.append(
                Claim(f"{name_of(node)} is called by {join(names)}.", tuple(s for r in callers for s in at(r)))
            )
    if not chosen and error is not None:
        section = composer.flow.raisers(error)
        if section.value == "yes":
            claims += section.claims
    return claims


def _catchers(composer: Composer, error: Target) -> list[Claim]:
    section = composer.flow.handlers(error)
    if section.value != "yes":
        return [Claim("Nothing in the repository catches it by name.")]
    return list(section.claims[:4])


def _fixes(composer: Composer, error: Target, trace: Trace) -> list[Claim]:
    """What the index knows to do about it, each with its evidence."""
    found = []
    for node in composer.graph.nodes(["error"]):
        about = [e.dst for e in composer.graph.edges(["depends_on"], src=node.id) if e.meta.get("role") == "about"]
        template = str(node.meta.get("message", ""))
        if error.node.id not in about and node.path != error.node.path:
            continue
        if template and trace.message and not matches_template(template, trace.message):
            continue
        if error.node.id in about or template:
            found += [(one_line(str(f["text"])), str(f.get("evidence", ""))) for f in node.meta.get("fixes", ())]
    unique = list(dict.fromkeys(text for text, _ in found))[:_CHECKS]
    guards = [] if any(not text.startswith("Catch ") for text in unique) else _guards(composer, error, trace)
    return [*guards, *(Claim(advice(text)) for text in unique)]


def _guards(composer: Composer, error: Target, trace: Trace) -> list[Claim]:
    """Without a known fix, what decides is the condition each raise stands under."""
    edges = [e for e in composer.graph.edges(["throws"], dst=error.node.id) if e.meta.get("how", "direct") == "direct"]
    said = [e for e in edges if e.meta.get("message") and matches_template(str(e.meta["message"]), trace.message)]
    tested: dict[str, Claim] = {}
    for edge in sorted(said or edges, key=lambda e: (is_test(e.src), e.src, e.line)):
        node, guard = composer.graph.node(edge.src), one_line(str(edge.meta.get("guard") or ""))
        if node is not None and guard and not is_test(node.path):
            text = f"whether {guard} holds in {name_of(node)}"
            tested.setdefault(text, Claim(text, (Span(node.path, edge.line, edge.line, node.id, "throws"),)))
    chosen = list(tested.values())[:_CHECKS]
    return (
        [Claim(f"To check: {'; '.join(c.text for c in chosen)}.", tuple(s for c in chosen for s in c.spans))]
        if chosen
        else []
    )
