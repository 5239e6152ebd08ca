"""TypeScript, TSX and JavaScript: one file's tree in, its FileFacts out. A function, arrow or class bound to a name is a
definition of that name; functions in an object literal are members of the variable that holds it; other anonymous functions
belong to the scope that contains them. `extra["exports"]` maps exported names to local chains (`default`, and `=` for
`module.exports = …`), overload signatures are folded into their implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from extractor.facts import MODULE, FileFacts, Import
from extractor.parse.collect import Step, clip
from extractor.parse.tree import collapse, start_line
from extractor.parse.typescript_chains import (
    attributes,
    chain,
    immediate,
    member_path,
    property_name,
    string_value,
)
from extractor.parse.typescript_defs import ScriptDefs
from extractor.parse.typescript_errors import ScriptErrors
from extractor.parse.typescript_lines import prepare_javascript, prepare_tsx, prepare_typescript
from extractor.parse.typescript_names import FUNCTION_VALUES, LISTENS
from extractor.parse.typescript_values import ScriptValues

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source


__all__ = ["parse", "prepare_javascript", "prepare_tsx", "prepare_typescript"]

COPIED: Final = "getOwnPropertyDescriptor"
_DESCRIBES: Final[Mapping[str, tuple[str, ...]]] = {"get": ("property",), "set": ("setter",), "value": ()}


def parse(source: Source) -> FileFacts:
    """The facts of one TypeScript or JavaScript file."""
    collector = ScriptCollector(source)
    collector.walk()
    collector.breed()
    exports = {k: v for k, v in collector.exports.items() if k not in collector.unnamed}
    names = tuple(sorted(k for k in exports if k != "=")) if exports or collector.is_module else None
    extra = {
        "typevars": collector.typevars,
        "exports": exports,
        "reads": collector.reads,
        "puts": collector.puts,
        "writes": collector.writes,
        "stubs": collector.stubs,
        "events": collector.events,
        "computed": collector.computed,
        "lexical": collector.lexical,
    }
    return collector.facts(exports=names, extra=extra)


class ScriptCollector(ScriptErrors):
    """Visits statements and expressions."""

    # ------------------------------------------------------------------ statements
    def on_for_in(self, step: Step) -> None:
        node, scope = step[0], step[1]
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        of = self.text(node.child_by_field_name("operator")) == "of"
        if left is not None and right is not None:
            awaited = "!" if any(c.type == "await" for c in node.children) else ""
            value = f"{clip(chain(self.source, right))}*{awaited}" if of else "<string>"
            self._destructure(left, value if not value.startswith("?") else "?", scope, node)
            if of:
                self._iterate(right, "[asyncIterator]" if awaited else "[iterator]", scope)
        self.push_nodes([right, node.child_by_field_name("body")], scope, step[2])

    def _iterate(self, value: Node, how: str, scope: int) -> None:
        held = clip(chain(self.source, value))
        if held[0] not in "?<[{":
            self.reads.append([scope, held, how, start_line(value)])

    def on_spread(self, step: Step) -> None:
        """`[...bag]` asks the bag for its elements; `{...bag}` does not."""
        node, scope = step[0], step[1]
        if node.named_children and (node.parent is None or node.parent.type != "object"):
            self._iterate(node.named_children[0], "[iterator]", scope)
        self.push(step)

    def on_return(self, step: Step) -> None:
        node, scope = step[0], step[1]
        inner = node.start_byte < self._anonymous_until.get(scope, 0)
        if node.named_children and scope != MODULE and not inner:
            value = node.named_children[0]
            if self.defs[scope].kind in ("function", "method") and self._returned_object(value, scope):
                return
            self.bind(scope, "return", clip(chain(self.source, value)), node)
            if value.type in FUNCTION_VALUES and value.child_by_field_name("name") is not None:
                name = self.text(value.child_by_field_name("name"))
                self._define_value(name, value, value, (value, scope, step[2], False), flags=["nested"])
                return
        self.push(step)

    def on_yield(self, step: Step) -> None:
        """A generator gives its values one by one, as an array gives its elements."""
        node, scope = step[0], step[1]
        if node.named_children and scope != MODULE and node.start_byte >= self._anonymous_until.get(scope, 0):
            value = clip(chain(self.source, node.named_children[0]))
            spread = "..." if any(c.type == "*" for c in node.children) else ""
            if spread:
                self._iterate(node.named_children[0], "[iterator]", scope)
            self.bind(scope, "return", f"[{spread}{value}]" if value != "?" else "?", node)
        self.push(step)

    # ------------------------------------------------------------------ expressions

    def on_call(self, step: Step) -> None:
        node, scope = step[0], step[1]
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        module = self._required(node)
        if module:
            self.imports.append(Import(scope, module, "", f"require:{module}", 0, start_line(node), "require"))
            self.push(step)
            return
        called = immediate(function)
        if called is not None:
            own = called.child_by_field_name("name")
            if own is not None:
                self.call(scope, "", self.text(own), own, self._args(arguments))
            self.push(step)
            return
        receiver, name = self._callee(function)
        if name == "reject" and receiver in ("", "Promise"):
            self.on_reject(arguments, step)
        if name == "assign" and receiver == "Object" and arguments is not None and self._exports_more(arguments, step):
            return
        if (
            name in ("inherits", "assign", "setPrototypeOf")
            and arguments is not None
            and len(arguments.named_children) > 1
        ):
            self._prototypes(name, arguments.named_children, node, scope)
        if name == "defineProperty" and arguments is not None and self._defines_property(arguments, step):
            return
        anchor = (
            function.child_by_field_name("property")
            if function is not None and function.type == "member_expression"
            else function
        )
        self.call(scope, receiver, name, anchor or node, self._args(arguments))
        if name in LISTENS and receiver and arguments is not None and arguments.named_children:
            first = arguments.named_children[0]
            if first.type in ("string", "identifier", "member_expression"):
                self.events.append([self.calls[-1].line, self.calls[-1].col, self.text(first).strip("\"'")])
        self._lambda_parameters(arguments, scope, f"{receiver}.{name}" if receiver else name)
        if function is not None and function.type == "member_expression":
            self.push_nodes([function.child_by_field_name("object"), arguments], scope, step[2])
        else:
            self.push(step)

    def _exports_more(self, arguments: Node, step: Step) -> bool:
        """`Object.assign(exports, { f, g })` exports f and g."""
        given = self._without_comments(arguments)
        if not given or self.text(given[0]) not in ("exports", "module.exports"):
            return False
        self.is_module = True
        for other in given[1:]:
            if other.type == "object":
                self._export_object("=", other, (other, step[1], step[2], True))
            else:
                self.push_nodes([other], step[1], step[2])
        return True

    def _defines_property(self, arguments: Node, step: Step) -> bool:
        """`Object.defineProperty(held, key, {get, set, value})`: a member of what is held; a copy, where the whole descriptor is."""
        given = self._without_comments(arguments)
        if len(given) != 3:
            return False
        held, key, how = given
        if how.type == "non_null_expression":
            how = how.named_children[0]
        if how.type == "call_expression" and self._callee(how.child_by_field_name("function"))[1] == COPIED:
            source = how.child_by_field_name("arguments")
            into, what = (
                chain(self.source, n) for n in (held, source.named_children[0] if source is not None else None)
            )
            self.puts.append([step[1], clip(into), "[]", clip(f"{what}[]"), start_line(arguments)])
            return False
        path = [self.text(held)] if held.type in ("identifier", "this") else member_path(self.source, held)
        name = string_value(self.source, key) if key.type == "string" else f"[{self.text(key)}]"
        if how.type != "object" or not path or path[1:] not in ([], ["prototype"]):
            return False
        owner = self._holder(step[1]) if path[0] == "this" else self._owner(path[0], step[1])
        if owner is None:
            return False
        inside = (how, owner, self.defs[owner].qualname, False)
        for item in self._without_comments(how):
            word = property_name(self.source, item.child_by_field_name("key") or item.child_by_field_name("name"))
            value = item if item.type == "method_definition" else item.child_by_field_name("value")
            if value is not None and word in _DESCRIBES and value.type in (*FUNCTION_VALUES, "method_definition"):
                made = self._function("method", name, value, value, inside, list(_DESCRIBES[word]))
                self.written_in(made, step[1])
            elif value is not None and word == "value":
                self.bind(owner, name, clip(chain(self.source, value)), item)
                self.push_nodes([value], step[1], step[2])
            elif value is not None:
                self.push_nodes([value], step[1], step[2])
        return True

    def _prototypes(self, name: str, given: list[Node], node: Node, scope: int) -> None:
        """`inherits(A, B)`, `Object.setPrototypeOf(A.prototype, B.prototype)`, `Object.assign(A.prototype, mixin)`: what A inherits."""
        first = self.text(given[0])
        owner = self._owner(first.removesuffix(".prototype"), scope)
        if owner is None or (name == "assign" and not first.endswith(".prototype")):
            return
        for position, other in enumerate(given[1:], len(self.bases)):
            written = self.text(other).removesuffix(".prototype")
            if other.type == "object":
                self._prototype(other, owner)
            elif written.replace(".", "").isidentifier():
                self.add_base(owner, written, position, start_line(node), "mixin" if name == "assign" else "extends")

    def on_member(self, step: Step) -> None:
        """A property that is read: a call, where it turns out to be a getter."""
        node, scope = step[0], step[1]
        name = self.text(node.child_by_field_name("property"))
        receiver = clip(chain(self.source, node.child_by_field_name("object")))
        if receiver != "?":
            self.reads.append([scope, receiver, name, start_line(node)])
        self.push_nodes([node.child_by_field_name("object")], scope, step[2])

    def on_new(self, step: Step) -> None:
        node, scope = step[0], step[1]
        made, arguments = node.child_by_field_name("constructor"), node.child_by_field_name("arguments")
        indexed = made is not None and made.type == "subscript_expression"
        self.call(
            scope,
            "",
            "?" if made is None else clip(chain(self.source, made)) if indexed else collapse(self.text(made)),
            made or node,
            self._args(arguments),
            "new",
        )
        self._lambda_parameters(arguments, scope, f"new {self.text(made)}")
        self.push(step)

    def _lambda_parameters(self, arguments: Node | None, scope: int, callee: str) -> None:
        for position, argument in enumerate(arguments.named_children if arguments is not None else ()):
            if argument.type in FUNCTION_VALUES and argument.child_by_field_name("name") is None:
                self._bind_parameters(argument, scope, f"{callee}#{position}")

    def on_anonymous(self, step: Step) -> None:
        """A function without a name: its parameters hide outer names, its code belongs to the scope around it."""
        node, scope, prefix, _ = step
        own = self.text(node.child_by_field_name("name"))
        if own:
            self._define_value(own, node, node, step, flags=["nested"])
            return
        if node.id not in self._seen_functions:
            self._bind_parameters(node, scope, "")
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        self.push_nodes(self._defaults(parameters), scope, prefix)
        # What an inner function returns is not what the scope around it returns.
        self._anonymous_until[scope] = max(node.end_byte, self._anonymous_until.get(scope, 0))
        if body is not None and body.type == "statement_block":
            self.push((body, scope, prefix, False))
        else:
            self.push_nodes([body], scope, prefix)

    def on_jsx(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name = node.child_by_field_name("name")
        text = self.text(name)
        if text and (text[0].isupper() or "." in text):
            receiver, _, last = text.rpartition(".")
            self.call(scope, receiver, last, name or node, [attributes(self.source, node)], "jsx")
        self.push(step)

    def on_decorator(self, step: Step) -> None:
        node, scope, prefix, _ = step
        value = node.named_children[0] if node.named_children else None
        if value is None:
            return
        function = value.child_by_field_name("function") if value.type == "call_expression" else value
        receiver, name = self._callee(function)
        arguments = value.child_by_field_name("arguments")
        outer = scope
        while outer != MODULE and self.defs[outer].kind == "class":
            outer = self.defs[outer].scope
        self.call(outer, receiver, name, function or value, self._args(arguments), "decorator")
        self.push_nodes(arguments.named_children if arguments is not None else (), scope, prefix)

    def on_unnamed(self, _step: Step) -> None:
        """What has no name defines nothing, nor do the types of its parameters."""

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "import_statement": ScriptDefs.on_import,
        "export_statement": ScriptValues.on_export,
        "class_declaration": ScriptDefs.on_class,
        "abstract_class_declaration": ScriptDefs.on_class,
        "class": ScriptDefs.on_class_value,
        "interface_declaration": ScriptDefs.on_interface,
        "type_alias_declaration": ScriptDefs.on_alias,
        "enum_declaration": ScriptDefs.on_enum,
        "internal_module": ScriptDefs.on_namespace,
        "module": ScriptDefs.on_namespace,
        "function_declaration": ScriptDefs.on_function,
        "generator_function_declaration": ScriptDefs.on_function,
        "function_signature": ScriptDefs.on_function,
        "method_definition": ScriptDefs.on_method,
        "method_signature": ScriptDefs.on_method,
        "abstract_method_signature": ScriptDefs.on_method,
        "public_field_definition": ScriptValues.on_field,
        "field_definition": ScriptValues.on_field,
        "property_signature": ScriptValues.on_field,
        "call_signature": on_unnamed,
        "construct_signature": on_unnamed,
        "index_signature": on_unnamed,
        "lexical_declaration": ScriptValues.on_declaration,
        "variable_declaration": ScriptValues.on_declaration,
        "assignment_expression": ScriptErrors.on_assignment,
        "augmented_assignment_expression": ScriptErrors.on_augmented,
        "if_statement": ScriptErrors.on_if,
        "ternary_expression": ScriptErrors.on_ternary,
        "binary_expression": ScriptErrors.on_binary,
        "for_in_statement": on_for_in,
        "return_statement": on_return,
        "yield_expression": on_yield,
        "spread_element": on_spread,
        "throw_statement": ScriptErrors.on_throw,
        "try_statement": ScriptErrors.on_try,
        "call_expression": on_call,
        "member_expression": on_member,
        "new_expression": on_new,
        "arrow_function": on_anonymous,
        "function_expression": on_anonymous,
        "generator_function": on_anonymous,
        "jsx_opening_element": on_jsx,
        "jsx_self_closing_element": on_jsx,
        "decorator": on_decorator,
    }
