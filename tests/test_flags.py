"""What a program is told on its command line: the flag whose description holds what is asked, where nothing in the code says how."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asking import expert, index, write

from inference.answer import Expert

FILES = {
    "README.md": """# Sift

Sift finds stones in a heap.

## Options

```text
  -h, --hidden                 Find hidden stones too
  -d, --max-depth <depth>      Dig no deeper than this many
                               feet below the grass
      --washed-within <dur>    Stones that were washed lately
```
""",
    "sift/main.py": '''"""The command."""

import argparse


def parser():
    found = argparse.ArgumentParser()
    found.add_argument("--heaps", type=int, default=1, help="number of heaps to sift at the same time")
    found.add_argument(
        "--sieve",
        default="fine",
        help="name of a sieve that lets sand fall",
    )
    found.add_argument("--mesh", required=True,
                       choices=("iron",),
                       help='what the mesh is made of (default: "iron" alone)')
    found.add_argument("--washed", action="store_true",
                       help="wash muddy stones before the heap is sifted")
    return found


def sift(heap, deepest=None):
    return [stone for stone in heap if stone]
''',
    "sift/heap.py": "class Heap:\n    depth = 0\n    number = 0\n",
}


@pytest.fixture(scope="module")
def sieve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("sift")
    with expert(index(write(FILES, folder / "sift"), folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "How do I dig no deeper than ten feet?",
            "Pass -d, --max-depth <depth>: Dig no deeper than this many feet below the grass",
        ),
        ("can I get stones washed lately", "Pass --washed-within <dur>: Stones that were washed lately"),
        (
            "how to set the number of heaps to sift at the same time",
            "Pass --heaps: number of heaps to sift at the same time",
        ),
        # The help of an option is its own, not that of the option below it, and goes on behind a quotation mark.
        ("how do I wash muddy stones", "Pass --washed: wash muddy stones before the heap is sifted"),
        ("how to set what the mesh is made of", 'Pass --mesh: what the mesh is made of (default: "iron" alone)'),
        ("how can I let sand fall", "Pass --sieve: name of a sieve that lets sand fall"),
    ],
)
def test_a_flag_is_found_by_what_is_said_of_it(sieve: Expert, question: str, said: str) -> None:
    answer = sieve.ask(question)
    assert answer.text.startswith(said)
    assert answer.answered
    assert answer.citations[0].verified == "blob"


def test_no_flag_is_offered_for_what_none_does(sieve: Expert) -> None:
    assert "Pass --" not in sieve.ask("how do I polish stones with a cloth").text
