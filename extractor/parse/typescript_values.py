"""Values of a TypeScript or JavaScript file: functions, classes and objects bound to names by declarations, assignments, fields and
exports, ES modules and CommonJS alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.facts import MODULE, Import
from extractor.parse.collect import Step, clip
from extractor.parse.tree import collapse, start_line
from extractor.parse.typescript_chains import (
    bare,
    chain,
    immediate,
    member_path,
    property_name,
    returned,
    string_value,
    type_text,
)
from extractor.parse.typescript_defs import ScriptDefs
from extractor.parse.typescript_names import CLASS_VALUES, FUNCTION_VALUES, jsdoc_types

if TYPE_CHECKING:
    from tree_sitter import Node


class ScriptValues(ScriptDefs):
    """Defines what a value defines under the name it is bound to."""

    def on_export(self, step: Step) -> None:
        node, scope, prefix, top = step
        self.is_module = True
        line = start_line(node)
        source_node = node.child_by_field_name("source")
        words = [c.type for c in node.children]
        if source_node is not None:
            self._reexport(node, string_value(self.source, source_node), scope, line)
            return
        doc = self.docs.get(node.id, "")
        declaration = node.child_by_field_name("declaration") or node.child_by_field_name("value")
        if declaration is None:
            declaration = next((c for c in node.named_children if c.type not in ("export_clause", "decorator")), None)
        for child in node.named_children:
            if child.type == "export_clause":
                for item in child.named_children:
                    if item.type == "export_specifier":
                        name = self._plain(item.child_by_field_name("name"))
                        self.exports[self._plain(item.child_by_field_name("alias")) or name] = name
        if declaration is None:
            return
        if doc:
            self.docs.setdefault(declaration.id, doc)
        if "default" in words:
            self._export_value("default", declaration, (declaration, scope, prefix, top))
        elif "=" in words:
            self._export_value("=", declaration, (declaration, scope, prefix, top))
        else:
            self._exported = True
            decorators = [c for c in node.named_children if c.type == "decorator"]
            self._export_decorators = tuple(collapse(self.text(c)) for c in decorators)
            self.push_nodes([*decorators, declaration], scope, prefix, top=True)

    def _export_value(self, name: str, value: Node, step: Step) -> None:
        """`export default …`, `module.exports = …`: what stands there, defined under its own name or as `default`."""
        scope, prefix = step[1], step[2]
        while value.type == "assignment_expression" and value.child_by_field_name("right") is not None:
            inner = value.child_by_field_name("left")
            if inner is not None and inner.type == "identifier":
                break
            value = value.child_by_field_name("right") or value
        own = self.text(value.child_by_field_name("name"))
        if value.type in ("function_declaration", "generator_function_declaration", "class_declaration",
                          "abstract_class_declaration", "interface_declaration"):  # fmt: skip
            self.exports[name] = own or "default"
            self._exported = True
            self.unnamed.add(own)
            self.push_nodes([value], scope, prefix, top=True)
        elif value.type in FUNCTION_VALUES or value.type in CLASS_VALUES:
            label = own or "default"
            self.exports[name] = label
            self._define_value(label, value, value, step, flags=["exported"])
        elif value.type == "object":
            self._export_object(name, value, step)
        else:
            self.exports[name] = clip(chain(self.source, value))
            self.push_nodes([value], scope, prefix)

    def _export_object(self, name: str, value: Node, step: Step) -> None:
        """`{f, g: h, i() {}}`: each key is an export when the object is the module, a member of `default` otherwise."""
        scope, prefix, top = step[1], step[2], step[3]
        if name == "default":
            self.exports[name] = "default"
            self._define_value("default", value, value, step, flags=["exported"])
            return
        for item in value.named_children:
            if item.type == "shorthand_property_identifier":
                self.exports[self.text(item)] = self.text(item)
            elif item.type == "pair":
                key, held = (
                    property_name(self.source, item.child_by_field_name("key")),
                    item.child_by_field_name("value"),
                )
                if held is None or not key:
                    continue
                if held.type in FUNCTION_VALUES or held.type in CLASS_VALUES or held.type == "object":
                    self.exports[key] = key
                    self._define_value(key, held, item, (item, scope, prefix, top), flags=["exported"])
                else:
                    self.exports[key] = clip(chain(self.source, held))
                    self.push_nodes([held], scope, prefix)
            elif item.type == "method_definition":
                key = property_name(self.source, item.child_by_field_name("name"))
                self.exports[key] = key
                self._define_value(key, item, item, (item, scope, prefix, top), flags=["exported"])
            elif item.type == "spread_element" and item.named_children:
                held = item.named_children[0]
                module = self._required(held)
                if module:
                    self.imports.append(Import(scope, module, "*", "", 0, start_line(item), "reexport"))
                else:
                    self.exports.setdefault("...", "")
                    self.push_nodes([held], scope, prefix)

    def on_field(self, step: Step) -> None:
        node, scope, prefix, _ = step
        name = property_name(self.source, node.child_by_field_name("name") or node.child_by_field_name("property"))
        if not name or scope == MODULE:
            self.push(step)
            return
        value = node.child_by_field_name("value")
        if value is not None and (value.type in FUNCTION_VALUES or value.type in CLASS_VALUES):
            flags = ["static"] if any(c.type == "static" for c in node.children) else []
            wanted = type_text(self.source, node.child_by_field_name("type"))
            self._define_value(name, value, node, step, flags=flags, returns=wanted)
            return
        annotation = type_text(self.source, node.child_by_field_name("type")) or self._written_type(node)
        words = [c.type for c in node.children]
        flags = ["field", *(w for w in ("static", "readonly", "abstract") if w in words)]
        if value is not None and value.type == "object" and self._has_functions(value):
            self._define_value(name, value, node, step, flags=flags, returns=annotation)
            return
        self.define(
            "variable", name, node, step, signature=self.head(node, value), returns=annotation, flags=flags,
            visibility=self._visibility(node, name), decorators=self._decorators(node),
            value=value,
        )  # fmt: skip
        if value is not None:
            self.bind(scope, name, clip(chain(self.source, value)), node)
        if annotation:
            self.bind(scope, name, annotation, node, "declared")
        self.push_nodes([*(c for c in node.named_children if c.type == "decorator"), value], scope, prefix)

    def on_declaration(self, step: Step) -> None:
        node, scope, prefix, top = step
        exported = self._take_exported()
        const = self.text(node.children[0]) == "const" if node.children else False
        for declarator in node.named_children:
            if declarator.type == "variable_declarator":
                if node.id in self.docs:
                    self.docs.setdefault(declarator.id, self.docs[node.id])
                self._declarator(declarator, node, (declarator, scope, prefix, top), exported, const)

    def _declarator(self, node: Node, outer: Node, step: Step, exported: list[str], const: bool) -> None:
        scope, prefix, top = step[1], step[2], step[3]
        target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if target is None:
            return
        required = self._required(value) if value is not None else ""
        if required:
            self._require(target, required, scope, node)
            return
        annotation = type_text(self.source, node.child_by_field_name("type"))
        value = bare(value)
        while value is not None and value.type == "assignment_expression" and target.type == "identifier":
            # `const app = module.exports = {…}`: the variable is what the module exports.
            path = member_path(self.source, value.child_by_field_name("left") or value)
            if path[:2] == ["module", "exports"] or path[:1] == ["exports"]:
                rest = path[2:] if path[0] == "module" else path[1:]
                self.exports["=" if not rest else rest[0]] = self.text(target)
            value = bare(value.child_by_field_name("right"))
        if target.type != "identifier":
            text = f"<{annotation}>" if annotation else clip(chain(self.source, value)) if value is not None else "?"
            start = len(self.bindings)
            self._destructure(target, text, scope)
            for binding in self.bindings[start:] if exported and scope == MODULE and not prefix else ():
                self.exports.setdefault(binding.name, binding.name)
            self.push_nodes([value], scope, prefix)
            return
        name = self.text(target)
        if value is not None and value.type == "member_expression" and self.text(value).endswith(".prototype"):
            self._prototype_of[name] = self.text(value).removesuffix(".prototype")
        if exported and scope == MODULE and not prefix:
            self.exports.setdefault(name, name)
        wrapped = self._wrapped(value)
        alone = len([c for c in outer.named_children if c.type == "variable_declarator"]) == 1
        if wrapped is not None or (value is not None and (value.type in FUNCTION_VALUES or value.type in CLASS_VALUES)):
            held = wrapped if wrapped is not None else value
            assert held is not None
            self._define_value(
                name,
                held,
                outer if alone else node,
                step,
                flags=[*exported, *(["const"] if const else [])],
                returns=annotation if wrapped is None else "",
            )
            if wrapped is not None and value is not None:
                function = value.child_by_field_name("function")
                self.call(scope, *self._callee(function), function or value, ["?"])
            return
        called = (
            immediate(value.child_by_field_name("function"))
            if value is not None and value.type == "call_expression"
            else None
        )
        made = next(iter(returned(called)), None) if called is not None else None
        if value is not None and made is not None and made.type == "object" and self._has_functions(made):
            # `const counter = (() => { …; return { … }; })()`: an object with what is around it
            index = self.define(
                "variable", name, outer if alone else node, step, signature=self.head(outer, value), returns=annotation,
                flags=[*exported, *(["const"] if const else [])],
            )  # fmt: skip
            self._members(made, index)
            body = called.child_by_field_name("body") if called is not None else None
            if body is not None and body.type == "statement_block":
                self.push_nodes([c for c in body.named_children if c.type != "return_statement"], scope, prefix)
            return
        members = value is not None and value.type == "object" and self._has_functions(value)
        if top or members:
            self._define_value(
                name,
                value,
                outer if alone else node,
                step,
                flags=[*exported, *(["const"] if const else [])],
                returns=annotation,
            )
        else:
            self.push_nodes([value], scope, prefix)
        annotation = annotation or self._written_type(outer)
        if not members and (value is not None or not annotation):
            self.bind(scope, name, clip(chain(self.source, value)) if value is not None else "?", node)
        if annotation:
            self.bind(scope, name, annotation, node, "declared")

    def _written_type(self, node: Node) -> str:
        """The type that a comment gives: `/** @type {Foo[]} */`."""
        doc = self.docs.get(node.id, "")
        return jsdoc_types(doc)[2] if "@type" in doc else ""

    def _define_value(
        self, name: str, value: Node | None, outer: Node, step: Step, *, flags: list[str], returns: str = ""
    ) -> None:
        """Define `name` as what `value` is: a function, a class, an object with functions, or a plain variable."""
        scope, prefix = step[1], step[2]
        self.docs.setdefault(outer.id, self.docs.get(step[0].id, ""))
        if value is not None and (value.type in FUNCTION_VALUES or value.type == "method_definition"):
            in_class = scope != MODULE and self.defs[scope].kind == "class"
            index = self._function("method" if in_class else "function", name, value, outer, step, flags)
            if returns:
                self.bind(index, "%type", returns, outer, "declared")
        elif value is not None and value.type in CLASS_VALUES:
            self._class(name, value, outer, step, flags)
        elif value is not None and value.type == "object":
            index = self.define(
                "variable", name, outer, step, signature=self.head(outer, value), returns=returns, flags=flags,
                value=value,
            )  # fmt: skip
            self._members(value, index)
        else:
            self.define(
                "variable", name, outer, step, signature=self.head(outer, value), returns=returns, flags=flags,
                value=value,
            )  # fmt: skip
            self.push_nodes([value], scope, prefix)

    def _members(self, value: Node, index: int) -> None:
        """The functions of an object literal are definitions inside its variable; other values are bound to its keys."""
        inner, outer = self.defs[index].qualname, self.defs[index].scope
        for item in self._without_comments(value):
            step = (item, index, inner, False)
            if item.type == "method_definition":
                self._method(step, [])
            elif item.type == "pair":
                key, held = (
                    property_name(self.source, item.child_by_field_name("key")),
                    item.child_by_field_name("value"),
                )
                if held is None:
                    continue
                if (key and (held.type in FUNCTION_VALUES or held.type in CLASS_VALUES)) or (
                    key and held.type == "object" and self._has_functions(held)
                ):
                    self._define_value(key, held, item, step, flags=[])
                else:
                    self.bind(index, key, clip(chain(self.source, held)), item)
                    self.push_nodes([held], outer, inner)
            elif item.type == "shorthand_property_identifier":
                name = self.text(item)
                self.bind(index, name, f"outer:{name}", item)
            elif item.type == "spread_element" and item.named_children:
                self.bind(index, "...", clip(chain(self.source, item.named_children[0])), item)
                self.push_nodes(item.named_children, outer, inner)

    def _holder(self, scope: int) -> int | None:
        """What `this` is in a method, when it is known: the class, or the function that makes objects."""
        while scope != MODULE and self.defs[scope].kind == "method":
            scope = self.defs[scope].scope
        return scope if scope != MODULE else None
