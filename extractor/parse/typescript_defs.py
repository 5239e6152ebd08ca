"""Classes, interfaces, enumerations, functions and methods of a TypeScript or JavaScript file, overloads folded into one."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from extractor.facts import MODULE, Param
from extractor.parse.collect import Step, clip
from extractor.parse.tree import collapse, end_line, start_line
from extractor.parse.typescript_chains import bare, chain, property_name, type_text
from extractor.parse.typescript_names import ScriptNames

if TYPE_CHECKING:
    from tree_sitter import Node


class ScriptDefs(ScriptNames):
    """Defines what is declared with a name of its own."""

    def on_class(self, step: Step) -> None:
        node = step[0]
        name = self.text(node.child_by_field_name("name")) or "default"
        self._class(name, node, node, step, self._take_exported())

    def _take_exported(self) -> list[str]:
        exported, self._exported = self._exported, False
        return ["exported"] if exported else []

    def _class(self, name: str, node: Node, outer: Node, step: Step, flags: list[str]) -> int:
        body = node.child_by_field_name("body")
        decorators = self._export_decorators + self._decorators(node)
        self._export_decorators = ()
        if node.type == "abstract_class_declaration":
            flags = [*flags, "abstract"]
        skipped = [c for c in node.named_children if c.type == "decorator"]
        index = self.define(
            "class", name, outer, step, signature=self.head(node, body, skipped), decorators=decorators, flags=flags
        )
        if "exported" in flags and step[3] and step[1] == MODULE:
            self.exports.setdefault(name, name)
        self._type_parameters(node, index)
        heritage = next((c for c in node.named_children if c.type == "class_heritage"), None)
        if heritage is not None:
            self._heritage(heritage, index)
            clauses = [c for c in heritage.named_children if c.type == "extends_clause"]
            made = [v for c in (heritage, *clauses) for v in c.named_children if v.type == "call_expression"]
            self.push_nodes(made, step[1], step[2])
        self.push_nodes(skipped, step[1], step[2])
        if body is not None:
            self.push((body, index, self.defs[index].qualname, False))
        return index

    def _heritage(self, heritage: Node, index: int) -> None:
        position = 0
        clauses = [c for c in heritage.named_children if c.type in ("extends_clause", "implements_clause")]
        for clause in clauses or [heritage]:
            if clause.type == "implements_clause":
                for base in clause.named_children:
                    self.add_base(index, collapse(self.text(base)), position, start_line(base), "implements")
                    position += 1
                continue
            values = clause.children_by_field_name("value") or clause.named_children[:1]
            arguments = clause.child_by_field_name("type_arguments")
            for value in values:
                for mixin in self._mixins(value):
                    self.add_base(index, mixin, position, start_line(value), "mixin")
                    position += 1
                written = self._base_text(value) + (self.text(arguments) if arguments is not None else "")
                self.add_base(index, collapse(written), position, start_line(value), "extends")
                position += 1

    def _base_text(self, value: Node) -> str:
        if value.type == "call_expression":  # a mixin: what it is given is a base as well
            function = value.child_by_field_name("function")
            held = function.child_by_field_name("object") if function is not None else None
            if held is not None and held.type == "call_expression":  # `mix(Base).with(Walking, Flying)`
                return self._base_text(held)
            arguments = value.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
            return self._base_text(first) if first is not None else self.text(value.child_by_field_name("function"))
        return self.text(value)

    def _mixins(self, value: Node) -> list[str]:
        """`Walking(Flying(Animal))`: the classes that the functions give, outermost first."""
        found: list[str] = []
        while value.type == "call_expression":
            arguments = value.child_by_field_name("arguments")
            text = clip(chain(self.source, value))
            if arguments is None or not arguments.named_children or text == "?":
                break
            found.append(text)
            value = arguments.named_children[0]
        return found

    def on_interface(self, step: Step) -> None:
        node = step[0]
        flags = self._take_exported()
        body = node.child_by_field_name("body")
        name = self.text(node.child_by_field_name("name"))
        index = self.define("interface", name, node, step, signature=self.head(node, body), flags=flags)
        if flags and step[1] == MODULE and not step[2]:
            self.exports.setdefault(name, name)
        self._type_parameters(node, index)
        for child in node.named_children:
            if child.type in ("extends_type_clause", "extends_clause"):
                for position, base in enumerate(child.named_children):
                    self.add_base(index, collapse(self.text(base)), position, start_line(base), "extends")
        if body is not None:
            self.push((body, index, self.defs[index].qualname, False))

    def on_alias(self, step: Step) -> None:
        node = step[0]
        flags = self._take_exported()
        name = self.text(node.child_by_field_name("name"))
        value = node.child_by_field_name("value")
        if value is not None and value.type == "object_type":
            index = self.define(
                "interface", name, node, step, signature=self.head(node, value), flags=[*flags, "alias"]
            )
            self._type_parameters(node, index)
            self.push((value, index, self.defs[index].qualname, False))
        else:
            returns = collapse(self.text(value)) if value is not None else ""
            index = self.define(
                "variable", name, node, step, signature=self.head(node, None), returns=returns, flags=[*flags, "alias"]
            )
            self._type_parameters(node, index)
            if value is not None and value.type == "intersection_type":
                for part in value.named_children:
                    if part.type == "object_type":
                        self.push((part, index, self.defs[index].qualname, False))
        if flags and step[1] == MODULE and not step[2]:
            self.exports.setdefault(name, name)

    def on_enum(self, step: Step) -> None:
        node = step[0]
        flags = self._take_exported()
        name = self.text(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        index = self.define("class", name, node, step, signature=self.head(node, body), flags=[*flags, "enum"])
        if flags and step[1] == MODULE and not step[2]:
            self.exports.setdefault(name, name)
        prefix = self.defs[index].qualname
        for child in body.named_children if body is not None else ():
            key = child.child_by_field_name("name") if child.type == "enum_assignment" else child
            if key is not None and key.type in ("property_identifier", "string"):
                value = self.short(child.child_by_field_name("value")) if child.type == "enum_assignment" else ""
                member = property_name(self.source, key)
                self.define("variable", member, child, (child, index, prefix, False), signature=self.short(child), returns=name,
                            flags=("const", "enum_constant", "static"), value=value)  # fmt: skip
                self.bind(index, member, name, child, "declared")

    def on_namespace(self, step: Step) -> None:
        node, scope, prefix, _ = step
        exported = self._take_exported()
        name_node = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if body is None:
            return
        # `declare module "x"` describes another package: its names stand on their own.
        name = "" if name_node is not None and name_node.type == "string" else self.text(name_node)
        inner = ".".join(p for p in (prefix, name) if p)
        if exported and step[1] == MODULE and not prefix and name:
            self.exports.setdefault(name.partition(".")[0], name.partition(".")[0])
        self.push((body, scope, inner, True), top=True)

    def on_function(self, step: Step) -> None:
        node = step[0]
        name = self.text(node.child_by_field_name("name")) or "default"
        flags = self._take_exported()
        if node.type == "function_signature":
            self._signature(name, node, step, flags, "function")
        else:
            self._function("function", name, node, node, step, flags)
        if flags and step[1] == MODULE and not step[2]:
            self.exports.setdefault(name, name)

    def _signature(self, name: str, node: Node, step: Step, flags: list[str], kind: str) -> None:
        """An overload signature: kept aside until the implementation comes, a declaration of its own when none does."""
        key = (step[1], f"{step[2]}.{name}")
        if key in self._signatures:
            return
        self._signatures[key] = len(self.defs)
        index = self._function(kind, name, node, node, step, [*flags, "declaration"])
        self._signatures[key] = index

    def _function(self, kind: str, name: str, node: Node, outer: Node, step: Step, flags: list[str]) -> int:
        """Define the function `node`, whose declaration is `outer`, and visit its body."""
        body = node.child_by_field_name("body")
        words = [c.type for c in node.children]
        flags = [*flags, *(w for w in ("async", "static", "abstract", "override") if w in words)]
        flags += ["arrow"] if node.type == "arrow_function" else []
        flags += ["generator"] if "*" in words or "generator" in node.type else []
        parameters = node.child_by_field_name("parameters")
        single = node.child_by_field_name("parameter")
        params, patterns = self._params(parameters, single)
        returns = type_text(self.source, node.child_by_field_name("return_type"))
        key = (step[1], f"{step[2]}.{name}")
        before = self._signatures.pop(key, None)
        if before is not None and body is not None:
            self._fold(before, outer, node, body, params)
            index = before
        else:
            head = self.head(outer, body) if outer.start_byte <= node.start_byte else self.head(node, body)
            index = self.define(
                kind, name, outer, step, signature=head.removesuffix("=>").strip(), params=params, returns=returns, flags=flags,
                visibility=self._visibility(node, name), decorators=self._decorators(node),
            )  # fmt: skip
        self._jsdoc(index)
        self._type_parameters(node, index)
        self._bind_patterns(patterns, index)
        prefix = self.defs[index].qualname
        if body is not None:
            if body.type == "statement_block":
                if kind == "method" and all(c.type in ("comment", "throw_statement") for c in body.named_children):
                    self.stubs.append(index)
                self.push((body, index, prefix, False))
            elif not self._returned_object(body, index):
                self.bind(index, "return", clip(chain(self.source, body)), body)
                self.push_nodes([body], index, prefix)
            self.push_nodes(self._defaults(parameters), index, prefix)
        return index

    def _returned_object(self, value: Node, scope: int) -> bool:
        """A factory: what it returns has members of its own, inside the factory."""
        held = bare(value)
        if held is None or held.type != "object" or not self._has_functions(held):
            return False
        value = held
        step = (value, scope, self.defs[scope].qualname, False)
        index = self.define("variable", "return", value, step, signature="return", doc="", flags=("nested",))
        self._members(value, index)
        return True

    @abstractmethod
    def _members(self, value: Node, index: int) -> None:
        """The functions of an object literal are definitions inside its variable."""

    def _fold(self, index: int, outer: Node, node: Node, body: Node, params: tuple[Param, ...]) -> None:
        """Overload signatures and their implementation are one definition, found where the implementation stands."""
        known = self.defs[index]
        first, last = start_line(outer), end_line(outer)
        flags = tuple(sorted({*known.flags, "overload"} - {"declaration"}))
        self.defs[index] = known._replace(
            start_line=first, end_line=last, signature=self.head(node, body), params=params, flags=flags,
            content_hash=self.source.content_hash(first, last), doc=known.doc or self.docs.get(outer.id, ""),
        )  # fmt: skip

    def on_method(self, step: Step) -> None:
        scope = step[1]
        loose = scope == MODULE or self.defs[scope].kind in ("function", "method")
        self._method(step, ["keyed"] if loose else [])

    def _method(self, step: Step, flags: list[str]) -> None:
        node, scope = step[0], step[1]
        name = property_name(self.source, node.child_by_field_name("name"))
        if not name:
            self.push(step)
            return
        words = [c.type for c in node.children]
        flags += ["property"] if "get" in words else ["setter"] if "set" in words else []
        flags += ["constructor"] if name == "constructor" else []
        declared = node.type == "method_signature" and scope != MODULE and self.defs[scope].kind == "interface"
        if declared or node.type == "abstract_method_signature":
            flags.append("abstract")
        in_class = scope != MODULE and self.defs[scope].kind in ("class", "interface")
        if node.type == "method_signature" and in_class and self.defs[scope].kind == "class":
            self._signature(name, node, step, flags, "method")  # an overload inside a class
            return
        index = self._function("method" if in_class else "function", name, node, node, step, flags)
        parameters = node.child_by_field_name("parameters")
        if name == "constructor" and parameters is not None and in_class:
            self._parameter_properties(parameters, scope, step[2], index)
        self.push_nodes([c for c in node.named_children if c.type == "decorator"], scope, step[2])

    def _parameter_properties(self, parameters: Node, scope: int, prefix: str, constructor: int) -> None:
        for child in parameters.named_children:
            modifier = next((c for c in child.named_children if c.type == "accessibility_modifier"), None)
            readonly = any(c.type == "readonly" for c in child.children)
            if modifier is None and not readonly:
                continue
            name = self.text(child.child_by_field_name("pattern"))
            annotation = type_text(self.source, child.child_by_field_name("type"))
            self.define("variable", name, child, (child, scope, prefix, False), signature=self.short(child), returns=annotation,
                        visibility=self.text(modifier) or "public", flags=("field",))  # fmt: skip
            self.bind(scope, name, annotation, child, "declared")
            self.bind(constructor, f"self.{name}", name, child)

    def on_class_value(self, step: Step) -> None:
        node, scope, prefix, _ = step
        name = self.text(node.child_by_field_name("name"))
        if node.child_by_field_name("body") is None:
            return
        self._class(name or "anonymous", node, node, (node, scope, prefix, False), ["nested"])
