"""The collector behind the brace-language front ends: one iterative walk over a tree in, the lists of a FileFacts out.

A family subclasses it with a table from node type to handler. Expressions that linking will need (receivers, arguments,
initialisers, results) are written down as chains, a text form all families share:

    chain   head followed by steps           head    name | new T() | <T> a value of type T | (chain) | => chain | ?
            | [chain,...chain] an array | {key:chain} an object | (chain|chain) either of them
    step    .name  ->name  ()  []            !  awaited   *  an element while iterating   ^  dereferenced   &  its address
            ::<T> behind a name: the type arguments that a call is given (Rust)
            .=T   the same as a T: what a pattern of T is matched against (Rust)
            #i.j  what the call passes as the j-th parameter of the function given as its i-th argument
            |+;   the result of a binary or unary operator whose left side is the chain so far
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from extractor.facts import (
    MODULE,
    Base,
    Binding,
    Call,
    Definition,
    FileFacts,
    Handler,
    Import,
    Param,
    Raise,
)
from extractor.languages import TO_TOOLS
from extractor.parse.tree import collapse, comments, end_line, start_line, table_of
from extractor.parse.uses import Span, uses

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

MAX_TEXT = 160  # a longer chain, signature part or value says little and costs space in every cache
MAX_CHAIN = 400
MAX_STEPS = 40

Step = tuple["Node", int, str, bool]  # node, scope, prefix of qualified names, directly in a module or namespace
LOGGING = frozenset(("log", "debug", "info", "warn", "warning", "error", "fatal", "severe", "trace", "printStackTrace"))
_MARKUP = re.compile(r"</?(?:p|br|ul|ol|li|pre|b|i|em|code|a)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_LINK = re.compile(r"\{@(?:link\w*|tutorial)\s+([^\s(){}|]+(?:\([^(){}]*\))?)(?:\s*\||\s)\s*([^{}]*?)\s*\}")
_TAG = re.compile(r"\{@\w+\s+([^{}]*)\}")
_LICENSE = re.compile(r"copyright|licen[sc]e|all rights reserved|spdx-", re.IGNORECASE)


class Collector:
    """What has been found so far in one file, and the stack of nodes still to visit."""

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {}
    comments: ClassVar[frozenset[str]] = frozenset()
    # Nodes of a handler's code that throw, that do something besides calling, and whose own code runs elsewhere.
    throwing: ClassVar[frozenset[str]] = frozenset(("throw_statement",))
    besides: ClassVar[frozenset[str]] = frozenset()
    elsewhere: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, source: Source) -> None:
        self.source = source
        self.defs: list[Definition] = []
        self.spans: list[Span] = []  # beside defs: the bytes of each
        self.imports: list[Import] = []
        self.calls: list[Call] = []
        self.arguments: list[list[str]] = []  # beside calls: one chain per argument
        self.bases: list[Base] = []
        self.base_args: dict[str, str] = {}  # "scope.position" -> the base with its type arguments
        self.raises: list[Raise] = []
        self.catches: list[Handler] = []
        self.bindings: list[Binding] = []
        self.doc = ""
        self.docs: dict[int, str] = {}
        self.stack: list[Step] = []
        self._seen: dict[str, int] = {}

    def walk(self) -> None:
        """Visit every node once, in source order. A handler pushes the children it wants visited."""
        self.begin(self.source.tree.root_node)
        self.visit()

    def visit(self) -> None:
        """Visit what is on the stack, and all that it puts there."""
        handlers = self.handlers
        stack = self.stack
        while stack:
            step = stack.pop()
            handler = handlers.get(step[0].type)
            if handler is None:
                self.push(step)
            else:
                handler(self, step)

    def begin(self, root: Node) -> None:
        """Put what stands at the top of the file on the stack."""
        self.push((root, MODULE, "", True), top=True)

    def push(self, step: Step, *, top: bool = False) -> None:
        """Put the named children of a node on the stack, and its comments where the next sibling finds its doc."""
        node, scope, prefix, _ = step
        children = node.named_children
        if not children:
            return
        if not self.comments.isdisjoint([child.type for child in children]):
            children = self._take_comments(node, children)
        self.stack.extend([(child, scope, prefix, top) for child in reversed(children)])

    def push_nodes(self, nodes: Iterable[Node | None], scope: int, prefix: str, *, top: bool = False) -> None:
        """Put these nodes themselves on the stack, first one to be visited first."""
        self.stack.extend((node, scope, prefix, top) for node in reversed([n for n in nodes if n is not None]))

    def _take_comments(self, parent: Node, children: list[Node]) -> list[Node]:
        kept: list[Node] = []
        block: list[Node] = []
        first_block = parent.parent is None
        first_row = next((c.start_point[0] for c in children if c.type not in self.comments), -1)
        # Behind the brace that opens a block a comment speaks of the block.
        last_row = -1 if first_block or first_row == parent.start_point[0] else parent.start_point[0]
        # The comment that stands behind a definition on its line, with those that go on below it, and that definition.
        behind: list[Node] = []
        told: Node | None = None
        for child in children:
            if child.type in self.comments:
                row = child.start_point[0]
                if row == last_row:  # behind code on its line: it speaks of what stands before it
                    behind = [child]
                    told = kept[-1] if kept and self._is_told(kept[-1], child) else None
                    self._note_behind(told, behind)
                    continue
                if behind and row == behind[-1].end_point[0] + 1 and child.start_point[1] == behind[0].start_point[1]:
                    behind.append(child)
                    self._note_behind(told, behind)
                    continue
                if block and row > block[-1].end_point[0] + 1:
                    first_block = self._note_header(block, first_block)
                    block = []
                block.append(child)
                continue
            if block:
                gap = child.start_point[0] - block[-1].end_point[0]
                text = self.source.text(block[-1])
                if gap <= 1 or (gap <= 2 and text.startswith("/**")):
                    self.docs[child.id] = clean_comment([self.source.text(c) for c in block])
                    if first_block and child.type in (
                        "preproc_include",
                        "import_statement",
                        "package_declaration",
                        "preproc_ifdef",
                    ):
                        self._note_header(block, True)
                else:
                    self._note_header(block, first_block)
                block = []
            first_block = False
            kept.append(child)
            last_row = child.end_point[0]
        if block and not kept:
            self._note_header(block, first_block)
        return kept

    def _is_told(self, node: Node, comment: Node) -> bool:
        """Whether a comment behind a node is its doc: it fits on a line, nothing stands above it, and it is said to people."""
        alone = node.start_point[0] == node.end_point[0] and node.id not in self.docs
        return alone and not TO_TOOLS.match(self.source.text(comment))

    def _note_behind(self, node: Node | None, behind: list[Node]) -> None:
        if node is not None:
            self.docs[node.id] = clean_comment([self.source.text(comment) for comment in behind])

    def _note_header(self, block: list[Node], first: bool) -> bool:
        """Keep the file's leading comment as its doc, unless it is a licence; True while the header goes on."""
        text = clean_comment([self.source.text(c) for c in block])
        if first and not self.doc:
            if _LICENSE.search(text):
                return True
            self.doc = text
        return False

    def text(self, node: Node | None) -> str:
        return self.source.data[node.start_byte : node.end_byte].decode("utf-8", "replace") if node else ""

    def short(self, node: Node | None) -> str:
        """The text of a node on one line, empty when it is too long to be of use."""
        text = collapse(self.text(node))
        return text if len(text) <= MAX_TEXT else ""

    def head(self, node: Node, body: Node | None, skip: Iterable[Node] = ()) -> str:
        """The text of a declaration up to its body, on one line, without comments and the nodes to skip (annotations)."""
        start, end = node.start_byte, body.start_byte if body is not None else node.end_byte
        written = self.source.data[start:end]
        said = comments(node, end) if b"//" in written or b"/*" in written else []
        parts, position = [], start
        for hole in sorted((*skip, *said), key=lambda n: n.start_byte):
            parts.append(self.source.data[position : max(position, hole.start_byte)])
            position = max(position, hole.end_byte)
        parts.append(self.source.data[position:end])
        text = collapse(b" ".join(parts).decode("utf-8", "replace")).rstrip("{;= ").strip()
        return text if len(text) <= 4 * MAX_TEXT else text[: 4 * MAX_TEXT - 1] + "…"

    def define(
        self,
        kind: str,
        name: str,
        node: Node,
        step: Step,
        *,
        signature: str = "",
        params: tuple[Param, ...] = (),
        returns: str = "",
        decorators: tuple[str, ...] = (),
        visibility: str = "public",
        flags: Iterable[str] = (),
        value: str | Node | None = "",
        doc: str | None = None,
        qualname: str = "",
    ) -> int:
        """Add a definition and return its index; `step` gives the scope and the prefix of its qualified name, `value` is what a
        variable begins with or how that reads."""
        scope, prefix = step[1], step[2]
        qualname = qualname or (f"{prefix}.{name}" if prefix else name)
        ordinal = self._seen[qualname] = self._seen.get(qualname, 0) + 1
        first, last = start_line(node), end_line(node)
        if doc is None:
            doc = self.docs.get(node.id) or self.docs.get(step[0].id, "")
        said, table = (value, ()) if isinstance(value, str) else (self.short(value), table_of(value))
        self.defs.append(
            Definition(
                kind, name, qualname, ordinal, scope, first, last, signature, params, returns, doc, decorators,
                visibility, self.source.content_hash(first, last), tuple(sorted(set(flags))), said,
                table=table,
            )
        )  # fmt: skip
        self.spans.append((node.start_byte, node.end_byte))
        return len(self.defs) - 1

    def call(self, scope: int, receiver: str, name: str, node: Node, arguments: list[str], kind: str = "call") -> None:
        row, column = node.start_point
        self.calls.append(Call(scope, receiver, name, row + 1, column, len(arguments), kind))
        self.arguments.append(arguments if any(a not in ("", "?") for a in arguments) else [])

    def add_base(self, scope: int, written: str, position: int, line: int, kind: str) -> None:
        """`List<Foo>` is kept as the base `List`, its arguments beside it."""
        cut = written.find("<")
        self.bases.append(Base(scope, bare(written), position, line, kind))
        if cut > 0:
            self.base_args[f"{scope}.{position}"] = written

    def bind(
        self, scope: int, name: str, text: str, node: Node, kind: str = "assigned", until: Node | None = None
    ) -> None:
        if name and text:
            last = end_line(until) if until is not None else 0
            self.bindings.append(Binding(scope, name, text, start_line(node), kind, last))

    def guard(self, node: Node, functions: frozenset[str]) -> str:
        """The condition of the nearest `if` around a node, inside its function; negated for an else branch."""
        child, parent = node, node.parent
        while parent is not None and parent.type not in functions:
            if parent.type == "if_statement":
                tested = parent.child_by_field_name("condition")
                condition = collapse(self.text(tested))
                # `(a) || (b)` begins and ends with a parenthesis and is in none.
                if tested is not None and (tested.children or [tested])[0].type == "(" and condition.endswith(")"):
                    condition = condition[1:-1].strip()
                then = parent.child_by_field_name("consequence")
                if then is not None and then.start_byte <= child.start_byte < then.end_byte:
                    return condition if len(condition) <= MAX_TEXT else ""
                if then is not None and child.start_byte >= then.end_byte:
                    return f"!({condition})" if len(condition) <= MAX_TEXT else ""
            child, parent = parent, parent.parent
        return ""

    def called_by(self, node: Node) -> str | None:
        """The plain name of what this node calls, None when it is no call."""
        return None

    def action(self, block: Node, caught: str) -> str:
        """What a handler does with the error it holds as `caught`, as `facts.Handler` lists it."""
        again: list[bool] = []
        called: list[str] = []
        returns = False
        stack = list(block.named_children)
        empty = all(c.type.endswith("comment") for c in stack)
        while stack:
            node = stack.pop()
            if node.type in self.throwing:
                again.append(not node.named_children or self.text(node.named_children[0]) == caught)
            elif (name := self.called_by(node)) is not None:
                called.append(name)
            elif node.type == "return_statement":
                returns = True
            elif node.type in self.besides:
                called.append("")
            if node.type not in self.elsewhere:
                stack.extend(node.named_children)
        if again:
            return "reraise" if any(again) else "convert"
        if empty:
            return "pass"
        if returns:
            return "return"
        return "log" if called and all(name in LOGGING for name in called) else "handle"

    def facts(self, **more: Any) -> FileFacts:
        source = self.source
        known = {d.name for d in self.defs if d.scope == MODULE or d.kind == "variable"} | {
            i.alias for i in self.imports
        }
        rows = uses(source, self.defs, self.spans, self.bindings, frozenset(known))
        extra = {"args": self.arguments, "baseargs": self.base_args, "uses": rows, **more.pop("extra", {})}
        return FileFacts(
            source.path, source.spec.name, source.spec.prefix, "", 0,
            doc=more.pop("doc", self.doc), defs=tuple(self.defs), imports=tuple(self.imports), calls=tuple(self.calls),
            bases=tuple(self.bases), raises=tuple(self.raises), handlers=tuple(self.catches),
            bindings=tuple(self.bindings), extra=extra, **more,
        )  # fmt: skip


def clean_comment(texts: Iterable[str]) -> str:
    """The words of doc comments: markers, leading stars and inline markup removed, paragraphs and tags kept."""
    lines: list[str] = []
    for text in texts:
        block = text.startswith("/*")
        if block:
            text = text[2:].removesuffix("*/").lstrip("*!")
        for line in text.splitlines():
            line = line.strip()
            line = line.lstrip("*").strip() if block else re.sub(r"^//[/!]*<?", "", line).strip()
            lines.append(line)
    joined = _MARKUP.sub("", _TAG.sub(r"\1", _LINK.sub(_label, "\n".join(lines))))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in joined.splitlines())).strip()


def _label(link: re.Match[str]) -> str:
    """What a reader sees of a link: its label, what it leads to where it has none."""
    return link[2] or link[1]


def bare(text: str) -> str:
    """A name without its type arguments: `a.B<C>` is `a.B`."""
    cut = text.find("<")
    if cut < 0:
        return text
    depth = 0
    for position in range(cut, len(text)):
        depth += {"<": 1, ">": -1}.get(text[position], 0)
        if depth == 0:
            return text[:cut] + bare(text[position + 1 :])
    return text[:cut]


def clip(chain: str) -> str:
    """A chain, or ? when it is too long to be worth keeping."""
    return chain if len(chain) <= MAX_CHAIN else "?"


def split_commas(text: str, opening: str = "(", closing: str = ")") -> list[str]:
    """What stands between the commas outside every bracket."""
    parts, depth, start = [], 0, 0
    for position, char in enumerate(text):
        depth += (char in opening) - (char in closing)
        if char == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    return [*parts, text[start:].strip()]
