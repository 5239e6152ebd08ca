"""Classes and their members: method resolution order, look-ups along it, and what `value.name` is for every kind of value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from extractor.resolve.python_inheritance import above, ancestry, descendants, stored
from extractor.resolve.python_kin import below
from extractor.resolve.python_lookup import on_class, on_instance, own_cell
from extractor.resolve.python_modules import Module
from extractor.resolve.python_outside import OF_OBJECT, endless, lacks
from extractor.resolve.python_program import ON_CLASS, Program
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    METHOD,
    MODULE,
    NONE,
    PROPERTY,
    RESULT,
    SUPER,
    UNKNOWN,
    Block,
    Cell,
    Class,
    Kin,
    Value,
    Values,
    View,
)  # fmt: skip

# Classes outside that are containers whatever extends them.
EXTENDED: Final = {
    "builtins.list": "list", "collections.UserList": "list", "collections.deque": "list", "typing.List": "list",
    "builtins.set": "set", "typing.Set": "set", "builtins.dict": "dict", "collections.UserDict": "dict",
    "collections.OrderedDict": "dict", "collections.defaultdict": "dict", "typing.Dict": "dict",
    "typing.TypedDict": "dict", "typing_extensions.TypedDict": "dict",
}  # fmt: skip
REGISTERED: Final = "<registered>"
# What the decorators of task queues give a function to be called with: Celery, Dramatiq, TaskIQ.
TASK_METHODS: Final = frozenset(
    ("delay", "apply_async", "apply", "s", "si", "signature", "send", "send_with_options", "kiq")
)
MADE: Final = "<made>"  # of a metaclass: the classes made by it
# Classes outside whose attributes the program sets itself, all instances taken together.
SHARED: Final = frozenset(("argparse.Namespace", "threading.local"))
# Methods of external classes that call a method of the subclass: a name, or a prefix that ends in *.
TEMPLATES: Final = {
    "threading.Thread.start": "run",
    "threading.Timer.start": "run",
    "multiprocessing.Process.start": "run",
    "multiprocessing.context.Process.start": "run",
    "ast.NodeVisitor.visit": "visit_*",
    "ast.NodeVisitor.generic_visit": "visit_*",
    "ast.NodeTransformer.visit": "visit_*",
    "ast.NodeTransformer.generic_visit": "visit_*",
    "html.parser.HTMLParser.feed": "handle_*",
    "cmd.Cmd.cmdloop": "do_*",
    "cmd.Cmd.onecmd": "do_*",
    "json.JSONEncoder.encode": "default",
    "logging.Handler.handle": "emit",
}
Getter = tuple[Value, tuple[Values, ...]]  # what reading an attribute calls, and with what
Read = tuple[Values, list[Getter], str]  # what an attribute is, what is called to read it, why there is nothing


def contained(p: Program, cls: Class, reader: Block, method: str = "") -> Value | None:
    """What an instance holds as the list, set or dict that its class extends, all instances together; None where the class has
    this method of its own."""
    outside = ancestry(p, cls, reader)[1]
    kind = next((EXTENDED[path] for path in outside if path in EXTENDED), None) if outside else None
    if kind is None or (method and on_class(p, cls, method, reader)[0]):
        return None
    return p.box(kind, cls.block, 0, "itself")


def setters(p: Program, cls: Class, name: str, reader: Block) -> list[Value]:
    """What assigning to `name` of an instance calls."""
    found: list[Value] = []
    for value in sorted(on_class(p, cls, name, reader)[0]):
        if value.kind == PROPERTY:
            found += value.b[0]
        elif value.kind == INSTANCE:
            found += [p.value(BOUND, s, value) for s in sorted(on_class(p, value.a, "__set__", reader)[0])]
    return found


def descriptors(p: Program, values: Iterable[Value], reader: Block) -> bool:
    """Whether one of these says itself, by `__get__`, what reading it as an attribute gives."""
    return "__get__" in p.special and any(v.kind == INSTANCE and on_class(p, v.a, "__get__", reader)[0] for v in values)


def attribute(p: Program, value: Value, name: str, reader: Block) -> Read:
    """(values, property getters to call with their receiver, why there is nothing) of `value.name`; value is concrete."""
    kind = value.kind
    if kind == INSTANCE:
        found = (name[:2] == "__" and _private(p, value, name, reader)) or _viewed(p, value, name, reader)
        return found if found[0] or found[1] or found[2] == "external" else _mixed_in(p, value, name, reader) or found
    if kind == MODULE:
        values = p.member_of_module(value.a, name, reader)
        return values, [] if values else module_getters(p, value.a, name, reader), "" if values else "missing_module"
    if kind == CLASS:
        found = _of_class(p, value, name, reader)
        return found if found[0] or found[1] or found[2] == "external" else _mixed_in(p, value, name, reader) or found
    if kind in (EXTERNAL, RESULT):
        if endless(value.a):
            return p.one(UNKNOWN, "external"), [], ""
        if value.a in SHARED:
            return p.read(p.shared.setdefault(f"{value.a}.{name}", Cell()), reader), [], "external"
        return _outside(p, value.a, name)
    if kind == SUPER:
        return _of_super(p, value, name, reader)
    if kind == BOX:
        field = value.a.slots.get(name) if value.a.kind == "tuple" else None
        return (p.read(field, reader) if field is not None else p.one(METHOD, value, name)), [], ""
    if kind == PROPERTY:
        held = {"fget": value.a, "fset": value.b[0], "fdel": value.b[1]}.get(name)
        return frozenset(held) if held is not None else p.one(METHOD, value, name), [], ""
    if kind == CONSTANT and value.a is not None:
        return _outside(p, f"builtins.{type(value.a).__name__}", name)
    if kind == FUNCTION:
        if name == "__call__":
            return frozenset((value,)), [], ""
        if name == "__get__" or (name == "register" and REGISTERED in value.a.attributes):
            return p.one(METHOD, value, name), [], ""
        cell = value.a.attributes.get(name)
        if cell is None:
            cell = value.a.attributes[name] = Cell()
        values = p.read(cell, reader)
        if not values and name in TASK_METHODS and value.a.definition is not None and value.a.definition.decorators:
            return p.one(METHOD, value, name), [], ""
        return values, [], "unknown_receiver"
    if kind == BOUND and name == "__func__":
        return frozenset((value.a,)), [], ""
    if kind == BOUND and name == "__self__":
        return frozenset((value.b,)), [], ""
    if kind == BOUND:
        return attribute(p, value.a, name, reader)
    if kind == UNKNOWN:
        return frozenset((value,)) if value.a == "external" else NONE, [], value.a
    return NONE, [], "unknown_receiver"


def _private(p: Program, value: Value, name: str, reader: Block) -> Read | None:
    """What a class itself defines under a name of two underscores is meant where it says the name, whatever classes below define."""
    cls = _class_around(reader)
    if cls is None or cls is value.a or name.endswith("__") or cls not in ancestry(p, value.a, reader)[0]:
        return None
    found = p.read(own_cell(cls, name), reader)
    if not found or any(v.kind != FUNCTION for v in found):
        return None
    bound = frozenset(method for v in found for method in bind(p, v, value, value.a))
    return bound | on_instance(p, cls, name, reader), [], ""


def _class_around(reader: Block) -> Class | None:
    block: Block | None = reader
    while block is not None and block.class_ is None:
        block = block.parent
    return block.class_ if block is not None else None


def _mixed_in(p: Program, value: Value, name: str, reader: Block, after: Class | None = None) -> Read | None:
    """What a class lacks that its own methods ask for, as mixins do, those classes below have for which it is written; behind
    one of their ancestors."""
    cls, around = value.a, _class_around(reader)
    if cls.__class__ is Kin or around not in ancestry(p, cls, reader)[0] or (name[:2] == "__" and after is None):
        return None
    found: set[Value] = set()
    getters: list[Getter] = []
    for heir in descendants(p, value.a, reader)[1:]:
        if on_class(p, heir, name, reader, after)[0] or (value.kind == INSTANCE and on_instance(p, heir, name, reader)):
            instead = p.value(value.kind, heir)
            read = attribute(p, instead if after is None else p.value(SUPER, after, instead), name, reader)
            found |= read[0]
            getters += read[1]
    return (frozenset(found), getters, "") if found or getters else None


def _viewed(p: Program, value: Value, name: str, reader: Block) -> Read:
    """What `_on_instance` gives, asked again only when something changed that it read."""
    if value.views is None:
        value.views = {}
    view = value.views.get(name)
    if view is None:
        view = value.views[name] = View()
    if p.outdated(view, reader):
        place, reader.place = reader.place, view
        view.result = _on_instance(p, value, value.a, name, reader)
        reader.place = place
    return view.result  # type: ignore[no-any-return]


def _outside(p: Program, path: str, name: str) -> Read:
    return (NONE, [], "external") if lacks(path, name) else (p.one(EXTERNAL, f"{path}.{name}"), [], "")


def _on_instance(p: Program, value: Value, cls: Class, name: str, reader: Block) -> Read:
    if name == "__class__":
        return p.one(CLASS, cls), [], ""
    if name == "__dict__":
        held = p.box("dict", cls.block, 0, "__dict__")
        held.a.slots = cls.instance  # what is stored there under a name is the attribute
        return frozenset((held,)), [], ""
    member, _ = on_class(p, cls, name, reader)
    values: set[Value] = set()
    getters: list[Getter] = []
    described = False
    for found in member:
        if found.kind == PROPERTY:
            described = cls.__class__ is not Kin
            getters += [(getter, (frozenset((value,)),)) for getter in found.a]
        elif found.kind == INSTANCE and descriptors(p, (found,), reader):
            described = cls.__class__ is not Kin
            getters += _descriptor(p, found, frozenset((value,)), cls, reader)
        else:
            values |= bind(p, found, value, cls)
    if not described:
        values |= on_instance(p, cls, name, reader)
    if values or getters:
        return frozenset(values), getters, ""
    container = contained(p, cls, reader)
    if container is not None and not lacks(f"builtins.{container.a.kind}", name):
        return p.one(METHOD, container, name), [], ""
    if name == "_replace" and cls.fields:
        return p.one(METHOD, value, name), [], ""
    outside = [path for path in ancestry(p, cls, reader)[1] if not lacks(path, name)]
    if outside:
        path = f"{outside[0]}.{name}"
        if path in TEMPLATES:
            return p.one(EXTERNAL, path, value), [], ""
        return (p.one(EXTERNAL, path), [], "") if outside[0] else (NONE, [], "external")
    if name in OF_OBJECT:
        return _outside(p, "builtins.object", name)
    if name.startswith("__") or "__getattr__" not in p.special:
        return NONE, [], "dynamic" if on_class(p, cls, "__getattribute__", reader)[0] else "unknown_receiver"
    fallback = on_class(p, cls, "__getattr__", reader)[0]
    if fallback and any(name in stored(p, ancestor) for ancestor in ancestry(p, cls, reader)[0]):
        return NONE, [], "unknown_receiver"
    getters = [(p.value(BOUND, f, value), (p.one(CONSTANT, name),)) for f in sorted(fallback) if f.kind == FUNCTION]
    return NONE, getters, "dynamic" if fallback else "unknown_receiver"


def _descriptor(p: Program, found: Value, receiver: Values, cls: Class, reader: Block) -> list[Getter]:
    """What reading an attribute calls that holds a descriptor; no receiver: it is read from the class."""
    methods = sorted(on_class(p, found.a, "__get__", reader)[0])
    return [(p.value(BOUND, method, found), (receiver, p.one(CLASS, cls))) for method in methods]


def module_getters(p: Program, module: Module, name: str, reader: Block) -> list[Getter]:
    """The `__getattr__` of a module, which is asked for names that the module does not hold."""
    if "__getattr__" not in module.symbols or name.startswith("__"):
        return []
    functions = p.member_of_module(module, "__getattr__", reader)
    return [(f, (p.one(CONSTANT, name),)) for f in sorted(functions) if f.kind == FUNCTION]


def _of_class(p: Program, value: Value, name: str, reader: Block) -> Read:
    cls: Class = value.a
    member, _ = on_class(p, cls, name, reader)
    values: set[Value] = set()
    getters: list[Getter] = []
    for found in member:
        if found.kind == FUNCTION and found.a.has_flag("classmethod"):
            values.add(p.value(BOUND, found, below(p, value, found.a)))
        elif found.kind == INSTANCE and descriptors(p, (found,), reader):
            getters += _descriptor(p, found, NONE, cls, reader)
        else:
            values.add(found)
    if values or getters:
        return frozenset(values), getters, ""
    if name in ("__subclasses__", "mro"):
        return p.one(METHOD, value, name), [], ""
    if name == "__mro__":
        order = p.box("tuple", cls.block, 0, name)
        p.flow_into(order.a.any, above(p, value, reader))
        return frozenset((order,)), [], ""
    if name == "__dict__":
        held = p.box("dict", cls.block, 0, "class")
        held.a.slots = cls.own
        return frozenset((held,)), [], ""
    if name == "__name__":
        if cls.__class__ is Kin:  # of any class below
            return p.one(CONSTANT, None), [], ""
        return p.one(CONSTANT, cls.block.definition.name if cls.block.definition is not None else ""), [], ""
    outside = ancestry(p, cls, reader)[1]
    for meta in cls.keywords.get("metaclass", NONE):
        if meta.kind == CLASS:
            found_on, _ = on_class(p, meta.a, name, reader)
            if found_on:
                read = [getter for f in sorted(found_on) if f.kind == PROPERTY for getter in f.a]
                plain = [f for f in found_on if f.kind != PROPERTY]
                getters = [(getter, (frozenset((value,)),)) for getter in read]
                return frozenset(v for f in plain for v in bind(p, f, value, meta.a)), getters, ""
    if outside:
        return (p.one(EXTERNAL, f"{outside[0]}.{name}"), [], "") if outside[0] else (NONE, [], "external")
    return _outside(p, "builtins.object", name) if name in OF_OBJECT else (NONE, [], "unknown_receiver")


def _of_super(p: Program, value: Value, name: str, reader: Block) -> Read:
    after, receiver = value.a, value.b
    cls = receiver.a if receiver is not None and receiver.kind in (INSTANCE, CLASS) else after
    member, _ = on_class(p, cls, name, reader, after)
    values: set[Value] = set()
    getters: list[Getter] = []
    for found in member:
        if found.kind == PROPERTY:
            getters += [(getter, (frozenset((receiver,)) if receiver is not None else NONE,)) for getter in found.a]
        elif receiver is None:
            values.add(found)
        else:
            values |= bind(p, found, receiver, cls)
    if values or getters:
        return frozenset(values), getters, ""
    if name == "__call__" and receiver is not None and receiver.kind == CLASS:
        return p.one(METHOD, receiver, name), [], ""
    container = contained(p, cls, reader) if receiver is not None and receiver.kind == INSTANCE else None
    if container is not None and not lacks(f"builtins.{container.a.kind}", name):
        return p.one(METHOD, container, name), [], ""
    outside = ancestry(p, cls, reader)[1] or ancestry(p, after, reader)[1]
    if not outside and receiver is not None and cls is receiver.a:
        mixed = _mixed_in(p, receiver, name, reader, after)
        if mixed is not None:
            return mixed
    path = next((path for path in outside if not lacks(path, name)), "") if outside else "builtins.object"
    if name == "__setattr__" and not outside and receiver is not None:
        return p.one(BOUND, p.value(EXTERNAL, f"{path}.{name}"), receiver), [], ""
    return (p.one(EXTERNAL, f"{path}.{name}"), [], "") if path else (NONE, [], "external")


def bind(p: Program, found: Value, receiver: Value, cls: Class) -> Values:
    """A class attribute read through `receiver`: functions become bound methods."""
    if found.kind != FUNCTION:
        return frozenset((found,))
    function: Block = found.a
    if function.has_flag("static"):
        return frozenset((found,))
    if function.has_flag("classmethod") or (function.definition is not None and function.definition.name in ON_CLASS):
        cls = receiver.a if receiver.kind == CLASS else cls
        return p.one(BOUND, found, below(p, p.value(CLASS, cls), function))
    if receiver.kind == CLASS and cls is receiver.a:
        return frozenset((found,))
    return p.one(BOUND, found, below(p, receiver, function))
