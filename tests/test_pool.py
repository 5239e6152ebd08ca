"""Parsing here and in other processes: the same facts, and a crash that costs one file."""

from __future__ import annotations

import functools
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from extractor.facts import FileFacts, load_facts
from extractor.languages import SPECS, LanguageSpec, spec_for
from extractor.parse import parse_text
from extractor.pool import Job, parse_batch, parse_elsewhere, spread

FIXTURES = Path(__file__).parent / "fixtures"


def test_facts_are_the_same_whether_they_were_kept_cached_or_made_elsewhere() -> None:
    families = set()
    for path in sorted(p for p in FIXTURES.rglob("*") if p.is_file()):
        data = path.read_bytes()
        spec = spec_for(path.name, data)
        if spec is None:
            continue
        job = Job(path.relative_to(FIXTURES).as_posix(), data, spec.name)
        (here,), (elsewhere,) = parse_batch([job]), parse_elsewhere([job])
        assert here.made == load_facts(here.facts) == load_facts(elsewhere.facts), job.path
        families.add(spec.family)
    assert families == {spec.family for spec in SPECS}


def test_a_parser_that_dies_costs_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse_or_die(path: str, data: bytes, text: bytes, trouble: str, spec: LanguageSpec) -> FileFacts:
        if path == "b.py":
            os._exit(1)
        return parse_text(path, data, text, trouble, spec)

    monkeypatch.setattr("extractor.pool.parse_text", parse_or_die)
    jobs = [Job("a.py", b"x = 1\n", "python"), Job("b.py", b"y = 1\n", "python"), Job("c.py", b"z = 1\n", "python")]
    # Forked children inherit the fault; the pool itself is what the product uses.
    pool = functools.partial(ProcessPoolExecutor, 1, mp_context=multiprocessing.get_context("fork"))
    parsed = {p.path: p for batch in spread(pool, iter([[jobs[0]], [jobs[1], jobs[2]]]), 2) for p in batch}
    assert {path: p.status for path, p in parsed.items()} == {"a.py": "ok", "b.py": "failed", "c.py": "ok"}
    assert parsed["b.py"].reason == "its parser crashed"
