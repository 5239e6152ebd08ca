"""What can be asked about a symbol or a module and what the true answer is: facts in, topics out.

An aspect is one function; it returns None where the facts do not suffice. `SIMPLE` and `MANY` list all aspects of one edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dataset.diagnostics import catches, caught_by, fix, may_raise, messages, raised_by, raises, reaches
from dataset.names import count, firsts, listing, plural_verb, token_count
from dataset.relations import (
    called_by,
    calls,
    depends,
    extend,
    extends,
    implementers,
    implements,
    imported_by,
    imports,
    overrides,
    subclasses,
    tests,
)  # fmt: skip
from dataset.tasks import capability, steps
from dataset.topics import (
    CALLABLE,
    LEFT_OPEN,
    RUNS,
    SYMBOLS,
    TYPES,
    VERBATIM,
    Ask,
    Topic,
    constructs,
    hidden,
    last,
    marked,
    parameter,
    public,
    resolves,
    short_code,
)  # fmt: skip
from dataset.variables import declared, fields, register, used_by, value
from dataset.wording import clause, own_sentence, restates

NOTHING = frozenset({"None", "void", "()"})  # what a function returns that returns nothing
_PLAIN = """property setter Override override overload SuppressWarnings inline CompilerGenerated DebuggerNonUserCode"""
PLAIN_DECORATORS = frozenset(_PLAIN.split())


def location(ask: Ask) -> Topic | None:
    """Where a symbol is defined; of constructors and their like nobody asks it."""
    return None if ask.subject.type in RUNS and constructs(ask.subject.id) else place(ask)


def place(ask: Ask) -> Topic | None:
    s, path, container = ask.subject, ask.one("path"), ask.one("container")
    if path is None or s.type not in SYMBOLS:
        return None
    if s.owner and container is not None and "#" in container.object:
        holder = ask.facts.names.subject(container.object)
        owner = f"`{holder.label}`" if holder.path == s.path else holder.said()
        answers: tuple[str, ...] = (
            f"`{s.label}` is {s.a_noun} of {owner}, defined in `{s.path}`.",
            f"In `{s.path}`: `{s.label}` is {s.a_noun} of {owner}.",
        )
    else:
        answers = (
            f"`{s.label}` is {s.a_noun} defined in `{s.path}`.",
            f"In `{s.path}`, as the {s.noun} `{s.label}`.",
        )
    held = container if container is not None and "#" in container.object else None
    return ask.topic("location", "discovery", "location", answers, [path, held])


def homonyms(ask: Ask) -> Topic | None:
    """A name that several files define, asked without saying which: the answer is all of them."""
    s = ask.subject
    paths = ask.facts.names.homonyms(s.qualname)
    if s.type not in SYMBOLS or not 2 <= len(paths) <= 6 or s.owner or s.path != min(paths):
        return None
    ids = [f"{s.id.partition(':')[0]}:{path}#{s.qualname}" for path in sorted(paths)]
    found = [f for f in (ask.facts.first(i, "path") for i in ids) if f is not None]
    if len(found) != len(paths) or any(f.object == "declaration" for i in ids for f in ask.facts.about(i, "flag")):
        return None
    shown = listing([f"`{f.object}`" for f in found])
    answers = (
        f"`{s.spelled}` is defined in {len(found)} files: {shown}.",
        f"There are {len(found)} of that name: `{s.spelled}` stands in {shown}.",
    )
    return ask.topic("homonyms", "discovery", "location", answers, found, o=f"`{s.spelled}`")


def purpose(ask: Ask) -> Topic | None:
    """What its documentation says a thing is for: what a function does, what role anything else plays."""
    s, doc, path = ask.subject, ask.one("purpose"), ask.one("path")
    told = own_sentence(doc.object, s.name) if doc is not None else ""
    if doc is None or path is None or not told or token_count(told) > VERBATIM or restates(told, s.qualname):
        return None
    does = clause(told, s.noun)
    said = s.said()
    aspect = "purpose" if s.type in CALLABLE else "role"
    if s.type in ("module", "package"):
        answers: tuple[str, ...] = (
            (f"{said} {does}.",) if does else (f"The documentation of {said} says: “{told}”",)
        )  # fmt: skip
    elif does:
        answers = (f"{said} {does}.{ask.place}", f"The {s.noun} {said} {does}.{ask.place}")
    else:
        answers = (f"{said} is documented as “{told}”{ask.place}",)
    return ask.topic(aspect, "explain", "purpose", answers, [doc, path])


def find(ask: Ask) -> Topic | None:
    """The purpose's way back: from what it does to its name."""
    s, doc, path = ask.subject, ask.one("purpose"), ask.one("path")
    told = own_sentence(doc.object, s.name) if doc is not None else ""
    if doc is None or path is None or s.type not in SYMBOLS or not 4 <= token_count(told) <= VERBATIM:
        return None
    if s.name.strip("_").lower() in told.lower() or ask.facts.told_of_others(s):
        return None
    does = clause(told, s.noun)
    if not does and '"' in told:
        return None
    asked = does or f'is documented as "{told.rstrip(".")}"'
    answers = (f"`{s.label}` in `{s.path}`.", f"That is the {s.noun} `{s.label}` in `{s.path}`.")
    return ask.topic("find", "discovery", "feature location", answers, [doc, path], "reverse", o=asked)


def members(ask: Ask) -> Topic | None:
    """What outside code can use of a type: neither what is private nor its constructors, which have questions of their own."""
    s = ask.subject
    seen = [f for f in ask.all("member") if s.type in TYPES and not hidden(f.object) and not constructs(f.object)]
    # A setter or an overload is no member of its own.
    seen = firsts(seen, lambda f: last(f.object))
    found = [f for f in seen if public(ask, f)]
    if not found:
        return None
    names = [f"`{last(f.object)}`" for f in found]
    shown = listing(names, limit=10)
    kind = "public member" if s.type == "class" else "member"
    answers: tuple[str, ...] = (f"{s.said()} defines {count(len(found), kind)}: {shown}.{ask.place}",)
    if len(found) > 1:
        answers += (f"{shown} are the {kind}s that {s.said()} defines.{ask.home}",)
    return ask.topic("members", "discovery", "architecture", answers, [*found[:10], ask.one("path")])


def contents(ask: Ask) -> Topic | None:
    """The public symbols that a module defines; what it only declares stands elsewhere."""
    s = ask.subject
    found = [f for f in ask.all("member") if s.type == "module" and not hidden(f.object) and public(ask, f)]
    found = list({last(f.object): f for f in found if ask.facts.names.subject(f.object).path == s.path}.values())
    if not found:
        return None
    names = [f"`{last(f.object)}`" for f in found]
    shown = listing(names, limit=10)
    answers = (f"{s.said()} defines {shown}.", f"{shown} {plural_verb(len(found), 'is', 'are')} defined in {s.said()}.")
    return ask.topic("contents", "discovery", "architecture", answers, found[:10])


def returns(ask: Ask) -> Topic | None:
    s, fact = ask.subject, ask.one("returns")
    if fact is None or s.type not in RUNS or fact.object in NOTHING or not short_code(fact.object, VERBATIM):
        return None
    if ask.facts.names.same_place(s.id) > 1:
        return None  # overloads and alternatives may return other types
    kind = fact.object.strip("\"'")
    answers: tuple[str, ...] = (
        f"{s.said()} is declared to return `{kind}`.{ask.place}",
        f"`{kind}` is what {s.said()} declares to return.{ask.home}",
    )
    return ask.topic("returns", "explain", "data flow", answers, [fact, ask.one("path")])


def decorator(ask: Ask) -> Topic | None:
    s = ask.subject
    found = [
        f for f in ask.all("decorator") if s.type in SYMBOLS and "`" not in f.object and token_count(f.object) <= 12
    ]
    if all(f.object.lstrip("@").rpartition(".")[2] in PLAIN_DECORATORS for f in found):
        return None  # the noun says as much
    if not found or len(found) != len(ask.all("decorator")):
        return None
    shown = listing([f"`{marked(f)}`" for f in found])
    answers: tuple[str, ...] = (
        f"{s.said()} carries {shown}.{ask.place}",
        f"{shown} {plural_verb(len(found), 'stands', 'stand')} above {s.said()}.{ask.home}",
    )
    return ask.topic("decorator", "explain", "definition", answers, [*found, ask.one("path")])


def parameters(ask: Ask) -> Topic | None:
    s, found = ask.subject, list(ask.all("parameter"))
    if s.type not in CALLABLE or ask.one("signature") is None or s.noun == "destructor":
        return None
    who = f"The first definition of {s.said()}" if ask.facts.names.same_place(s.id) > 1 else s.said()
    first = "" if who == s.said() else "In its first definition, "
    result = ask.one("returns")
    if result is not None and (result.object in NOTHING or "`" in result.object or token_count(result.object) > 12):
        result = None
    tail = f" It returns `{result.object.strip(chr(34) + chr(39))}`." if result is not None else ""
    if not found:
        written = ask.one("signature")
        if written is None or not short_code(written.object, 20) or s.noun == "macro":
            return None
        answers: tuple[str, ...] = (
            f"{who} takes no arguments: `{written.object}`.{ask.place}",
            f"{first + 'c' if first else 'C'}all {s.said()} without arguments; it is `{written.object}`.{ask.place}",
        )
        return ask.topic("parameters", "howto", "usage", answers, [written, ask.one("path")])
    result_is = tail.replace(" It returns", " The result is")
    shown = listing([parameter(f) for f in found], limit=8)
    answers = (
        f"{who} takes {shown}.{tail}{ask.place}",
        f"{first + 'p' if first else 'P'}ass {shown} to {s.said()}.{result_is}{ask.home}",
    )
    return ask.topic("parameters", "howto", "usage", answers, [*found[:8], result, ask.one("path")])


def defaults(ask: Ask) -> Iterator[Topic]:
    """One topic per parameter that has a short default."""
    s = ask.subject
    alone = ask.facts.names.same_place(s.id) <= 1
    for fact in ask.all("parameter"):
        value = fact.qualifier("default")
        if s.type not in CALLABLE or not alone or value in ("", LEFT_OPEN) or "`" in value or token_count(value) > 8:
            continue
        name = f"`{fact.object}`"
        noted = fact.qualifier("annotation")
        declared = f" It is declared as `{noted}`." if noted and "`" not in noted and token_count(noted) <= 12 else ""
        tail = f" {s.said()} is {s.a_noun} in `{s.path}`." if not s.in_path else ""
        answers: tuple[str, ...] = (
            f"{name} defaults to `{value}` in {s.said()}.{declared}{tail}",
            f"`{value}` is the default of {name} in {s.said()}.{declared.replace(' It is', f' {name} is')}{tail}",
        )
        yield ask.topic("default", "howto", "usage", answers, [fact, ask.one("path")], o=fact.object)


def construct(ask: Ask) -> Topic | None:
    s = ask.subject
    if s.type != "class":
        return None
    for member in ask.all("member"):
        if last(member.object) in ("__init__", "constructor", s.name) and "#" in member.object:
            found = ask.facts.about(member.object, "parameter")
            if not found:
                continue
            shown = listing([parameter(f) for f in found], limit=8)
            which = "The constructor" if ask.facts.names.same_place(member.object) == 1 else "One of the constructors"
            answers: tuple[str, ...] = (
                f"{which} of {s.said()} takes {shown}.{ask.home}",
                f"To construct {s.said()}, pass {shown}.{ask.home}",
            )
            return ask.topic("construct", "howto", "usage", answers, [*found[:8], ask.one("path")])
    return None


def overview(ask: Ask) -> Topic | None:
    """Everything short that is known, for a statement row."""
    s, path = ask.subject, ask.one("path")
    if path is None or s.type not in SYMBOLS:
        return None
    parts: list[str] = []
    used = [path]
    order = (
        place,
        purpose,
        declared,
        value,
        used_by,
        extends,
        parameters,
        members,
        calls,
        raises,
        called_by,
        imported_by,
        decorator,
    )
    for aspect in order:
        topic = aspect(ask)
        if topic is None or len(parts) == 5 or (aspect is purpose and not resolves(topic.answers[0], topic.facts, ask)):
            continue
        text = topic.answers[0].removesuffix(ask.place).removesuffix(ask.home)
        parts.append("It " + text.removeprefix(f"{s.said()} ") if parts and text.startswith(f"{s.said()} ") else text)
        used += topic.facts
    return ask.topic("overview", "explain", "definition", (" ".join(parts),), used, "statement")


SIMPLE: tuple[Callable[[Ask], Topic | None], ...] = (
    homonyms,
    location, purpose, find, members, contents, returns, declared, calls, called_by, extends, subclasses, implements, implementers,
    overrides,
    imports, imported_by, depends, decorator, parameters, construct, tests, value, used_by, fields, extend, raises, may_raise, raised_by,
    caught_by, catches, fix, steps, capability, overview,
)  # fmt: skip
MANY: tuple[Callable[[Ask], Iterator[Topic]], ...] = (defaults, messages, reaches, register)
