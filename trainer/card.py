"""The README of an adapter pack: what it knows, what it was made from, how to serve it, under which licences."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from trainer.pack import Pack

OPEN: Final = frozenset({"apache-2.0", "mit"})
_LICENCE_MARKS: Final = (
    ("apache-2.0", "Apache License"),
    ("mit", "MIT License"),
    ("gpl-3.0", "GNU GENERAL PUBLIC LICENSE\n                       Version 3"),
    ("agpl-3.0", "GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("lgpl", "GNU LESSER GENERAL PUBLIC LICENSE"),
    ("gpl-2.0", "GNU GENERAL PUBLIC LICENSE\n                       Version 2"),
    ("mpl-2.0", "Mozilla Public License"),
    ("mit", "Permission is hereby granted, free of charge"),
    ("bsd", "Redistribution and use in source and binary forms"),
    ("unlicense", "This is free and unencumbered software"),
)


def card(pack: Pack, source_licence: str, fingerprint: str) -> str:
    """Front matter that model hubs read, then the same in words."""
    metrics = pack.metrics
    base_licence = pack.base.licence or "not stated by the base"
    lines = [
        "---",
        f"base_model: {pack.base.id}",
        "library_name: peft",
        "pipeline_tag: text-generation",
        "tags: [lora, nanodex, code]",
        "---",
        f"# An expert on {pack.project}",
        "",
        f"A {pack.method} adapter (rank {pack.rank}) for `{pack.base.id}`, trained by nanodex on facts extracted from the source",
        f"code of {pack.project}" + (f" at commit `{pack.commit[:12]}`." if pack.commit else "."),
        "",
        "| | |",
        "|---|---|",
        f"| base | `{pack.base.id}` {pack.base.revision}, weights `{fingerprint[:12]}` |",
        f"| learnt | {len(pack.facts):,} facts about {len(pack.nodes):,} nodes |",
    ]
    recall = metrics.get("t1")
    if recall:
        lines.append(
            f"| key-fact recall, unseen wordings | {recall['adapter']:.3f} (base alone {recall['base']:.3f}) |"
        )
    lines += [
        f"| licence of the base | {base_licence} |",
        f"| licence of the source | {source_licence or 'none found in the repository'} |",
        f"| served by vLLM | {'yes' if pack.serveable else 'no: ' + '; '.join(pack.unserveable_reasons)} |",
        "",
        "Serve it with `nanodex serve`, or ask it with `nanodex query --adapter <this folder> --mode model`. Stop at token ids",
        f"{', '.join(map(str, pack.stop_ids))}; use the chat template in this folder. Line numbers and citations come from the",
        "graph, never from the weights: an answer of the model alone is unchecked.",
        "",
    ]
    return "\n".join(lines)


def licence_warnings(base_licence: str, base_id: str) -> list[str]:
    """What to say when the base is under other terms than Apache-2.0 or MIT."""
    if base_licence.lower() in OPEN:
        return []
    stated = f"is under {base_licence}" if base_licence else "states no licence"
    return [f"the base {base_id} {stated}, not Apache-2.0 or MIT: check its terms before sharing the adapter"]


def source_licence(root: Path) -> str:
    """The licence of a repository by its LICENSE file, "" when there is none or it is not a known one."""
    if not root.is_dir():
        return ""
    names = sorted(p for p in root.iterdir() if p.is_file() and p.stem.upper() in ("LICENSE", "LICENCE", "COPYING"))
    for path in names:
        text = path.read_text(encoding="utf-8", errors="replace")[:4000]
        for licence, mark in _LICENCE_MARKS:
            if mark in text:
                return licence
        return f"see {path.name}"
    return ""
