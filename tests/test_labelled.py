"""Labelled programs of every language but Python: the linker finds each labelled call and nothing else, and their facts can be stored."""

from __future__ import annotations

import pytest
from labelled import read, score

from extractor.facts import dump_facts, load_facts
from extractor.languages import spec_for
from extractor.parse import parse_file

# A fixture, and the least labels it holds: one whose labels were lost would pass without a call linked.
EXACT = {
    "bound_shelf": 50, "c_users": 25, "cpp_cdriver": 12, "cpp_choices": 45, "cpp_ecs": 50, "cpp_engine": 55, "csharp_depot": 60,
    "csharp_dungeon": 60, "csharp_kiosk": 76, "csharp_ledger": 100, "cuda_grid": 65, "go_depot": 90, "go_press": 90, "go_tasker": 60,
    "java_cache": 100, "java_depot": 70, "java_flow": 40, "rust_depot": 80, "rust_httpd": 80, "rust_loom": 38, "ts_desk": 70,
    "ts_dynamic": 110, "ts_flow": 80,
}  # fmt: skip
# Labelled before the linker ever read them, so that nothing was made to fit.
BLIND = {"cpp_geometry": 85, "cpp_json": 100, "cpp_store": 90, "rust_mill": 60, "ts_screens": 45}


@pytest.mark.parametrize("name", EXACT)
def test_every_labelled_call_is_found_and_nothing_else(name: str) -> None:
    result = score(name)
    assert result.expected >= EXACT[name]
    assert (result.missing, result.extra) == ([], [])


@pytest.mark.parametrize("name", BLIND)
def test_a_program_labelled_before_it_was_ever_read(name: str) -> None:
    result = score(name)
    assert result.expected >= BLIND[name]
    assert result.extra == []
    assert len(result.missing) <= 1, result.missing


@pytest.mark.parametrize("name", EXACT)
def test_facts_survive_the_cache(name: str) -> None:
    for path, data in read(name)[0].items():
        spec = spec_for(path, data)
        if spec is not None:
            found = parse_file(path, data, spec)
            assert load_facts(dump_facts(found)) == found, path
