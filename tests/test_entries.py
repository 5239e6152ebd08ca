"""Commands that a project installs lead to the functions they run."""

from __future__ import annotations

from extractor.entries import commands, mark_entries
from extractor.schema import Node

PYPROJECT = (
    '[project.scripts]\nshop = "shop.cli:main"\nshop-admin = "shop.cli:main"\n[tool.poetry.scripts]\nrun = "shop:run"\n'
)
SETUP = "[options.entry_points]\nconsole_scripts =\n    old = shop.old:go\n"
PACKAGE = '{"name": "@a/basket", "bin": "./bin/basket.js"}'


def test_commands_are_read_from_build_files() -> None:
    found = commands({"pyproject.toml": PYPROJECT, "setup.cfg": SETUP, "web/package.json": PACKAGE})
    assert found == {
        ("shop", "shop.cli:main"),
        ("shop-admin", "shop.cli:main"),
        ("run", "shop:run"),
        ("old", "shop.old:go"),
        ("basket", "web/bin/basket.js"),
    }


def test_broken_build_files_name_nothing() -> None:
    assert (
        commands(
            {"pyproject.toml": "[project\n", "setup.cfg": "no section", "package.json": "{", "x/package.json": "[]"}
        )
        == set()
    )


def test_the_module_and_its_function_are_marked() -> None:
    paths = ["src/shop/cli.py", "src/shop/__init__.py", "docs/shop/cli/extra/cli.py", "web/bin/basket.js"]
    nodes = {f"py:{p}": Node(f"py:{p}", "module", "", p, "python") for p in paths}
    nodes["py:src/shop/cli.py#main"] = Node("py:src/shop/cli.py#main", "function", "main", "src/shop/cli.py", "python")
    mark_entries(nodes, {"pyproject.toml": PYPROJECT, "web/package.json": PACKAGE})
    marked = {key: node.meta["entry_point"] for key, node in nodes.items() if node.meta}
    assert marked == {
        "py:src/shop/cli.py": ["shop", "shop-admin"],
        "py:src/shop/cli.py#main": ["shop", "shop-admin"],
        "py:src/shop/__init__.py": ["run"],
        "py:web/bin/basket.js": ["basket"],
    }


def test_programs_of_go_and_cargo_are_entries() -> None:
    from extractor.languages import spec_for
    from extractor.nodes import nodes_of
    from extractor.parse import parse_file

    texts = {
        "cmd/depot/main.go": "package main\nfunc main() {}\n",
        "store/main.go": "package store\nfunc main() {}\n",
        "src/bin/tool.rs": "fn main() {}\n",
        "core/src/main.rs": "fn main() {}\n",
        "src/lib.rs": "fn main() {}\n",
    }
    found = {}
    for path, text in texts.items():
        spec = spec_for(path, text.encode())
        assert spec is not None
        found[path] = nodes_of(parse_file(path, text.encode(), spec))[0].meta.get("entry_point")
    assert found == {
        "cmd/depot/main.go": ["depot"],
        "store/main.go": None,
        "src/bin/tool.rs": ["tool"],
        "core/src/main.rs": ["core"],
        "src/lib.rs": None,
    }
