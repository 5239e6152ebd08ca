"""The README says what is true: its generated blocks are current, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_generated_blocks_are_current() -> None:
    done = subprocess.run([sys.executable, "scripts/readme.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_make_target_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*)(?:[ a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    targets |= set(re.findall(r"^(train-lora) (train-qlora):", (ROOT / "Makefile").read_text(), re.MULTILINE)[0])
    named = {word for line in re.findall(r"^make ([a-z -]+)", README, re.MULTILINE) for word in line.split()}
    assert named
    assert named <= targets


def test_every_local_file_it_names_exists() -> None:
    for name in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / name).exists(), name
