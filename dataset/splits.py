"""What is held out, decided before a row is made: nodes, reverse questions and two-edge paths, by hash of their ids.

T0 seen        rows of train itself
T1 paraphrase  trained facts in families of wording that train and valid never use
T2 node form   nodes that train shows as statements only: no question, of theirs or of others, has an answer about them
T3 reverse     reverse questions of edges whose forward direction is trained, and told in that order only
T4 composition two-edge paths whose edges are trained and whose path is not
T5 refusal     invented names with parts that training never saw, each beside a real twin
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from brain.facts import Fact
from config.manifest import digest
from dataset.topics import Topic

TESTS = ("T0", "T1", "T2", "T3", "T4", "T5")
# A reverse aspect, and the relation whose forward rows must be trained for its hold-out to mean anything.
REVERSED = {
    "called_by": "calls",
    "subclasses": "extends",
    "implementers": "implements",
    "imported_by": "imports",
    "raised_by": "raises",
    "caught_by": "catches",
}
_ASPECTS_OF = {
    "called_by": ("called_by",),
    "subclass": ("subclasses", "implementers"),
    "imported_by": ("imported_by",),
    "raised_by": ("raised_by",),
    "caught_by": ("caught_by",),
}
# A relation, and the reverse question that its facts answer when they are told from the other end.
_TURNED = {relation: aspect for aspect, relation in REVERSED.items()}
_ENDS_FIRST = frozenset({"why_caught"})  # aspects whose only sentence names the far end of an edge before the near one
NODE_FORM, REVERSE, PATH = 0.12, 0.10, 0.15


@dataclass(frozen=True, slots=True)
class Splits:
    """One assignment; the same seed and ids give the same one, whatever else the repository holds."""

    seed: int

    def node_form(self, node_id: str) -> bool:
        """Whether train shows this node as statements only (T2)."""
        return self._below("node", node_id, NODE_FORM)

    def reverse(self, aspect: str, node_id: str) -> bool:
        """Whether this reverse question is held out (T3)."""
        return aspect in REVERSED and self._below(aspect, node_id, REVERSE)

    def answered_back(self, node_id: str) -> bool:
        """Whether some reverse question of the node is held out, which a note on it would answer."""
        return any(self.reverse(aspect, node_id) for aspect in REVERSED)

    def path(self, topic: Topic) -> bool:
        """Whether this two-edge path is held out (T4)."""
        return topic.form == "two_hop" and self._below(topic.aspect, topic.subject.id, PATH)

    def hides(self, fact: Fact) -> bool:
        """Whether the fact states a held-out reverse edge, so that no train row may state it either."""
        return any(self.reverse(aspect, fact.subject) for aspect in _ASPECTS_OF.get(fact.relation, ()))

    def turned(self, fact: Fact) -> bool:
        """Whether the fact, told from its object, would answer a held-out reverse question."""
        return self.reverse(_TURNED.get(fact.relation, ""), fact.object)

    def held(self, topic: Topic) -> str:
        """The test split a topic belongs to, empty when it is for training, "none" when it is for neither.

        Statements of T2's nodes are trained all the same; "stated" are statements about others that tell of T2's nodes.
        """
        if self.reverse(topic.aspect, topic.subject.id):
            return "T3"
        if any(self.hides(f) or (topic.aspect in _ENDS_FIRST and self.turned(f)) for f in topic.facts):
            return "none"
        if self.node_form(topic.subject.id):
            return "T2"
        if any(f.subject != topic.subject.id and self.node_form(f.subject) for f in topic.facts):
            return "stated"
        return "T4" if self.path(topic) else ""

    def told(self, topic: Topic) -> Topic:
        """The topic as train may tell it: from its subject only, where the other order would answer a held-out question."""
        return replace(topic, answers=topic.answers[:1]) if any(map(self.turned, topic.facts)) else topic

    def sampled(self, key: str, share: float) -> bool:
        """A fixed share of anything, by its key."""
        return self._below("sample", key, share)

    def _below(self, what: str, key: str, share: float) -> bool:
        return _drawn(self.seed, what, key) < share * 0x1_0000_0000


@lru_cache(maxsize=100_000)
def _drawn(seed: int, what: str, key: str) -> int:
    """A number below 2**32, remembered: every pass over the topics asks for the same ones."""
    return int(digest((str(seed), what, key))[:8], 16)


def statement_only(held: str) -> bool:
    """Whether a topic held like this may still be stated in train."""
    return held in ("", "T2", "stated")
