"""Text of the repository, made safe and readable: unseen characters out, one sentence taken, words counted and split.

Everything here is pure. A repository's text is data: nothing in it is obeyed, and what cannot be shown is removed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from brain.markup import aside_end, named_links, plain, uncommented
from extractor.languages import BY_NAME, TO_TOOLS

BANNED: Final = (
    "provides functionality",
    "is responsible for",
    "is used to",
    "this function",
    "this class",
    "this module",
    "various",
    "robust",
    "seamless",
    "powerful",
    "simply",
    "etc.",
)
VERBATIM: Final = 25  # the longest run of source tokens a summary may repeat

_FILLER = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, BANNED))})(?!\w)", re.I)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|[@-_])")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]"
    "|[\ud800-\udfff]|[\U000e0000-\U000e0fff]"
)
_TOKEN = re.compile(r"\w+|[^\w\s]")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_HUMPS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_ENDING_TEXT: Final = "ations ation ions ion ingly ings ing ness iers ier ers ies ied ors es ed er or ly s e y"
_ENDINGS: Final = tuple(_ENDING_TEXT.split())
_RULE = re.compile(r"^\s*([=~\-^\"'`#*+_.:])\1{2,}\s*$")
_STOP = re.compile(
    r"^\s*(?::\w[^:`]*:(?!`|\w[\w-]*:`)|[@\\](?!brief|link)\w+|>>>|\.\. |```|~~~"
    r"|\|\s.*\|\s*$|\+[-=+]+\+\s*$|(?:=+\s+)+=+\s*$"  # tables
    r"|(?:Args|Arguments|Parameters|Params|Returns?|Yields?|Raises?"
    r"|Throws|Examples?|Usage|Notes?|Attributes|See Also|References|Warnings?|Todo|Keyword Args)\s*:?\s*$)"
)
_OPENS = re.compile(
    r"\s*[@\\](?:rst|verbatim|short|details|parblock)\s*"
)  # alone on a line above the text that it marks
# What stood on the lines below a sentence that no full stop ends: an aside with its label, a list it leads in.
_LABELLED = re.compile(r"\s+(?:Warning|Note|Caution|Important|Deprecated|TODO|FIXME|Example)\s?:\s.*")
_LEADS_IN = re.compile(r":\s+(?:[-*+•]|\d{1,2}[.)])\s")
_LEADER = re.compile(r"^\s*(?:/\*+!?|\*+/|\*(?!\*|[^\s*][^*]*\*(?!\w))|///?!?|#+!?)\s?")
_HEADING = re.compile(r"^\s*#{1,6}\s+\S")
_FOLD = re.compile(r"\W*(?:\{\{\{|\}\}\})|[\s/*]*#(?:end)?region\b")  # what an editor folds, with the title it shows
_LICENCE = re.compile(
    r"copyright|licen[sc]ed under|spdx-license|all rights reserved|permission is hereby granted|redistribution and use",
    re.I,
)
_END = re.compile(r"([.!?]+)[\"'”’)\]`]*(?=\s|$)|[。！？]")
_ENDED = re.compile(r"[.!?。！？][\"'”’)\]`]*$")
_SHORTHAND = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|resp|approx|incl|no|fig|sec|dr|mr|ms|st|al|a\.k\.a)|\b[A-Za-z])\.$", re.I
)
_KIND_WORDS = (
    "a an the internal private public helper utility convenience deprecated experimental class function method only"
)
_KINDS = frozenset(_KIND_WORDS.split())
_ELSEWHERE = re.compile(r"See (?:also )?`*[\w.:#]+(?:\([^()]*\))?`*\.?", re.I)
_LIST = re.compile(r"(?:\betc\.|\.\.\.)$", re.I)
_LEADING = re.compile(r"^\([^()]{1,60}\)[:.,]?\s+(?=\S)")  # "(Experimental) Reads …"
_SUBJECT = re.compile(
    r"^(?:this|the)\s+(?:function|method|class|module|decorator|helper|routine|package|file|interface|exception|object)\s+"
    r"(?!(?:that|which|whose|where|of|to|for|in|on|with|from|by|an?|the)\b)",  # of these it is the sentence's own
    re.I,
)
_DUTY = re.compile(r"^(?:is|are)\s+(?:used\s+to|responsible\s+for|meant\s+to|intended\s+to|to)\s+", re.I)
_ASIDE = re.compile(r"\s*\([^()]*\)|\s*\[[^\[\]]*\]")
_CUTS = (
    r"\s*;\s",
    r"\s+(?:--|—|–|-)\s",
    r",\s+(?:which|where|such as|e\.g\.|i\.e\.|for example|including|especially)\b",
)


_VALUE = re.compile(r"[^\W\d]\w*(?:(?:\.|::|->)\w+)*")
_ARGUMENTS = re.compile(r"\([^()]*\)")


def decode(data: bytes, lang: str) -> str:
    """A file's bytes as text, in the encoding its parser reads them in; every byte gives something, and the number of lines stays."""
    spec = BY_NAME.get(lang)
    if spec is not None and not data.isascii():
        from extractor.parse import to_utf8

        data = to_utf8(data, spec)[0] or data
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def clean(text: str) -> str:
    """`text` without terminal sequences, control, bidirectional and zero-width characters; tabs become spaces."""
    text = _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _UNSEEN.sub("", text).replace("\t", "    ")


def one_line(text: str) -> str:
    """`text` cleaned, every run of white space a single space."""
    return " ".join(clean(text).split())


def tokens(text: str) -> list[str]:
    """Words and punctuation marks: the unit of every length limit here, independent of any model's tokenizer."""
    return _TOKEN.findall(text)


def when(guard: str, most: int = 12) -> str:
    """` when …` for the condition under which something is raised, empty without one or past `most` tokens. A value alone is no
    sentence: it is said to be set, a call to be true."""
    said = one_line(guard)
    if said.lower() in ("", "true") or len(tokens(said)) > most:
        return ""
    bare, less = "", said
    while bare != less:
        bare, less = less, _ARGUMENTS.sub("", less)
    return f" when {said}" + ((" is set" if bare == said else " is true") if _VALUE.fullmatch(bare) else "")


@lru_cache(maxsize=200_000)
def split_identifier(word: str) -> tuple[str, ...]:
    """`HTTPServerConfig` -> http, server, config; `parse_header2` -> parse, header, 2. Lower case, in order."""
    return tuple(part.lower() for part in _HUMPS.findall(word))


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A rough stem: enough to see that `parses`, `parsing` and `parser` are one word."""
    low = word.lower()
    for ending in _ENDINGS:
        if low.endswith(ending) and len(low) - len(ending) >= 3:
            low = low[: -len(ending)]
            break
    return low[:-1] if len(low) > 3 and low[-1] == low[-2] else low


def identifiers(text: str) -> list[str]:
    """Every identifier in `text`, in order, repeats kept."""
    return _IDENTIFIER.findall(text)


def banned(text: str) -> str:
    """The first filler phrase in `text`, empty when there is none."""
    found = _FILLER.search(text)
    return found.group().lower() if found else ""


_SIGNATURE: Final = re.compile(r"[A-Za-z_][\w.]*\((?:[^()]|\([^()]*\))*\)(?:\s*->\s*\S.*)?")


_TITLE: Final = re.compile(
    r"\S+ (?:Method|Function|Property|Field|Constructor|Class|Interface|Struct|Enum|Event|Operator)\.?"
)


def is_licence(text: str) -> bool:
    """Whether a comment is a licence header rather than documentation."""
    return bool(_LICENCE.search(text[:600]))


def paragraph(doc: str) -> str:
    """The first paragraph of prose in a doc comment, on one line, markup removed; empty when it opens with none."""
    lines: list[str] = []
    source = inspect.cleandoc(named_links(uncommented(clean(doc)))).splitlines()
    behind = 0
    for number, raw in enumerate(source):
        if not lines and number >= behind:
            behind = aside_end(source, number)  # what stands aside before the text is not its first paragraph
        if number < behind:
            continue
        if _titles(source, number):
            if not lines and _STOP.match(source[number].lstrip("# ")):
                break  # what follows is no first paragraph but an example, a list of parameters
            continue
        line = _LEADER.sub("", raw) if raw.lstrip()[:1] in ("*", "/", "#") else raw
        line = re.sub(r"^\s*[@\\]brief\s+", "", line)
        if _FOLD.match(raw):
            continue
        if _RULE.match(line):
            lines = []  # what stood above the rule was a title
            continue
        if not line.strip():
            if lines and (_SIGNATURE.fullmatch(" ".join(lines)) or _TITLE.fullmatch(" ".join(lines))):
                lines = []  # as documentation of C code, of decorated functions and of reference manuals begins
            elif lines and not (number + 1 < len(source) and _RULE.match(source[number + 1])):
                break
            continue
        if not lines and _OPENS.fullmatch(line):
            continue
        if _STOP.match(line):
            break
        if TO_TOOLS.match(line):
            continue
        lines.append(line.strip())
    return plain(" ".join(lines))


def first_sentence(doc: str, limit: int = VERBATIM, name: str = "") -> str:
    """The first sentence of a doc comment as a statement of at most `limit` tokens, empty when none can be had honestly. `name`
    is what it documents: a sentence that opens with it keeps it as it is spelled.

    Never cut mid-sentence: an aside or a trailing clause is dropped whole, and what still is too long, filler, a
    licence, or the lead-in of a list is refused.
    """
    if not doc or is_licence(doc):
        return ""
    text = _LABELLED.sub("", _sentence(paragraph(doc), name))
    if not text or text.endswith(":") or _LEADS_IN.search(text):
        return ""
    text = _LEADING.sub("", text)
    text = _DUTY.sub("", _SUBJECT.sub("", text)) if _SUBJECT.match(text) else text
    for candidate in _shorter(text):
        if candidate.rstrip()[-1:] == ":":
            continue  # the lead-in of what was cut off
        if len(tokens(candidate)) <= limit and not banned(candidate) and _says_something(candidate):
            return _finish(candidate, name)
    return ""


def sentences(text: str) -> list[str]:
    """`text` split into sentences; abbreviations and dots inside names do not end one."""
    found, start = [], 0
    for match in _END.finditer(text):
        stop = match.end(1) if match.group(1) else match.end()
        if _SHORTHAND.search(text[start:stop]) and match.end() < len(text):
            continue
        if stop < match.end() and re.match(r"\s+[a-z]", text[match.end() :]):
            continue  # what ends here is quoted, or said in passing
        if _LIST.search(text[start:stop]) and re.match(r"[\s)\]]*[a-z]", text[stop:]):
            continue  # "etc." or "..." in mid-sentence
        if text[start : match.end()].count("(") > text[start : match.end()].count(")"):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def longest_run(text: str, source: str) -> int:
    """How many consecutive tokens of `text` stand in `source` in the same order."""
    wanted = tokens(text)
    places: dict[str, list[int]] = {}
    for position, token in enumerate(tokens(source)):
        places.setdefault(token, []).append(position)
    best = 0
    ending: dict[int, int] = {}
    for token in wanted:
        ending = {position: ending.get(position - 1, 0) + 1 for position in places.get(token, ())}
        best = max(best, max(ending.values(), default=0))
    return best


def _titles(source: Sequence[str], number: int) -> bool:
    """Whether a line is the heading of what follows, as Markdown writes one, and not a line of a comment of `#`."""
    if not _HEADING.match(source[number]):
        return False
    following = next((line.lstrip() for line in source[number + 1 :] if line.strip()), "#")
    return not following.startswith("#")


def _says_something(text: str) -> bool:
    """Two words beside addresses, or a stretch of a script that puts no spaces between them, short enough to be one sentence."""
    text = re.sub(r"\S+://\S+", "", text)
    return len(identifiers(text)) > 1 or 4 <= len(re.sub(r"[\x00-\u2fff]", "", text)) <= 80


def _sentence(text: str, name: str) -> str:
    """The first sentence that says more than its name, what kind of thing it is, and where else to look: "Internal method. Drops
    what stands twice." Empty where none does."""
    known = _KINDS | {name.lower()}
    said = (s for s in sentences(text) if not _ELSEWHERE.fullmatch(s))
    return next((s for s in said if not known.issuperset(re.findall(r"\w+", s.lower()))), "")


def _shorter(text: str) -> list[str]:
    """`text`, then without asides, then cut before the first clause that only adds to it."""
    bare = _ASIDE.sub("", text)
    cuts = []
    for pattern in _CUTS:
        match = re.search(pattern, bare)
        if match and len(tokens(bare[: match.start()])) >= 4:
            cuts.append(bare[: match.start()])
    return [text, bare, *sorted(cuts, key=len, reverse=True)]


def opened(text: str, name: str = "") -> str:
    """`text` begun with a capital, where its first word is one of the language and no name."""
    first = re.match(r"\S+", text)
    plain_word = (
        first
        and first.group() != name
        and re.fullmatch(r"[a-z][a-z'-]*,?", first.group())
        and not text[first.end() :].startswith((" -", " ="))
    )
    return text[0].upper() + text[1:] if plain_word else text


def _finish(text: str, name: str) -> str:
    text = opened(text.strip().rstrip(",;").rstrip(), name)
    return text if _ENDED.search(text) else text + "."
