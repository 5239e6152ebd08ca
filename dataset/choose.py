"""Which rows are made: topics of the most important nodes first, every form within its share, breadth before depth.

Passes over the subjects in order of importance: `cover` gives every public symbol a few facts, `deepen` gives the top nodes at
least five forms of each fact, `fill` spends what is left of each form's share. A last pass gives what some forms
could not supply to others, so that a shortage means the repository has no more to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from zlib import crc32

from config.settings import DatasetSettings
from dataset.curate import OF_CONTENT, distinct
from dataset.example import KINDS
from dataset.gold import fact_id
from dataset.phrases import Family, families
from dataset.questions import Draft, draft, statements
from dataset.splits import Splits, statement_only
from dataset.topics import Topic

# Shares of forms within a kind; refusals and corrections come on top, from the settings.
SHARES: dict[str, dict[str, float]] = {
    "discovery": {"forward": 0.75, "reverse": 0.25},
    "explain": {"forward": 0.42, "statement": 0.18, "reverse": 0.12, "two_hop": 0.20, "context": 0.08},
    "howto": {"forward": 0.58, "statement": 0.28, "context": 0.14},
    "diag": {"forward": 0.44, "reverse": 0.22, "two_hop": 0.20, "context": 0.14},
}
CORRECTIONS = 0.04  # of all rows
TOP = 50  # nodes whose every fact gets FLOOR forms
FLOOR = 5
COVERED = 3  # facts after which a public symbol counts as covered
MANY_NODES = ("fields", "constants", "register")  # aspects whose one row states facts of several nodes
# forms of one topic: after the fill, and at the very most
CAPS = {"forward": (9, 14), "reverse": (9, 12), "two_hop": (7, 8), "statement": (3, 5), "context": (2, 3)}


@dataclass(slots=True)
class Wanted:
    """Rows wanted and made per (kind, form)."""

    goal: dict[tuple[str, str], int]
    made: Counter[tuple[str, str]] = field(default_factory=Counter)

    def room(self, kind: str, form: str) -> int:
        return self.goal.get((kind, form), 0) - self.made[kind, form]

    def room_in_kind(self, kind: str) -> int:
        """Rows the kind may still take, refusals and corrections left aside."""
        answered = sum(n for (k, f), n in self.goal.items() if k == kind and f not in ("refusal", "correction"))
        return answered - sum(n for (k, f), n in self.made.items() if k == kind and f not in ("refusal", "correction"))


def goals(settings: DatasetSettings, failing: int) -> Wanted:
    """The rows wanted of each kind and form. Refusals stand in discovery and diag, corrections in discovery and howto.

    `failing` is how many functions raise: where there are few, diag can hold few refusals and discovery takes the rest.
    """
    counts = settings.counts.model_dump()
    total = sum(counts.values())
    goal: dict[tuple[str, str], int] = {}
    for form, hosts, share in (
        ("refusal", ("discovery", "diag"), settings.refusal_share),
        ("correction", ("discovery", "howto"), CORRECTIONS if settings.refusal_share else 0.0),
    ):
        room = sum(counts[k] for k in hosts)
        for kind in hosts:
            goal[kind, form] = min(counts[kind], round(total * share * counts[kind] / room)) if room else 0
    spare = max(0, goal["diag", "refusal"] - 3 * failing)
    moved = min(spare, counts["discovery"] - goal["discovery", "refusal"] - goal["discovery", "correction"])
    goal["diag", "refusal"] -= spare
    goal["discovery", "refusal"] += moved
    for kind in KINDS:
        left = counts[kind] - goal.get((kind, "refusal"), 0) - goal.get((kind, "correction"), 0)
        for form, share in SHARES[kind].items():
            goal[kind, form] = round(left * share)
        goal[kind, "forward"] += left - sum(goal[kind, form] for form in SHARES[kind])
    return Wanted(goal)


class Chooser:
    """Walks subjects and offers drafts to `admit` until the wanted rows are made. Keeps per topic how far each form went."""

    def __init__(
        self,
        subjects: Sequence[str],
        public: frozenset[str],
        topics: Callable[[str], Iterator[Topic]],
        context: Callable[[Draft], Draft | None],
        splits: Splits,
        wanted: Wanted,
        admit: Callable[[Draft], str],
    ) -> None:
        self._subjects = subjects
        self._public = public
        self._top = frozenset(subjects[:TOP])
        self._topics = topics
        self._context = context
        self._splits = splits
        self._wanted = wanted
        self._admit = admit
        self.used: dict[tuple[str, str, str], Counter[str]] = {}
        self._offered: dict[tuple[str, str, str], Counter[str]] = {}
        self.told: dict[str, set[str]] = {}  # facts stated about each public symbol
        self.stated: set[int] = set()  # all facts stated, as numbers: there may be a million
        self._dead: set[tuple[str, str, str]] = set()
        self.near_duplicates = 0

    def run(self) -> None:
        """All passes."""
        self._cover(0.5)
        self._deepen()
        self._cover(0.97)
        self._fill(0, ("two_hop",))
        self._fill(0)
        self._fill(1)

    def top_up(self) -> None:
        """Give the places that refusals and corrections did not need to answers."""
        for kind in KINDS:
            for form in ("refusal", "correction"):
                spare = self._wanted.room(kind, form)
                if spare > 0:
                    self._wanted.goal[kind, form] -= spare
                    self._wanted.goal[kind, "forward"] += spare
        self._fill(1)

    def asked(self, topic: Topic) -> int:
        """How many rows of the topic's own form were made."""
        return self.forms(topic)[topic.form]

    def _cover(self, share: float) -> None:
        """Three facts about every public symbol, in as few rows as that takes: one statement of all, else single facts.

        At most `share` of the rows that a kind has left goes to it.
        """
        rooms = {kind: self._wanted.room_in_kind(kind) for kind in KINDS}
        # Paths come when their edges are known: their rows are kept for them, unless there is hardly room to name every symbol.
        keep = max(0.0, 1 - 2 * len(self._public) / max(1, sum(rooms.values())))
        spare = {kind: keep * max(0, self._wanted.room(kind, "two_hop")) for kind in KINDS}
        least = {kind: spare[kind] + max(0, rooms[kind] - spare[kind]) * (1 - share) for kind in KINDS}
        for many in (True, False):  # rows that tell of several nodes first: they go furthest
            for node_id in self._subjects:
                if all(self._wanted.room_in_kind(k) <= least[k] for k in KINDS):
                    return
                if node_id in self._public or "#" not in node_id:
                    self._cover_node(node_id, least, many)

    def _cover_node(self, node_id: str, least: dict[str, float], many: bool) -> None:
        """Rows about one node that tell something new of public symbols; `many` picks the aspects that tell of several."""
        about = [t for t in self._topics(node_id) if (t.aspect in MANY_NODES) == many and t.form != "two_hop"]
        for topic in sorted(about, key=lambda t: -sum(f.subject == node_id for f in t.facts)):
            if not self._gain(topic, node_id) or self._wanted.room_in_kind(topic.kind) <= least[topic.kind]:
                continue
            for form in self._forms(topic)[:2]:
                before = self.rows_of(topic)
                self._take(topic, form, form != "context")
                if self.rows_of(topic) > before:
                    break

    def _gain(self, topic: Topic, node_id: str) -> int:
        """How many facts a row on the topic would add to public symbols that still lack some."""
        return sum(
            f.subject in self._public
            and len(told := self.told.get(f.subject, set())) < COVERED
            and fact_id(f) not in told
            for f in topic.facts
            if f.subject == node_id or topic.aspect in MANY_NODES
        )

    @property
    def rows(self) -> int:
        """Rows made so far, of every form."""
        return sum(self._wanted.made.values())

    def forms(self, topic: Topic) -> Counter[str]:
        """Rows of the topic by form."""
        return self.used.get(_key(topic), Counter())

    def rows_of(self, topic: Topic) -> int:
        """How many rows of any form state the topic."""
        return self.forms(topic).total()

    def _deepen(self) -> None:
        for node_id in self._subjects[:TOP]:
            for topic in self._topics(node_id):
                forms = self._forms(topic)
                if topic.form not in forms and "statement" not in forms:
                    continue
                if topic.form == "two_hop":
                    plan = [("two_hop", 2)]
                elif "statement" in forms and "context" in forms:
                    plan = [(forms[0], 3), ("statement", 1), ("context", 1)]
                elif "statement" in forms and forms[0] != "statement":
                    plan = [(forms[0], 4), ("statement", 1)]
                else:
                    plan = [(form, FLOOR) for form in forms[:1]]
                done = self.forms(topic)
                for form, number in plan:
                    self._take(topic, form, min(number - done[form], self._wanted.room_in_kind(topic.kind)))
                short = FLOOR - self.rows_of(topic)
                if topic.form != "two_hop" and forms and short > 0:
                    self._take(topic, forms[0], min(short, self._wanted.room_in_kind(topic.kind)))

    def _fill(self, level: int, only: Sequence[str] = ()) -> None:
        """Level 0 keeps each form to its share, level 1 only the kind to its rows; `only` these forms, where given."""
        open_kinds = {k for k in KINDS if self._wanted.room_in_kind(k) > 0}
        for node_id in self._subjects:
            if not open_kinds:
                return
            for topic in self._topics(node_id):
                if topic.kind not in open_kinds:
                    continue
                for form in self._forms(topic):
                    if only and form not in only:
                        continue
                    room = self._wanted.room_in_kind(topic.kind)
                    if level == 0:
                        room = min(room, self._wanted.room(topic.kind, form))
                    self._take(topic, form, min(CAPS[form][level] - self.forms(topic)[form], room))
                if self._wanted.room_in_kind(topic.kind) <= 0:
                    open_kinds.discard(topic.kind)

    def _forms(self, topic: Topic) -> list[str]:
        """The forms this topic may take in train, its own first."""
        held = self._splits.held(topic)
        if not statement_only(held):
            return []
        shown = SHARES[topic.kind]
        forms = [] if held or topic.form not in shown else [topic.form]
        if topic.form == "statement":
            return ["statement"]
        if "statement" in shown and topic.form != "two_hop":
            forms.append("statement")
        if "context" in shown and topic.form == "forward" and not held:
            forms.append("context")
        return forms

    def _take(self, topic: Topic, form: str, number: int) -> None:
        """Offer the next `number` drafts of one form; a draft that a gate drops is replaced by the next one."""
        if number <= 0:
            return
        key = _key(topic)
        if key in self._dead:
            return
        used = self.used.setdefault(key, Counter())
        offered = self._offered.setdefault(key, Counter())
        made = 0
        repeats: Counter[str] = Counter()
        for position, made_draft in enumerate(self._drafts(topic, form, repeats)):
            if position < offered[form]:
                repeats.clear()  # counted when they were met first
                continue
            offered[form] += 1
            reason = self._admit(made_draft)
            if reason in OF_CONTENT:
                self._dead.add(key)
                break
            if not reason:
                used[form] += 1
                made += 1
                self._wanted.made[made_draft.kind, made_draft.form] += 1
                self._tell(made_draft)
            if made == number:
                break
        self.near_duplicates += repeats["near duplicate"]

    def _tell(self, made: Draft) -> None:
        """Remember what a row states about public symbols: enough to call them covered, and all of it for the top nodes."""
        for fact in made.facts:
            self.stated.add(int(fact_id(fact), 16))
            if fact.subject in self._public:
                told = self.told.setdefault(fact.subject, set())
                if len(told) < COVERED or fact.subject in self._top:
                    told.add(fact_id(fact))

    def _drafts(self, topic: Topic, form: str, repeats: Counter[str]) -> Iterator[Draft]:
        if form == "statement":
            return distinct(rotated(list(statements(topic)), topic), repeats)
        if form == "context":
            # Context questions use the far end of the same askings, so that they repeat as few of them as can be.
            asked = (self._context(draft(topic, *place, wrap=True)) for place in reversed(_places(topic, "train")))
            return islice((d for d in asked if d is not None), CAPS["context"][1])
        return distinct(askings(topic), repeats)


def askings(topic: Topic, which: str = "train") -> Iterator[Draft]:
    """Askings of a topic, one of each family before a second of any, starting at a family that depends on the topic."""
    return (draft(topic, family, number, wrap=which == "train") for family, number in _places(topic, which))


def asking(topic: Topic, number: int, which: str = "train") -> Draft | None:
    """The asking of a topic at this place in the order of `askings`, None behind the last."""
    places = _places(topic, which)
    return draft(topic, *places[number], wrap=which == "train") if number < len(places) else None


def _places(topic: Topic, which: str) -> list[tuple[Family, int]]:
    found = families(topic.aspect, which)
    start = crc32("\0".join(_key(topic)).encode())
    order = [found[(start + i) % len(found)] for i in range(len(found))]
    most = max((len(f.variants) for f in order), default=0)
    return [
        (family, (start + turn) % len(family.variants))
        for turn in range(most)
        for family in order
        if turn < len(family.variants)
    ]


def rotated(drafts: list[Draft], topic: Topic) -> list[Draft]:
    """The drafts from a place on that depends on the topic."""
    if not drafts:
        return drafts
    start = crc32("\0".join(_key(topic)).encode()) % len(drafts)
    return drafts[start:] + drafts[:start]


def _key(topic: Topic) -> tuple[str, str, str]:
    return topic.subject.id, topic.aspect, topic.fills.get("o", "")
