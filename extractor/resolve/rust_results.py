"""What Rust's own types give: results of calls on vectors, maps, options, results and iterators, and what closures are passed."""

from __future__ import annotations

import re

from extractor.facts import MODULE
from extractor.resolve import rust_library as library
from extractor.resolve.chains import Chain, split_top
from extractor.resolve.model import NOTHING, Context, Symbol, Value, Values, join
from extractor.resolve.rust_bounds import RustBounds

_DERIVE = re.compile(r"\bderive\(([^)]*)\)")


def derived(symbol: Symbol) -> bool:
    """Whether a macro from elsewhere gives the type functions that nobody has written down."""
    traits = {
        t.rpartition("::")[2].strip() for d in symbol.d.decorators for t in ",".join(_DERIVE.findall(d)).split(",")
    }
    return not traits <= library.DERIVED


def function_elsewhere(path: str) -> Value:
    """`ext:std::thread#spawn` of `std::thread::spawn`."""
    package, _, name = path.rpartition("::")
    return Value("extfunc", name=f"{package}#{name}", via="import")


class RustResults(RustBounds):
    """Containers and wrappers."""

    def result(self, value: Value, args: list[str] | None, context: Context) -> Values:
        if args and self._hands_on(value):
            return join(self.awaited(v) for v in self.evaluate(args[0], context)) if args[0] != "?" else NOTHING
        if value.kind == "variant":
            owner = value.symbol.parent
            return (Value("inst", owner),) if owner is not None else NOTHING
        if value.kind == "beyond" and value.owner is not None:
            return (self.as_instance(value.owner, "flow"),)
        if value.kind == "callable" and value.args and args:  # `opt(f)(input)` gives what input is
            env: dict[str, Values] = {}
            for wanted, arg in zip(value.args[1:], args, strict=False):
                names = {v.name: "" for v in wanted if v.kind == "var"}
                if names and arg not in ("", "?"):
                    self.unify(tuple(wanted), self.evaluate(arg, context), names, env)
            return self.substitute(tuple(value.args[0]), env, 1) if env else tuple(value.args[0])
        return super().result(value, args, context)

    @staticmethod
    def _hands_on(value: Value) -> bool:
        """Whether a macro gives what its argument holds, as `?` does."""
        if value.kind == "extfunc":
            return value.name in ("std#try!", "std#ready!")
        return value.kind == "func" and all(
            s.index in (s.file.facts.extra or {}).get("tries", ()) for s in value.symbol
        )

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        if value.kind == "extclass":
            return (self.as_instance(value),)
        method = value.name.rpartition("#")[2].rpartition(".")[2]
        owner: Value | None = value.owner
        if value.args and (stated := tuple(value.args[0])) and method in ("collect", "parse", "into", "sum", "product"):
            if method == "parse":
                return (Value("ext", None, (stated, NOTHING), "std#Result"),)
            if any(v.kind != "list" or v.args[0] for v in stated):  # `Vec<_>` leaves the element to be found
                return stated
        if owner is None or owner.kind == "extclass":
            first = self.evaluate(args[0], context) if args and args[0] not in ("", "?") else NOTHING
            if value.name in library.GIVE_BACK:
                return first
            if method in ("Some", "Ok"):
                return (Value("ext", None, (first,), "std#Option"),)
            if owner is not None:
                simple = owner.name.partition("#")[2]
                if simple in library.TRANSPARENT:
                    return first
                return (Value("list", args=(NOTHING,)),) if simple in library.LISTS else (self.as_instance(owner),)
            return (Value("beyond"),)
        if owner.kind == "inst" and method in library.ADAPTORS and (given := self.element(owner)):
            return self._of_list(Value("list", args=(given,)), method, args, context)
        if owner.kind in ("inst", "class"):
            return (self.as_instance(owner),)
        if owner.kind == "list":
            return self._of_list(owner, method, args, context)
        if owner.kind == "ext" and owner.args:
            return self._of_wrapper(owner, method, args, context)
        if owner.kind == "ext" and owner.name in ("std#str", "std#String") and method in library.OF_STR:
            return self.type_values(library.OF_STR[method], context.file, MODULE)
        return (owner,) if owner.kind == "ext" and method in library.SAME else (Value("beyond"),)

    def collection(self, chain: Chain, context: Context) -> Values:
        """A tuple written out."""
        parts = split_top(chain.head, ",") if chain.head else []
        return (Value("tuple", args=tuple(self.evaluate(p, context) for p in parts)),)

    def _of_list(self, owner: Value, method: str, args: list[str], context: Context) -> Values:
        element = tuple(owner.args[0])
        key = tuple(owner.args[1]) if owner.name == "map" else NOTHING
        if owner.name == "map":
            if method in ("iter", "iter_mut", "into_iter", "drain"):
                return (Value("list", args=((Value("tuple", args=(key, element)),),)),)
            if method == "keys":
                return (Value("list", args=(key,)),)
            if method in ("values", "values_mut", "into_values"):
                return (Value("list", args=(element,)),)
            if method in ("entry", "remove", "shift_remove", "swap_remove"):
                return (Value("ext", None, (element,), "std#Option"),)
        if method in library.PERHAPS:
            return (Value("ext", None, (element,), "std#Option"),)
        if method in library.SAME:
            kind = (
                "iter"
                if method in library.ADAPTORS or method in ("iter", "iter_mut", "into_iter", "drain")
                else owner.name
            )
            return (owner._replace(name="" if method in ("collect", "to_vec") else kind),)
        if method in ("map", "filter_map", "flat_map", "then"):
            held = self._given(args, context)
            held = join(self.awaited(v) for v in held) if method == "filter_map" else held
            held = join(self.element(v) if v.kind == "list" else (v,) for v in held) if method == "flat_map" else held
            return (Value("list", args=(held,), name="iter"),)
        if method == "flatten":
            inner = join(self.element(v) if v.kind in ("list", "ext") else (v,) for v in element)
            return (Value("list", args=(inner,), name="iter"),)
        if method == "enumerate":
            return (Value("list", args=((Value("tuple", args=(NOTHING, element)),),), name="iter"),)
        if method == "zip":
            other = self.evaluate(args[0], context) if args and args[0] != "?" else NOTHING
            second = join(self.element(v) for v in other)
            return (Value("list", args=((Value("tuple", args=(element, second)),),), name="iter"),)
        if method in ("chunks", "windows", "chunks_exact", "chunks_mut", "split"):
            return (Value("list", args=((owner,),), name="iter"),)
        if method.startswith(("split_first", "split_last")):
            return (Value("ext", None, ((Value("tuple", args=(element, (owner,))),),), "std#Option"),)
        if method.startswith("split_at"):
            return (Value("tuple", args=((owner,), (owner,))),)
        if method == "fold":
            return self.evaluate(args[0], context) if args and args[0] != "?" else NOTHING
        return (
            element if method in ("remove", "swap_remove", "get_unchecked", "get_unchecked_mut") else (Value("beyond"),)
        )

    def _of_wrapper(self, owner: Value, method: str, args: list[str], context: Context) -> Values:
        name = owner.name.rpartition("#")[2]
        if name in library.ENTRIES and len(owner.args) > 1:
            return tuple(owner.args[0 if method in ("key", "into_key") else 1])
        if method == "into" and name in ("Into", "TryInto"):
            return tuple(owner.args[0])
        if method in ("as_ref", "as_mut", "borrow", "deref") and name in (
            "AsRef",
            "AsMut",
            "Borrow",
            "Deref",
            "DerefMut",
        ):
            return tuple(owner.args[0])
        if method in library.UNWRAPPED:
            return tuple(owner.args[0])
        if method == "upgrade":
            return (Value("ext", None, owner.args[:1], "std#Option"),)
        if method == "map":
            return (owner._replace(args=(self._given(args, context), *owner.args[1:])),)
        if method == "and_then":
            return self._given(args, context)
        if method in ("iter", "iter_mut", "into_iter"):
            return (Value("list", args=(owner.args[0],)),)
        return (owner,)

    def _given(self, args: list[str], context: Context) -> Values:
        """What the function given as the first argument gives."""
        held = self.evaluate(args[0], context) if args and args[0] not in ("", "?") else NOTHING
        return join(self.result(v, None, context) for v in held)

    def awaited(self, value: Value) -> Values:
        """`?` and `Some(x)` take the value out."""
        if value.kind == "ext" and value.args and value.name in ("std#Option", "std#Result", "std#Poll"):
            return tuple(value.args[0])
        if value.kind == "list" and value.name != "map":  # `.collect::<Result<Vec<_>, _>>()?`
            return (value._replace(args=(join(self.awaited(v) for v in value.args[0]),)),)
        return (value,)

    def dereferenced(self, value: Value) -> Values:
        """The error of a Result."""
        return tuple(value.args[1]) if value.kind == "ext" and len(value.args) > 1 else NOTHING

    def element(self, value: Value) -> Values:
        if value.kind == "beyond":
            return (value,)
        if value.kind == "list":
            if value.name == "map":
                return (Value("tuple", args=(tuple(value.args[1]), tuple(value.args[0]))),)
            return tuple(value.args[0]) or self.of_variable(value, "Item")
        if value.kind == "ext" and value.args:
            return tuple(value.args[0])
        if value.kind == "inst":
            for name, trait in (
                ("Item", "Iterator"),
                ("Item", ""),
                ("Output", "Index"),
                ("Output", "IndexMut"),
                ("Output", "Future"),
            ):
                held = self._associated(value.symbol, name, trait)
                if held is not None:
                    env = {**self.environment(value), **self.impl_environment(held, value)}
                    return self.substitute(self.alias_values(Value("alias", held), 0), env, 1)
            return self.associated(value, "Item")
        return NOTHING

    def callback_parameter(self, callee: Value, position: int, number: int, context: Context) -> Values:
        owner: Value | None = callee.owner
        if owner is None:
            return NOTHING
        method = callee.name.rpartition(".")[2]
        if owner.kind == "ext" and owner.args:
            if method in ("map_err", "or_else", "unwrap_or_else"):
                return tuple(owner.args[1]) if len(owner.args) > 1 else NOTHING
            return tuple(owner.args[0])
        if method == "fold" and number == 0:
            return NOTHING
        return self.element(owner) if owner.kind in ("list", "inst") else NOTHING
