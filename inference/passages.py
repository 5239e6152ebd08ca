"""What a document says of a question. In: the text of a section, the question, the section's title. Out: its paragraph that answers
best, and whether its words speak of the question at all.
"""

from __future__ import annotations

import re
from typing import Final

from brain.markup import items, prose
from brain.text import one_line, paragraph, stem
from inference.retrieve import content_words, stems

_HEADING = re.compile(r"\s*([-=~^*#`\"])\1{2,}\s*|#{1,6}\s.*")  # or what underlines one
_FEW: Final = 4  # items of a list that are read as one
# A line of a table of contents names what stands elsewhere.
_CONTENTS = re.compile(r"^[ \t]*(?:[-*+]|\d+\.)[ \t]+\[[^\]\n]*\]\(#[^)\n]*\)[ \t]*$", re.MULTILINE)


def passage(text: str, question: str, title: str = "") -> str:
    """The paragraph of a document's section that answers best: prose with most of the question's words. "" without prose."""
    words = {stem(w) for w in content_words(question)}
    best, most = "", -2
    for block in re.split(r"\n\s*\n", prose(_CONTENTS.sub("", text))):
        lines = block.split("\n")
        # Directives, quotes and other asides, code, tables and headings are no sentences of the document.
        if block.lstrip().startswith((".. ", ">", "|", "+-", "```", ">>>", "$ ")) or all(
            line[:1] in " \t" for line in lines if line
        ):
            continue
        kept = "\n".join(line for line in lines if not _HEADING.fullmatch(line))
        parts = [part for part in map(paragraph, items(kept)) if part]
        if len(parts) > _FEW:
            # Of a long list, what its items say together is said by none of them.
            most_held = max(len(words & stems(part)) for part in parts)
            parts = [part for part in parts if len(words & stems(part)) == most_held][:_FEW]
        said = "".join(f"{part} " if part[-1] in ".!?:" else f"{part}; " for part in parts).rstrip()
        said = f"{said[:-1]}." if said.endswith(";") and len(parts) > 1 else said.rstrip(";")
        # "The types are:" says nothing without the list below it.
        score = len(words & stems(said)) - 2 * said.endswith(":")
        if len(said.split()) >= 5 and score > most and said != one_line(title):
            best, most = said, score
    return best


def says(text: str, question: str, title: str = "") -> bool:
    """Whether the title or the best paragraph holds any word of the question; code that only shares a word with it says nothing."""
    return bool({stem(word) for word in content_words(question)} & stems(f"{title} {passage(text, question, title)}"))
