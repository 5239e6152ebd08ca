"""The measure of the graph against a compiler's own resolution of calls."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def measured(sources: Path) -> list[str]:
    command = [sys.executable, str(ROOT / "scripts" / "bench_oracle.py"), str(sources), "--missing"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.skipif(shutil.which("javac") is None, reason="no javac on PATH")
def test_javac_agrees_with_the_graph_and_a_lie_is_seen(tmp_path: Path) -> None:
    sources = ROOT / "tests" / "fixtures" / "java_flow"
    recall, precision, *rest = measured(sources)
    assert (recall.rpartition(" ")[2], precision.rpartition(" ")[2], rest) == ("1.000", "1.000", [""])
    # Reflection and the like aside, only what the linker cannot follow is missing: here, a value out of a raw type.
    (tmp_path / "A.java").write_text(
        "import java.util.*;\nclass A {\n  void go() { }\n  void run(Map raw) {\n    ((List<A>) raw.get(1)).get(0).go();\n"
        "    var held = (Object) this;\n    if (held instanceof A a && run(a)) go();\n  }\n"
        "  static <T> boolean run(T t) { return true; }\n}\n"
    )
    recall, precision, *rest = measured(tmp_path)
    assert recall.startswith(f"{tmp_path.name}: 3 of 3 calls")
    assert precision.endswith("1.000")
