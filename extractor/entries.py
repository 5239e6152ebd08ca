"""Build files in, the commands a project installs out: script name -> the module and function it runs.

Only what is stated as plain text counts: pyproject.toml, setup.cfg and package.json. A setup.py is never run.
"""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from extractor.schema import Node

SCRIPTS: Final = ("console_scripts", "gui_scripts")


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


def plugins(configs: Mapping[str, str]) -> list[str]:
    """What a project offers to whoever looks for plugins (its own code, say): `package.module:name`, of all groups but commands."""
    found: set[str] = set()
    for path, text in configs.items():
        name = path.rpartition("/")[2]
        if name == "pyproject.toml":
            data = _pyproject(text)
            groups = [
                *_table(data, "project", "entry-points").values(),
                *_table(data, "tool", "poetry", "plugins").values(),
            ]
            found.update(t for group in groups if isinstance(group, dict) for t in group.values() if isinstance(t, str))
        elif name == "setup.cfg":
            parser = _setup_cfg(text)
            for group in parser.options("options.entry_points") if parser.has_section("options.entry_points") else ():
                if group not in SCRIPTS:
                    found.update(target for _, target in _listed(parser, group))
    return sorted(target.partition("[")[0].strip() for target in found)


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


def _pyproject(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # The file stays listed; that it is broken is for the project's own tools to say.
        return {}


def _of_pyproject(text: str) -> Iterable[tuple[str, str]]:
    data = _pyproject(text)
    project, poetry = _table(data, "project"), _table(data, "tool", "poetry")
    tables = [_table(project, "scripts"), _table(project, "gui-scripts"), _table(poetry, "scripts")]
    for table in tables:
        yield from ((str(name), target) for name, target in table.items() if isinstance(target, str))


def _setup_cfg(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.ConfigParser()
    return parser


def _of_setup_cfg(text: str) -> Iterable[tuple[str, str]]:
    parser = _setup_cfg(text)
    for key in SCRIPTS:
        yield from _listed(parser, key)


def _listed(parser: configparser.ConfigParser, group: str) -> Iterable[tuple[str, str]]:
    for line in parser.get("options.entry_points", group, fallback="").splitlines():
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
