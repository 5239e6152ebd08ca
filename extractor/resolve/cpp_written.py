"""How C++ declares what a chain names: a chain in, its declared type as written, out, with `const` and pointers, which values leave out.

Two questions need it: which of two overloads that differ in `const` runs, and whether an operator's side is a mere pointer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.facts import MODULE
from extractor.resolve import cpp_library as library
from extractor.resolve.chains import Step, cpp_type, parse_chain, split_top
from extractor.resolve.model import Context, Symbol

if TYPE_CHECKING:
    from extractor.resolve.cpp_values import CppValues

_DEPTH = 8


def is_pointer(text: str) -> bool:
    return text.rstrip(" &").endswith(("*", "[]"))


def is_const(text: str) -> bool:
    """Whether what a type refers to is constant: `const A&`, `const A*`, `A const&`, not `A* const`."""
    return re.search(r"\bconst\b", re.sub(r"\*\s*const\b", "*", re.sub(r"<.*>", "", text))) is not None


def written(engine: CppValues, text: str, context: Context, depth: int = 0) -> str:
    """The declared type of a chain, "" when it is not known."""
    key = (context.file.number, context.scope, context.line, text)
    known = engine.declared_types.get(key)
    if known is None:
        known = ""
        if engine.enter(("written", *key)):
            try:
                known = _written(engine, text, context, depth)
            finally:
                engine.leave(("written", *key))
        engine.declared_types[key] = known
    return known


def _written(engine: CppValues, text: str, context: Context, depth: int) -> str:
    chain = parse_chain(text)
    if depth > _DEPTH or chain.kind not in ("name", "value", "new"):
        return ""
    if chain.kind != "name":
        found = chain.head + "*" * (chain.kind == "new")
    elif chain.head == "this":
        found = _this(context)
    else:
        found = _name(engine, chain.head, context, depth)
    start = chain.end
    for number, step in enumerate(chain.steps):
        called = number + 1 < len(chain.steps) and chain.steps[number + 1].op == "()"
        found = _after(engine, found, step, text[:start], called, context)
        start = step.end
    return found


def _this(context: Context) -> str:
    owner = context.file.enclosing_class(context.scope)
    if owner is None:
        return ""
    return f"{'const ' if in_const_method(context) else ''}{owner.d.name}*"


def in_const_method(context: Context) -> bool:
    scope = context.scope
    while scope != MODULE:
        symbol = context.file.symbols[scope]
        if symbol.d.kind == "method":
            return "const" in symbol.d.flags
        scope = symbol.d.scope
    return False


def _name(engine: CppValues, name: str, context: Context, depth: int) -> str:
    file, scope, line = context
    while scope != MODULE:
        rows = [b for b in file.binds.get((scope, name), ()) if b.line <= line and b.kind != "again"]
        rows = [b for b in rows if not b.end_line or line <= b.end_line]
        if rows and not file.symbols[scope].is_class:
            last = rows[-1]
            if last.kind in ("declared", "caught"):
                return last.text
            return written(engine, last.text, Context(file, scope, last.line), depth + 1)
        for param in file.symbols[scope].d.params:
            if param.name == name:
                return param.annotation
        scope = file.symbols[scope].d.scope
    owner = file.enclosing_class(context.scope)
    if owner is not None:
        found = _field(engine, owner, name)
        if found:
            return f"const {found}" if in_const_method(context) and not is_pointer(found) else found
    for symbol in engine.lookup(name, context):
        if symbol.d.kind == "variable":
            return symbol.d.returns
    return ""


def element_text(text: str) -> str:
    """What a container or smart pointer of the standard library holds, as written."""
    name = re.sub(r"^(?:const\s+)?(?:std::)?", "", text).partition("<")[0]
    inside = text.partition("<")[2].rpartition(">")[0]
    parts = [p.strip() for p in split_top(inside, ",")] if inside else []
    if name in library.MAPS and len(parts) > 1:
        return parts[1]
    return parts[0] if parts and name in library.SEQUENCES | library.POINTERS else ""


def _of_operator(engine: CppValues, prefix: str, step: Step, context: Context) -> str:
    """What an overloaded `[]` or `*` of a class here says that it returns."""
    name = "operator[]" if step.op == "[]" else "operator*"
    for value in engine.evaluate(prefix, context):
        if value.kind == "inst" and isinstance(value.symbol, Symbol):
            for member in engine.own_member(value, name, context):
                if member.kind == "func":
                    return str(member.symbol[0].d.returns)
    return ""


def _field(engine: CppValues, owner: Symbol, name: str) -> str:
    for ancestor, _ in engine.lineage(owner):
        for symbol in ancestor.members.get(name, ()):
            if symbol.d.kind == "variable":
                return symbol.d.returns
    return ""


def _after(engine: CppValues, found: str, step: Step, prefix: str, called: bool, context: Context) -> str:
    """The type behind one more step."""
    if step.op == "^" or step.op in ("[]", "*"):
        bare = found.rstrip().rstrip("&").rstrip()
        if bare.endswith(("*", "[]")):
            return bare[:-1] if bare.endswith("*") else bare[:-2]
        element = element_text(bare)
        return element or (
            "const" if is_const(found) and step.op != "^" else _of_operator(engine, prefix, step, context)
        )
    if step.op == "&":
        return f"{found.rstrip('&')}*" if found else ""
    if step.op == "|":
        return "value" if any(v.kind == "inst" for v in engine.evaluate(f"{prefix}|{step.name};", context)) else found
    if step.op == "()":
        values = engine.evaluate(prefix, context)
        functions = [s for v in values if v.kind == "func" for s in v.symbol]
        if not functions:
            made = [v.symbol.d.name for v in values if v.kind == "class"]
            method = prefix.replace("->", ".").rpartition(".")[2]
            return made[0] if made else element_text(found) if method in library.ELEMENTS | library.ITERATORS else ""
        args = engine.arguments(prefix, context)
        chosen = engine.select(functions, args, context) if functions else []
        if len({s.d.returns for s in chosen}) > 1:
            return "const" if is_const(found) else next((r for s in chosen if not is_const(r := s.d.returns)), "")
        return chosen[0].d.returns if chosen else ""
    if step.op in (".", "->"):
        if called:
            return found
        through = step.op == "->" and not is_pointer(found)  # a smart pointer's own const is not its object's
        for value in engine.evaluate(prefix, context):
            if step.op == "->":
                held = [v for v in engine.dereferenced(value) if v.kind == "inst"]
            else:
                held = [value] if value.kind == "inst" else []
            for inner in held:
                if isinstance(inner.symbol, Symbol):
                    field = _field(engine, inner.symbol, step.name)
                    constant = is_const(found) and not through and not is_pointer(field)
                    return f"const {field}" if field and constant else field
    return ""


def receiver_is_const(engine: CppValues, receiver: str, arrow: bool, context: Context) -> bool:
    """Whether a method is called on something constant."""
    if receiver in ("", "this", "this^"):
        return in_const_method(context)
    found = written(engine, receiver, context)
    if arrow and not is_pointer(found):
        args = cpp_type(found).args
        inner = re.search(r"<\s*const\b|<[^<>]*\bconst\b", found)
        return bool(args) and inner is not None
    return is_const(found)
