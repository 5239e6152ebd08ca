"""Keep the README's generated blocks true: the file tree and the command help. `--check` only compares, exit 6 on a difference.

A block stands between `<!-- NAME -->` and `<!-- /NAME -->`; everything else in the README is written by hand.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
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


def rendered(text: str) -> str:
    """The README with its blocks made anew."""
    for name, make in (("tree", tree), ("help", help_text)):
        block = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
        if block is None:
            sys.exit(f"README.md has no block {name}")
        text = text[: block.start(1)] + make() + "\n" + text[block.end(1) :]
    return text


def main() -> int:
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    new = rendered(old)
    if "--check" in sys.argv[1:]:
        if new != old:
            print("README.md is out of date: run `python scripts/readme.py`", file=sys.stderr)
        return 0 if new == old else 6
    readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
