"""Broken source in every brace language: cut, spliced and littered files are read and linked as far as they go, never a crash."""

from __future__ import annotations

import random

import pytest
from labelled import read

from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import link

LITTER = (b"(", b"}", b"{", b"<", b"class ", b"::", b"#", b'"', b"=>", b"new ", b"operator ", b"\xff", b"?.", b"...")


@pytest.mark.parametrize(
    "name",
    ["java_depot", "ts_desk", "cpp_engine", "cpp_cdriver", "cuda_torchlike", "go_depot", "rust_depot", "csharp_depot"],
)
def test_mutated_programs_are_read_and_linked(name: str) -> None:
    chance = random.Random(name)
    sources, configs = read(name)
    for _ in range(12):
        files = []
        for path, data in sources.items():
            spec = spec_for(path, data)
            if spec is not None:
                files.append(parse_file(path, mutated(data, chance), spec))
        links = link(files, configs)
        assert links.problems == []
        known = {f.path for f in files}
        assert all(e.src.partition(":")[2].partition("#")[0] in known for e in links.edges)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes with up to five pieces cut out, cut off or put in."""
    text = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(text) or 1)
        kind = chance.random()
        if kind < 0.4:
            del text[at : at + chance.randint(1, 30)]
        elif kind < 0.5:
            del text[max(at, 1) :]
        else:
            text[at:at] = chance.choice(LITTER)
    return bytes(text)
