"""Rows that train does not hold: T1 to T5 and the rows that stop training early. What train has shown in, drafts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from brain.facts import Fact
from config.settings import DatasetSettings
from dataset.choose import Chooser, asking, askings
from dataset.curate import Gates
from dataset.gold import fact_id
from dataset.knowledge import Knowledge
from dataset.negatives import Parts, out_of_scope, split_words, unseen_words
from dataset.questions import Draft
from dataset.refusals import ASPECTS, refuse, scope_refusals
from dataset.splits import REVERSED, TESTS, Splits
from dataset.topics import Topic

SCOPE_HELD = 0.3  # share of the out-of-scope capabilities that only the test set asks for
WORDINGS = 3  # of one held-out node form, reverse edge or path


def held_scope(splits: Splits, text: str, *, test: bool) -> list[str]:
    """Capabilities the repository lacks, those of the test set or those of train."""
    return [c for c in out_of_scope(text) if splits.sampled("scope" + c, SCOPE_HELD) == test]


class HeldOut:
    """Everything here looks at what the chooser made and asks something else."""

    def __init__(
        self,
        knowledge: Knowledge,
        splits: Splits,
        chooser: Chooser,
        gates: Gates,
        parts: Parts,
        settings: DatasetSettings,
    ) -> None:
        self._knowledge, self._splits, self._chooser, self._gates = knowledge, splits, chooser, gates
        self._parts, self._settings = parts, settings
        self._cap = max(60, min(1000, chooser.rows // 20))

    def tests(self) -> list[tuple[str, Draft]]:
        """(split, draft) of T1 to T5, in order of importance, spread over aspects."""
        made: dict[str, list[Draft]] = {t: [] for t in TESTS}
        per: Counter[tuple[str, str]] = Counter()
        words = self._unseen()
        for topic in self._topics():
            for split, draft in self._asked(topic):
                room = self._cap * (2 if split == "T1" else 1)
                # No aspect takes more than a quarter of a split: recall of one relation is not knowledge of the code.
                if len(made[split]) >= room or per[split, topic.aspect] >= max(10, room // 4):
                    break
                # The second half of T1 is a sample of everything, not the next most important.
                late = split == "T1" and len(made[split]) >= self._cap
                if (late and not self._splits.sampled("t1" + draft.prompt, 0.3)) or not self._fits(draft):
                    continue
                made[split].append(draft)
                per[split, topic.aspect] += 1
                if split == "T1" and topic.aspect in ASPECTS and words and len(made["T5"]) < self._cap:
                    made["T5"] += self._pair(topic, words)
        scope = held_scope(self._splits, self._knowledge.text(), test=True)
        made["T5"] += [d for d in list(scope_refusals(scope, "T1"))[: self._cap // 8] if self._fits(d)]
        return [(split, draft) for split in TESTS for draft in made[split]]

    def valids(self) -> list[Draft]:
        """Trained facts in the valid families, and refusals at the share of train."""
        rows: list[Draft] = []
        refusals = round(self._cap * self._settings.refusal_share)
        for topic in self._topics():
            if len(rows) >= self._cap:
                break
            trained = not self._splits.held(topic) and self._chooser.asked(topic) and topic.form != "statement"
            if not trained or not self._splits.sampled(f"valid\0{topic.subject.id}\0{topic.aspect}", 0.25):
                continue
            first, second = asking(topic, 0, "valid"), asking(topic, 1, "valid")
            rows += [first] if first is not None and self._fits(first) else []
            if refusals > 0 and topic.aspect in ASPECTS and second is not None:
                fake = refuse(second, topic, self._parts, self._settings.seed + 1)
                if fake is not None and self._fits(fake):
                    rows.append(fake)
                    refusals -= 1
        return rows

    def _topics(self) -> Iterator[Topic]:
        for node_id in self._knowledge.subjects_by_rank:
            yield from self._knowledge.topics(node_id)

    def _asked(self, topic: Topic) -> list[tuple[str, Draft]]:
        """The split a topic is tested in, with its questions there; empty where it cannot be tested."""
        held = self._splits.held(topic)
        if topic.form == "statement" or held in ("none", "stated"):
            return []
        if not held:
            first = asking(topic, 0, "T1") if self._chooser.asked(topic) else None
            return [("T1", first)] if first is not None else []
        return [(held, d) for d in islice(askings(topic), WORDINGS)] if self._trained(topic, held) else []

    def _trained(self, topic: Topic, held: str) -> bool:
        """Whether train has shown what the held-out question needs."""
        if held == "T2":
            return self._chooser.forms(topic)["statement"] > 0
        if held == "T3":
            edges = [f for f in topic.facts if f.object_is_node]
            return bool(edges) and all(self._stated(Fact(f.object, REVERSED[topic.aspect], f.subject)) for f in edges)
        return all(map(self._stated, topic.facts))

    def _stated(self, fact: Fact) -> bool:
        return int(fact_id(fact), 16) in self._chooser.stated

    def _pair(self, topic: Topic, words: list[str]) -> list[Draft]:
        """An invented name with an unseen part and its real twin, both in a wording of T1 that its T1 row does not use."""
        other = asking(topic, 1, "T1")
        fake = refuse(other, topic, self._parts, self._settings.seed, words) if other is not None else None
        if other is None or fake is None or not self._fits(fake) or not self._fits(other):
            return []
        return [fake, other]

    def _unseen(self) -> list[str]:
        taken = {word for node_id in self._knowledge.view.nodes for word in split_words(node_id)}
        return unseen_words(taken | set(self._parts.words))

    def _fits(self, draft: Draft) -> bool:
        return not self._gates.admit(draft, held_out=True)
