"""Check that every tree-sitter grammar loads: one line each, exit 3 when one does not. `make grammars` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from extractor.languages import check_grammars


def main() -> int:
    results = check_grammars()
    for name, ok, detail in results:
        print(f"{'ok  ' if ok else 'FAIL'}  {name:<12} {detail}")
    return 0 if all(ok for _, ok, _ in results) else 3


if __name__ == "__main__":
    sys.exit(main())
