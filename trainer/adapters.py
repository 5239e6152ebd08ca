"""The adapters below models/: which there are, what one is made of, what changed between two. Reads packs, needs no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import MissingInput, NothingFound
from trainer.pack import Pack, adapters, current, describe, read_pack


@dataclass(frozen=True, slots=True)
class AdapterList:
    """Every version, and the names of those in use."""

    packs: tuple[Pack, ...]
    in_use: frozenset[str]

    def lines(self) -> list[str]:
        out = []
        for pack in self.packs:
            recall = (pack.metrics.get("t1") or {}).get("adapter")
            mark = "*" if pack.name in self.in_use else " "
            scored = f"recall {recall:.3f}" if recall is not None else "recall not measured"
            out.append(
                f"{mark} {pack.name:<36} {pack.base.id:<28} {pack.method} r{pack.rank} {pack.stage}  "
                f"{len(pack.facts):,} facts  {scored}" + ("" if pack.serveable else "  not serveable")
            )
        return [*out, "* in use"]

    def as_json(self) -> dict[str, Any]:
        return {
            "adapters": [
                {
                    "name": pack.name,
                    "path": str(pack.path),
                    "in_use": pack.name in self.in_use,
                    "base": pack.base.id,
                    "method": pack.method,
                    "stage": pack.stage,
                    "rank": pack.rank,
                    "facts": len(pack.facts),
                    "commit": pack.commit,
                    "parent": pack.parent,
                    "serveable": pack.serveable,
                    "metrics": pack.metrics,
                }
                for pack in self.packs
            ]
        }


@dataclass(frozen=True, slots=True)
class AdapterDetails:
    """One pack in full."""

    pack: Pack

    def lines(self) -> list[str]:
        pack = self.pack
        recall = pack.metrics.get("t1")
        pairs = [
            ("project", f"{pack.project} at {pack.commit[:12] or 'no commit'}"),
            ("base", f"{pack.base.id} {pack.base.revision}, weights {pack.base.fingerprint.get('weights', '')[:12]}"),
            ("trained", f"{pack.method} {pack.stage}, rank {pack.rank}, {pack.dtype}, on {pack.device}"),
            ("parent", pack.parent or "none"),
            ("knows", f"{len(pack.facts):,} facts about {len(pack.nodes):,} nodes"),
            ("recall", f"{recall['adapter']:.3f} (base {recall['base']:.3f})" if recall else "not measured"),
            ("loss", f"{pack.metrics.get('loss')}, on unseen wordings {pack.metrics.get('eval_loss')}"),
            ("stops at", ", ".join(map(str, pack.stop_ids))),
            ("longest row", f"{pack.longest_example} tokens"),
            ("serveable", "yes" if pack.serveable else "; ".join(pack.unserveable_reasons)),
            ("sha256", pack.adapter_sha256),
            ("path", str(pack.path)),
        ]
        return [pack.name, *(f"  {name:<12} {value}" for name, value in pairs)]

    def as_json(self) -> dict[str, Any]:
        return {"name": self.pack.name, "path": str(self.pack.path), **describe(self.pack)}


@dataclass(frozen=True, slots=True)
class AdapterDiff:
    """What two packs were made from and what they know, where it differs."""

    old: Pack
    new: Pack

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """(what, in the old, in the new), sorted."""
        flat = [_flat(describe(pack)) for pack in (self.old, self.new)]
        keys = sorted(set(flat[0]) | set(flat[1]))
        return [(k, flat[0].get(k, "-"), flat[1].get(k, "-")) for k in keys if flat[0].get(k) != flat[1].get(k)]

    @property
    def learnt(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.new.facts) - set(self.old.facts)))

    @property
    def lost(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.old.facts) - set(self.new.facts)))

    def lines(self) -> list[str]:
        out = [f"{self.old.name} -> {self.new.name}"]
        out += [f"  {key:<32} {before} -> {after}" for key, before, after in self.changes]
        out.append(f"  facts                            {len(self.learnt):,} new, {len(self.lost):,} gone")
        return out

    def as_json(self) -> dict[str, Any]:
        return {
            "old": self.old.name,
            "new": self.new.name,
            "changes": {key: [before, after] for key, before, after in self.changes},
            "new_facts": list(self.learnt),
            "gone_facts": list(self.lost),
        }


def list_adapters(root: Path = Path("models")) -> AdapterList:
    """Every pack below `root`. Raises NothingFound when there is none."""
    packs = adapters(root)
    if not packs:
        raise NothingFound(f"there are no adapters below {root}", "make train-tiny")
    return AdapterList(tuple(packs), frozenset(pack.name for pack in current(root)))


def show_adapter(name: str = "", root: Path = Path("models")) -> AdapterDetails:
    """One pack: by path, by version's name, by family's name (its current version), or the only family there is."""
    return AdapterDetails(find_pack(name, root))


def diff_adapters(old: str, new: str = "", root: Path = Path("models")) -> AdapterDiff:
    """Two packs; without `new` the older is compared with the current version of its family."""
    first = find_pack(old, root)
    return AdapterDiff(first, find_pack(new or first.family, root))


def find_pack(name: str, root: Path) -> Pack:
    """The pack `name` means. Raises MissingInput naming those there are."""
    if name and (Path(name) / "nanodex.json").is_file():
        return read_pack(Path(name))
    packs, live = adapters(root), current(root)
    if not name and len(live) == 1:
        return live[0]
    found = [p for p in packs if p.name == name] or [p for p in live if p.family == name or p.project == name]
    if len(found) != 1:
        if not packs:
            raise MissingInput(f"there are no adapters below {root}", "make train-tiny")
        said = f"there is no adapter {name}" if name else f"{len(live)} adapters are in use"
        raise MissingInput(f"{said} below {root}", f"name one of: {', '.join(p.name for p in packs)}")
    return found[0]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested values by dotted key, without the long lists a reader cannot compare."""
    out: dict[str, str] = {}
    for key, value in values.items():
        if key in ("probes", "facts", "nodes"):
            continue
        if isinstance(value, dict):
            out.update(_flat(value, f"{prefix}{key}."))
        else:
            out[prefix + key] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return out
