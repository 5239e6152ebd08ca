"""Java parsing: what one file's facts hold."""

from __future__ import annotations

import pytest

from extractor.facts import FileFacts
from extractor.languages import BY_NAME
from extractor.parse import parse_file
from extractor.parse.collect import clean_comment

TEXT = """package a.b;

import java.util.List;
import static java.lang.Math.*;

/**
 * Keeps <p>things</p>, see {@link Other}.
 */
@Deprecated
public abstract class Keeper<T extends Number> extends Base<T> implements Runnable {
    /** How many. */
    public static final int LIMIT = 10;
    private List<T> things;

    protected Keeper(int size, String... names) throws java.io.IOException {
        super(size);
        if (size > LIMIT) {
            throw new IllegalArgumentException("size " + size + " over " + LIMIT);
        }
    }

    @Override
    public void run() {
        try {
            things.get(0).intValue();
        } catch (IllegalStateException | NullPointerException e) {
            throw new RuntimeException("failed", e);
        }
    }

    abstract <R> R map(T thing);
}
"""


def facts(text: str = TEXT) -> FileFacts:
    return parse_file("a/b/Keeper.java", text.encode(), BY_NAME["java"])


def test_definitions() -> None:
    found = facts()
    assert found.namespace == "a.b"
    assert [(d.kind, d.qualname, d.visibility) for d in found.defs] == [
        ("class", "Keeper", "public"),
        ("variable", "Keeper.LIMIT", "public"),
        ("variable", "Keeper.things", "private"),
        ("method", "Keeper.Keeper", "protected"),
        ("method", "Keeper.run", "public"),
        ("method", "Keeper.map", "package"),
    ]
    keeper, limit, _, made, run, mapped = found.defs
    assert keeper.doc == "Keeps things, see Other."
    assert keeper.signature == "public abstract class Keeper<T extends Number> extends Base<T> implements Runnable"
    assert keeper.decorators == ("@Deprecated",)
    assert (limit.value, limit.doc) == ("10", "How many.")
    assert [(p.name, p.annotation, p.kind) for p in made.params] == [("size", "int", ""), ("names", "String", "*")]
    assert "constructor" in made.flags
    assert (run.start_line, run.end_line) == (22, 29)
    assert run.signature == "public void run()"
    assert (mapped.returns, mapped.flags) == ("R", ("abstract",))


def test_relations() -> None:
    found = facts()
    assert [(i.module, i.name, i.kind) for i in found.imports] == [
        ("java.util", "List", ""),
        ("java.lang.Math", "*", "static"),
    ]
    assert [(b.name, b.kind) for b in found.bases] == [("Base", "extends"), ("Runnable", "implements")]
    assert [(c.receiver, c.name, c.arity) for c in found.calls] == [
        ("", "super", 1),
        ("", "IllegalArgumentException", 1),
        ("things.get()", "intValue", 0),
        ("things", "get", 1),
        ("", "RuntimeException", 2),
    ]


def test_raises_and_handlers() -> None:
    found = facts()
    assert [(r.name, r.message, r.guard, r.cause, r.declared) for r in found.raises] == [
        ("java.io.IOException", "", "", "", True),
        ("IllegalArgumentException", "size {size} over {LIMIT}", "size > LIMIT", "", False),
        ("RuntimeException", "failed", "", "e", False),
    ]
    handler = found.handlers[0]
    assert handler.names == ("IllegalStateException", "NullPointerException")
    assert (handler.try_start, handler.try_end, handler.action) == (24, 26, "convert")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('String.format("%s has %,.2f of %d%%%n", name, share(), LIMIT)', "{name} has {} of {LIMIT}%\n"),
        ('String.format("%2$s before %1$s", first, second)', "{second} before {first}"),
        ('"no %s here".formatted(name)', "no {name} here"),
    ],
)
def test_the_conversions_of_a_format_are_holes_with_the_names_of_what_they_print(message: str, said: str) -> None:
    (fact,) = facts(f"class A {{ void f() {{ throw new E({message}); }} }}").raises
    assert fact.message == said


def test_a_syntax_error_keeps_what_can_be_read() -> None:
    found = facts("class A { void f() { g( } void g() {} }")
    assert found.status == "partial"
    assert {"A", "A.f"} <= {d.qualname for d in found.defs}


def test_very_long_chains_and_sums_are_read() -> None:
    text = "class A { Object f() { return b" + ".x()" * 3000 + "; } String g() { return " + '"a" + ' * 5000 + "1; } }"
    assert [d.qualname for d in facts(text).defs] == ["A", "A.f", "A.g"]


def test_elements_of_an_annotation_are_no_constructors() -> None:
    text = 'public @interface Option {  // how a field is set\n  String name() default "";\n  /** Whether. */ boolean on();\n}\n'
    found = parse_file("a/b/Option.java", text.encode(), BY_NAME["java"])
    assert {d.name: (d.doc, "constructor" in d.flags) for d in found.defs} == {
        "Option": ("", False),
        "name": ("", False),  # the comment behind the brace is the block's
        "on": ("Whether.", False),
    }


def test_a_link_reads_as_its_label() -> None:
    said = {
        "See {@link A#b(int, String)}.": "See A#b(int, String).",
        "See {@link A#b(int, c) the b}.": "See the b.",
        "See {@linkplain guide/x#y | the guide}, {@code a b}.": "See the guide, a b.",
    }
    assert {text: clean_comment([f"/** {text} */"]) for text in said} == said
