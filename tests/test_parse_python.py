"""One Python file's facts: what is defined, imported, raised and caught, with lines that hold."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest

from extractor.facts import MODULE, Definition, FileFacts, dump_facts, load_facts
from extractor.languages import BY_NAME
from extractor.parse import parse_file

REPOSITORY = Path(__file__).parents[1]


def read(source: str) -> FileFacts:
    return parse_file("m.py", textwrap.dedent(source).encode(), BY_NAME["python"])


def definition(facts: FileFacts, qualname: str, ordinal: int = 1) -> Definition:
    return next(d for d in facts.defs if d.qualname == qualname and d.ordinal == ordinal)


def test_a_function_with_everything() -> None:
    facts = read(
        '''
        @decorate
        @route("/x", methods=["GET"])
        async def get(a, /, b: int = 1, *rest: str, c=None, **more) -> "Answer":
            """Get it.

            Twice.
            """
            yield a
        '''
    )
    get = definition(facts, "get")
    assert (get.kind, get.start_line, get.end_line) == ("function", 2, 9)
    assert get.signature == 'async def get(a, /, b: int = 1, *rest: str, c=None, **more) -> "Answer"'
    assert [(p.name, p.annotation, p.default, p.kind) for p in get.params] == [
        ("a", "", "", "posonly"),
        ("b", "int", "1", ""),
        ("rest", "str", "", "*"),
        ("c", "", "None", "kwonly"),
        ("more", "", "", "**"),
    ]
    assert get.returns == '"Answer"'
    assert get.doc == "Get it.\n\nTwice."
    assert get.decorators == ("decorate", 'route("/x", methods=["GET"])')
    assert get.flags == ("async", "generator")


def test_methods_and_their_flags() -> None:
    facts = read(
        """
        class C(Base, abc.ABC, metaclass=M):
            @property
            def x(self): return 1
            @x.setter
            def x(self, v): pass
            @staticmethod
            def s(): pass
            @classmethod
            def c(cls): pass
            @abstractmethod
            def a(self): ...
            def n(self): raise NotImplementedError
            def __init__(self): pass
            def _p(self):
                def inner(): pass
        """
    )
    flags = {(d.qualname, d.ordinal): d.flags for d in facts.defs}
    assert flags[("C", 1)] == ("abstract",)
    assert flags[("C.x", 1)] == ("property",)
    assert flags[("C.x", 2)] == ("setter",)
    assert flags[("C.s", 1)] == ("static",)
    assert flags[("C.c", 1)] == ("classmethod",)
    assert flags[("C.a", 1)] == flags[("C.n", 1)] == ("abstract",)
    assert flags[("C.__init__", 1)] == ("constructor",)
    assert flags[("C._p.inner", 1)] == ("nested",)
    assert definition(facts, "C._p").visibility == "private"
    assert definition(facts, "C.__init__").visibility == "public"
    assert [(b.name, b.position) for b in facts.bases] == [("Base", 0), ("abc.ABC", 1)]


def test_variables_are_defined_once_and_locals_are_not() -> None:
    facts = read(
        """
        LIMIT: int = 3
        a, (b, c) = 1, (2, 3)
        a = 4
        f = None
        def f():
            local = 1
        class C:
            size = "big"
        """
    )
    variables = {d.qualname: d for d in facts.defs if d.kind == "variable"}
    assert sorted(variables) == ["C.size", "LIMIT", "a", "b", "c"]
    assert (variables["LIMIT"].value, variables["LIMIT"].returns, variables["LIMIT"].flags) == ("3", "int", ("const",))
    assert variables["C.size"].value == '"big"'


def test_comments_beside_an_assignment_speak_of_it() -> None:
    facts = read(
        """
        import os

        # Seconds to wait
        # for an answer.
        WAIT = 3
        #: Whom to ask first.
        FIRST = "a"
        SIZE: int = 5  # bytes of a page  # noqa: E501

        # All of these are colours.
        RED = 1
        BLUE = 2

        LEFT = 1
        # RIGHT = 2
        UP = 3
        SKIPPED = 4  # fmt: skip
        FOR = 6  # for good measure

        class Page:
            title: str  # what stands above it
            body = ""
            '''What stands below.'''
        """
    )
    told = {d.qualname: d.doc for d in facts.defs if d.kind == "variable"}
    assert told == {
        "WAIT": "Seconds to wait\nfor an answer.",
        "FIRST": "Whom to ask first.",
        "SIZE": "bytes of a page",
        "RED": "",
        "BLUE": "",
        "LEFT": "",
        "UP": "",
        "SKIPPED": "",
        "FOR": "for good measure",
        "Page.title": "what stands above it",
        "Page.body": "What stands below.",
    }


def test_a_variable_knows_who_in_its_file_uses_it() -> None:
    """By reading it or in an annotation; not where a name of a function's own stands before it."""
    facts = read(
        """
        LIMIT = 3
        Text = str

        def reads(): return LIMIT
        def shadows(LIMIT): return LIMIT
        def binds():
            LIMIT = 4
            return [LIMIT for _ in range(3)]
        def nested():
            def inner(): return LIMIT
            return lambda: LIMIT
        def around():
            LIMIT = 1
            def within(): return LIMIT
        def annotated(text: "list[Text]") -> None: ...
        class Holder:
            LIMIT = 2
            def asks(self): return LIMIT
            name: Text
        """
    )
    users = {d.name: [facts.defs[i].qualname for i in d.readers] for d in facts.defs if d.scope == MODULE and d.readers}
    assert users == {"LIMIT": ["reads", "nested", "nested.inner", "Holder.asks"], "Text": ["annotated", "Holder"]}
    assert load_facts(dump_facts(facts)).defs == facts.defs


def test_a_long_collection_is_known_by_kind_number_and_beginning() -> None:
    facts = read(
        """
        A = {"a": 1, "b": 2, "c": 3, "d": 4}
        B = frozenset({1, 2, 3, 4, 5})
        C = [1, 2]
        D = (*A, 1, 2, 3)
        E = tuple("a b c d".split())
        """
    )
    assert {d.name: d.table for d in facts.defs} == {
        "A": ("dictionary", "4", '"a", "b", "c"'),
        "B": ("frozenset", "5", "1, 2, 3"),
        "C": (),
        "D": (),
        "E": (),
    }


def test_what_only_runs_as_a_script_is_private_and_a_bare_qualifier_is_no_type() -> None:
    facts = read('X: Final = 1\nY: Final[int] = 2\nif __name__ == "__main__":\n    console = 3\n')
    assert {d.name: (d.visibility, d.returns) for d in facts.defs} == {
        "X": ("public", ""),
        "Y": ("public", "Final[int]"),
        "console": ("private", ""),
    }


def test_same_names_are_numbered_and_overloads_folded() -> None:
    facts = read(
        """
        if x:
            def f(): pass
        else:
            def f(): pass
        @overload
        def g(a: int) -> int: ...
        @overload
        def g(a: str) -> str: ...
        def g(a): return a
        """
    )
    assert [(d.qualname, d.ordinal, d.start_line) for d in facts.defs] == [("f", 1, 3), ("f", 2, 5), ("g", 1, 10)]


def test_imports_of_every_form() -> None:
    facts = read(
        """
        from __future__ import annotations
        import a.b, c as d
        from ..p import x as y
        from . import *
        try:
            import fast
        except ImportError:
            import slow
        if TYPE_CHECKING:
            from t import T
        def f():
            import late
        """
    )
    rows = [(i.scope, i.module, i.name, i.alias, i.level, i.kind) for i in facts.imports]
    assert rows == [
        (MODULE, "__future__", "annotations", "annotations", 0, ""),
        (MODULE, "a.b", "", "a", 0, ""),
        (MODULE, "c", "", "d", 0, ""),
        (MODULE, "p", "x", "y", 2, ""),
        (MODULE, "", "*", "*", 1, ""),
        (MODULE, "fast", "", "fast", 0, "optional"),
        (MODULE, "slow", "", "slow", 0, "optional"),
        (MODULE, "t", "T", "T", 0, "type"),
        (0, "late", "", "late", 0, ""),
    ]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('__all__ = ["a", "b"]', ("a", "b")),
        ('__all__ = ("a",) + ("b",)\n__all__ += ["c"]', ("a", "b", "c")),
        ('__all__ = []\n__all__.extend(["a"])\n__all__.append("b")', ("a", "b")),
        ('__all__: list[str] = ["a"]', ("a",)),
        ("x = 1", None),
    ],
)
def test_exports(source: str, names: tuple[str, ...] | None) -> None:
    assert read(source).exports == names


def test_raises_with_message_guard_and_cause() -> None:
    facts = read(
        """
        def f(n, name):
            if n < 0:
                raise ValueError(f"bad {n} for {name!r}")
            elif n == 0:
                raise errors.Missing("no %s of %d" % (name, n)) from cause
            raise KeyError("no {} here".format(name))
        def g():
            raise
        """
    )
    rows = [(r.name, r.line, r.message, r.guard, r.cause) for r in facts.raises]
    assert rows == [
        ("ValueError", 4, "bad {n} for {name}", "n < 0", ""),
        ("errors.Missing", 6, "no {name} of {n}", "n == 0", "cause"),
        ("KeyError", 7, "no {name} here", "", ""),
        ("", 9, "", "", ""),
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('f"a {x} " "b" f"c"', "a {x} bc"),
        ('f"a" f" {{b}} {x!r:>3}"', "a {b} {x}"),
        ('("a "  # why\n    f"b" r"c")', "a bc"),
        ('f"only" + name', "only{name}"),
    ],
)
def test_a_message_keeps_every_part(written: str, message: str) -> None:
    assert [r.message for r in read(f"def f(x):\n    raise E({written})\n").raises] == [message]


@pytest.mark.parametrize(
    "doc",
    [
        "Do.\n\n    Raises:\n        ValueError: when empty\n        OSError: when gone\n    ",
        "Do.\n\n    :raises ValueError: when empty\n    :raise OSError: when gone\n    ",
        "Do.\n\n    Raises\n    ------\n    ValueError\n        when empty\n    OSError\n        when gone\n    ",
    ],
)
def test_documented_raises_in_three_styles(doc: str) -> None:
    facts = parse_file("m.py", f'def f():\n    """{doc}"""\n'.encode(), BY_NAME["python"])
    assert [(r.name, r.message, r.declared) for r in facts.raises] == [
        ("ValueError", "when empty", True),
        ("OSError", "when gone", True),
    ]


def test_handlers_and_what_they_do() -> None:
    facts = read(
        """
        try:
            a()
            b()
        except (ValueError, errors.E) as e:
            raise Other() from e
        except KeyError:
            raise
        except OSError:
            logger.warning("x")
        except TypeError:
            return_ = 1
        except LookupError:
            logger.warning("x")
            if strict:
                raise
        except:
            pass
        with suppress(IndexError):
            c()
        """
    )
    rows = [(h.names, h.try_start, h.try_end, h.action) for h in facts.handlers]
    assert rows == [
        (("ValueError", "errors.E"), 3, 4, "convert"),
        (("KeyError",), 3, 4, "reraise"),
        (("OSError",), 3, 4, "log"),
        (("TypeError",), 3, 4, "handle"),
        (("LookupError",), 3, 4, "handle"),
        ((), 3, 4, "pass"),
        (("IndexError",), 20, 20, "pass"),
    ]


def test_what_was_caught_and_is_raised_by_its_name_is_no_new_error() -> None:
    facts = read(
        """
        def f():
            try:
                g()
            except BaseException as exc:
                close()
                raise exc
            except OSError as exc:
                raise other
            except KeyError as exc:
                raise exc from None
        """
    )
    assert [h.action for h in facts.handlers] == ["reraise", "convert", "reraise"]
    assert [r.name for r in facts.raises] == ["", "other", ""]


def test_calls_inside_f_strings_defaults_and_decorators_are_seen() -> None:
    facts = read(
        """
        @deco(make())
        def f(a=default()):
            return f"{g()!r:>{width()}}"
        """
    )
    rows = sorted((c.name, c.scope) for c in facts.calls)
    assert rows == [("deco", -1), ("default", -1), ("g", 0), ("make", -1), ("width", 0)]


def test_broken_source_keeps_what_is_whole() -> None:
    facts = read("def f():\n    g()\n\ndef broken(:\n    pass\n\nclass C:\n    def m(self): f()\n")
    assert facts.status == "partial"
    assert "4" in facts.reason
    assert {"f", "C", "C.m"} <= {d.qualname for d in facts.defs}


def test_bytes_and_columns_beyond_ascii() -> None:
    facts = read('π = "ü"\ndef größe(): return π.löse("é")\n')
    assert definition(facts, "größe").end_line == 2
    assert [(c.receiver, c.name) for c in facts.calls] == [("π", "löse")]


def test_deep_nesting_is_bounded_and_said() -> None:
    facts = read("x = " + "f(" * 400 + ")" * 400)
    assert facts.status == "partial"
    assert "nested too deeply" in facts.reason


def test_a_long_chain_of_operators_and_elifs_is_read() -> None:
    chain = " + ".join(f"f{i}()" for i in range(500))
    elifs = "if a: pass\n" + "".join(f"elif b{i}: g{i}()\n" for i in range(300))
    facts = read(f"x = {chain}\n{elifs}")
    assert facts.status == "ok"
    assert len(facts.calls) == 800


def test_facts_survive_the_cache() -> None:
    facts = parse_file("m.py", Path(__file__).read_bytes(), BY_NAME["python"])
    assert load_facts(dump_facts(facts)) == facts


@pytest.mark.parametrize("path", sorted((REPOSITORY / "extractor").rglob("*.py")), ids=lambda p: p.name)
def test_definitions_agree_with_ast(path: Path) -> None:
    """The standard library's own parser as oracle: same functions, classes and lines."""
    facts = parse_file("m.py", path.read_bytes(), BY_NAME["python"])
    found = sorted(
        (d.name, d.start_line, d.end_line)
        for d in facts.defs
        if d.kind in ("class", "function", "method") and "lambda" not in d.flags
    )
    tree = ast.parse(path.read_text())
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    wanted = sorted((n.name, min([n.lineno, *(d.lineno for d in n.decorator_list)]), n.end_lineno or 0) for n in nodes)
    assert found == wanted
