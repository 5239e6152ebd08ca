"""Recipes: distinct sequences of calls to the repository's public symbols, read from its own documentation, examples and tests.

Snippets come from code fences, doctests, example files and test functions. Each is parsed, its calls resolved through its
own imports to nodes of the graph, and kept when it shows two steps, or one with two keyword arguments. A snippet that does
not parse, or whose main call no longer resolves, is counted with the reason: that is drift of the documentation, not a recipe.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from brain.drafts import Draft, slug
from brain.index import Files
from brain.snippets import MOST_STEPS, Snippet, Step, snippets
from brain.text import identifiers, split_identifier, tokens
from brain.traced import traced
from brain.view import View, container, dotted, is_public, is_test, members, readable
from extractor.schema import Node

TRUST: Final = ("documentation", "example", "doctest", "test")


def recipes(view: View, texts: Files, census: Counter[str]) -> Iterator[Draft]:
    """One draft per distinct sequence of steps; equal sequences merge, the most trusted snippet gives title and place."""
    names = public_names(view)
    ours = frozenset(name.partition(".")[0] for name in names)
    found: dict[tuple[tuple[str, tuple[str, ...]], ...], list[tuple[Snippet, list[Step]]]] = defaultdict(list)
    for snippet in snippets(view, texts):
        try:
            tree = ast.parse(snippet.imports + "\n" + snippet.text if snippet.imports else snippet.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            census[f"refused: {snippet.source} snippet that does not parse"] += 1
            continue
        offset = snippet.start - 1 - (snippet.imports.count("\n") + 1 if snippet.imports else 0)
        reader = _Reader(view, names, ours, snippet.start, offset)
        steps = reader.read(tree)
        if not reader.imported:
            census[f"refused: {snippet.source} snippet that imports nothing of this repository"] += 1
        elif reader.missing:
            census[f"refused: {snippet.source} snippet that names {reader.missing[0]}, which is not in the graph"] += 1
        elif len({s.node_id for s in steps}) < 2 and not any(len(s.arguments) >= 2 for s in steps):
            census[f"refused: {snippet.source} snippet with fewer than two steps"] += 1
        else:
            found[tuple((s.node_id, s.arguments) for s in steps)].append((snippet, steps))
    for snippet, steps in traced(view, texts):
        found[tuple((s.node_id, s.arguments) for s in steps)].append((snippet, steps))
    for key in sorted(found):
        group = sorted(found[key], key=lambda pair: (TRUST.index(pair[0].source), pair[0].path, pair[0].start))
        snippet, steps = group[0]
        anchor = view.nodes[steps[0].node_id]
        places = [f"{s.path}:{s.start}-{s.start + s.text.rstrip().count(chr(10))}" for s, _ in group]
        yield Draft(
            "recipe",
            "-".join(dict.fromkeys(slug(view.nodes[s.node_id].qualname) for s in steps[:3])),
            anchor,
            f"calls in {snippet.source}",
            title=snippet.title or " ".join(split_identifier(anchor.name)),
            purpose="",
            evidence=tuple(places),
            links=tuple(_link(order, step) for order, step in enumerate(steps, 1)),
            more=(("sources", places), ("trust", snippet.source)),
            path=snippet.path,
            lines=(snippet.start, snippet.start + snippet.text.rstrip().count("\n")),
        )


def _link(order: int, step: Step) -> tuple[str, str, tuple[tuple[str, Any], ...]]:
    meta: tuple[tuple[str, Any], ...] = (("order", order),)
    if step.arguments:
        meta = (*meta, ("arguments", ", ".join(step.arguments)))
    return "step", step.node_id, (*meta, ("after", step.after)) if step.after else meta


def public_names(view: View) -> dict[str, str]:
    """What a snippet may import, dotted, to the node it means: members of each module, then what a package re-exports."""
    names: dict[str, str] = {}
    for module in view.of_type("module"):
        if not readable(module) or is_test(module):
            continue
        name = dotted(module)
        names.setdefault(name, module.id)
        for node in members(view, module.id):
            names.setdefault(f"{name}.{node.name}", node.id)
        for edge in view.out(module.id, "imports"):
            target = view.node(edge.dst)
            if target is not None and target.type != "external":
                alias = str(edge.meta.get("alias") or edge.meta.get("name") or target.name)
                names.setdefault(f"{name}.{alias}", target.id)
    return names


class _Reader:
    """Follows the names of one snippet: imports, results of calls, and the calls themselves in statement order."""

    def __init__(self, view: View, names: Mapping[str, str], ours: frozenset[str], start: int, offset: int) -> None:
        self._view = view
        self._names = names
        self._ours = ours  # first parts of these names
        self._start = start
        self._offset = offset
        self._bound: dict[str, str] = {}  # local name -> dotted import path
        self._types: dict[str, tuple[str, int]] = {}  # local name -> (class node id, step that made it)
        self.steps: list[Step] = []
        self.missing: list[str] = []
        self.imported = False

    def read(self, tree: ast.Module) -> list[Step]:
        for statement in tree.body:
            self._statement(statement)
        return self.steps[:MOST_STEPS]

    def _statement(self, statement: ast.stmt) -> None:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            self._import(statement)
            return
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for decorator in statement.decorator_list:
                self._expression(decorator)
            if isinstance(statement, ast.ClassDef):
                for base in statement.bases:
                    self._expression(base)
        if isinstance(statement, ast.Assert):
            return
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.expr):
                self._expression(child)
            elif isinstance(child, ast.withitem):
                self._expression(child.context_expr)
                if isinstance(child.optional_vars, ast.Name):
                    self._bind(child.optional_vars.id, child.context_expr)
        if (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            self._bind(statement.targets[0].id, statement.value)
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._types.pop(statement.name, None)
        for name in ("body", "orelse", "finalbody", "handlers"):
            for inner in getattr(statement, name, ()):
                if isinstance(inner, ast.ExceptHandler):
                    for deeper in inner.body:
                        self._statement(deeper)
                elif isinstance(inner, ast.stmt):
                    self._statement(inner)

    def _import(self, statement: ast.Import | ast.ImportFrom) -> None:
        for alias in statement.names:
            if isinstance(statement, ast.ImportFrom):
                if statement.level:
                    continue
                path = f"{statement.module}.{alias.name}"
            else:
                path = alias.name
            ours = path.partition(".")[0]
            if alias.name == "*":
                prefix = f"{statement.module}." if isinstance(statement, ast.ImportFrom) else ""
                hits = {
                    n[len(prefix) :]: n for n in self._names if n.startswith(prefix) and "." not in n[len(prefix) :]
                }
                self._bound.update(hits)
                self.imported |= bool(hits)
                continue
            if path not in self._names and ours not in self._ours:
                continue
            self.imported = True
            own = statement.lineno + self._offset >= self._start  # not what an earlier block of the page imported
            if own and isinstance(statement, ast.ImportFrom) and path not in self._names:
                self.missing.append(path)
            self._bound[alias.asname or (alias.name if isinstance(statement, ast.ImportFrom) else ours)] = (
                path if alias.asname or isinstance(statement, ast.ImportFrom) else ours
            )

    def _expression(self, expression: ast.expr) -> None:
        """Record the calls inside an expression, arguments and receivers first."""
        if isinstance(expression, ast.Lambda):
            return
        for child in ast.iter_child_nodes(expression):
            if isinstance(child, ast.expr):
                self._expression(child)
            elif isinstance(child, ast.keyword):
                self._expression(child.value)
            elif isinstance(child, ast.comprehension):
                self._expression(child.iter)
        if isinstance(expression, ast.Call):
            target, after = self._target(expression.func)
            node = self._view.node(target) if target else None
            if node is not None and node.type in ("function", "method", "class") and is_public(node):
                arguments = tuple(k.arg for k in expression.keywords if k.arg)
                line = expression.lineno + self._offset
                if not self.steps or self.steps[-1].node_id != node.id or self.steps[-1].arguments != arguments:
                    self.steps.append(Step(node.id, arguments, line, after))

    def _target(self, expression: ast.expr) -> tuple[str, int]:
        """The node an expression names and the step whose result it starts from; ("", 0) when unknown."""
        if isinstance(expression, ast.Name):
            path = self._bound.get(expression.id, "")
            return self._names.get(path, ""), 0
        if not isinstance(expression, ast.Attribute):
            return "", 0
        dotted_path = self._path(expression)
        if dotted_path:
            if dotted_path in self._names:
                return self._names[dotted_path], 0
            owner = self._names.get(dotted_path.rpartition(".")[0], "")
            return self._member(owner, expression.attr), 0
        class_id, after = self._type(expression.value)
        return self._member(class_id, expression.attr), after

    def _path(self, expression: ast.expr) -> str:
        if isinstance(expression, ast.Name):
            return self._bound.get(expression.id, "")
        if isinstance(expression, ast.Attribute):
            head = self._path(expression.value)
            return f"{head}.{expression.attr}" if head else ""
        return ""

    def _type(self, expression: ast.expr) -> tuple[str, int]:
        """The class an expression is an instance of, and the step that made it."""
        if isinstance(expression, ast.Name):
            return self._types.get(expression.id, ("", 0))
        if isinstance(expression, ast.Await):
            return self._type(expression.value)
        if isinstance(expression, ast.Call):
            target, _ = self._target(expression.func)
            node = self._view.node(target) if target else None
            step = next((i for i, s in enumerate(self.steps, 1) if node is not None and s.node_id == node.id), 0)
            if node is None:
                return "", 0
            return (node.id if node.type == "class" else self._returned(node)), step
        return "", 0

    def _returned(self, node: Node) -> str:
        text = str(node.meta.get("returns", "")).strip("\"'")
        if text == "Self" and "." in node.qualname:
            owner = container(self._view, node.id)
            return owner.id if owner is not None else ""
        names = identifiers(text)
        if len(tokens(text)) > 3 or not names:
            return ""
        found = [n for n in self._view.of_type("class") if n.name == names[-1] and not is_test(n)]
        return found[0].id if len(found) == 1 else ""

    def _member(self, class_id: str, name: str) -> str:
        seen: set[str] = set()
        queue: list[str] = [class_id] if class_id else []
        while queue:
            current = queue.pop(0)
            if current in seen:
                continue
            seen.add(current)
            for node in members(self._view, current):
                if node.name == name:
                    return node.id
            queue += [e.dst for e in self._view.out(current, "extends")]
        return ""

    def _bind(self, name: str, value: ast.expr) -> None:
        class_id, step = self._type(value)
        if class_id:
            self._types[name] = (class_id, step)
        else:
            self._types.pop(name, None)
