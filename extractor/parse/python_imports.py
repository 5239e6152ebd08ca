"""Imports and `__all__` of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.facts import Import
from extractor.parse.python_text import string_value
from extractor.parse.python_unit import Unit
from extractor.parse.tree import start_line

if TYPE_CHECKING:
    from tree_sitter import Node


def export(unit: Unit, value: Node | None) -> None:
    """Take the constant names of an `__all__` expression, and the modules whose `__all__` it adds."""
    stack = [value]
    while stack:
        node = stack.pop()
        if node is None:
            continue
        if node.type == "string":
            name = string_value(unit, node)
            if name and unit.exports is not None:
                unit.exports.append(name)
        elif node.type == "attribute" and unit.of(node).endswith(".__all__"):
            unit.exports_of.append(unit.of(node)[: -len(".__all__")])
        else:
            stack.extend(reversed(node.named_children))


def export_call(unit: Unit, node: Node) -> None:
    function = node.child_by_field_name("function")
    grows = function is not None and unit.of(function) in ("__all__.extend", "__all__.append")
    if grows and unit.exports is not None:
        export(unit, node.child_by_field_name("arguments"))


def import_statement(unit: Unit, node: Node) -> None:
    for item in node.children_by_field_name("name"):
        alias = item.child_by_field_name("alias")
        named = item.child_by_field_name("name") if item.type == "aliased_import" else item
        if named is None:
            continue
        module = "".join(unit.of(named).split())
        bound = unit.name(alias) if alias is not None else module.partition(".")[0]
        _imported(unit, Import(unit.scope.index, module, "", bound, 0, start_line(item), unit.import_kind))


def import_from(unit: Unit, node: Node) -> None:
    module, level = "", 0
    origin = node.child_by_field_name("module_name")
    if node.type == "future_import_statement":
        module = "__future__"
    elif origin is not None:
        written = "".join(unit.of(origin).split())
        module = written.lstrip(".")
        level = len(written) - len(module)
    for child in node.named_children:
        if child.type == "wildcard_import":
            _imported(unit, Import(unit.scope.index, module, "*", "*", level, start_line(child), unit.import_kind))
    for item in node.children_by_field_name("name"):
        alias = item.child_by_field_name("alias")
        named = item.child_by_field_name("name") if item.type == "aliased_import" else item
        if named is None:
            continue
        name = unit.name(named)
        bound = unit.name(alias) if alias is not None else name
        _imported(unit, Import(unit.scope.index, module, name, bound, level, start_line(item), unit.import_kind))


def _imported(unit: Unit, imported: Import) -> None:
    scope = unit.scope
    if imported.alias != "*" and imported.alias not in scope.outer:
        scope.bound.add(imported.alias)
    scope.flow.append(("i", len(unit.imports)))
    unit.imports.append(imported)
