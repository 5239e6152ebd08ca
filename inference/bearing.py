"""How far a find bears on a question: whether what can be shown of it says what is asked. In: the question, and a hit or a text.
Out: the telling words it holds, their share, and whether that is enough to answer from, or to be listed.

Search brings in whatever shares a word, in a body or far down a document. What is answered from has to say it itself: in its name,
its documentation or its parameters, with what is to be done among it. That a library sends e-mails is no way to receive them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final

from brain.alike import alike
from brain.lookup import Hit
from brain.text import stem
from brain.view import is_public, is_test
from extractor.schema import Node
from inference.grammar import WITHOUT
from inference.passages import passage
from inference.retrieve import ASKING, Retriever, akin, content_words, stems
from inference.verbs import LIGHT, TAKING, deed, gives, otherwise
from inference.wording import parameters, purpose

_HALF: Final = 0.5  # of the telling words, by weight, that what leads an answer holds
_MUCH: Final = 0.75
_ABOUT: Final = 0.33  # of what leads for how or where a thing is: that it is there is taken for granted
_STRANGE: Final = 0.34  # of the telling words that may stand nowhere in the index
_UNNAMED: Final = frozenset({"index", "__init__", "mod", "lib", "main"})
_PAST: Final = re.compile(
    r"(?:^|/)(?:change(?:s|log)?|history|news|releases?(?:[-_]notes)?|what'?s[-_]?new|upgrad(?:e|ing)|migrat(?:e|ing|ion))(?:[-_]\w+)*(?:\.\w+)?(?:/|$)",
    re.IGNORECASE,
)
_IDENTIFIER: Final = re.compile(r"\w+_\w+|\b[a-z]+[A-Z]\w*")
_ABOUT_PAST: Final = re.compile(
    r"\b(?:changed|changes\s+in|since|version\s+\d|release[sd]?\b|renamed|deprecated|used\s+to|when\s+was|breaking)",
    re.IGNORECASE,
)


def is_past(path: str) -> bool:
    """Whether a document tells of earlier versions: what it speaks of may be gone."""
    return _PAST.search(path) is not None


class Bearing:
    """What one question asks, held against what is found."""

    def __init__(self, retriever: Retriever, text: str, able: bool) -> None:
        """`able`: asked is whether or how something can be done, so that nothing is taken for granted."""
        self.text = text
        self.deed = deed(text) if able else ""
        said = content_words(WITHOUT.sub(" ", text)) or content_words(text)
        # Setting, getting and using are done to anything: what is asked is the thing.
        self.words = tuple(w for w in said if w not in LIGHT) or tuple(said)
        # "Add" and "write" are said of anything as well, so that no name need say them.
        without = WITHOUT.search(text)
        self._against = {stem(w) for w in content_words(without[0])} - set(map(stem, said)) if without else set()
        self._must = self.deed if self.deed in self.words else ""
        self.able = able
        self._past = _ABOUT_PAST.search(text) is not None
        self._weight = retriever.weights(self.words)
        others = {w: (w, *_others(w)) for w in self.words}
        self._forms = {w: tuple(dict.fromkeys(map(stem, forms))) for w, forms in others.items()}
        self._things = [w for w in self.words if w not in TAKING] or list(self.words)
        self.telling = max(self._things, key=lambda w: (self._weight.get(w, 0.0), w), default="")
        self._unseen = [
            w for w, forms in others.items() if w not in TAKING and not any(map(retriever.frequency, forms))
        ]
        self._retriever = retriever

    def in_text(self, text: str) -> frozenset[str]:
        """The telling words that `text` holds, in any form or by a word that means the same."""
        held = stems(text)
        return frozenset(
            w for w, (own, *others) in self._forms.items() if held & {*others} or any(akin(own, h) for h in held)
        )

    def held(self, hit: Hit, node: Node | None) -> frozenset[str]:
        """The telling words that a find says: a symbol by its name, its parameters with their types and the best paragraph of its
        documentation, a document by its title and the passage that answers best. `node` is what the find stands for."""
        taking = {self._must} & TAKING
        if node is None:
            body = self._retriever.lookup.text(hit.path, hit.start, hit.end)
            # A section on passwords tells how to read them; one on priorities, naming `send_email`, nothing of sending.
            titled, said = self.in_text(hit.name), passage(body, self.text, hit.name)
            said = said if titled or not hit.name else _IDENTIFIER.sub(" ", said)
            return titled | self.in_text(said) | (taking if titled else frozenset())
        file = node.path.rpartition("/")[2].partition(".")[0]
        taken = [f"{p['name']} {p.get('annotation') or ''}" for p in parameters(node)]
        names = " ".join([node.qualname, "" if file in _UNNAMED else file, *taken])
        title = " ".join(str(node.meta.get(key) or "") for key in ("title", "message", "purpose"))
        held = self.in_text(f"{names} {title} {self.paragraph(node)}")
        return held | taking if taking and gives(node) else held

    def signed(self, node: Node) -> frozenset[str]:
        """The telling words of a symbol's name and its parameters, with their types: what tells overloads apart."""
        return self.in_text(
            " ".join([node.name, *(f"{p['name']} {p.get('annotation') or ''}" for p in parameters(node))])
        )

    def paragraph(self, node: Node) -> str:
        """The paragraph of a symbol's documentation that holds most of the question; "" without any."""
        parts = [p for p in re.split(r"\n\s*\n|\n(?=\s*[:@]\w+)", str(node.meta.get("doc", ""))) if p.strip()]
        return max(parts, key=lambda p: self.share(self.in_text(p)), default="")

    def tells_of(self, title: str, name: str) -> bool:
        """Whether a section is called by what is to be done; where that is done to anything, by what `name` says of the question."""
        if self.deed and self.deed not in LIGHT | TAKING:
            forms = [stem(form) for form in (self.deed, *otherwise(self.deed))]
            return any(akin(form, said) for form in forms for said in stems(title))
        return self.in_text(name) <= self.in_text(title)

    def is_against(self, title: str) -> bool:
        """Whether a title says what is to be done without: "Testing with a running server" for "how to test without a server"."""
        return bool(self._against & stems(title))

    def called(self, title: str) -> float:
        """How nearly a title is what is asked: the words of the question that it says, times their share of its words."""
        held = len(self.in_text(title))
        return held * held / (len(stems(title)) or 1)

    def share(self, held: Iterable[str]) -> float:
        """The weight of these words in that of all, the same in whatever order they come."""
        return math.fsum(self._weight[w] for w in held) / (math.fsum(self._weight.values()) or 1.0)

    def lacks(self, held: frozenset[str]) -> bool:
        """Whether much of what is asked is not said, getting it aside."""
        return self.share(held & {*self._things}) < _MUCH * self.share(self._things)

    def is_called_so(self, hit: Hit, node: Node | None) -> bool:
        """Whether a find bears a telling word in its name."""
        return bool(self.in_text(node.qualname if node is not None else hit.name))

    def answers(self, held: frozenset[str], path: str = "") -> bool:
        """Whether what holds these words may lead: most of them, two of several, and what is to be done. Where the question takes
        it for granted that there is something, much less will do."""
        if is_past(path) and not self._past:
            return False
        if not self.able:
            return self.share(held) >= _ABOUT
        # A word that the repository never uses is evidence that it does not do the thing.
        if self.share(self._unseen) > _STRANGE:
            return False
        several = len(held) >= min(2, len(self.words)) and (not self._must or self._must in held)
        return several and self.share(held) >= _HALF

    def bears(self, held: frozenset[str], hit: Hit, node: Node | None) -> bool:
        """Whether what holds these words is worth listing: it might lead, or is called by what is to be done."""
        # What the product keeps to itself is nothing that can be done with it.
        if self.able and node is not None and not is_public(node):
            return False
        if self.answers(held, hit.path):
            return True
        return node is not None and self.is_called(node) and self.share(held) >= _ABOUT

    def is_open_to(self, node: Node) -> bool:
        """Whether people may do something with a symbol, in a question of which little is strange here."""
        return is_public(node) and not is_test(node) and self.share(self._unseen) <= _STRANGE

    def is_called(self, node: Node) -> bool:
        """Whether something documented bears the very name of what is to be done, and no word of the question is strange here."""
        doer = node.type in ("function", "method", "variable") and bool(purpose(node)) and not is_test(node)
        return doer and node.name.lower() == self._must and not self._unseen

    def does(self, held: frozenset[str], hit: Hit, node: Node | None) -> bool:
        """Whether what holds these words may lead, by what it says or by its very name."""
        if node is None and self.is_against(hit.name):
            return False
        named = node is not None and self.is_called(node) and self.share(held) >= _HALF
        return self.bears(held, hit, node) and (named or self.answers(held, hit.path))


def _others(word: str) -> list[str]:
    """Other words for `word`, those that are said of something in particular."""
    return [w for w in (*alike(word), *otherwise(word)) if w not in LIGHT | TAKING | ASKING]
