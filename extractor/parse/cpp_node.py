"""What C and C++ hand to Node.js: one call of N-API, node-addon-api or NAN in, the row that `resolve/cpp_node.py` reads out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.parse.cpp_text import binding_target, chain, compact

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

MODULES: Final = frozenset(
    ("NODE_API_MODULE", "NAPI_MODULE", "NODE_MODULE", "NAN_MODULE_WORKER_ENABLED", "NODE_MODULE_CONTEXT_AWARE")
)
REGISTRARS: Final = MODULES | frozenset((
    "Set", "SetMethod", "NODE_SET_METHOD", "SetPrototypeMethod", "NODE_SET_PROTOTYPE_METHOD", "InstanceMethod", "StaticMethod",
    "InstanceAccessor", "StaticAccessor", "DefineClass", "napi_create_function", "napi_set_named_property", "napi_define_class",
    "DECLARE_NAPI_METHOD", "DECLARE_NAPI_PROPERTY", "DECLARE_NODE_API_PROPERTY",
))  # fmt: skip


def node_row(source: Source, name: str, function: Node | None, arguments: Node | None) -> list[str] | None:
    """[template argument, each argument]: a text begins with a quote, a function is its chain; None when nothing is named."""
    if name not in REGISTRARS or arguments is None:
        return None
    given = [node_argument(source, c) for c in arguments.named_children if c.type != "comment"]
    if not any(g.startswith('"') for g in given) and name not in MODULES and name != "napi_create_function":
        return None
    return [_template(source, function), *given]


def node_argument(source: Source, node: Node) -> str:
    """One argument: a text with a quote before it, the chain of a function, or nothing."""
    if node.type == "string_literal":
        return '"' + source.text(node)[1:-1]
    if node.type == "call_expression":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        written = compact(source.text(function)) if function is not None else ""
        inner = [c for c in arguments.named_children if c.type != "comment"] if arguments is not None else []
        if "Function::New" in written or "FunctionTemplate" in written or "GetFunction" in written:
            targets = [t for c in inner if (t := chain(source, c)) not in ("?", "env") and not t.startswith("<")]
            return _template(source, function) or next(
                (t for t in targets if t.rpartition(".")[2] not in ("Env()", "env")), ""
            )
        if "String::New" in written or written.endswith(("New", "Symbol::New")):
            return next(('"' + source.text(c)[1:-1] for c in inner if c.type == "string_literal"), "")
    return binding_target(source, node).partition("@")[0]


def _template(source: Source, function: Node | None) -> str:
    """`&Counter::Make` of `StaticMethod<&Counter::Make>`, without its address sign."""
    written = compact(source.text(function)) if function is not None else ""
    first = written.partition("<")[2].rpartition(">")[0].partition(",")[0]
    return first.lstrip("&") if written.endswith(">") else ""
