"""Numbers, defaults and quoted words in a sentence, against the code it speaks of. In: the sentence and the symbols it names. Out: what
stands in none of it, and defaults that the signature contradicts.

Counts ("3 parameters") are facts about the graph, not words of the source, and are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from brain.text import one_line
from extractor.schema import Node
from inference.wording import name_of, parameters

_NUMBER = re.compile(r"(?<![\w.\[/@:#-])\d+(?:\.\d+)?(?![\w\]/-]|\.\d)")
_COUNTED: Final = re.compile(
    r"\s*(?:more\s+|other\s+|public\s+|private\s+|positional\s+|optional\s+|required\s+|different\s+|direct\s+|call\s+)*"
    r"(?:parameter|argument|caller|call|site|method|function|class|module|file|line|place|test|sub-?class|error|exception|member|"
    r"attribute|field|value|thing|part|step|kind|type|option|package|import|base|others?\b|of\b)",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\s*\d+[.)]\s")
_QUOTED = re.compile(r"“([^”\n]{3,200})”|(?<!\w)\"([^\"\n]{3,200})\"(?!\w)")
_DEFAULT = re.compile(
    r"`?(?P<name>[A-Za-z_]\w*)`?(?:\s+(?:parameter|argument|option))?,?\s+(?:which\s+)?(?:has\s+(?:a|the)\s+default(?:\s+value)?\s+of|defaults\s+to|is\s+by\s+default)\s+"
    r"(?P<value>`[^`\n]+`|\"[^\"\n]*\"|'[^'\n]*'|[^\s,;()]+)",
    re.IGNORECASE,
)


def unsupported(text: str, sources: Sequence[str], anywhere: Callable[[str], bool]) -> tuple[str, ...]:
    """Numbers of `text` that none of `sources` holds, and quoted words that stand neither there nor `anywhere`."""
    wrong: list[str] = []
    body = text[match.end() :] if (match := _LISTED.match(text)) else text
    plain = _QUOTED.sub(" ", body)
    for match in _NUMBER.finditer(plain):
        if _COUNTED.match(plain, match.end()):
            continue
        whole = re.compile(rf"(?<![\w.]){re.escape(match.group())}(?!\w|\.\d)")
        if not any(whole.search(source) for source in sources):
            wrong.append(match.group())
    for match in _QUOTED.finditer(body):
        said = one_line(match.group(1) or match.group(2)).strip(" .,;:…")
        if said and not any(said in _unmarked(source) for source in sources) and not anywhere(said):
            wrong.append(f"“{said}”")
    return tuple(dict.fromkeys(wrong))


def _unmarked(source: str) -> str:
    """The text as it is read: on one line, `:meth:` and its like left out."""
    return re.sub(r":[a-z][\w:]*:`~?([^`]*)`|`", lambda m: m[1] or "", one_line(source))


def wrong_defaults(text: str, callables: Iterable[Node]) -> tuple[str, ...]:
    """Defaults that `text` states of a parameter of `callables` and that its signature does not have."""
    found = []
    nodes = list(callables)
    for match in _DEFAULT.finditer(text):
        stated = _plain(match["value"].rstrip(".!?:"))
        for node in nodes:
            param = next((p for p in parameters(node) if str(p["name"]).lstrip("*&") == match["name"]), None)
            if param is None:
                continue
            real = _plain(one_line(str(param.get("default") or "")))
            if stated != real:
                has = f"{name_of(node)} has {match['name']}={real}"
                found.append(has if real else f"{match['name']} of {name_of(node)} has no default")
            break
    return tuple(dict.fromkeys(found))


def _plain(value: str) -> str:
    return value.strip("`").strip().strip("\"'").strip("`")
