"""Assignments of a TypeScript or JavaScript file: exports, fields, prototypes, and what containers and objects are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE, Import
from extractor.parse.collect import Step, clip
from extractor.parse.tree import start_line
from extractor.parse.typescript_chains import CONSTANT, chain, key_name, member_name, member_path, string_value
from extractor.parse.typescript_names import CLASS_VALUES, FUNCTION_VALUES
from extractor.parse.typescript_values import ScriptValues

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source


_BREEDS: Final = ("call_expression", "new_expression", "member_expression")


class ScriptAssignments(ScriptValues):
    """What an assignment defines under the name it is bound to."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._bred: dict[tuple[int, str], str] = {}  # a name with a prototype -> whose prototype that is
        self._breeders: dict[str, tuple[int, int]] = {}  # a function -> which parameter it makes extend which

    def on_assignment(self, step: Step) -> None:
        node, scope, prefix, top = step
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            self.push(step)
            return
        path = member_path(self.source, left) if left.type == "member_expression" else []
        if len(path) == 2 and path[0] in self._prototype_of:
            path = [self._prototype_of[path[0]], "prototype", path[1]]
        if path[:2] == ["module", "exports"] or path[:1] == ["exports"]:
            rest = path[2:] if path[0] == "module" else path[1:]
            self.is_module = True
            if not rest:
                self._export_value("=", right, (right, scope, prefix, True))
                return
            if len(rest) == 1:
                self._export_named(rest[0], right, node, (node, scope, prefix, True))
                return
        key = key_name(self.source, left.child_by_field_name("index")) if left.type == "subscript_expression" else ""
        if key[:1] == CONSTANT and self.text(left.child_by_field_name("object")) == "this":
            path = ["this", member_name(key)]
        is_function = right.type in FUNCTION_VALUES or right.type in CLASS_VALUES
        if is_function and left.type == "subscript_expression" and not path:
            path = self._computed(left)
            if path and self._owner(path[0], scope) is not None:
                self._assign_function(path, right, node, step)
                return
        self._put(left, right, scope, node)
        if len(path) == 2 and path[0] == "this":
            if (is_function and scope != MODULE) or (
                right.type == "object" and self._has_functions(right) and self._holder(scope) is not None
            ):
                self._assign_function(path, right, node, step)
            else:
                self.bind(scope, f"self.{path[1]}", clip(chain(self.source, right)), node)
                written = self._written_type(node.parent or node)
                if written:
                    self.bind(scope, f"self.{path[1]}", written, node, "declared")
                self.push_nodes([right], scope, prefix)
            return
        if is_function and len(path) >= 2 and path[0] not in ("this", "window", "global", "globalThis", "self"):
            self._assign_function(path, right, node, step)
            return
        if right.type in _BREEDS and len(path) == 2 and path[1] == "prototype":
            self._inherit(path[0], right, scope)
        if right.type == "object" and len(path) == 2 and path[1] == "prototype":
            owner = self._owner(path[0])
            if owner is not None:
                self._prototype(right, owner)
                return
        if left.type == "identifier":
            if is_function and top is False and scope == MODULE:
                self.push(step)
                return
            self.bind(scope, self.text(left), clip(chain(self.source, right)), node, "again")
        elif left.type in ("object_pattern", "array_pattern"):
            self._destructure(left, clip(chain(self.source, right)), scope, None, "again")
        target: Node | None = left if left.type not in ("identifier", "object_pattern") else None
        if left.type == "member_expression":  # what is written is not read
            target = left.child_by_field_name("object")
        self.push_nodes([target, right], scope, prefix)

    def _computed(self, left: Node) -> list[str]:
        """`A.prototype[name]` and `a[name]` as a path whose last part is the key, in brackets when only a run tells it."""
        held, key = left.child_by_field_name("object"), left.child_by_field_name("index")
        if held is None or key is None:
            return []
        path = [self.text(held)] if held.type == "identifier" else member_path(self.source, held)
        if not path or (len(path) > 1 and path[1:] != ["prototype"]):
            return []
        if key.type == "string":
            return [*path, string_value(self.source, key)]
        return [*path, f"[{self.text(key)}]"] if key.type in ("identifier", "member_expression") else []

    def _prototype(self, value: Node, owner: int) -> None:
        """The functions of an object that is, or is copied into, a prototype are methods."""
        start = len(self.defs)
        self._members(value, owner)
        for index in range(start, len(self.defs)):
            if self.defs[index].scope == owner and self.defs[index].kind == "function":
                self.defs[index] = self.defs[index]._replace(kind="method")

    def on_augmented(self, step: Step) -> None:
        """`x ??= make()`: what x may hold besides."""
        node, scope = step[0], step[1]
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if (
            left is not None
            and right is not None
            and self.text(node.child_by_field_name("operator")) in ("??=", "||=", "&&=")
        ):
            path = member_path(self.source, left) if left.type == "member_expression" else []
            if len(path) == 2 and path[0] == "this":
                self.bind(scope, f"self.{path[1]}", clip(chain(self.source, right)), node)
            elif left.type == "identifier":
                self.bind(scope, self.text(left), clip(chain(self.source, right)), node, "again")
            else:
                self._put(left, right, scope, node)
        self.push(step)

    def _put(self, left: Node, right: Node, scope: int, node: Node) -> None:
        """`held[key] = value` and `thing.field = value`: what a container or another object is given."""
        target = left.child_by_field_name("object")
        if left.type not in ("subscript_expression", "member_expression") or target is None:
            return
        held, value = clip(chain(self.source, target)), clip(chain(self.source, right))
        name = self.text(left.child_by_field_name("property")) if left.type == "member_expression" else "[]"
        if name != "[]" and held != "?":
            self.writes.append([scope, held, name, start_line(node)])
        if held not in ("?", "this", "exports", "module") and (value[0] not in "?<" or value == "<Array>"):
            self.puts.append([scope, held, name, value, start_line(node)])

    def _inherit(self, name: str, value: Node, scope: int) -> None:
        """`B.prototype = Object.create(A.prototype)`, `B.prototype = new A()`: B extends A. Where both are parameters, the
        function makes one of what it is given extend the other."""
        if value.type == "new_expression":
            base = self.text(value.child_by_field_name("constructor"))
        else:
            arguments = value.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments is not None and arguments.named_children else value
            base = self.text(first).rpartition("&&")[2].strip()
            base = base.removesuffix(".prototype") if base.endswith(".prototype") else ""
        names = [p.name for p in self.defs[scope].params] if scope != MODULE else []
        if base and name not in names and names:
            self._bred[scope, name] = base  # `F.prototype = parent.prototype; child.prototype = new F()`
        base = self._bred.get((scope, base), base)
        if name in names and base in names:
            self._breeders[self.defs[scope].name] = (names.index(name), names.index(base))
            return
        owner = self._owner(name, scope)
        if owner is not None and base and value.type != "member_expression":
            self.add_base(owner, base, 0, start_line(value), "extends")

    def written_in(self, member: int, scope: int) -> None:
        """A member assigned inside a function knows the names of that function."""
        if scope not in (MODULE, self.defs[member].scope):
            self.lexical.append([member, scope])

    def breed(self) -> None:
        """Calls of functions that make one class extend another."""
        for call, given in zip(self.calls, self.arguments, strict=True) if self._breeders else ():
            child, parent = self._breeders.get(call.name, (0, 0))
            if child != parent and not call.receiver and max(child, parent) < len(given):
                owner = self._owner(given[child], call.scope)
                if owner is not None:
                    self.add_base(owner, given[parent], 0, call.line, "extends")

    def _export_named(self, name: str, right: Node, node: Node, step: Step) -> None:
        if (
            right.type in FUNCTION_VALUES
            or right.type in CLASS_VALUES
            or (right.type == "object" and self._has_functions(right))
        ):
            self.exports[name] = name
            self._define_value(name, right, node, step, flags=["exported"])
            return
        self.exports[name] = clip(chain(self.source, right))
        if right.type == "assignment_expression" or self.exports[name] == "?":
            self.exports[name] = clip(chain(self.source, right.child_by_field_name("right") or right))
        module = self._required(right)
        if module:
            self.imports.append(Import(step[1], module, "", self.exports[name], 0, start_line(node), "require"))
            return
        self.push_nodes([right], step[1], step[2])

    def _assign_function(self, path: list[str], right: Node, node: Node, step: Step) -> None:
        """`A.prototype.m = function…`, `A.m = …`, `this.m = …`: a member of A."""
        scope, prefix = step[1], step[2]
        names = [p for p in path[1:] if p != "prototype"]
        index = self._holder(scope) if path[0] == "this" else self._owner(path[0], scope)
        if index is None or len(names) != 1:
            self.push_nodes([right], scope, prefix)
            return
        member = (step[0], index, self.defs[index].qualname, False)
        flags = [] if "prototype" in path or path[0] == "this" else ["static"]
        if right.type in CLASS_VALUES:
            self._class(names[0], right, node, member, flags)
        elif right.type == "object":
            self._define_value(names[0], right, node, member, flags=["field"])
        else:
            made = self._function("method", names[0], right, node, member, flags)
            self.written_in(made, scope)
            if names[0].startswith("["):
                self.computed.append(made)
