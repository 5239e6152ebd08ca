"""How the front page of a project opens: the text of a README in, its paragraphs of prose out."""

from __future__ import annotations

import re
from typing import Final

from brain.markup import prose
from brain.text import paragraph, sentences

# The words between what a project is and the list that stands below: "a server, that:".
_LEADING: Final = re.compile(
    r"[,;]?\s+(?:(?:that|which|who|where|it|to|by|for|with|as|such|like|is|are|can|will)\b\s*)+$"
)
_NOTICE: Final = re.compile(
    r"\bfree software[;:,]|\bpublic licen[sc]e\b|\bwarrant(?:y|ies)\b|\bcopyright\b|\blicensed under\b", re.IGNORECASE
)


def whole(said: str) -> str:
    """`said` without the lead-in of what stood below it."""
    *whole, last = sentences(said)
    return said if not last.endswith(":") else " ".join(whole) or f"{_LEADING.sub('', last[:-1])}."


def plain_paragraphs(text: str) -> list[tuple[str, int]]:
    """(prose, line) of the paragraphs of a page that are sentences: no heading, list, table, badge or directive, no notice of a licence."""
    found, at = [], 0
    text = prose(text)
    for block in re.split(r"\n\s*\n", text):
        start = text.index(block, at)
        at = start + len(block)
        said = paragraph(block)
        # What is set in is code, or the body of a directive.
        plain = re.search(r"^\S", block, re.MULTILINE) and not re.match(r"\s*(?:[#=|<>!+]|[*-] |```|\[!|\.\. )", block)
        if plain and len(said.split()) >= 6 and said.lstrip("`*_")[:1].isalnum() and not _NOTICE.search(said):
            found.append((said, text[:start].count("\n") + 1))
    return found
