"""C# parsing: what one file's facts hold."""

from __future__ import annotations

import pytest

from extractor.facts import FileFacts
from extractor.languages import BY_NAME
from extractor.parse import parse_file

TEXT = """using System;
using static System.Math;
using Odd = Other.Place.Thing;

namespace Keep.Inside
{
    /// <summary>Keeps <c>things</c>, see <see cref="Other"/>.</summary>
    [Serializable]
    public abstract class Keeper<T> : Base<T>, IKeeper where T : class
    {
        /// <summary>How many.</summary>
        public const int Limit = 10;
        public string Name { get; set; } = "x";

        /// <exception cref="FormatException">When odd.</exception>
        protected Keeper(int size, params string[] names) : base(size)
        {
            if (size > Limit) throw new ArgumentException($"size {size} over {Limit}");
        }

        public void Run(T? thing = null)
        {
            try { thing?.Go(); }
            catch (InvalidOperationException e) { throw new Exception("failed", e); }
            catch (FormatException e) when (e.HResult > 1) { }
        }

        public delegate int Turn(string text);
    }
}

namespace Keep.Outside
{
    enum Color { Red, Green }
}
"""


def facts() -> FileFacts:
    return parse_file("Keeper.cs", TEXT.encode(), BY_NAME["csharp"])


def test_definitions_and_namespaces() -> None:
    found = facts()
    shown = {d.qualname: (d.kind, d.visibility, d.doc) for d in found.defs}
    assert shown["Keeper"] == ("class", "public", "Keeps things, see Other.")
    assert shown["Keeper.Limit"] == ("variable", "public", "How many.")
    assert shown["Keeper.Name"][0] == "variable"
    assert shown["Keeper.Keeper"][:2] == ("method", "protected")
    assert shown["Color"][:2] == ("class", "internal")
    assert found.extra["spaces"] == [[0, "Keep.Inside"], [6, "Keep.Outside"]]


def test_usings() -> None:
    rows = [(i.module, i.name, i.alias, i.kind) for i in facts().imports]
    assert rows == [("System", "*", "*", ""), ("System.Math", "*", "*", "static"), ("Other.Place.Thing", "", "Odd", "")]


def test_bases_and_parameters() -> None:
    found = facts()
    assert [(b.name, b.kind) for b in found.bases] == [("Base", "extends"), ("IKeeper", "implements")]
    maker = next(d for d in found.defs if d.qualname == "Keeper.Keeper")
    assert [(p.name, p.annotation, p.kind) for p in maker.params] == [("size", "int", ""), ("names", "string", "*")]


def test_errors() -> None:
    found = facts()
    assert [(r.name, r.message, r.guard, r.declared) for r in found.raises] == [
        ("FormatException", "", "", True),
        ("ArgumentException", "size {size} over {Limit}", "size > Limit", False),
        ("Exception", "failed", "", False),
    ]
    assert [(h.names, h.action) for h in found.handlers] == [
        (("InvalidOperationException",), "convert"),
        (("FormatException",), "reraise"),  # what the filter refuses goes on
    ]


def test_a_condition_is_not_bared_of_parentheses_that_are_no_pair() -> None:
    text = "class A { void Go(int[] a) { if((a == null) || (a.Length != 3)) throw new Odd(); if((a[0] > 1)) throw new Odd(); } }"
    found = parse_file("A.cs", text.encode(), BY_NAME["csharp"])
    assert [r.guard for r in found.raises] == ["(a == null) || (a.Length != 3)", "a[0] > 1"]


@pytest.mark.parametrize(
    "body",
    [
        "#if A\npublic void Go(int a)\n#else\npublic void Go(long a)\n#endif\n{ x(); }",
        "void Go() {\n#if A\nif (a) {\n#else\nif (b) {\n#endif\nx(); } }",
        "void Go<T>(int a\n#if A\n, int b\n#endif\n)\n#if A // {\nwhere T : class\n#endif\n{ }",
        "void Go() { switch (x) {\n#if A\ncase 1: y(); break;\n#endif\ndefault: break; } }",
        "#if false\n} garbage (\n#else\nvoid Go() { }\n#endif",
        "#if A\nvoid Go(\n#if B\nint a\n#endif\n) { }\n#endif",
    ],
)
def test_a_condition_inside_a_construct_leaves_the_class_its_members(body: str) -> None:
    text = f"class Box {{\n{body}\nint last;\n}}\nclass After {{ }}\n"
    found = parse_file("a.cs", text.encode(), BY_NAME["csharp"])
    assert (found.status, [d.qualname for d in found.defs]) == ("ok", ["Box", "Box.Go", "Box.last", "After"])


def test_every_branch_of_whole_members_or_of_list_items_stays() -> None:
    text = (
        "class A {\n#if X\nvoid F() { }\n#else\nvoid G() { }\n#endif\n}\nenum E {\n#if X\nP,\n#else\nQ,\n#endif\nR }\n"
    )
    found = parse_file("a.cs", text.encode(), BY_NAME["csharp"])
    assert [d.qualname for d in found.defs] == ["A", "A.F", "A.G", "E", "E.P", "E.Q", "E.R"]


def test_a_signature_is_told_without_the_comments_in_it() -> None:
    text = "class A // why\n{\n    /* x */ public int F(int a, /* how */ int b) // so\n    { return a; }\n}\n"
    found = parse_file("a.cs", text.encode(), BY_NAME["csharp"])
    assert [d.signature for d in found.defs][:2] == ["class A", "public int F(int a, int b)"]


def test_the_parts_of_a_comment_are_paragraphs() -> None:
    text = """class A {
    /// <summary>
    /// Compares types
    /// </summary>
    /// <param name="a">Type #1</param>
    /// <returns><c>true</c> if same</returns>
    /// <remarks>Slow.</remarks>
    bool Same(A a) { return true; }
}
"""
    found = {d.qualname: d for d in parse_file("A.cs", text.encode(), BY_NAME["csharp"]).defs}
    assert found["A.Same"].doc == "Compares types\n\nParam a: Type #1\n\nReturns: true if same\n\nSlow."


def test_pointers_take_nothing_else_along() -> None:
    text = """
class Buffer {
  unsafe void Put(int offset, ushort value) {
    fixed (byte* ptr = _bytes) {
      *(ushort*)(ptr + Start(offset)) = Little ? value : Reverse(value);
      *ptr++ = 1;
      *(ptr + 1) |= (byte)2;
    }
  }
  unsafe float Get(int offset) {
    uint read = Reverse(*(uint*)(_bytes + offset));
    int two = 2 * (offset) * (3);
    return offset > 0 ? *(float*)(&read) : *(_bytes + Start(1));
  }
  int Start(int offset) { return offset; }
}
"""
    found = parse_file("Buffer.cs", text.encode(), BY_NAME["csharp"])
    assert (found.status, found.reason) == ("ok", "")
    assert [d.qualname for d in found.defs] == ["Buffer", "Buffer.Put", "Buffer.Get", "Buffer.Start"]
    written = [(c.scope, c.name) for c in found.calls if not c.name.startswith("operator")]
    assert written == [(1, "Start"), (1, "Reverse"), (2, "Reverse"), (2, "Start")]
