"""Things that do not exist, and things easily taken for one another. Real names in, invented ones out.

An invented name recombines parts of real identifiers and is checked absent. Each is paired with a real node, so that the
question about it has a near-identical one that can be answered. Names for the test set carry a part that training never saw.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from random import Random
from zlib import crc32

from dataset.example import Example, read_examples
from dataset.names import apart, parts_of
from dataset.score import code_tokens

# Parts for the test set's fakes: ordinary words of other trades. A word that the repository uses is left out of its fakes.
UNSEEN_WORDS = """almanac anchor antler apron arbour atlas bakery ballast barley beacon bellows biscuit blossom bramble brine buoy
burrow candle canoe caravan cathedral cedar chisel cider cinder citadel clover cobalt compass copper coral cottage cradle
crater cricket cypress dagger dahlia dolphin drizzle dune ember estuary falcon feather ferry fiddle flint foundry fresco garland
geyser glacier gondola granite grotto hammock harbour harvest hazel hedgehog helium heron horizon ivory jasmine juniper kettle
kiln lagoon lantern lattice lavender lever lichen lilac lobster locket loom lotus magnet mallow maple marble marsh meadow meteor
mosaic moss nectar nickel nutmeg oasis obelisk olive onyx opal orchard otter oyster paddle pagoda parchment pebble pepper
petal pigeon pillow plume prairie pulley quarry quartz quill raft raven reef ribbon saffron sail sapphire satchel scarf
shovel silo sleigh sparrow spindle spruce starling steeple sundial tallow teapot thimble thistle timber topaz trellis trowel
tulip tundra turnip umber valley velvet vineyard violet walnut wharf willow zephyr zinc"""

# Capabilities far from most code, each with the words that must be absent from a repository that is said to lack it.
OUT_OF_SCOPE: tuple[tuple[str, str], ...] = (
    ("solve the travelling salesman problem", "salesman tsp"),
    ("render a three-dimensional scene", "opengl vulkan raytrac shader mesh"),
    ("mine cryptocurrency", "blockchain bitcoin mining ethereum"),
    ("recognise faces in a photo", "opencv facial biometric"),
    ("translate speech to text", "speech transcrib phoneme"),
    ("control a stepper motor", "stepper motor gpio"),
    ("simulate the weather", "weather meteorolog"),
    ("play chess", "chess checkmate"),
    ("book a flight", "airline booking itinerary"),
    ("fold proteins", "protein amino genome"),
    ("route packets over Bluetooth", "bluetooth ble gatt"),
    ("print labels on a thermal printer", "thermal zpl escpos"),
    ("calculate income tax", "tax payroll invoice"),
    ("detect plagiarism in essays", "plagiari essay"),
    ("compose piano music", "midi piano melody"),
    ("decode QR codes", "qrcode barcode"),
    ("schedule hospital shifts", "hospital nurse patient"),
    ("track the position of satellites", "satellite orbit ephemeris"),
    ("design a printed circuit board", "pcb gerber netlist"),
    ("steer a drone", "drone quadcopter mavlink"),
    ("price stock options", "volatility stocks trading"),
    ("draw a Gantt chart", "gantt milestone"),
    ("sequence DNA reads", "dna nucleotide fasta"),
    ("brew coffee on a timer", "coffee brew"),
    ("generate fractal landscapes", "fractal terrain"),
    ("compress video to H.264", "h264 codec ffmpeg"),
    ("file a patent application", "patent attorney"),
    ("forecast electricity demand", "electricity kilowatt"),
    ("match fingerprints", "fingerprint_match minutiae"),
    ("plan a warehouse layout", "warehouse pallet"),
    ("balance a chemical equation", "chemical molecule stoichiometr"),
    ("read an electrocardiogram", "ecg cardio heartbeat_wave"),
    ("score a tennis match", "tennis umpire"),
    ("guide a telescope", "telescope astronom"),
    ("grade school exams", "grading pupil exam"),
    ("simulate traffic lights", "intersection vehicle"),
    ("print postage stamps", "postage parcel"),
    ("tune a guitar", "guitar chord"),
    ("cut a wedding video", "wedding footage"),
    ("optimise a crop rotation", "crop_rotation fertili"),
)
_HUMPS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
REFUSALS = (
    "There is no {fake} in this code base.",
    "{fake} does not exist in this code base.",
    "No such thing: {fake} is not defined in this code base.",
)
SCOPE_REFUSALS = (
    "There is no code here to {o}.",
    "Nothing in this code base serves to {o}.",
    "Nothing here can {o}; it is outside the scope of this code base.",
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What fakes are made of: the lower-case parts of real names, class-like names with what joins a member to them, and every
    name that exists."""

    words: tuple[str, ...]
    owners: tuple[str, ...]
    functions: tuple[str, ...]
    known: frozenset[str]


def parts_from(qualnames: Iterable[str]) -> Parts:
    """Parts of real qualified names. Words are those of two identifiers at least, or all when there are few."""
    seen: dict[str, int] = {}
    classes, owners, functions, known = set(), set(), set(), set()
    for qualname in qualnames:
        pieces = re.split(r"::|\.", qualname)
        known.update(pieces)
        known.add(qualname)
        for piece in pieces:
            for word in set(split_words(piece)):
                seen[word] = seen.get(word, 0) + 1
        last = pieces[-1]
        if len(pieces) > 1 and pieces[-2][:1].isupper():
            owners.add(apart(qualname)[0])
        if last[:1].isupper():
            classes.add(qualname)
        elif last.isidentifier() and not last.startswith("_"):
            functions.add(last)
    joint = "::" if sum(o.endswith("::") for o in owners) * 2 > len(owners) else "."
    owners |= {f"{name}{joint}" for name in classes if not any(f"{name}{other}" in owners for other in (".", "::"))}
    words = sorted(w for w in seen if len(w) > 2 and w.isalpha())
    common = [w for w in words if seen[w] > 1]
    return Parts(
        tuple(common if len(common) >= 12 else words),
        tuple(sorted(owners)),
        tuple(sorted(functions)),
        frozenset(known | {k.lower() for k in known}),
    )


def load_parts(dataset: Path) -> Parts:
    """Parts from the names that the rows of a train.jsonl cite or name: enough to make fresh fakes without the graph."""
    names: set[str] = set()
    for example in read_examples(dataset):
        for ref in (*example.refs, *example.meta.negatives):
            name = parts_of(ref)[1]
            scoped = name.replace(".", "::")  # as the row writes it
            names.update({scoped if scoped in example.response or scoped in example.prompt else name} - {""})
        if example.meta.answerable:
            names.update(t for t in code_tokens(example.response) if re.fullmatch(r"[\w.:]+", t))
    return parts_from(sorted(names))


@lru_cache(maxsize=100_000)
def split_words(name: str) -> tuple[str, ...]:
    """`parse_HTTPHeader2` -> parse, http, header, 2."""
    return tuple(part.lower() for part in _HUMPS.findall(name))


def fresh_fakes(rng: Random, parts: Parts, words: Sequence[str] = ()) -> Iterator[str]:
    """Endless invented names: functions, methods of real classes, classes. Each is absent from `parts.known`.

    `words` (the unseen ones) stand in every name when given, beside a real part. Ends early only where nothing new can be made.
    """
    made: set[str] = set()
    misses = 0
    while misses < 1000 and parts.words:
        fake = _invent(rng, parts, words)
        last = apart(fake)[1]
        if fake in made or last.lower() in parts.known or fake.lower() in parts.known:
            misses += 1
            continue
        misses = 0
        made.add(fake)
        yield fake


def fake_like(rng: Random, twin: str, parts: Parts, words: Sequence[str] = ()) -> str:
    """An invented name of the same shape as the real `twin`, in the same class if it is a method. Empty when none was found."""
    owner, last = apart(twin)
    pool = list(words) or list(parts.words)
    for _ in range(60 if pool else 0):
        own = split_words(last) or (last.lower(),)
        new = rng.choice(pool)
        kept = (
            own[: rng.randint(1, min(2, len(own)))]
            if not words or rng.random() < 0.6
            else [rng.choice(parts.words or (new,))]
        )
        combined = [*kept, new] if rng.random() < 0.7 else [new, *kept]
        if len(set(combined)) < len(combined):
            continue
        name = _shaped(combined, last)
        fake = f"{owner}{name}"
        if name.lower() not in parts.known and fake.lower() not in parts.known:
            return fake
    return ""


def unseen_words(taken: Collection[str]) -> list[str]:
    """The words for test fakes that `taken` (lower-case parts and words of the repository and of its rows) does not hold."""
    return [w for w in UNSEEN_WORDS.split() if w not in taken]


def out_of_scope(text: str) -> list[str]:
    """Capabilities that a repository with this text (lower case: all names and documentation) has nothing to do with."""
    return [what for what, words in OUT_OF_SCOPE if not any(w in text for w in words.split())]


def refusal(fake: str, prompt: str) -> str:
    """The answer to a question about something that does not exist, in one of a few wordings chosen by the prompt."""
    sentence = REFUSALS[crc32(prompt.encode()) % len(REFUSALS)]
    return sentence.format(fake=f"`{fake}`")


def scope_refusal(what: str, prompt: str) -> str:
    return SCOPE_REFUSALS[crc32(prompt.encode()) % len(SCOPE_REFUSALS)].format(o=what)


def resample(example: Example, fakes: Iterator[str]) -> Example:
    """A refusal row about another invented name: prompt and response change alike. Other rows come back as they are."""
    if example.meta.answerable or example.meta.form != "refusal":
        return example
    ticked = re.search(r"`([^`]+)`", example.response)
    fresh = next(fakes, "")
    if ticked is None or not fresh or ticked.group(1) not in example.prompt:
        return example
    old = ticked.group(1)
    return replace(
        example, prompt=example.prompt.replace(old, fresh), response=example.response.replace(f"`{old}`", f"`{fresh}`")
    )


def near_neighbours(
    node_id: str, ids_by_name: dict[str, list[str]], siblings: Sequence[str], wanted: int
) -> tuple[str, ...]:
    """Hard negatives: first the same name elsewhere, then siblings by how many words they share with the name."""
    name = parts_of(node_id)[1].rpartition(".")[2]
    same = [i for i in ids_by_name.get(name, ()) if i != node_id]
    own = set(split_words(name))
    close = sorted(
        (i for i in siblings if i != node_id and i not in same),
        key=lambda i: (-len(own & set(split_words(parts_of(i)[1].rpartition(".")[2]))), i),
    )
    return tuple([*same, *close][:wanted])


def _invent(rng: Random, parts: Parts, words: Sequence[str]) -> str:
    first = rng.choice(parts.words)
    second = rng.choice(words) if words else rng.choice(parts.words)
    pair = [first, second] if rng.random() < 0.5 else [second, first]
    roll = rng.random()
    if roll < 0.25:
        return "".join(word.capitalize() for word in pair)
    camel = sum(1 for f in parts.functions if re.search(r"[a-z][A-Z]", f)) * 2 > len(parts.functions)
    name = pair[0] + pair[1].capitalize() if camel else "_".join(pair)
    return f"{rng.choice(parts.owners)}{name}" if roll < 0.6 and parts.owners else name


def _shaped(words: Sequence[str], like: str) -> str:
    """`words` joined the way `like` is written."""
    lead = like[: len(like) - len(like.lstrip("_"))]
    bare = like.strip("_")
    if bare.isupper() and len(bare) > 1:
        return lead + "_".join(words).upper()
    if bare[:1].isupper():
        return lead + "".join(w.capitalize() for w in words)
    if re.search(r"[a-z][A-Z]", bare):
        return lead + words[0] + "".join(w.capitalize() for w in words[1:])
    return lead + "_".join(words)
