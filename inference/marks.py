"""Claims to text: prose with marks `[1]` and, behind the marks, the citations that held. A mark never stands without one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from brain.text import clean
from inference.citations import Citation, Span, Verifier
from inference.wording import Section

_NUMBERED = re.compile(r"\d+\. ")
_END = re.compile(r"([.:!?]?[”\")]*)$")


class Marks:
    """Numbers citations in order of first use; one span has one number."""

    def __init__(self, verifier: Verifier, citations: Sequence[Citation] = ()) -> None:
        self._verifier = verifier
        self.citations: list[Citation] = list(citations)
        self._numbers = {_key(c): n for n, c in enumerate(self.citations, 1)}

    def of(self, spans: Sequence[Span]) -> str:
        """` [1][4]` for the spans that hold, "" when none does."""
        numbers = []
        for span in spans:
            citation = self._verifier.check(span)
            if citation is None:
                continue
            if _key(citation) not in self._numbers:
                self.citations.append(citation)
                self._numbers[_key(citation)] = len(self.citations)
            numbers.append(self._numbers[_key(citation)])
        return " " + "".join(f"[{n}]" for n in dict.fromkeys(numbers)) if numbers else ""

    def put(self, text: str, spans: Sequence[Span]) -> str:
        """`text` with its marks before the closing full stop or colon."""
        marks = self.of(spans)
        said = clean(text).rstrip()
        if not marks:
            return said
        match = _END.search(said)
        at = match.start() if match and match.group(0) in (".", ":") else len(said)
        return said[:at] + marks + said[at:]


def render(sections: Sequence[Section], verifier: Verifier) -> tuple[str, tuple[Citation, ...], list[bool]]:
    """(prose with marks, its citations, per section whether it has one that holds)."""
    marks = Marks(verifier)
    paragraphs, cited = [], []
    for section in sections:
        text, listing, any_mark = "", False, False
        for claim in section.claims:
            if claim.code:
                text, listing = f"{text}\n```\n{clean(claim.text)}\n```", True
                continue
            said = marks.put(claim.text, claim.spans)
            any_mark = any_mark or said != clean(claim.text).rstrip()
            if claim.item:
                text += f"\n{said}" if _NUMBERED.match(said) else f"\n- {said}"
            else:
                text += ("\n" if listing else " " if text else "") + said
            listing = claim.item
        paragraphs.append(text.strip())
        cited.append(any_mark)
    return "\n\n".join(p for p in paragraphs if p), tuple(marks.citations), cited


def _key(citation: Citation) -> tuple[str, int, int]:
    return citation.path, citation.start_line, citation.end_line


def without_marks(text: str) -> str:
    """Prose without `[1]` and without the messages it quotes, whose "there is no …" is no refusal."""
    return re.sub(r" ?(?:\[\d+\])+| ?\(?“[^”]*”\)?", "", text)
