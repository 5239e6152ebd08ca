"""Keep generated documentation true: command help, file tree, settings. `--check` only compares, exit 6 on a difference.

A block stands between `<!-- NAME -->` and `<!-- /NAME -->` in the page that BLOCKS names; all else there is written by hand.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from config.settings import STAGES, load_settings

FLOORS = ("", "config", "extractor", "brain", "dataset", "trainer", "inference", "scripts")
LONGEST = 108
LISTED = re.compile(r"(nanodex\.py|(config|extractor|brain|dataset|trainer|inference|scripts)/.+\.(py|yaml|txt))")


def purpose(path: Path) -> str:
    """The first sentence of a module's docstring, or of a data file's first comment, cut at a clause when it is long."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        words = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].replace("\n", " ")
    else:
        first = text.partition("\n")[0]
        words = first.lstrip("#; ") if first[:1] in "#;" else ""
    sentence = re.split(r"(?<=[.])\s", words)[0].rstrip(".")
    while len(sentence) > LONGEST and (clause := re.match(r"(.+)[,;:(] ?", sentence)):
        sentence = clause[1].rstrip(" ,;:")
    return sentence if len(sentence) <= LONGEST else sentence[:LONGEST].rpartition(" ")[0] + " …"


def tree() -> str:
    """One line per tracked file of the product, floor by floor."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    lines, folder = [], ""
    for name in sorted((n for n in listed if LISTED.fullmatch(n)), key=place):
        parent, _, base = name.rpartition("/")
        if base == "__init__.py":
            continue
        if parent != folder:
            folder = parent
            lines.append(f"{parent}/")
        lines.append(f"{'  ' if parent else ''}{base:<22} {purpose(ROOT / name)}".rstrip())
    return "```\n" + "\n".join(lines) + "\n```"


def place(name: str) -> tuple[int, str, str]:
    """Where a file stands in the tree: the front door, then the floors in the order in which they build on each other."""
    parent, _, base = name.rpartition("/")
    return FLOORS.index(parent.partition("/")[0]), parent, base


def help_text() -> str:
    """`nanodex --help` as a reader sees it."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    command = [sys.executable, "nanodex.py", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
    return "```\n" + done.stdout.strip() + "\n```"


def settings_text() -> str:
    """One table per settings file: key, default, what it may be, what it is for."""
    parts, seen = [], dict[type[BaseModel], str]()
    for stage, model in STAGES.items():
        shipped = load_settings(model, stage, environ={})
        parts.append(f"## {stage}\n")
        variable = f"NANODEX_{stage.partition('_')[0].upper()}__<KEY>"
        parts.append(f"Template `config/{stage}.yaml`, environment `{variable}`.\n")
        first = seen.setdefault(model, stage)
        if first != stage:
            other = dict(_rows(model, load_settings(model, first, environ={})))
            parts.append(f"The keys are those of [{first}](#{first}); these defaults differ:\n")
            rows = [(key, row) for key, row in _rows(model, shipped) if row != other[key]]
        else:
            rows = list(_rows(model, shipped))
        parts.append("| key | default | may be | what it is |\n|---|---|---|---|")
        parts.append("\n".join(row for _, row in rows) + "\n")
    return "\n".join(parts).rstrip()


def _rows(model: type[BaseModel], values: BaseModel, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(key, table row) of every setting, those of inner models after a dot."""
    for name, field in model.model_fields.items():
        value, kind = getattr(values, name), field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _rows(kind, value, f"{prefix}{name}.")
            continue
        default = value.as_posix() if isinstance(value, Path) else value
        shown = (
            f"`{', '.join(default) or '[]'}`" if isinstance(default, list) else f"`{default}`" if default != "" else "–"
        )
        cells = (f"`{prefix}{name}`", shown, _allowed(field), (field.description or "").replace("|", "\\|"))
        yield prefix + name, f"| {' | '.join(cells)} |"


def _allowed(field: FieldInfo) -> str:
    kind: Any = field.annotation
    inner = get_args(kind)[0] if get_origin(kind) is list else kind
    if get_origin(inner) is Literal:
        words = ", ".join(str(choice) for choice in get_args(inner))
        return f"any of {words}" if inner is not kind else words
    signs = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
    limits = [f"{sign} {getattr(m, name):,}" for m in field.metadata for name, sign in signs if hasattr(m, name)]
    noun = {bool: "true, false", int: "whole number", float: "number", str: "text", Path: "path"}.get(inner, "text")
    return ", ".join([f"list of {noun}" if inner is not kind else noun, *limits])


BLOCKS = (
    ("README.md", "help", help_text),
    ("docs/architecture.md", "tree", tree),
    ("docs/settings.md", "settings", settings_text),
)


def main() -> int:
    old = {name: (ROOT / name).read_text(encoding="utf-8") for name, _, _ in BLOCKS}
    new = dict(old)
    for name, block, make in BLOCKS:
        found = re.search(rf"<!-- {block} -->\n(.*?)<!-- /{block} -->", new[name], re.DOTALL)
        if found is None:
            sys.exit(f"{name} has no block {block}")
        new[name] = new[name][: found.start(1)] + make() + "\n" + new[name][found.end(1) :]
    stale = [name for name in old if new[name] != old[name]]
    if "--check" in sys.argv[1:]:
        if stale:
            print(f"{' and '.join(stale)}: out of date, run `python scripts/readme.py`", file=sys.stderr)
        return 6 if stale else 0
    for name in stale:
        (ROOT / name).write_text(new[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
