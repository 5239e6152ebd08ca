"""Build files in, the commands a project installs out: script name -> the module and function it runs.

Only what is stated as plain text counts: pyproject.toml, setup.cfg and package.json. A setup.py is never run.
"""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from extractor.schema import Node


def mark_entries(nodes: dict[str, Node], configs: Mapping[str, str]) -> None:
    """Write `entry_point`, the names of the commands, into the meta of the modules and functions that they run."""
    modules: dict[str, list[Node]] = {}
    for node in nodes.values():
        if node.type == "module":
            modules.setdefault(node.path.rpartition("/")[2].partition(".")[0], []).append(node)
    for name, target in sorted(commands(configs)):
        for module in _modules(target.partition(":")[0], modules):
            function = nodes.get(f"{module.id}#{target.partition(':')[2].strip()}")
            for found in (nodes[module.id], function):
                if found:
                    names = sorted({*found.meta.get("entry_point", ()), name})
                    nodes[found.id] = replace(found, meta=found.meta | {"entry_point": names})
            break


def commands(configs: Mapping[str, str]) -> set[tuple[str, str]]:
    """(command, target): a target is `package.module:function`, or the path of a script."""
    found: set[tuple[str, str]] = set()
    for path, text in configs.items():
        directory, _, name = path.rpartition("/")
        if name == "pyproject.toml":
            found.update(_of_pyproject(text))
        elif name == "setup.cfg":
            found.update(_of_setup_cfg(text))
        elif name == "package.json":
            found.update((n, f"{directory}/{t}".strip("/").replace("/./", "/")) for n, t in _of_package(text))
    return found


def _modules(target: str, modules: Mapping[str, list[Node]]) -> list[Node]:
    """The modules a target may mean, the one nearest to the root first."""
    path = target.strip().removeprefix("./")
    if "/" not in path and not path.endswith((".js", ".mjs", ".cjs", ".ts")):
        path = path.replace(".", "/")
    stem = path.rpartition("/")[2].partition(".")[0]
    wanted = [path, f"{path}.py", f"{path}/__init__.py"]
    candidates = modules.get(stem, []) + modules.get("__init__", [])
    found = [n for n in candidates if any(n.path == w or n.path.endswith(f"/{w}") for w in wanted)]
    return sorted(found, key=lambda n: (n.path.count("/"), n.path))


def _of_pyproject(text: str) -> Iterable[tuple[str, str]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # The file stays listed; that it is broken is for the project's own tools to say.
        return
    project, poetry = _table(data, "project"), _table(data, "tool", "poetry")
    tables = [_table(project, "scripts"), _table(project, "gui-scripts"), _table(poetry, "scripts")]
    for table in tables:
        yield from ((str(name), target) for name, target in table.items() if isinstance(target, str))


def _of_setup_cfg(text: str) -> Iterable[tuple[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for key in ("console_scripts", "gui_scripts"):
        for line in parser.get("options.entry_points", key, fallback="").splitlines():
            name, equals, target = line.partition("=")
            if equals:
                yield name.strip(), target.strip()


def _of_package(text: str) -> Iterable[tuple[str, str]]:
    try:
        data = json.loads(text)
    except ValueError:
        return
    stated = data.get("bin") if isinstance(data, dict) else None
    if isinstance(stated, str):
        yield str(data.get("name", "")).rpartition("/")[2], stated
    elif isinstance(stated, dict):
        yield from ((str(name), target) for name, target in stated.items() if isinstance(target, str))


def _table(data: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
