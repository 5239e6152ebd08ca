"""Rust: one file's tree in, its FileFacts out. Structs and enums become classes, traits interfaces; a method bears the name of the
type its impl block is for. Inline modules lengthen the qualified names of what stands in them. Closures belong to the
function that contains them.

`extra` holds for the linker: `typevars` and `wheres` (definition, type parameter or `T::Item`, bound), `mods` (inline modules and
their lines), `files` (modules declared elsewhere), `receivers` (definition -> the type of its impl), `impls` (type, trait, line,
bound where the type is a parameter), `carried` (calls whose error the function hands on).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from extractor.facts import MODULE, Base, FileFacts, Import
from extractor.parse.collect import Step, clean_comment, clip
from extractor.parse.rust_impls import RustImpls
from extractor.parse.rust_names import numbered, prepare
from extractor.parse.tree import end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

__all__ = ["parse", "prepare"]
_PATH_ATTRIBUTE: Final = re.compile(r'path\s*=\s*"([^"]+)"')
_FUNCTION_TYPE: Final = re.compile(
    r"^(?:unsafe )?fn\b|\bdyn Fn(?:Mut|Once)?\b"
)  # says that something is called, not what
_HANDS_ON: Final = re.compile(r"match\s+\$\w+\s*\{[^{}]*?\b(?:Ok|Some|Ready)\(\s*(\w+)\s*\)\s*=>\s*\1\b")
_ITEMS: Final = {"struct_item": "class", "union_item": "class", "enum_item": "class", "trait_item": "interface"}


def parse(source: Source) -> FileFacts:
    """The facts of one Rust file."""
    collector = RustCollector(source)
    collector.walk()
    collector.defs = numbered(collector.defs)
    extra = {
        "typevars": collector.typevars,
        "wheres": collector.wheres,
        "mods": collector.mods,
        "files": collector.files,
        "receivers": collector.receivers,
        "impls": collector.impls,
        "pymethods": collector.pymethods,
        "puts": collector.puts,
        "tries": collector.tries,
        "carried": sorted(map(list, {tuple(row) for row in collector.lines})),
    }
    return collector.facts(extra=extra)


class RustCollector(RustImpls):
    """Visits items, statements and expressions."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.tries: list[int] = []  # macros that take the value out of a Result, as `?` does
        self.mods: list[list[Any]] = []  # [path, first line, last line]
        self.files: list[list[Any]] = []  # [path of the module inside this file, #[path] attribute]
        self._open: list[Node] = []

    # ------------------------------------------------------------------ items
    def begin(self, root: Node) -> None:
        """`//!` at the top speaks of the file."""
        inner = []
        for child in root.named_children:
            if child.type not in self.comments or not self.text(child).startswith(("//!", "/*!")):
                if child.type not in self.comments and child.type != "inner_attribute_item":
                    break
                continue
            inner.append(self.text(child))
        super().begin(root)
        self.doc = clean_comment(inner)

    def on_mod(self, step: Step) -> None:
        node, _, prefix, _ = step
        attributes, _ = self._taken(node)
        name = self.text(node.child_by_field_name("name"))
        inner = f"{prefix}.{name}" if prefix else name
        body = node.child_by_field_name("body")
        if body is None:
            found = next((m[1] for a in attributes if (m := _PATH_ATTRIBUTE.match(a))), "")
            self.files.append([inner, found, start_line(node), self._visibility(node)])
            return
        self.mods.append([inner, start_line(node), end_line(node)])
        self.push((body, MODULE, inner, True))

    def on_use(self, step: Step) -> None:
        node = step[0]
        self._taken(node)
        kind = "reexport" if any(c.type == "visibility_modifier" for c in node.named_children) else ""
        stack: list[tuple[Node | None, str]] = [(node.child_by_field_name("argument"), "")]
        while stack:
            tree, before = stack.pop()
            if tree is None:
                continue
            line = start_line(tree)
            if tree.type == "scoped_use_list":
                inner = _joined(before, self.path(tree.child_by_field_name("path")))
                listed = tree.child_by_field_name("list")
                stack.extend((c, inner) for c in reversed(listed.named_children if listed is not None else []))
            elif tree.type == "use_list":
                stack.extend((c, before) for c in reversed(tree.named_children))
            elif tree.type == "use_wildcard":
                module = _joined(before, self.path(tree.named_children[0]) if tree.named_children else "")
                self.imports.append(Import(MODULE, module, "*", "*", 0, line, kind))
            else:
                alias = self.text(tree.child_by_field_name("alias")) if tree.type == "use_as_clause" else ""
                full = _joined(before, self.path(tree.child_by_field_name("path") if alias else tree))
                module, _, name = full.rpartition("::")
                if name == "self":  # `use a::{self}` names a
                    module, _, name = module.rpartition("::")
                if name and name != "?":
                    self.imports.append(Import(MODULE, module, name, alias or name, 0, line, kind))

    def on_type(self, step: Step) -> None:
        node = step[0]
        attributes, doc = self._taken(node)
        name = self.text(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        flags = {"struct_item": ["struct"], "enum_item": ["enum"], "union_item": ["union"]}.get(node.type, [])
        told = (
            body is not None and body.type == "ordered_field_declaration_list"
        )  # a tuple's fields have no other names
        head = (
            self.head(node, None, (c for c in body.named_children if c.type == "attribute_item"))
            if told and body
            else ""
        )
        index = self.define(_ITEMS[node.type], name, node, step, signature=head.rstrip(";") or self.head(node, body), decorators=attributes,
                            visibility=self._visibility(node), flags=flags, doc=doc)  # fmt: skip
        qualname = self.defs[index].qualname
        self.types.setdefault(qualname, index)
        self.type_parameters(node, index)
        if node.type == "trait_item":
            bounds = node.child_by_field_name("bounds")
            for position, bound in enumerate(bounds.named_children if bounds is not None else ()):
                if bound.type not in ("lifetime", "higher_ranked_trait_bound", "removed_trait_bound"):
                    self.bases.append(Base(index, self.path(bound), position, start_line(bound), "extends"))
        if body is None:
            return
        if node.type == "enum_item":
            for child, marks, said in self.described(body, "enum_variant"):
                self._variant(child, (child, index, qualname, False), name, marks, said)
        elif node.type == "trait_item":
            self.push((body, index, qualname, False))
        else:
            self._fields(body, (body, index, qualname, False), index)

    def _variant(self, node: Node, step: Step, owner: str, attributes: tuple[str, ...], doc: str) -> None:
        name = self.text(node.child_by_field_name("name"))
        index = self.define("variable", name, node, step, signature=self.head(node, None), returns=owner,
                            flags=("const", "variant", "static"), decorators=attributes, doc=doc)  # fmt: skip
        body = node.child_by_field_name("body")
        if body is not None:
            self._fields(body, (body, index, self.defs[index].qualname, False), index, define=False)

    def _fields(self, body: Node, step: Step, index: int, *, define: bool = True) -> None:
        if body.type == "ordered_field_declaration_list":
            for position, child in enumerate(body.children_by_field_name("type")):
                self.bind(index, str(position), self.type_text(child), child, "declared")
            return
        for child, attributes, doc in self.described(body, "field_declaration"):
            name, kind = self.text(child.child_by_field_name("name")), self.type_text(child.child_by_field_name("type"))
            if define:
                self.define("variable", name, child, step, signature=f"{name}: {kind}", returns=kind, flags=("field",),
                            visibility=self._visibility(child), decorators=attributes, doc=doc)  # fmt: skip
            self.bind(index, name, kind, child, "declared")

    def on_function(self, step: Step) -> None:
        node, scope = step[0], step[1]
        attributes, doc = self._taken(node)
        name = self.text(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        params, taken = self.params(node.child_by_field_name("parameters"))
        returns = self.type_text(node.child_by_field_name("return_type"))
        impl = self.impl_of(node)
        in_trait = scope != MODULE and self.defs[scope].kind == "interface"
        modifiers = next((self.text(c) for c in node.named_children if c.type == "function_modifiers"), "")
        flags: list[str] = [w for w in modifiers.split() if w in ("async", "const", "unsafe")]
        flags += ["self"] if taken else ["static"] if impl or in_trait else []
        flags += ["abstract"] if in_trait and body is None else []
        flags += ["implements"] if impl and impl.trait else []
        visibility = "public" if in_trait or (impl and impl.trait) else self._visibility(node)
        index = self.define("method" if impl or in_trait else "function", name, node, step, signature=self.head(node, body),
                            params=params, returns=returns, decorators=attributes, visibility=visibility, flags=flags,
                            doc=doc)  # fmt: skip
        self.belongs(index, impl)
        self.type_parameters(node, index)
        self.taken_apart(node, index)
        if body is not None:
            self.tail(body, index, returns)
            self.push((body, index, self.defs[index].qualname, False))

    def on_value(self, step: Step) -> None:
        """`const`, `static` and `type`."""
        node, scope, prefix, _ = step
        if node.type == "type_item" and scope != MODULE and self.defs[scope].kind == "interface":
            self.on_associated(step)
        attributes, doc = self._taken(node)
        name = self.text(node.child_by_field_name("name"))
        kind, value = self.type_text(node.child_by_field_name("type")), node.child_by_field_name("value")
        flags = ["alias"] if node.type == "type_item" else ["const"] if node.type == "const_item" else ["static"]
        if not name:
            return
        index = self.define("variable", name, node, step, signature=self.head(node, value), returns=kind, decorators=attributes,
                    visibility=self._visibility(node), flags=flags, doc=doc, value=value)  # fmt: skip
        self.type_parameters(node, index)
        self.belongs(index, self.impl_of(node))
        self.push_nodes([value], scope, prefix)
        self.kept_in(value, name, scope)

    def on_associated(self, step: Step) -> None:
        """`type Item: Shape;` of a trait says what every implementation's item can do."""
        bounds = next((c for c in _inside(step[0]) if c.type == "trait_bounds"), None)
        self.wheres.append([step[1], f"Self::{self.text(step[0].child_by_field_name('name'))}", self._bound(bounds)])

    def on_macro_definition(self, step: Step) -> None:
        node = step[0]
        attributes, doc = self._taken(node)
        name = self.text(node.child_by_field_name("name"))
        exported = any(a.startswith("macro_export") for a in attributes)
        index = self.define("function", name, node, step, signature=f"macro_rules! {name}", decorators=attributes, flags=("macro",),
                    visibility="public" if exported else "private", doc=doc)  # fmt: skip
        if _HANDS_ON.search(self.text(node)):
            self.tries.append(index)
        self.read_rules(node, index)

    # ------------------------------------------------------------------ statements
    def on_let(self, step: Step) -> None:
        node, scope, prefix, _ = step
        self._taken(node)
        pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
        written = self.type_text(node.child_by_field_name("type"))
        until = self._block(node)
        if value is not None and value.type == "closure_expression":
            self.closure_parameters(value, scope, "")
        says_which = _FUNCTION_TYPE.search(written) and not self.chain(value).startswith(("?", "=>"))
        if written and "_" not in re.split(r"\W+", written) and not says_which:
            self.bind_pattern(pattern, f"<{written}>", scope, node, until)
        else:
            self.bind_pattern(pattern, self.chain(value), scope, node, until)
        self.push_nodes([value, node.child_by_field_name("alternative")], scope, prefix)

    def on_condition(self, step: Step) -> None:
        """`if let` and `while let`."""
        node, scope, prefix, _ = step
        value = node.child_by_field_name("value")
        around = node.parent
        while around is not None and around.type not in ("if_expression", "while_expression", "match_arm", "block"):
            around = around.parent
        self.bind_pattern(node.child_by_field_name("pattern"), self.chain(value), scope, node, around)
        self.push_nodes([value], scope, prefix)

    def on_match(self, step: Step) -> None:
        node, scope = step[0], step[1]
        chain = self.chain(node.child_by_field_name("value"))
        body = node.child_by_field_name("body")
        for arm in body.named_children if body is not None else ():
            if arm.type == "match_arm":
                self.bind_pattern(arm.child_by_field_name("pattern"), chain, scope, arm, arm)
        self.push(step)

    def on_for(self, step: Step) -> None:
        node, scope, prefix, _ = step
        value = node.child_by_field_name("value")
        held = clip(self.chain(value))
        self.bind_pattern(node.child_by_field_name("pattern"), f"{held}*", scope, node, node)
        for method in ("into_iter", "next") if held[:1] != "?" else ():
            self.call(scope, held, method, node, [], "iteration")
        self.push_nodes([value, node.child_by_field_name("body")], scope, prefix)

    def on_block(self, step: Step) -> None:
        self._open = [n for n in self._open if n.end_byte > step[0].start_byte]
        self._open.append(step[0])
        self.push(step)

    def _block(self, node: Node) -> Node | None:
        while self._open and self._open[-1].end_byte <= node.start_byte:
            self._open.pop()
        return self._open[-1] if self._open else None

    # ------------------------------------------------------------------ expressions
    def on_call(self, step: Step) -> None:
        node, scope, prefix, _ = step
        function, holder = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        given = [c for c in holder.named_children if c.type not in self.comments] if holder is not None else []
        arguments = self.args(holder)
        if function is not None and function.type == "generic_function":
            function = function.child_by_field_name("function")
        if function is None:
            return
        text = ""
        if function.type == "identifier" and self.is_macro(function):
            self.known_macro(self.text(function), node, holder, scope)
        elif function.type == "identifier":
            text = self.variable(function)
            self.call(scope, "", text, function, arguments)
            if text == "Err" and given and scope != MODULE:
                self.error(given[0], node, scope)
        elif function.type == "scoped_identifier":
            before, name = self.path(function.child_by_field_name("path")), function.child_by_field_name("name")
            text = f"{before}::{self.text(name)}"
            self.call(scope, before, self.text(name), name or function, arguments, "scoped")
        elif function.type == "field_expression":
            value, field = function.child_by_field_name("value"), function.child_by_field_name("field")
            chain = clip(self.chain(value))
            text = f"{chain}.{self.text(field)}"
            self.call(scope, chain, self.text(field), field or function, arguments)
            if self.text(field) in ("ok_or", "ok_or_else") and given and scope != MODULE:
                made = given[0].child_by_field_name("body") if given[0].type == "closure_expression" else given[0]
                if made is not None:
                    self.error(made, node, scope)
            given = [n for n in (value, *given) if n is not None]
        else:
            self.call(scope, clip(self.chain(function)), "()", function, arguments)
            given = [function, *given]
        self.closures(holder, scope, text)
        self.push_nodes(given, scope, prefix)

    def on_macro(self, step: Step) -> None:
        """The call of a macro, and what its arguments call."""
        node = step[0]
        macro = node.child_by_field_name("macro")
        path = self.path(macro)
        before, _, name = path.rpartition("::")
        self.call(
            step[1], before, f"{name}!", macro or node, self.macro_arguments(node), "scoped" if before else "call"
        )
        self.read_arguments(node, step)

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "attribute_item": RustImpls.on_attribute,
        "mod_item": on_mod,
        "use_declaration": on_use,
        **dict.fromkeys(_ITEMS, on_type),
        "impl_item": RustImpls.on_impl,
        "function_item": on_function,
        "function_signature_item": on_function,
        **dict.fromkeys(("const_item", "static_item", "type_item"), on_value),
        "associated_type": on_associated,
        "macro_definition": on_macro_definition,
        "let_declaration": on_let,
        "let_condition": on_condition,
        "match_expression": on_match,
        "struct_expression": RustImpls.on_struct,
        "assignment_expression": RustImpls.on_assignment,
        "for_expression": on_for,
        "block": on_block,
        "call_expression": on_call,
        "closure_expression": RustImpls.on_closure,
        "macro_invocation": on_macro,
        **dict.fromkeys(
            ("binary_expression", "unary_expression", "compound_assignment_expr", "index_expression"),
            RustImpls.on_operator,
        ),
        "try_expression": RustImpls.on_try,
        "return_expression": RustImpls.on_return,
    }


def _inside(node: Node) -> list[Node]:
    """The children of a node, those of a part that is no Rust of today among them: `type Item: Shape = Square;`"""
    return [inner for c in node.named_children for inner in ([c] if c.type != "ERROR" else c.named_children)]


def _joined(before: str, path: str) -> str:
    return f"{before}::{path}" if before and path else before or path
