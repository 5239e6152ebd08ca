"""The measure of the graph against a compiler's own resolution of calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NODE_MODULES = Path(os.environ.get("NANODEX_NODE_MODULES", ""))


def measured(sources: Path, *options: str) -> list[str]:
    command = [sys.executable, str(ROOT / "scripts" / "bench_oracle.py"), str(sources), "--missing", *options]
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


@pytest.mark.skipif(
    find_spec("pythonnet") is None or not (NODE_MODULES / "@autorest" / "csharp").is_dir(),
    reason="no pythonnet, or NANODEX_NODE_MODULES does not lead to @autorest/csharp, which holds Roslyn",
)
def test_roslyn_agrees_with_the_graph_and_a_lie_is_seen(tmp_path: Path) -> None:
    sources = ROOT / "tests" / "fixtures" / "csharp_kiosk"
    recall, precision, *rest = measured(sources, "--csharp", str(NODE_MODULES))
    assert (recall.rpartition(" ")[2], precision.rpartition(" ")[2], rest) == ("1.000", "1.000", [""])
    (tmp_path / "A.cs").write_text(
        "class A {\n#if NEVER\n  void Hid() { }\n#endif\n  void Go() { }\n  void Go(int n) { }\n"
        "  void Run(dynamic any) { Go(); Go(any); var made = new A(); ((dynamic)made).Go(); made?.Go(1); }\n}\n"
    )
    recall, precision, *rest = measured(tmp_path, "--csharp", str(NODE_MODULES))
    assert recall.startswith(f"{tmp_path.name}: 4 of 4 calls")
    (tmp_path / "A.cs").write_text(
        "class B { public void Go() { } }\nclass A {\n  void Run(System.Collections.ArrayList all) { Pick(all[0] as B, b => b.Go()); }\n"
        "  void Pick<T>(T given, System.Linq.Expressions.Expression<System.Action<T>> run) { }\n}\n"
    )
    recall, _, *rest = measured(tmp_path, "--csharp", str(NODE_MODULES))
    assert recall.startswith(f"{tmp_path.name}: 1 of 2 calls")
    assert rest[0].startswith("missing A.cs:3 Go -> ")


def test_a_real_index_agrees_with_the_graph_and_a_lie_is_seen(tmp_path: Path) -> None:
    fixtures = ROOT / "tests" / "fixtures"
    index = ("--scip", str(fixtures / "ts_desk.scip"))
    held, _, *missing = measured(fixtures / "ts_desk", *index)
    assert (held.partition(": ")[2], missing) == (
        "42 of 42 calls that the index resolves are in the graph, 1.000",
        [""],
    )
    sources = Path(shutil.copytree(fixtures / "ts_desk", tmp_path / "ts_desk"))
    text = sources / "src" / "util" / "index.ts"
    text.write_text(text.read_text().replace("capitalize(text: string", "capitalize(text: string, lower: any"))
    held, _, *missing = measured(sources, *index)
    assert held.partition(": ")[2].startswith("41 of 42 calls")
    assert [row.partition(" -> ")[0] for row in missing] == ["missing ts:src/util/index.ts#capitalize:4"]


@pytest.mark.skipif(not shutil.which("g++") or not shutil.which("c++filt"), reason="no g++ on PATH")
def test_gcc_agrees_with_the_graph_and_a_lie_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text(
        "namespace box {\ntemplate <class T> T twice(T value) { return value + value; }\nint once(int n);\n"
        "struct Base { virtual int run() { return 0; } };\n}\n#define ONCE(x) box::once(x)\n"
    )
    (tmp_path / "a.cc").write_text(
        '#include "a.h"\nnamespace box {\nint once(int n) { return n; }\nint many(int n) { return ONCE(n) + twice(n) +\n'
        "    once(2); }\nstruct Mine : Base { int run() override { return many(1); } };\nint go(Base& b) { return b.run(); }\n}\n"
        "int start() { box::Mine m; return box::go(m); }\n"
    )
    (tmp_path / "broken.cc").write_text("int f( {\n")
    script = str(ROOT / "scripts" / "bench_gcc.py")
    run = subprocess.run(
        [sys.executable, script, str(tmp_path), "--missing", "-std=c++17"], check=True, capture_output=True, text=True
    )
    compiled, recall, precision, *rest = run.stdout.splitlines()
    assert compiled.endswith("1 sources compiled, 1 did not")
    assert (recall.partition(": ")[2], precision.rpartition(" ")[2]) == (
        "4 of 4 calls that g++ compiles are in the graph, 1.000",
        "1.000",
    )
    assert rest == [""]
    (tmp_path / "a.h").write_text(
        (tmp_path / "a.h")
        .read_text()
        .replace("#define", "inline int hidden() { return 1; }\n#define MADE(x) x##den()\n#define")
    )
    text = (tmp_path / "a.cc").read_text().replace("{ return b.run(); }", "{ return b.run() + MADE(hid); }")
    (tmp_path / "a.cc").write_text(text)
    run = subprocess.run(
        [sys.executable, script, str(tmp_path), "--missing", "-std=c++17"], check=True, capture_output=True, text=True
    )
    assert "missing a.cc:7 hidden -> a.h:6" in run.stdout


@pytest.mark.skipif(shutil.which("go") is None, reason="no go on PATH")
def test_the_go_type_checker_agrees_with_the_graph_and_a_lie_is_seen(tmp_path: Path) -> None:
    for fixture in ("go_depot", "go_press", "go_tasker"):
        recall, precision, *rest = measured(ROOT / "tests" / "fixtures" / fixture, "--go")
        assert (recall.rpartition(" ")[2], precision.rpartition(" ")[2], rest) == ("1.000", "1.000", [""])
    # What another package's generic function makes of a type only the type checker knows; a package that is not at hand is no error.
    (tmp_path / "go.mod").write_text("module a\n")
    (tmp_path / "a.go").write_text(
        'package a\nimport "weak"\nimport "gone.org/far"\ntype T struct{}\nfunc (T) Go() {}\n'
        "func f(t *T) {\n\tfar.Away(t).Go()\n\tweak.Make(t).Value().Go()\n\there()\n}\n"
    )
    (tmp_path / "here_linux.go").write_text("package a\nfunc here() {}\n")
    (tmp_path / "here_windows.go").write_text("package a\nfunc here() {}\n")
    recall, precision, *rest = measured(tmp_path, "--go")
    assert recall.startswith(f"{tmp_path.name}: 1 of 2 calls")
    assert precision.startswith(f"{tmp_path.name}: 1 of 1 calls")
    assert rest[0].startswith("missing a.go:8 Go -> ")


def saved(out: Path, main: Path) -> bool:
    """Whether the rustc at hand says what it resolves; 1.69 was the last to."""
    command = [
        "rustc",
        "--edition",
        "2021",
        "--crate-type",
        "lib",
        "--emit=metadata",
        "-Zsave-analysis",
        "--out-dir",
        str(out),
        str(main),
    ]
    told = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "RUSTC_BOOTSTRAP": "1"}
    )
    return told.returncode == 0


@pytest.mark.skipif(shutil.which("rustc") is None, reason="no rustc on PATH")
def test_rustc_agrees_with_the_graph_and_a_lie_is_seen(tmp_path: Path) -> None:
    sources = Path(shutil.copytree(ROOT / "tests" / "fixtures" / "rust_loom", tmp_path / "rust_loom"))
    if not saved(tmp_path, sources / "src" / "lib.rs"):
        pytest.skip("rustc on PATH is newer than 1.69 and saves no analysis")
    script = str(ROOT / "scripts" / "bench_rustc.py")
    command = [sys.executable, script, str(sources), str(tmp_path / "save-analysis"), "--missing"]
    recall, precision, *rest = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert (recall.partition(": ")[2], precision.rpartition(" ")[2], rest) == (
        "34 of 34 calls that the compiler resolves are in the graph, 1.000",
        "1.000",
        [""],
    )
    weave = sources / "src" / "weave.rs"
    weave.write_text(weave.read_text().replace("-> Yarn", "-> Lost"))
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "missing src/lib.rs:20 ends -> Declared(path='src/weave.rs'" in told
