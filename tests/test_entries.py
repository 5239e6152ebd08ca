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
