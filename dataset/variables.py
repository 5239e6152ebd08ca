"""Aspects of variables: type, value and users of one, and the fields and constants of a class or module. Facts in, topics out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from brain.facts import Fact
from dataset.names import listing, plural_verb, token_count, unique
from dataset.topics import TYPES, VERBATIM, Ask, Topic, hidden, last, public, resolves, short_code
from dataset.wording import clause, own_sentence

MOST_FIELDS = 12
MOST_ENTRIES = 6  # variables told of in one row


def declared(ask: Ask) -> Topic | None:
    """The declared type of a variable or field."""
    s, fact = ask.subject, ask.one("returns")
    if fact is None or s.type != "variable" or not short_code(fact.object, VERBATIM):
        return None
    kind = fact.object.strip("\"'")
    answers = (
        f"{s.said()} is declared as `{kind}`.{ask.place}",
        f"`{kind}` is the declared type of {s.said()}.{ask.home}",
    )
    return ask.topic("declared", "explain", "data flow", answers, [fact, ask.one("path")])


def value(ask: Ask) -> Topic | None:
    """What a variable is set to, or how its assignment is written where that is no constant."""
    s, fact = ask.subject, ask.one("value")
    if s.type != "variable":
        return None
    if fact is None or not re.search(r"\w", fact.object):
        written = ask.one("signature")
        if written is None or not _assigns(written.object, VERBATIM):
            return _table(ask)
        made, way = ("declared", "declared") if s.noun == "type alias" else ("assigned", "set")
        answers = (
            f"{s.said()} is {made} as `{written.object}`.{ask.place}",
            f"`{written.object}` is how {s.said()} is {way}.{ask.home}",
        )
        return ask.topic("value", "howto", "configuration", answers, [written, ask.one("path")])
    if not short_code(fact.object, VERBATIM):
        return _table(ask)
    answers = (
        f"{s.said()} is set to `{fact.object}`.{ask.place}",
        f"`{fact.object}` is the value of {s.said()}.{ask.home}",
    )
    return ask.topic("value", "howto", "configuration", answers, [fact, ask.one("path")])


def _table(ask: Ask) -> Topic | None:
    """The collection that a variable is set to, where that is too long to be shown."""
    s, fact = ask.subject, ask.one("table")
    if fact is None:
        return None
    answers = (
        f"{s.said()} is set to {_told(fact)}.{ask.place}",
        f"{_told(fact)[0].upper()}{_told(fact)[1:]}: that is what {s.said()} is set to.{ask.home}",
    )
    return ask.topic("value", "howto", "configuration", answers, [fact, ask.one("path")])


def _told(table: Fact) -> str:
    first = table.qualifier("first")
    begins = f" that begins with `{first}`" if short_code(first, VERBATIM) else ""
    return f"a {table.object} of {table.qualifier('entries')} entries{begins}"


def _assigns(written: str, limit: int) -> bool:
    """Whether the signature of a variable is a short assignment that can be shown."""
    return "=" in written and "#" not in written and short_code(written, limit)


def used_by(ask: Ask) -> Topic | None:
    """The functions and classes that use a variable, those that set it, and the modules that import it."""
    s, found, taken = ask.subject, ask.all("used_by"), ask.all("imported_by")
    setters = ask.all("set_by")
    if s.type != "variable" or not (found or setters):
        return None
    readers, writers = ([*unique(ask.said(f.object) for f in facts)] for facts in (found, setters))
    importers = listing([ask.said(f.object) for f in taken], limit=4)
    beside = f", and {listing(writers)} {plural_verb(len(writers), 'sets', 'set')} it" if found and setters else ""
    beside += f", and {importers} {plural_verb(len(taken), 'imports', 'import')} it" if taken else ""
    passive, active = ("is used by", ("uses", "use")) if found else ("is set by", ("sets", "set"))
    leading, verb = listing(readers or writers), plural_verb(len(readers or writers), *active)
    answers = (
        f"{s.said()} {passive} {leading}{beside}.{ask.home if beside else ask.place}",
        f"{leading} {verb} {s.said()}{beside}.{ask.home}",
    )
    used = [*found[:6], *setters[:6], *taken[:4]]
    return ask.topic("used_by", "explain", "data flow", answers, [*used, ask.one("path")])


def fields(ask: Ask) -> Topic | None:
    """The fields of a class with their declared types, or the constants of a module with their values."""
    s = ask.subject
    wanted = {"class": "returns", "interface": "returns", "module": "value"}.get(s.type, "")
    shown: list[str] = []
    used: list[Fact] = []
    others = 0
    for member in ask.all("member"):
        fact = ask.facts.first(member.object, wanted) if wanted and not hidden(member.object) else None
        there = ask.facts.names.subject(member.object)
        typed = (there.type == "variable" or member.qualifier("type") == "variable") and there.called != "type alias"
        alone = ask.facts.names.same_place(member.object) <= 1
        if fact is None or not typed or not alone or not short_code(fact.object, 12) or len(shown) == MOST_FIELDS:
            others += typed and not hidden(member.object)
            continue
        text = fact.object.strip("\"'") if wanted == "returns" else fact.object
        shown.append(f"`{last(member.object)}` (`{text}`)")
        homes = (
            ask.facts.first(member.object, "container") if wanted == "returns" else None,
            ask.facts.first(member.object, "path"),
        )
        used += [fact, *(f for f in homes if f is not None)]
    if not shown:
        return None
    noun = "field" if wanted == "returns" else "constant"
    some = "among others " if others else ""
    answers = (
        f"{s.said()} has {some}the {noun}{'s' if len(shown) > 1 else ''} {listing(shown, limit=MOST_FIELDS)}.{ask.place}",
    )
    if wanted == "value":
        return ask.topic("constants", "howto", "configuration", answers, [*used, ask.one("path")])
    return ask.topic("fields", "explain", "data flow", answers, [*used, ask.one("path")])


def register(ask: Ask) -> Iterator[Topic]:
    """The variables of a class or module a few at a time, with all that is known of each: for statement rows."""
    s = ask.subject
    if s.type not in (*TYPES, "module"):
        return
    entries: list[tuple[str, str, list[Fact]]] = []
    for member in ask.all("member"):
        there = ask.facts.names.subject(member.object)
        alone = ask.facts.names.same_place(member.object) <= 1 and there.path == s.path
        if there.type == "variable" and alone and not hidden(member.object) and public(ask, member):
            said, used = _entry(Ask(there, ask.facts))
            entries += [(last(member.object), said, used)] if said else []
    # As many in each as makes them alike in length.
    groups = -(-len(entries) // MOST_ENTRIES)
    for number in range(groups):
        group = entries[number * len(entries) // groups : (number + 1) * len(entries) // groups]
        names = unique([f"`{group[0][0]}`", f"`{group[-1][0]}`"])
        noun = "variables" if s.type == "module" else "attributes"
        told = (f"In {s.said()}: {'; '.join(said for _, said, _ in group)}.",)
        kind, intent = ("howto", "configuration") if s.type == "module" else ("explain", "data flow")
        which = f"{noun if len(names) > 1 else noun[:-1]} {' to '.join(names)}"
        facts = [f for _, _, used in group for f in used]
        yield ask.topic("register", kind, intent, told, [*facts, ask.one("path")], "statement", o=which)


def _entry(member: Ask) -> tuple[str, list[Fact]]:
    """What is known of one variable behind its plain name, and the facts that say so; empty where that is too little."""
    s = member.subject
    parts: list[str] = []
    used: list[Fact] = []
    kind, fixed, doc = member.one("returns"), member.one("value"), member.one("purpose")
    if kind is not None and short_code(kind.object, 12):
        parts.append(f"is declared as `{kind.object.strip(chr(34) + chr(39))}`")
        used.append(kind)
    written = member.one("signature")
    if fixed is not None and short_code(fixed.object, 12) and re.search(r"\w", fixed.object):
        parts.append(f"is set to `{fixed.object}`")
        used.append(fixed)
    elif fixed is None and kind is None and written is not None and _assigns(written.object, 16):
        parts.append(f"is assigned as `{written.object}`")
        used.append(written)
    elif fixed is None and (listed := member.one("table")) is not None:
        parts.append(f"is set to {_told(listed)}")
        used.append(listed)
    told = own_sentence(doc.object, s.name) if doc is not None else ""
    if doc is not None and told and token_count(told) <= VERBATIM and resolves(told, [doc], member):
        does = clause(told, s.noun)
        parts.append(does if does.startswith("is ") else f"is documented as “{told.rstrip('.')}”")
        used.append(doc)
    for relation, verb in (("used_by", "used"), ("imported_by", "imported")):
        users = member.all(relation)
        if len(used) < 2 and users:
            parts.append(f"is {verb} by {listing([member.said(f.object) for f in users], limit=2)}")
            used += users[:2]
    homes = [
        f for f in (member.one("path"), member.one("container")) if f is not None and f.object_is_node <= bool(s.owner)
    ]
    return (f"`{s.name}` {listing(parts)}", [*used, *homes]) if parts else ("", [])
