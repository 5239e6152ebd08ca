"""What a question asks. In: its text. Out: intents, each a kind and the words it is about, in the order asked.

A question is cut into clauses; names that look like code become placeholders; a small grammar of verb and noun tables reads
what is left. So one frame serves every verb ("what does X <verb>", "who <verb>s X", "is X <verb>ed"), in direct and indirect
word order, and one clause may ask several things ("what does X call and raise"). A pronoun means the clause before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from brain.asking import STOP_WORDS
from dataset.names import firsts
from inference.grammar import (
    ASK,
    BACKWARD,
    CHECKS,
    CUES,
    CUT,
    DISCOVER,
    DONE_THERE,
    FORWARD,
    FRAMES,
    GENERIC,
    HAPPENS,
    HOWTO,
    NOUN,
    OF_CODE,
    PASSIVE,
    PRONOUN,
    SMALL,
    VAGUE,
    WITHOUT,
)
from inference.link import STRICT, Mention, mentions
from inference.wholes import GREETING, asks_of_whole


@dataclass(frozen=True, slots=True)
class Intent:
    """`x` (and `y` where a kind relates two) are mentions; `text` is the clause; `verb` the relation a check tests.
    `carried` is set when x stands for a pronoun or was left out, and was taken from the clause before."""

    kind: str
    text: str
    x: Mention | None = None
    y: Mention | None = None
    verb: str = ""
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """`read_as` is the question in full, where it leans on the one before."""

    text: str
    intents: tuple[Intent, ...]
    mentions: tuple[Mention, ...]
    read_as: str = ""


def is_bare(intent: Intent) -> bool:
    """Whether a clause holds a name and nothing that asks."""
    rest = intent.text.replace(intent.x.name if intent.x else "", "")
    return not re.sub(r"\b(?:and|or|what|about|how|then|now)\b|\W", "", rest.lower())


def read(
    text: str,
    project: str = "",
    carry: Mention | None = None,
    names: frozenset[str] = frozenset(),
    words: tuple[str, ...] = (),
    exists: Callable[[str], bool] = lambda name: True,
) -> Question:
    """The intents of `text`. `carry` is what "it" means before anything is named (the last turn of a session); `names` are
    plain or capitalised words of the text that the index knows as names, so that "Context" counts where it is one; `words`
    are everyday words that are also names, tried last; `exists` tells whether any symbol bears a name."""
    # The brackets that stand for names are ours alone.
    text = text.replace("⟦", " ").replace("⟧", " ")
    found = [m for m in mentions(text) if m.shape in STRICT or m.shape == "flag" or m.name in names]
    masked = mask(text, found)
    intents: list[Intent] = []
    last = carry
    for clause in _clauses(masked):
        plain = _unmask(clause, found)
        got = _read_clause(clause, plain, found, last, project, words, exists)
        intents += got
        last = next((i.x for i in reversed(got) if i.x), last)
    if any(i.x for i in intents):
        intents = [i for i in intents if i.x or i.kind != "search" or _ASKS.match(i.text)]
        # "… and what happens then?" asks for no more than what was asked already.
        intents = [i for i in intents if i.kind != "unclear"]
    once = firsts(intents, lambda i: (i.kind, i.x.name if i.x else i.text, i.y.name if i.y else "", i.verb))
    return Question(text, tuple(once), tuple(found))


_BARE = re.compile(r"\W*(?:(?:and|but|so)\s+)?(how|why|where|when|what)\W*", re.IGNORECASE)
_ERRORS = re.compile(r"\b(?:what|which)\s+(?:\w+\s+){0,2}(?:errors?|exceptions?)\b", re.IGNORECASE)
_ASKS = re.compile(rf"\W*(?:{ASK}|please|i\s+(?:want|need)|could|would|should|in\s+which)\b", re.IGNORECASE)


def mask(text: str, found: Sequence[Mention]) -> str:
    """`text` with the n-th mention written ⟦n⟧."""
    parts, at = [], 0
    for number, mention in enumerate(found):
        parts += [text[at : mention.start], f"⟦{number}⟧"]
        at = mention.end
    return "".join([*parts, text[at:]])


def _unmask(clause: str, found: list[Mention]) -> str:
    return re.sub(r"⟦(\d+)⟧", lambda m: found[int(m.group(1))].name, clause)


def _clauses(masked: str) -> list[str]:
    parts = [part.strip() for part in CUT.split(masked) if part and part.strip(" ?!.;,\n")]
    joined: list[str] = []
    for part in parts:
        # "It can be turned off. How?" is one question.
        bare = _BARE.fullmatch(part) if joined else None
        if bare is None:
            joined.append(part)
        elif not joined[-1].lower().startswith(bare[1].lower()):
            joined[-1] = f"{bare[1].lower()} {joined[-1]}"
    return joined


def _read_clause(
    clause: str,
    plain: str,
    found: list[Mention],
    last: Mention | None,
    project: str,
    words: tuple[str, ...],
    exists: Callable[[str], bool],
) -> list[Intent]:
    here = [found[int(n)] for n in re.findall(r"⟦(\d+)⟧", clause)]
    clause = _qualified(clause)
    dangling = False
    if not here and GREETING.match(clause):
        return []
    # "Walk me through it" is no question about a class `Walk`.
    opening = len(here) == 1 and here[0].shape == "capital" and re.match(r"\W*⟦", clause)
    whole = asks_of_whole(plain if opening else clause, project, last is None) if opening or not here else ""
    if whole:
        return [Intent(whole, plain)]
    for kind, frame in FRAMES:
        if HAPPENS.match(clause):
            break
        for match in frame.finditer(clause):
            groups = match.groupdict()
            # "Where are the formats registered": an article points to what follows it.
            dangling = dangling or ((groups.get("x") or "").lower() in PRONOUN - {"the"} and last is None)
            x, carried = _slot(groups.get("x"), found, last)
            if (
                here
                and x is not None
                and x.shape == "plain"
                and not carried
                and kind not in ("check", "path", "compare", "default")
            ):
                continue  # with real code in the clause, an everyday word is not what it is about
            if x is not None and x.shape == "plain" and not carried:
                if (groups.get("passive") or "") in ("stored", "set"):
                    continue  # where a session is stored is not where `session` is defined
                if kind == "forward" and HOWTO.match(match.group(0)):
                    continue  # "how do I add a new import format": it is I who do it, nothing new imports a format
                if kind == "noun" and HOWTO.search(clause) and _singular((groups["noun"] or "").lower()) not in OF_CODE:
                    continue
            if x is None and "bare" in groups:
                x, carried = last, True
            if x is not None and not here and x.shape == "plain" and not carried and not exists(x.name):
                if last is None and words:
                    continue  # "changed echo, which checks to rerun" is about echo
                x, carried = (last, True) if last is not None else (x, False)
            y, _ = _slot(groups.get("y"), found, None)
            if x is None or (kind in ("check", "path", "compare", "default") and y is None):
                continue
            if kind == "compare" and not any(m.shape != "plain" or exists(m.name) for m in (x, y) if m):
                continue  # "threads or processes" are two words of prose
            made = _make(kind, groups, plain, x, y, carried)
            if made:
                return made
    subject = here[0] if here else last if len(clause.split()) <= 9 else None
    # How and why ask for an explanation, whatever relation words stand in them.
    asks_how = re.match(r"\W*(?:how|why)\b", clause, re.I) or (HAPPENS.match(clause) and not here)
    cue = "" if asks_how else cue_kind(clause)
    # "Where is the lock taken": where something is done to it, not where it stands.
    cue = "" if cue == "locate" and DONE_THERE.search(clause) else cue
    if cue and subject is not None and not HOWTO.search(clause):
        return [Intent(cue, plain, subject, None, "", not here)]
    kind = prose_kind(clause)
    if kind != "search":
        # What is to be done without is not what it is about.
        about = re.findall(r"⟦(\d+)⟧", WITHOUT.sub(" ", clause) if kind == "howto" else clause)
        return [Intent(kind, plain, found[int(about[0])] if about else None)]
    empty = not here and not any(_means_something(w) for w in re.findall(r"\w+", clause.lower()))
    if empty or (dangling and not here and len(clause.split()) <= 6 and not _of_whole(clause)):
        return [Intent("unclear", plain)]
    if here and not re.sub(r"⟦\d+⟧|\band\b|\W", "", clause):
        return [Intent("explain", plain, mention) for mention in here]
    inside = [w for w in words if re.search(rf"(?<!\w){re.escape(w)}(?!\w)", clause)]
    word = (inside or list(words))[-1] if cue and words else ""
    # In a sentence about other things, an everyday word is one of them, not a name.
    telling = [
        w for w in re.findall(r"\w+", clause.lower()) if _means_something(w) and w != word.lower() and not cue_kind(w)
    ]
    if word and len([w for w in telling if w not in STOP_WORDS]) < 2:
        return [Intent(cue, plain, Mention(word, 0, 0, "plain"))]
    return [Intent("search", plain, here[0] if here else None)]


_ABLE = re.compile(r"\W*(?:does|do|can|could|will|is|has|did)\s+(?:it|this)\s+(?P<rest>.+)", re.IGNORECASE)


def _of_whole(clause: str) -> bool:
    """Whether "it" can only be the repository: "does it have a web interface" says what is asked for and names no relation."""
    asked = _ABLE.match(clause)
    rest = re.findall(r"\w+", asked["rest"].lower()) if asked else []
    return any(_means_something(w) and w not in STOP_WORDS and not cue_kind(w) and w not in NOUN for w in rest)


def _means_something(word: str) -> bool:
    """Whether a word says what a question is about, not only that it asks."""
    return not (word in GENERIC or word in PRONOUN or word in SMALL or word.removesuffix("s") in VAGUE)


def cue_kind(clause: str) -> str:
    """The relation a clause asks about, by the words in it, where no frame of the grammar fits; "" when none speaks."""
    low = re.sub(r"⟦\d+⟧", " ", clause.lower())
    return next((kind for kind, cue in CUES if cue.search(low)), "")


def prose_kind(clause: str) -> str:
    """howto, discovery or search: what a clause asks that names nothing."""
    return "howto" if HOWTO.search(clause) else "discovery" if DISCOVER.search(clause) else "search"


def _qualified(clause: str) -> str:
    """`⟦1⟧ method of ⟦0⟧` is one thing: keep the member, the linker gets the container as a hint."""
    return re.sub(
        r"(⟦\d+⟧)\s+(?:method|function|class|attribute|field|property)\s+(?:of|in|on|from)\s+(?:the\s+)?⟦\d+⟧(?:\s+class)?",
        r"\1",
        clause,
    )


def _make(
    kind: str, groups: dict[str, str | None], text: str, x: Mention, y: Mention | None, carried: bool
) -> list[Intent]:
    if kind == "forward":
        tail = re.split(r"[?!;]", groups["tail"] or "")[0]
        stems = _verbs(tail, FORWARD)
        if stems and stems[0] in VAGUE and _objects(tail, stems[0]):
            return []
        # "What errors does X return" asks for the errors, in whatever way they come out.
        errors = _ERRORS.search(text[: text.lower().find(tail.strip().lower()) if tail.strip() else None])
        kinds = ["raises" if v == "return" and errors else FORWARD[v] for v in stems]
        return [Intent(k, text, x, None, "", carried) for k in dict.fromkeys(kinds)]
    if kind == "backward":
        verb = (groups["verb"] or "").lower()
        stem = next(iter(_verbs(verb, BACKWARD)), "")
        wanted = BACKWARD.get(stem) or PASSIVE.get(verb, "")
        return [Intent(wanted, text, x, None, "", carried)] if wanted else []
    if kind == "passive":
        return [Intent(PASSIVE[(groups["passive"] or "").lower()], text, x, None, "", carried)]
    if kind == "noun":
        return [Intent(NOUN[_singular((groups["noun"] or "").lower())], text, x, None, "", carried)]
    if kind == "check":
        return _check(groups, text, x, y, carried)
    return [Intent(kind, text, x, y, "", carried)]


def _check(groups: dict[str, str | None], text: str, x: Mention, y: Mention | None, carried: bool) -> list[Intent]:
    if groups.get("passive"):
        turned = {
            "callers": "calls",
            "raisers": "throws",
            "handlers": "catches",
            "subclasses": "extends",
            "importers": "imports",
            "locate": "defines",
        }
        relation = turned.get(PASSIVE[(groups["passive"] or "").lower()], "")
        return [Intent("check", text, y, x, relation, carried)] if relation else []
    noun = (groups.get("verb") or "").lower()
    nouns = {"subclass": ("extends", False), "child": ("extends", False), "kind": ("extends", False), "type": ("extends", False),
             "base": ("extends", True), "parent": ("extends", True), "superclass": ("extends", True),
             "caller": ("calls", False), "callee": ("calls", True), "member": ("defines", True), "method": ("defines", True)}  # fmt: skip
    if noun in nouns:
        relation, swap = nouns[noun]
        return [Intent("check", text, y if swap else x, x if swap else y, relation, carried)]
    stem = next(iter(_verbs(noun, CHECKS)), "")
    if stem in VAGUE and y is not None and y.shape == "plain":
        return []
    return [Intent("check", text, x, y, CHECKS[stem], carried)] if stem else []


def _objects(tail: str, stem: str) -> list[str]:
    """What follows the verb and carries meaning: `handle redirects` -> redirects."""
    words = re.findall(r"[a-z⟦]+", tail.lower())
    after = [w for n, w in enumerate(words) if any(v.startswith(stem) for v in words[:n])]
    return [w for w in after if w not in GENERIC and w not in PRONOUN and w not in SMALL]


def _verbs(tail: str, table: dict[str, str]) -> list[str]:
    """Stems of the verbs at the head of `tail` that stand in `table`: `call and raise` -> call, raise."""
    stems = []
    for word in re.findall(r"[a-z]+|⟦", tail.lower()):
        if word == "⟦":
            break
        stem = next(
            (
                s
                for s in (
                    word,
                    word.removesuffix("s"),
                    word.removesuffix("es"),
                    word.removesuffix("ing"),
                    word.removesuffix("ing") + "e",
                )
                if s in table
            ),
            "",
        )
        if stem:
            stems.append(stem)
        elif stems and word not in ("and", "or", "also", "directly", "from", "on", "to"):
            break
    return stems


def _singular(noun: str) -> str:
    for form in (noun, noun.removesuffix("s"), noun.removesuffix("es"), noun.removesuffix("ies") + "y"):
        if form in NOUN:
            return form
    return noun


def _slot(word: str | None, found: list[Mention], last: Mention | None) -> tuple[Mention | None, bool]:
    """The mention a slot of a frame holds; a pronoun gives the last one."""
    if word is None:
        return None, False
    placeholder = re.fullmatch(r"⟦(\d+)⟧", word)
    if placeholder:
        return found[int(placeholder.group(1))], False
    if word.lower() in PRONOUN:
        return last, last is not None
    if word == "I" or word in GENERIC:
        return None, False
    return Mention(word, 0, 0, "capital" if word[0].isupper() else "plain"), False
