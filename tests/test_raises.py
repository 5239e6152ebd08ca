"""What a function may raise: direct raises, propagation along calls, and what handlers stop. Facts are written by hand."""

from __future__ import annotations

from extractor.facts import Definition, FileFacts, Handler, Raise
from extractor.raises import throws
from extractor.resolve import Links
from extractor.schema import Edge

VALUE = "ext:builtins#ValueError"
KEY = "ext:builtins#KeyError"


def fid(name: str) -> str:
    return f"py:m.py#{name}"


def module(raises: list[Raise], handlers: list[Handler] | None = None, functions: str = "abc") -> FileFacts:
    """A module whose functions a, b, c stand on lines 1-9, 11-19, 21-29."""
    definitions = [Definition("function", f, f, 1, -1, 10 * i + 1, 10 * i + 9) for i, f in enumerate(functions)]
    return FileFacts(
        "m.py", "python", "py", "", 30, defs=tuple(definitions), raises=tuple(raises), handlers=tuple(handlers or ())
    )


def links(
    *calls: tuple[str, str, int], names: dict[str, str] | None = None, extends: dict[str, str] | None = None
) -> Links:
    edges = [Edge(fid(a), fid(b), "calls", line, 0.95, "scope") for a, b, line in calls]
    edges += [Edge(child, parent, "extends", 1) for child, parent in (extends or {}).items()]
    meanings = {"ValueError": VALUE, "KeyError": KEY, "LookupError": "ext:builtins#LookupError"} | (names or {})
    known: dict[tuple[str, int, str], tuple[str, ...]] = {
        ("m.py", scope, name): (meaning,) for scope in range(-1, 3) for name, meaning in meanings.items()
    }
    return Links(edges, names=known)


def found(facts: FileFacts, linked: Links) -> set[tuple[str, str, str]]:
    edges = throws([facts], linked).edges
    return {(e.src.partition("#")[2], e.dst.partition("#")[2], e.meta["how"]) for e in edges}


def test_a_raise_reaches_every_caller_by_the_shortest_way() -> None:
    facts = module([Raise(2, "ValueError", 22, "bad {x}", "x < 0")])
    edges = throws([facts], links(("a", "b", 2), ("b", "c", 12))).edges
    assert [(e.src, e.line, e.meta) for e in edges] == [
        (fid("c"), 22, {"how": "direct", "depth": 0, "message": "bad {x}", "guard": "x < 0"}),
        (fid("b"), 12, {"how": "via", "callee": fid("c"), "depth": 1}),
        (fid("a"), 2, {"how": "via", "callee": fid("b"), "depth": 2}),
    ]


def test_a_handler_stops_its_class_and_its_descendants_only() -> None:
    facts = module(
        [Raise(1, "KeyError", 12), Raise(1, "ValueError", 13)], [Handler(0, ("LookupError",), 2, 4, 5, "return")]
    )
    assert found(facts, links(("a", "b", 3))) == {
        ("b", "KeyError", "direct"),
        ("b", "ValueError", "direct"),
        ("a", "ValueError", "via"),
    }


def test_only_the_try_body_is_protected() -> None:
    facts = module([Raise(1, "ValueError", 12)], [Handler(0, ("ValueError",), 2, 4, 5, "return")])
    assert ("a", "ValueError", "via") not in found(facts, links(("a", "b", 3)))
    assert ("a", "ValueError", "via") in found(facts, links(("a", "b", 6)))


def test_a_handler_that_reraises_stops_nothing() -> None:
    facts = module([Raise(1, "ValueError", 12)], [Handler(0, ("ValueError",), 2, 4, 5, "reraise")])
    assert ("a", "ValueError", "via") in found(facts, links(("a", "b", 3)))


def test_the_first_handler_that_fits_decides() -> None:
    handlers = [Handler(0, ("ValueError",), 2, 4, 5, "reraise"), Handler(0, (), 2, 4, 7, "pass")]
    facts = module([Raise(1, "ValueError", 12), Raise(1, "KeyError", 13)], handlers)
    assert found(facts, links(("a", "b", 3))) >= {("a", "ValueError", "via")}
    assert ("a", "KeyError", "via") not in found(facts, links(("a", "b", 3)))


def test_an_outer_try_catches_what_the_inner_one_lets_pass() -> None:
    handlers = [Handler(0, ("KeyError",), 3, 4, 5, "pass"), Handler(0, ("ValueError",), 2, 6, 7, "pass")]
    facts = module([Raise(1, "ValueError", 12)], handlers)
    assert ("a", "ValueError", "via") not in found(facts, links(("a", "b", 3)))


def test_a_class_of_the_repository_is_caught_by_its_base() -> None:
    facts = module([Raise(1, "Mine", 12)], [Handler(0, ("Base",), 2, 4, 5, "pass")])
    linked = links(
        ("a", "b", 3), names={"Mine": "py:e.py#Mine", "Base": "py:e.py#Base"}, extends={"py:e.py#Mine": "py:e.py#Base"}
    )
    assert found(facts, linked) == {("b", "Mine", "direct")}


def test_a_raise_caught_on_the_spot_is_no_throw() -> None:
    facts = module([Raise(0, "ValueError", 3)], [Handler(0, ("ValueError",), 2, 4, 5, "log")])
    assert found(facts, links()) == set()


def test_a_bare_raise_raises_what_was_caught() -> None:
    facts = module([Raise(0, "", 6)], [Handler(0, ("KeyError",), 2, 4, 5, "reraise")])
    assert found(facts, links()) == {("a", "KeyError", "direct")}


def test_mutual_recursion_ends() -> None:
    facts = module([Raise(0, "ValueError", 3)])
    assert found(facts, links(("a", "b", 2), ("b", "a", 12), ("c", "b", 22))) == {
        ("a", "ValueError", "direct"),
        ("b", "ValueError", "via"),
        ("c", "ValueError", "via"),
    }


def test_an_unsure_call_carries_nothing() -> None:
    facts = module([Raise(1, "ValueError", 12)])
    unsure = Links([Edge(fid("a"), fid("b"), "calls", 2, 0.5, "callback")], names={("m.py", 1, "ValueError"): (VALUE,)})
    assert found(facts, unsure) == {("b", "ValueError", "direct")}


def test_what_an_abstract_method_raises_stays_there() -> None:
    facts = module([Raise(1, "NotImplementedError", 12)])
    linked = links(("a", "b", 2), names={"NotImplementedError": "ext:builtins#NotImplementedError"})
    assert found(facts, linked) == {("b", "NotImplementedError", "direct")}


def test_an_unknown_class_is_kept_as_unresolved() -> None:
    result = throws([module([Raise(0, "make_error()", 3)])], links())
    assert [(u.src, u.kind, u.name, u.reason) for u in result.unresolved] == [
        (fid("a"), "throws", "make_error()", "dynamic")
    ]


def test_handlers_are_kept_for_diagnostics() -> None:
    facts = module([], [Handler(0, ("KeyError", "Odd"), 2, 4, 5, "convert")])
    assert throws([facts], links()).catches == {
        fid("a"): [{"errors": [KEY], "names": ["KeyError", "Odd"], "action": "convert", "line": 5}]
    }
