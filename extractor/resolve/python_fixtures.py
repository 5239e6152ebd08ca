"""pytest's fixtures: which function makes what a test's parameter holds, found as pytest finds it.

A test, or another fixture, asks by the parameter's name: first its own module, then each conftest.py on the way up
(https://docs.pytest.org/en/stable/reference/fixtures.html#fixture-availability).
"""

from __future__ import annotations

from typing import Final

from extractor.parse.python_annotation import annotation
from extractor.resolve.python_program import Program
from extractor.resolve.python_types import named
from extractor.resolve.python_values import EXTERNAL, Block

FIXTURES: Final = frozenset(("pytest.fixture", "pytest.yield_fixture", "pytest_asyncio.fixture"))


def requested_fixtures(program: Program) -> dict[Block, list[tuple[int, Block]]]:
    """For each function that pytest calls: the parameters that are fixtures of the repository, and what makes them."""
    functions = [b for blocks in program.blocks_of.values() for b in blocks if b is not None and b.kind == "function"]
    made: dict[str, dict[str, Block]] = {}
    for block in functions:
        if block.definition is not None and _is_fixture(program, block):
            made.setdefault(block.facts.path, {}).setdefault(block.definition.name, block)
    if not made:
        return {}
    makers = {block for by_name in made.values() for block in by_name.values()}
    found: dict[Block, list[tuple[int, Block]]] = {}
    for block in functions:
        if block.definition is None or not (block in makers or block.definition.name.startswith("test")):
            continue
        for index, param in enumerate(block.params):
            maker = _find(made, block, param.name) if not param.kind and not param.default else None
            if maker is not None:
                found.setdefault(block, []).append((index, maker))
    return found


def _is_fixture(program: Program, block: Block) -> bool:
    top = program.blocks_of[block.facts.path][0]
    for decorator in block.definition.decorators if block.definition is not None else ():
        written = decorator.partition("(")[0]
        if top is not None and written.endswith("fixture"):
            return any(v.kind == EXTERNAL and v.a in FIXTURES for v in named(program, annotation(written), top, top))
    return False


def _find(made: dict[str, dict[str, Block]], block: Block, name: str) -> Block | None:
    folder, _, _ = block.facts.path.rpartition("/")
    places = [block.facts.path]
    while folder:
        places.append(f"{folder}/conftest.py")
        folder = folder.rpartition("/")[0]
    for place in (*places, "conftest.py"):
        maker = made.get(place, {}).get(name)
        if maker is not None and maker is not block:  # a fixture that asks for its own name means the one further up
            return maker
    return None
