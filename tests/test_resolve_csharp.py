"""C# linking: a labelled program, line by line, and what must not be linked."""

from __future__ import annotations

from labelled import link_fixture, read

from extractor.languages import BY_NAME, spec_for
from extractor.parse import parse_file
from extractor.raises import throws
from extractor.resolve import Links, link


def linked(**files: str) -> Links:
    spec = BY_NAME["csharp"]
    return link([parse_file(f"{n}.cs", t.encode(), spec) for n, t in files.items()], {})


def calls(links: Links) -> set[tuple[str, str]]:
    return {(e.src.partition("#")[2], e.dst) for e in links.edges if e.kind == "calls" and not e.dst.startswith("ext:")}


def test_properties_and_indexers_run_code_only_where_some_is_written() -> None:
    text = """using System;
enum Kind { One, Two }
abstract class Shape { public abstract int Area { get; } public virtual string Name => ""; public int Size { get; set; } }
class Round : Shape { public override int Area { get { return 1; } } public override string Name => "r"; }
class Flat : Shape { public override int Area { get; } }
class Bag {
    int held;
    public Kind Kind { get { return Kind.One; } set { held = (int)value; } }
    public int this[int at] { get { return at; } }
    public int this[string at] => 2;
    public void Fill(Shape s, Round r, Bag other) {
        var n = s.Area + s.Name.Length + s.Size;
        Kind = Kind.Two;
        other.Kind += 1;
        n = r?.Area ?? other[1] + other["a"];
        var made = new Bag { Kind = Kind.One };
        using (Open()) { }
        using var kept = Open();
        foreach (var x in new Bag()) { }
    }
    static Lock Open() => new Lock();
}
sealed class Lock : IDisposable { public void Dispose() { } }
"""
    rows = {(e.dst.partition("#")[2], e.line, e.via) for e in linked(a=text).edges
            if e.kind == "calls" and e.src.endswith("#Bag.Fill") and not e.dst.startswith("ext:")}  # fmt: skip
    assert rows == {
        ("Shape.Area", 12, "getter"), ("Round.Area", 12, "override"), ("Shape.Name", 12, "getter"), ("Round.Name", 12, "override"),
        ("Bag.Kind", 13, "setter"), ("Bag.Kind", 14, "getter"), ("Round.Area", 15, "getter"), ("Bag.this[]", 15, "getter"),
        ("Bag.this[]@2", 15, "getter"), ("Bag", 16, "scope"), ("Bag.Kind", 16, "setter"), ("Bag.Open", 17, "self"),
        ("Lock.Dispose", 17, "with"), ("Bag.Open", 18, "self"), ("Lock.Dispose", 18, "with"), ("Bag", 19, "scope"),
    }  # fmt: skip


def test_operators_accessors_and_lambdas_of_declared_delegates() -> None:
    text = """using System;
struct V {
    public int X;
    public static V operator +(V a, V b) { return a; }
    public static V operator -(V a) { return a; }
    public int Size { get { return Measure(); } }
    int Measure() { return X; }
    public int Count() { return X; }
}
class App {
    static void Run(V a, V b, int n) {
        V c = a + b;
        c += a;
        V d = -c;
        n += n;
        Func<V, int> count = v => v.Count();
    }
}
"""
    edges = {(e.src, e.dst, e.line) for e in linked(a=text).edges if e.kind == "calls"}
    assert {(s.partition("#")[2], d.partition("#")[2], line) for s, d, line in edges} == {
        ("V.Size", "V.Measure", 6), ("App.Run", "V.operator+", 12), ("App.Run", "V.operator+", 13),
        ("App.Run", "V.operator-", 14), ("App.Run", "V.Count", 16),
    }  # fmt: skip


def test_hierarchy_and_imports() -> None:
    _, links = link_fixture("csharp_depot")
    edges = {(e.src, e.dst, e.kind) for e in links.edges}
    assert ("cs:Models/Item.cs#Item", "cs:Models/Item.cs#IPriced", "implements") in edges
    assert ("cs:Storage/Store.cs#MemoryStore", "cs:Storage/Store.cs#StoreBase", "extends") in edges
    assert ("cs:Models/Item.cs#TooHeavyException", "ext:System#Exception", "extends") in edges
    assert ("cs:Storage/Store.cs", "cs:Models/Item.cs#Item", "imports") in edges
    assert ("cs:Storage/Store.cs", "ext:System.Collections.Generic", "depends_on") in edges


def test_unknown_receivers_stay_unknown() -> None:
    links = linked(A="class A { void Run(Thing t) { t.Go(); } void Go() {} }", B="class B { void Go() {} }")
    assert calls(links) == set()
    assert [(u.name, u.reason) for u in links.unresolved] == [("t.Go", "unknown_receiver")]


def test_types_of_one_name_in_two_namespaces_are_kept_apart() -> None:
    links = linked(
        A="namespace One { static class Tool { public static void Do() {} } }",
        B="namespace Two { static class Tool { public static void Do() {} } }",
        C="using Two; namespace Three { class C { void Run() { Tool.Do(); One.Tool.Do(); } } }",
    )
    assert calls(links) == {("C.Run", "cs:A.cs#Tool.Do"), ("C.Run", "cs:B.cs#Tool.Do")}
    assert len([e for e in links.edges if e.kind == "calls"]) == 2


def test_an_extension_method_is_only_for_what_it_extends() -> None:
    links = linked(
        A="""class Cat {} class Dog {}
        static class Ext { public static void Pet(this Cat c) {} public static void Walk(this Dog d, int n) {} }
        class C { void Run(Cat c, Dog d) { c.Pet(); d.Pet(); d.Walk(1); } }"""
    )
    found = sorted(e.dst.partition("#")[2] for e in links.edges if e.kind == "calls")
    assert found == ["Ext.Pet", "Ext.Walk"]


def test_errors_are_caught_by_their_ancestors() -> None:
    text = """using System; using System.IO;
    class A {
      void Read() { throw new FileNotFoundException("none"); }
      void Safe() { try { Read(); } catch (IOException) { } }
      void Unsafe() { try { Read(); } catch (FormatException) { } }
    }"""
    file = parse_file("A.cs", text.encode(), BY_NAME["csharp"])
    found = {(e.src.partition("#")[2], e.dst) for e in throws([file], link([file], {})).edges}
    error = "ext:System.IO#FileNotFoundException"
    assert found == {("A.Read", error), ("A.Unsafe", error)}


def test_order_of_files_does_not_matter() -> None:
    sources, configs = read("csharp_depot")
    files = [parse_file(p, d, spec) for p, d in sources.items() if (spec := spec_for(p, d)) is not None]
    assert link(files, configs) == link(files[::-1], configs)


def test_aliases_with_arguments_handlers_of_events_groups_and_explicit_members() -> None:
    text = """
using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using Orders = Depot.Box<Depot.Order>;
namespace Depot {
    public class Order { public int Total() => 1; public string Name => ""; }
    public class Told : EventArgs { public Order Order; }
    public class Box<T> : IEnumerable<T> {
        public IEnumerable<T> All() => null;
        public IEnumerator<T> GetEnumerator() => null;
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
    public class Desk {
        public event EventHandler<Told> Placed;
        private readonly Dictionary<string, Func<Order, int>> rates = new();
        public void Run(Orders orders) {
            Placed += (sender, e) => e.Order.Total();
            rates["flat"] = o => o.Total();
            orders.All().GroupBy(o => o.Name).Select(g => g.Sum(o => o.Total()));
        }
    }
}
"""
    found = sorted((e.src.partition("#")[2], e.dst.partition("#")[2], e.line) for e in linked(a=text).edges
                   if e.kind == "calls" and not e.dst.startswith("ext:"))  # fmt: skip
    totals = [("Desk.Run", "Order.Total", line) for line in (19, 20, 21)]
    assert found == [
        ("Box.GetEnumerator@2", "Box.GetEnumerator", 13),
        ("Desk.Run", "Box.All", 21),
        ("Desk.Run", "Order.Name", 21),
        *totals,
    ]


def test_type_arguments_that_a_call_states() -> None:
    text = """
public class Part { public void Stop() { } }
public class Mover : Part { public Mover Go() => this; }
public class Entity {
    public T Add<T>() where T : Part, new() => new T();
    public void Run() { Add<Mover>().Go().Stop(); this.Add<Mover>()?.Go(); }
}
"""
    found = {d for s, d in calls(linked(a=text)) if s == "Entity.Run"}
    assert found == {f"cs:a.cs#{name}" for name in ("Entity.Add", "Mover.Go", "Part.Stop")}


def test_an_extension_that_takes_other_arguments_is_not_called() -> None:
    text = """
using System.IO;
public class Row { }
public class Other { }
public class Table<T> { }
public static class More {
    public static void Write(this BinaryWriter w, Table<Row> t, int n) { }
    public static void Write(this BinaryWriter w, Table<Other> t, int n) { }
    public static void Run(BinaryWriter w, Table<Other> t) { w.Write(1); w.Write(t, 2); }
}
"""
    edges = {(e.dst, e.line) for e in linked(a=text).edges if e.kind == "calls" and e.src.endswith("More.Run")}
    assert edges == {("ext:System.IO#BinaryWriter.Write", 9), ("cs:a.cs#More.Write@2", 9)}


def test_functions_kept_in_tables_and_events() -> None:
    text = """
using System;
using System.Collections.Generic;
using Entries = System.Collections.Generic.List<Entry>;
public class Entry { public void Go() { } }
public class Desk {
    private readonly Entries entries = new();
    private readonly Dictionary<string, Func<int, int>> table;
    public event Action<int> Changed;
    public Desk() { table = new() { ["one"] = One, { "two", Two } }; Changed += OnChanged; }
    private static int One(int n) => n;
    private static int Two(int n) => n;
    private void OnChanged(int n) { }
    public void Run(string key) { table[key](1); Changed?.Invoke(2); foreach (var e in entries) e.Go(); }
}
"""
    found = {d.partition("#")[2] for s, d in calls(linked(a=text)) if s == "Desk.Run"}
    assert found == {"Desk.One", "Desk.Two", "Desk.OnChanged", "Entry.Go"}


def test_overloads_that_nothing_tells_apart_are_candidates_not_calls() -> None:
    text = """using Other;
class A {
    void Take(Here h) { } void Take(There t) { }
    void Run(Unknown u, Here h) { Take(u.Value); Take(h); }
}
class Here { } class There { }
"""
    text = text.replace("Take(h);", "\n    Take(h);")
    rows = {(e.dst.partition("#")[2], e.line, e.via) for e in linked(a=text).edges if e.kind == "calls"}
    assert rows == {("A.Take", 4, "ambiguous"), ("A.Take@2", 4, "ambiguous"), ("A.Take", 5, "self")}


def test_both_bodies_that_if_chooses_between_are_called() -> None:
    text = """using System;
class A {
#if FAST
    static int Size(string s) { return 1; }
#else
    static int Size(string s) { return 2; }
#endif
    void Run() { Size("a"); }
}
"""
    assert calls(linked(a=text)) == {("A.Run", "cs:a.cs#A.Size"), ("A.Run", "cs:a.cs#A.Size@2")}


def test_what_is_called_is_what_takes_the_arguments() -> None:
    text = """using System;
class Open : External { public void Go(int n) { } public void Run() { Go(1); Go(1, 2); Go("a", "b", "c"); } }
class Base { public virtual void Do(string s) { } public void Do(object o) { } }
class Below : Base { public override void Do(string s) { } public void Do(int n) { } void Run() { Do("s"); Do(1); Do(this); } }
struct Plain { public Plain(int n) { } }
class Made { object one = new Plain(); object two = new Plain(1); }
"""
    found = sorted((e.src.partition("#")[2], e.line, e.dst.partition("#")[2], e.via) for e in linked(a=text).edges
                   if e.kind == "calls" and not e.dst.startswith("ext:"))  # fmt: skip
    assert found == [
        ("Below.Run", 4, "Base.Do@2", "self"), ("Below.Run", 4, "Below.Do", "self"), ("Below.Run", 4, "Below.Do@2", "self"),
        ("Made", 6, "Plain", "scope"), ("Made", 6, "Plain.Plain", "scope"), ("Open.Run", 2, "Open.Go", "self"),
    ]  # fmt: skip
