"""Context rows: a question behind a few notes, of which one holds the answer or, in some rows, none does.

They teach a model to read what retrieval hands it and to know the answer when retrieval misses it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from zlib import crc32

from dataset.names import Names, parts_of
from dataset.questions import Draft

DISTRACTORS = 3
WITHOUT_GOLDEN = 30  # per cent of rows


def with_context(draft: Draft, note: Callable[[str], str], distractors: Sequence[str], names: Names) -> Draft | None:
    """The draft's question behind the notes of its subject and of `distractors`, in an order that tells nothing.

    None where fewer than two notes exist: then there is nothing to choose from.
    """
    roll = crc32(draft.prompt.encode())
    absent = roll % 100 < WITHOUT_GOLDEN
    ids = [i for i in distractors if i != draft.subject.id][: DISTRACTORS + absent]
    if not absent:
        ids.append(draft.subject.id)
    blocks = [(crc32(f"{draft.prompt}\0{i}".encode()), i, note(i)) for i in ids]
    shown = [(i, text) for _, i, text in sorted(blocks) if text]
    if len(shown) < 2 or (not absent and not note(draft.subject.id)):
        return None
    lines = [f"[{number}] {_head(i, names)}: {text}" for number, (i, text) in enumerate(shown, 1)]
    prompt = "\n".join(["Notes:", *lines, "", f"Question: {draft.prompt}"])
    return replace(draft, form="context", prompt=prompt)


def _head(node_id: str, names: Names) -> str:
    path, name = parts_of(node_id)[0], names.spelled(node_id)
    return f"{name} ({path})" if name and path else name or path
