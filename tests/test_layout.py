"""Files in which nothing but lines moved: their rows in the graph are those that a clean extraction makes, in every language."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from test_determinism import QUIET, dump

from config.console import Console
from config.manifest import read_manifest
from config.settings import ExtractSettings
from extractor.extract import run
from extractor.facts import FileFacts, load_facts
from extractor.graph import Graph, write_brain
from extractor.languages import BY_NAME, spec_for
from extractor.layout import moved_lines, moved_rows, rows_of, same_facts
from extractor.parse import masked
from extractor.pool import Job, parse_batch
from extractor.schema import Node, Rows

FIXTURES = Path(__file__).parent / "fixtures"
PROGRAMS = sorted(p.name for p in FIXTURES.iterdir() if p.is_dir() and p.name not in ("server", "ts_desk.scip"))


def spread_out(text: str, mark: str, chance: random.Random) -> str:
    """The same code with comments and blank lines among its lines and behind them."""
    lines = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        if chance.random() < 0.2:
            lines += [f"{indent}{mark} {chance.choice(('why', 'TODO', 'é', 'if x:'))}", ""][: chance.randint(1, 2)]
        lines.append(f"{line}  {mark} so" if line.endswith((")", ";", "{")) and chance.random() < 0.1 else line)
    return "\n".join(lines)


def facts_of(path: str, data: bytes) -> tuple[FileFacts, bytes]:
    spec = spec_for(path, data)
    assert spec is not None
    parsed = parse_batch([Job(path, data, spec.name)])[0]
    return load_facts(parsed.facts), parsed.text


def moved(graph: Graph, path: str, old: bytes, new: bytes) -> Rows | None:
    """The rows of a file after the edit, None when it has to be linked."""
    (was, before), (now, after) = facts_of(path, old), facts_of(path, new)
    lines = moved_lines(before, after, BY_NAME[was.lang])
    if lines is None or not same_facts(was, now, lines):
        return None
    return moved_rows(rows_of(graph, path), was, now, lines)


@pytest.mark.parametrize("name", PROGRAMS)
def test_moved_rows_are_those_of_a_clean_graph(name: str, tmp_path: Path) -> None:
    repo = Path(shutil.copytree(FIXTURES / name, tmp_path / "repo"))
    dump(repo, tmp_path / "before")
    chance, made, seen = random.Random(name), {}, 0
    with Graph(tmp_path / "before" / "graph.sqlite") as graph:
        for row in [row for row in graph.files() if row.facts_version]:
            old = (repo / row.path).read_bytes()
            mark = "#" if BY_NAME[row.lang].entry == "python" else "//"
            new = spread_out(old.decode(), mark, chance).encode()
            seen += old != new
            rows = moved(graph, row.path, old, new)
            if rows is not None:
                (repo / row.path).write_bytes(new)
                made[row.path] = rows
    dump(repo, tmp_path / "after")
    with Graph(tmp_path / "after" / "graph.sqlite") as graph:
        for path, rows in made.items():
            assert rows == rows_of(graph, path), path
    # What a header declares or a binding names has lines in two files, macros hide code, and functions without a name are known
    # by their place: those are linked.
    assert name.startswith(("bound_", "c_", "cpp_", "cuda_", "ts_")) or len(made) >= 0.6 * seen > 0


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("a = 1\nb = 2\n", "a = 1\n\n# note\nb = 2  # why\n", {1: 1, 2: 4}),
        (
            'def f():\n    """Short."""\n    g()\n',
            'def f():\n    """Long.\n\n    More.\n    """\n    g()\n',
            {1: 1, 3: 6},
        ),
        ('def f():\n    """Short."""\n    g()\n', "def f():\n    g()\n", {1: 1, 3: 2}),
        ("a = f(1)\n", "a = f(2)\n", None),
        ("f(a, b)\n", "f(a,\n  b)\n", None),
        ("x = f()\n", "x  = f()\n", None),
        ('f"{g()}"\n', 'f"{ g()}"\n', None),
        ("x = '# no comment'\n", "x = '# none'\n", None),
        ("a = 1\n", "a = (\n", None),
    ],
)
def test_lines_of_code_are_followed(old: str, new: str, lines: dict[int, int] | None) -> None:
    assert moved_lines(old.encode(), new.encode(), BY_NAME["python"]) == lines


def test_a_comment_with_code_behind_it_is_code() -> None:
    java = BY_NAME["java"]
    assert moved_lines(b"class A { /* x */ int a; }", b"class A { /* xyz */ int a; }", java) is None
    assert moved_lines(b"/** Old. */\nclass A { int a; }", b"/**\n * New.\n */\n\nclass A { int a; }", java) == {2: 5}
    rust = BY_NAME["rust"]
    assert moved_lines(b"/// Old.\nfn a() {}\n", b"/// New.\n/// More.\nfn a() {}\n", rust) == {2: 3}


def test_secrets_are_masked_before_anything_is_kept() -> None:
    text, trouble = masked(b'key = "AKIAQYLPMN5HHHFPZAM2"\n', BY_NAME["python"])
    assert not trouble
    assert b"AKIAQYLPMN5HHHFPZAM2" not in text


def test_an_extract_moves_lines_and_links_nothing(tmp_path: Path) -> None:
    repo = Path(shutil.copytree(FIXTURES / "shop", tmp_path / "shop"))
    chosen = ExtractSettings(out_graph=tmp_path / "kept" / "graph.sqlite", workers=1)
    run(chosen, QUIET, repo)
    write_brain(chosen.out_graph, [Node("concept:tea", "concept", "tea", "", "", {}, "brain")], [])
    cart = repo / "src/shop/cart.py"
    cart.write_text("# Words.\n\n" + cart.read_text() + "\n# More words.\n")
    (repo / "README.md").write_text("changed\n")
    report = run(chosen, Console(quiet=True), repo)
    assert report.moved == ("src/shop/cart.py",)
    assert not report.phases
    assert "nothing was linked anew" in report.lines()[0]
    with Graph(chosen.out_graph) as graph:
        assert graph.node("concept:tea") is None, "what the brain made of the old graph goes"
        kept = list(graph.dump())
    assert kept == dump(repo, tmp_path / "clean")
    assert read_manifest(chosen.out_graph) == read_manifest(tmp_path / "clean" / "graph.sqlite")
    assert run(chosen, QUIET, repo).up_to_date
    # A second edit starts from what the first one left.
    cart.write_text(cart.read_text().replace("# Words.", "# Words.\n#\n# Words."))
    assert run(chosen, QUIET, repo).moved
    cart.write_text(cart.read_text() + "\n\ndef extra():\n    return extra()\n")
    assert not run(chosen, QUIET, repo).moved
    assert dump(repo, tmp_path / "kept") == dump(repo, tmp_path / "clean2")


def test_a_build_file_that_is_gone_is_more_than_lines(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    (repo / "code" / "kit").mkdir(parents=True)
    (repo / "code" / "kit" / "__init__.py").write_text("def go(): pass\n")
    (repo / "main.py").write_text("import kit\n\nkit.go()\n")
    build = repo / "pyproject.toml"
    build.write_text('[tool.setuptools.packages.find]\nwhere = ["code"]\n\n[project.scripts]\nkit = "kit:go"\n')
    with_build = dump(repo, tmp_path / "kept")
    build.unlink()
    clean = dump(repo, tmp_path / "clean")
    assert dump(repo, tmp_path / "kept") == clean != with_build
    build.write_text("")
    assert dump(repo, tmp_path / "kept") == dump(repo, tmp_path / "clean2")


def test_documentation_of_a_package_is_more_than_lines(tmp_path: Path) -> None:
    repo = Path(shutil.copytree(FIXTURES / "shop", tmp_path / "shop"))
    dump(repo, tmp_path / "kept")
    front = repo / "src/shop/__init__.py"
    front.write_text('"""Another shop."""\n' + front.read_text().partition("\n")[2])
    assert dump(repo, tmp_path / "kept") == dump(repo, tmp_path / "clean")
