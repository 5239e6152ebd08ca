"""Notes of small repositories in several languages, as their maintainers would read them: nothing false, nothing that says nothing."""

from __future__ import annotations

from pathlib import Path

from asking import expert, index, write

from brain.notes import Note, read_notes


def notes_of(files: dict[str, str], folder: Path) -> dict[str, Note]:
    graph = index(write(files, folder / "repo"), folder / "brain")
    return read_notes(graph.parent / "nodes")


def test_a_variable_says_what_it_is_made_of_and_who_reads_it(tmp_path: Path) -> None:
    rows = ", ".join(f'("row{n}", {n})' for n in range(40))
    found = notes_of(
        {
            "pkg/__init__.py": "from pkg.core import PATTERN\n",
            "pkg/core.py": "import re\n\nPATTERN = re.compile('a+')\n"
            f"ROWS = [{rows}]\nUNKNOWN = (\n    re,\n    *ROWS,\n    *[row for row in ROWS],\n)\n\n\n"
            "def split(text):\n    return PATTERN.split(text), ROWS\n\n\nclass Reader:\n    engine = re.Scanner\n",
        },
        tmp_path,
    )
    core = "py:pkg/core.py"
    assert found[f"{core}#PATTERN"].summary == (
        "A constant of pkg.core, initialised as re.compile('a+'). Read by split; imported by pkg."
    )
    assert found[f"{core}#ROWS"].summary == (
        'A constant of pkg.core, set to a list of 40 entries that begins with ("row0", 0), ("row1", 1), ("row2", 2). Read by split.'
    )
    assert found[f"{core}#Reader.engine"].summary == "A field of Reader, initialised as re.Scanner."
    assert found[f"{core}#UNKNOWN"].summary == ""  # that there is such a name says nothing


def test_what_tests_define_is_no_test_and_helpers_alone_make_none_untold(tmp_path: Path) -> None:
    found = notes_of(
        {
            "pkg.py": "def run(f):\n    return f()\n",
            "tests/test_pkg.py": "from pkg import run\n\n\ndef check(a):\n    assert a\n\n\n"
            "def test_runs():\n    def test():\n        return run(int)\n    assert run(test) == 0\n\n\n"
            "def test_by_a_helper():\n    check(1)\n\n\n@mark(slow=True)\ndef idle():\n    pass\n",
        },
        tmp_path,
    )
    place = "py:tests/test_pkg.py"
    assert found[f"{place}#test_runs"].summary == 'A test of run: "runs".'
    assert found[f"{place}#test_runs.test"].summary.startswith("A function of test_runs")
    assert found[f"{place}#test_by_a_helper"].summary == 'A test: "by a helper". Calls check.'
    assert found[f"{place}#idle"].summary == "A function of tests.test_pkg. Marked @mark(slow=True)."


def test_of_two_that_read_alike_the_other_comes_with_its_home(tmp_path: Path) -> None:
    files = {
        "pkg/front.py": "from pkg.back import clear as f\n\n\ndef clear():\n    return f()\n",
        "pkg/back.py": "def clear():\n    return 1\n",
    }
    found = notes_of(files, tmp_path)
    assert found["py:pkg/front.py#clear"].summary == "A function of pkg.front. Calls clear of pkg.back."
    assert found["py:pkg/back.py#clear"].summary == "A function of pkg.back. Called by clear of pkg.front."


STORE = {
    "src/store.h": "namespace depot {\nclass Store {\n public:\n  Store() = default;\n  Store(const Store& other) = delete;\n  ~Store();\n"
    "  int put(int n);\n  const char* label() const;\n private:\n  const char* name_;\n  char* const fixed_;\n"
    "  int (*hook_)(int n);\n  int packing;  // How many boxes\n                // are under way.\n  int left;  // NOLINT(misc)\n};\n"
    "struct Lock { explicit Lock(int n); ~Lock(); };\n}\n",
    "src/store.cc": '#include "store.h"\nnamespace depot {\nStore::~Store() { put(0); }\n'
    "int Store::put(int n) { Lock l(n); return n; }\nconst char* Store::label() const { return name_; }\n}\n",
    "tests/store_test.cc": '#include "../src/store.h"\nnamespace depot {\nTEST(StoreTest, PutsBack) { Store s; s.put(1); }\n}\n',
}


def test_names_are_spelled_and_methods_placed_as_their_language_does(tmp_path: Path) -> None:
    found = notes_of(STORE, tmp_path)
    put = found["cpp:src/store.cc#depot.Store.put"]
    assert put.name == "depot::Store::put"
    assert put.summary == (
        "A method of depot::Store that takes n and returns int. Called by depot::Store::~Store; calls depot::Lock. Exercised by"
        " depot::StoreTest_PutsBack."
    )
    assert found["cpp:src/store.cc#depot.Store.~Store"].summary.startswith(
        "A destructor of depot::Store. Calls depot::Store::put."
    )
    assert (
        found["cpp:src/store.h#depot.Store.Store@2"].summary
        == "A deleted constructor of depot::Store that takes other."
    )
    assert found["cpp:src/store.cc#depot.Store.label"].summary == "A method of depot::Store that returns const char*."
    assert found["cpp:tests/store_test.cc#depot.StoreTest_PutsBack"].summary == (
        'A test of depot::Store::put and depot::Store: "store puts back".'
    )


def test_a_pointer_to_what_is_constant_is_none_itself(tmp_path: Path) -> None:
    found = notes_of(STORE, tmp_path)
    place = "cpp:src/store.h#depot.Store"
    assert (
        found[f"{place}.name_"].summary == "A field of depot::Store of type const char*. Read by depot::Store::label."
    )
    assert found[f"{place}.fixed_"].summary == "A constant of depot::Store of type char*."
    assert found[f"{place}.hook_"].summary == "A field of depot::Store of type int (*)(int n)."


def test_what_stands_behind_a_field_tells_what_it_is_for(tmp_path: Path) -> None:
    found = notes_of(STORE, tmp_path)
    place = "cpp:src/store.h#depot.Store"
    assert found[f"{place}.packing"].summary == ("How many boxes are under way. A field of depot::Store of type int.")
    assert found[f"{place}.left"].summary == "A field of depot::Store of type int."  # said to a tool


def test_both_spellings_find_a_symbol_and_answers_use_the_languages_own(tmp_path: Path) -> None:
    repo = write(STORE, tmp_path / "repo")
    with expert(index(repo, tmp_path / "brain")) as opened:
        for asked in ("depot::Store::put", "depot.Store.put", "Store::put", "Store.put"):
            text = opened.ask(f"Where is {asked} defined?").text
            assert text.startswith("depot::Store::put is a method of depot::Store, defined in src/store.cc"), asked
        missing = opened.ask("What does Store::putt call?").text
        assert missing.startswith("There is no Store::putt")
        assert "Store::put" in missing.partition("Nearest")[2]


def test_members_of_an_enumeration_and_types_by_another_name(tmp_path: Path) -> None:
    source = (
        "pub trait Load { fn load(&self) -> u32; }\npub enum Shape {\n    Dot,\n    Line(u32),\n    Box,\n}\n"
        "struct Held { inner: u32 }\nstruct Bare { inner: u32 }\nimpl Load for String { fn load(&self) -> u32 { 1 } }\n"
        "impl Load for Held { fn load(&self) -> u32 { 2 } }\ntype Wide = Vec<u32>;\n"
        "impl Shape { pub fn size(&self) -> Result<u32, ()> { Ok(1) } }\n/// inf = %x69 ; inf\npub const INF: u32 = 1;\n"
    )
    other = "use crate::Shape;\nimpl Shape { pub fn area(&self) -> u32 { 2 } }\n"
    found = notes_of({"src/lib.rs": "mod more;\n" + source, "src/more.rs": other}, tmp_path)
    lib = "rs:src/lib.rs"
    assert found[f"{lib}#Shape.Dot"].summary == "A variant of Shape, beside Line and Box."
    assert found[f"{lib}#Shape.Line"].summary == "A variant of Shape, written Line(u32)."
    assert found[f"{lib}#Held"].summary == "A struct of the module lib that implements Load. Methods: load."
    assert found[f"{lib}#Held.load"].summary == "A method of Held that returns u32. Implements Load::load."
    assert found[f"{lib}#Bare"].summary == "A struct of the module lib. Fields: inner."
    assert found[f"{lib}#Wide"].summary == "A type alias of the module lib for Vec<u32>."
    assert found[f"{lib}#INF"].summary.startswith("inf = %x69 ; inf.")
    assert found[f"{lib}#String.load"].summary.startswith("A method of String that returns u32.")
    assert found[f"{lib}#Load"].summary.startswith("A trait of the module lib. Implemented by Held.")
    assert "Calls" not in found[f"{lib}#Shape.size"].summary  # Ok only wraps
    area = found["rs:src/more.rs#Shape.area"]
    assert area.facts["container"] == [f"{lib}#Shape"]
    assert area.summary.startswith("A method of Shape that")
    assert "area" in found[f"{lib}#Shape"].summary


def test_a_method_in_another_file_is_its_types_and_a_name_keeps_its_case(tmp_path: Path) -> None:
    found = notes_of(
        {
            "command.go": "package cli\n\n// Command is one.\ntype Command struct {\n\tUse string // How it is called.\n}\n",
            "check.go": "package cli\n\ntype Check func(c *Command) error\n",
            "help.go": "package cli\n\nfunc (c *Command) help() string { return pad(c.Use) }\n\n// pad adds a space.\n"
            "func pad(s string) string { return s + string(rune(len(s))) }\n",
        },
        tmp_path,
    )
    assert found["go:help.go#Command.help"].summary == "A method of Command that returns string. Calls pad."
    assert found["go:command.go#Command"].facts["member"] == ["go:command.go#Command.Use", "go:help.go#Command.help"]
    assert found["go:check.go#Check"].summary == (
        "A class of the module check, written type Check func(c *Command) error."
    )
    assert found["go:help.go#pad"].summary.startswith("pad adds a space.")
    assert (
        found["go:command.go#Command.Use"].summary
        == "How it is called. A field of Command of type string. Read by Command.help."
    )


def test_an_error_that_nothing_is_known_of_is_named(tmp_path: Path) -> None:
    found = notes_of(
        {"index.d.ts": "export class LostError extends Error {\n  constructor(message: string);\n}\n"}, tmp_path
    )
    assert found["error:losterror"].summary == "An error of the repository: LostError."


def test_a_recipe_holds_what_is_written_in_the_order_it_is_written(tmp_path: Path) -> None:
    found = notes_of(
        {
            "src/main/java/p/Printer.java": "package p;\npublic class Printer implements AutoCloseable {\n"
            "  public static Printer builder() { return new Printer(); }\n  public Printer build() { return this; }\n"
            "  public void print(String s) { }\n  public void close() { }\n}\n",
            "src/test/java/p/PrinterTest.java": "package p;\npublic class PrinterTest {\n  @Test\n  public void testPrints() {\n"
            '    try (Printer made = Printer.builder().build()) {\n      made.print("a");\n    }\n  }\n}\n',
        },
        tmp_path,
    )
    recipes = [note.summary for note in found.values() if note.type == "recipe"]
    assert recipes == ["Prints: call Printer.builder; then Printer.build; then Printer.print."]


def test_errors_are_told_the_likeliest_first_and_no_more_than_are_read(tmp_path: Path) -> None:
    names = ("Low", "Mid", "Top", "Far", "Odd", "Sly", "Wry")
    source = "".join(f"class {n}Error(Exception):\n    pass\n\n\n" for n in names)
    source += "def deep():\n" + "".join(f"    if x == {i}:\n        raise {n}Error\n" for i, n in enumerate(names[1:]))
    source += "\n\ndef near():\n    if y:\n        raise LowError\n    if z:\n        raise ValueError('no')\n    return deep()\n\n\n"
    source += "def top():\n    return near()\n\n\ndef over():\n    return top()\n"
    graph = index(write({"pkg.py": source}, tmp_path / "repo"), tmp_path / "brain")
    found = read_notes(graph.parent / "nodes")
    place = "py:pkg.py"
    told = [e.rpartition("#")[2] for e in found[f"{place}#over"].facts["may_raise"]]
    assert told[0] == "LowError"
    assert told[-1] == "ValueError"
    assert len(told) == 8
    assert "May raise LowError, FarError, MidError and 5 more." in found[f"{place}#over"].summary
    with expert(graph) as opened:
        text = opened.ask("What can over raise?").text
        assert "LowError, FarError, MidError, OddError, SlyError, TopError and 2 more, from top" in text
        assert (
            "It may raise LowError, FarError, MidError, OddError and 4 more through what it calls"
            in opened.ask("Explain over").text
        )


def test_a_field_says_who_sets_and_who_reads_it(tmp_path: Path) -> None:
    found = notes_of(
        {
            "Shelf.java": "class Shelf {\n    static final int[] SIZES = {11, 12, 13, 14, 15, 16, 17, 18, 19, 20};\n    private int size;\n"
            "    private boolean open = true;\n    private int idle = 3;\n    Shelf(int size) { this.size = size; }\n"
            "    Shelf() { this.size = SIZES[0]; open = false; }\n    int get() { return open ? size : SIZES[1]; }\n"
            "    int grow() { return ++size + idle; }\n}\n",
            "lib.h": "class Node {\n public:\n  explicit Node(int n);\n private:\n"
            "  // Clears it.\n  void Clear();\n  const int kind_;\n};\n",
            "lib.cc": '#include "lib.h"\nNode::Node(int n) : kind_(n) { Clear(); }\nvoid Node::Clear() {}\n',
        },
        tmp_path,
    )
    java = "java:Shelf.java#Shelf"
    assert found[f"{java}.size"].summary == (
        "A field of Shelf of type int. Set by its constructors and Shelf.grow; read by Shelf.get."
    )
    assert found[f"{java}.open"].summary == (
        "A field of Shelf of type boolean, initialised as true. Set by its constructor; read by Shelf.get."
    )
    assert found[f"{java}.idle"].summary == "A field of Shelf of type int, initialised as 3. Read by Shelf.grow."
    assert found[f"{java}.SIZES"].summary == (
        "A constant of Shelf of type int[], set to a list of 10 entries that begins with 11, 12, 13. "
        "Read by its constructor and Shelf.get."
    )
    assert found["cpp:lib.h#Node.kind_"].summary == "A field of Node of type const int. Set by its constructor."
    clear = found["cpp:lib.cc#Node.Clear"]
    assert (clear.summary, clear.facts["visibility"]) == ("Clears it. Called by Node.", ["private"])


def test_what_only_has_the_name_of_a_bases_method_replaces_nothing(tmp_path: Path) -> None:
    found = notes_of(
        {
            "src/lib.rs": "pub trait Table { fn fmt(&mut self); }\npub struct Inline { a: u8 }\n"
            "impl Table for Inline { fn fmt(&mut self) { self.a = 1; } }\n"
            "impl std::fmt::Display for Inline { fn fmt(&self, f: &mut u8) -> u8 { self.a } }\n"
            "pub enum Kind { First, Second }\n#[macro_export]\nmacro_rules! make { () => { Kind::First } }\n"
            "pub fn run() -> Kind { make!() }\n",
            "a.h": "class Base {\n public:\n  virtual ~Base();\n"
            "  Base& operator=(const Base&);\n  virtual int Turn();\n  int Plain();\n};\n"
            "class Heir : public Base {\n public:\n  // Goes over it.\n  class Walker { int at_; };\n  Heir& operator=(const Heir&);\n"
            "  int Turn() { return 1; }\n  int Plain() { return Turn(); }\n};\n",
        },
        tmp_path,
    )
    assert found["rs:src/lib.rs#Inline.fmt"].facts["overrides"] == ["rs:src/lib.rs#Table.fmt"]
    assert "overrides" not in found["rs:src/lib.rs#Inline.fmt@2"].facts
    assert found["rs:src/lib.rs#Kind"].summary == "An enum of the module lib. Variants: First and Second."
    assert found["rs:src/lib.rs#make"].summary.startswith("A macro of the module lib.")
    assert [n for n in ("operator=", "Turn", "Plain") if "overrides" in found[f"cpp:a.h#Heir.{n}"].facts] == ["Turn"]
    assert found["cpp:a.h#Heir.Walker"].summary.startswith("Goes over it.")


def test_a_property_says_what_it_gives_and_which_one_it_implements(tmp_path: Path) -> None:
    text = """interface ISized { int Size { get; } }
class Shelf : ISized {
    int size;
    static readonly int[] Rows = { 1, 2 };
    public int Size => size + Rows.Length;
    public int Most { get; private set; } = 3;
    public Shelf() { size = 1; Most = 4; }
}
"""
    found = notes_of({"Shelf.cs": text}, tmp_path)
    place = "cs:Shelf.cs#Shelf"
    assert found[f"{place}.Size"].summary == (
        "A property of Shelf of type int, which gives size + Rows.Length. Implements ISized.Size."
    )
    assert found[f"{place}.size"].summary == "A field of Shelf of type int. Set by its constructor; read by Shelf.Size."
    assert found[f"{place}.Rows"].summary == "A constant of Shelf of type int[], set to { 1, 2 }. Read by Shelf.Size."
    assert found[f"{place}.Most"].summary == (
        "A property of Shelf of type int, initialised as 3. Set by its constructor."
    )
    assert found[f"{place}.Most"].facts["signature"] == ["int Most { get; private set; }"]


def test_what_a_go_package_offers_is_called_by_its_name(tmp_path: Path) -> None:
    text = 'package cli\n\nimport (\n\t"strings"\n\tflag "github.com/spf13/pflag/v2"\n)\n\n'
    text += "func has(s string) bool { flag.Parse(); print(s); return strings.Contains(s, s) }\n"
    found = notes_of({"go.mod": "module cli\n", "a.go": text}, tmp_path)
    assert found["go:a.go#has"].summary == (
        "A function of the module a that takes s and returns bool. Calls pflag.Parse and strings.Contains."
    )
