"""PyCG's public micro-benchmark, out of tree: set NANODEX_PYCG_DIR to `micro-benchmark/snippets` of the pycg 0.0.8 sdist."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from extractor.languages import BY_NAME
from extractor.parse import parse_file
from extractor.resolve.python import link
from extractor.schema import SURE

SNIPPETS = os.environ.get("NANODEX_PYCG_DIR", "")
Pairs = set[tuple[str, str]]


def dotted(node_id: str) -> str:
    """`pkg.mod.C.m` of `py:pkg/mod.py#C.m`: how the benchmark names things."""
    path, _, name = node_id.partition(":")[2].partition("#")
    module = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return f"{module}.{name}" if name else module


def run_case(case: Path) -> tuple[Pairs, Pairs]:
    """(true, found) first-party function edges of one case."""
    files = [
        parse_file(path.relative_to(case).as_posix(), path.read_bytes(), BY_NAME["python"])
        for path in sorted(case.rglob("*.py"))
    ]
    functions: set[str] = set()
    callers: set[str] = set()
    for facts in files:
        module = dotted(f"py:{facts.path}")
        callers.add(module)
        for definition in facts.defs:
            name = f"{module}.{definition.qualname}"
            if definition.kind in ("function", "method") and "lambda" not in definition.flags:
                functions.add(name)
            if definition.kind == "class":
                callers.add(name)
    callers |= functions
    stated = json.loads((case / "callgraph.json").read_text())
    truth = {(caller, callee) for caller, callees in stated.items() for callee in callees}
    found = {
        (dotted(e.src), dotted(e.dst))
        for e in link(files, {}).edges
        if e.kind == "calls" and e.confidence >= SURE and not e.dst.startswith("ext:")
    }
    return tuple({(a, b) for a, b in pairs if a in callers and b in functions} for pairs in (truth, found))  # type: ignore[return-value]


@pytest.mark.skipif(not SNIPPETS, reason="set NANODEX_PYCG_DIR to micro-benchmark/snippets of the pycg 0.0.8 sdist")
def test_precision_and_recall_on_the_public_micro_benchmark() -> None:
    cases = sorted(path.parent for path in Path(SNIPPETS).glob("*/*/callgraph.json"))
    assert len(cases) == 118
    right = wrong = missed = exact = 0
    for case in cases:
        truth, found = run_case(case)
        right += len(truth & found)
        wrong += len(found - truth)
        missed += len(truth - found)
        exact += truth == found
        if truth != found:
            name = f"{case.parent.name}/{case.name}"
            print(f"{name}: missing {sorted(truth - found)} extra {sorted(found - truth)}")
    precision, recall = right / (right + wrong), right / (right + missed)
    f1 = 2 * precision * recall / (precision + recall)
    print(f"{exact}/118 exact, P {precision:.3f} R {recall:.3f} F1 {f1:.3f}")
    assert precision >= 0.98
    assert recall >= 0.93
    assert f1 >= 0.95
