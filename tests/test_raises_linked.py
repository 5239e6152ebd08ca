"""What a raise throws, from source: a function that builds an error is no error, and library errors have their ancestors."""

from __future__ import annotations

from pathlib import Path

import pytest

from extractor.error_classes import STANDARD
from extractor.languages import BY_NAME
from extractor.parse import parse_file
from extractor.raises import throws
from extractor.resolve import link

BUILDERS = """
class Bad(Exception): ...
class Worse(Bad): ...

def make_error(code):
    if code:
        return Bad(code)
    return Worse()

def plain():
    return ValueError("deep")

def unknown(thing):
    return thing.error()

class Parser:
    def _unreachable(self):
        return Worse("x")
    def method(self):
        raise self._unreachable()
    def function(self, code):
        raise make_error(code)
    def held(self):
        error = make_error(1)
        raise error
    def builtin(self):
        raise plain() from None
    def caught(self):
        try:
            self.method()
        except Bad:
            pass
    def lost(self):
        raise unknown(3)
    def forgotten(self):
        raise make_error
    def outside(self):
        import requests, socket
        if self:
            raise requests.make_error()
        raise socket.timeout("slow")
    def itself(self):
        raise socket
"""
CPP = """
#include <stdexcept>
struct Own : public std::overflow_error { Own() : std::overflow_error("o") {} };
void raises() { throw std::runtime_error("x"); }
void own() { throw Own(); }
void files() { throw std::filesystem::filesystem_error("x"); }
void all() { try { raises(); own(); files(); } catch (const std::exception& e) { } }
void some() { try { raises(); own(); files(); } catch (const std::logic_error& e) { } }
"""
JAVA = """
package p;
import java.io.*;
import java.net.UnknownHostException;
import java.util.InputMismatchException;
class A {
  void host() throws UnknownHostException { throw new UnknownHostException(); }
  void input() { throw new InputMismatchException("x"); }
  void unchecked() { throw new UncheckedIOException(null); }
  void stopped() { try { host(); } catch (IOException e) { } try { input(); } catch (RuntimeException e) { } }
  void passed() { try { unchecked(); } catch (IOException e) { } }
}
"""
TYPESCRIPT = """
class Bad extends Error {}
function make(): Bad { return new Bad(); }
export function call() { throw make(); }
export function name() { throw make; }
"""


def thrown(path: str, lang: str, source: str) -> tuple[set[tuple[str, str]], dict[str, str]]:
    """({(function, error)}, {function: reason}) of edges and unresolved rows."""
    files = [parse_file(path, source.encode(), BY_NAME[lang])]
    found = throws(files, link(files, {}))
    edges = {(e.src.partition("#")[2], e.dst.partition("#")[2] or e.dst) for e in found.edges}
    assert {u.kind for u in found.unresolved} <= {"throws"}
    return edges, {u.src.partition("#")[2]: u.reason for u in found.unresolved}


def test_a_function_that_builds_an_error_throws_what_it_returns() -> None:
    edges, unresolved = thrown("m.py", "python", BUILDERS)
    assert edges == {
        ("Parser.method", "Worse"),
        ("Parser.function", "Bad"),
        ("Parser.function", "Worse"),
        ("Parser.held", "Bad"),
        ("Parser.builtin", "ValueError"),
        ("Parser.outside", "timeout"),
    }
    names = ("lost", "forgotten", "outside", "itself")
    assert unresolved == {f"Parser.{name}": "dynamic" for name in names}


def test_documentation_names_errors_by_module_and_not_by_a_local_of_that_name() -> None:
    sources = {
        "shop/errors.py": "class Sold(Exception): ...\n",
        "shop/sale.py": 'def sell(item):\n    """Sell it.\n\n    Raises:\n        shop.errors.Sold: It is gone.\n'
        '        KeyError: No such thing.\n    """\n    shop = item.__dict__\n    return shop\n',
    }
    files = [parse_file(path, text.encode(), BY_NAME["python"]) for path, text in sources.items()]
    edges = throws(files, link(files, {})).edges
    assert {e.dst for e in edges} == {"py:shop/errors.py#Sold", "ext:builtins#KeyError"}


SWITCHED = """
def current(silent=False):
    if not silent:
        raise RuntimeError("none")

def other(silent=False):
    if not silent:
        raise RuntimeError("none")
    current()

def quiet(): return current(silent=True)
def loud(): return current(silent=False)
def left(): return current()
def asked(silent): return current(silent=silent)
def both(): return current(silent=True), current(silent=False)
def besides(): return other(silent=True)

class Door:
    def open(self, hard=False, *, key=None):
        if hard:
            raise RuntimeError("hard")
        return key

def opens(door: Door): return door.open()
def opens_all(doors: list[Door]): return [door.open(key=1) for door in doors], [door.open() for door in doors]
def forces(door: Door): return door.open(True)
def passes_on(door: Door, *given): return door.open(*given)
"""


def test_a_call_that_switches_an_error_off_does_not_raise_it() -> None:
    edges, _ = thrown("m.py", "python", SWITCHED)
    raisers = {function.rpartition(".")[2] for function, error in edges if error == "RuntimeError"}
    assert raisers == {
        "current",
        "other",
        "loud",
        "left",
        "asked",
        "both",
        "besides",
        "open",
        "opens_all",
        "forces",
        "passes_on",
    }


def test_a_function_of_typescript_throws_what_it_returns() -> None:
    assert thrown("m.ts", "typescript", TYPESCRIPT) == ({("call", "Bad")}, {"name": "dynamic"})


CATCHES = """
class A extends Error {} class B extends Error {}
function both(x) { if (x) throw new A("a"); throw new B("b"); }
function onlyA(x) { try { both(x); } catch (e) { if (e instanceof A) return 1; throw e; } }
function notA(x) { try { both(x); } catch (e) { if (!(e instanceof A)) throw e; return 1; } }
function allButA(x) { try { both(x); } catch (e) { if (e instanceof A) throw e; return 1; } }
function chosen(x) { try { both(x); } catch (e) { if (e instanceof A) { return 1; } else { throw e; } } }
function nothing(x) { try { both(x); } catch { return 1; } }
function again(x) { try { both(x); } catch (e) { log(e); throw e; } }
function later() { return () => { throw new A("later"); }; }
function rejected() { return new Promise((resolve, reject) => reject(new A("gone"))); }
"""


def test_a_function_that_inherits_is_an_error_of_the_old_kind() -> None:
    source = (
        "function Refused(text) { this.text = text; }\n"
        "Refused.prototype = Object.create(Error.prototype);\n"
        "Refused.from = (cause) => { const made = new Refused(cause); return made; };\n"
        "function Helper() {}\n"
        "function open(door) { if (!door) throw new Refused('no door'); }\n"
        "function pass(error) { throw Refused.from(error); }\n"
        "function enter(door) { open(door); }\n"
        "function other() { throw Helper; }\n"
    )
    edges, unresolved = thrown("a.js", "javascript", source)
    assert edges == {("open", "Refused"), ("pass", "Refused"), ("enter", "Refused")}
    assert unresolved == {"other": "dynamic"}


def test_a_catch_block_handles_what_it_asks_for() -> None:
    found, _ = thrown("a.js", "typescript", CATCHES)
    errors: dict[str, set[str]] = {}
    for function, error in found:
        errors.setdefault(function, set()).add(error)
    assert errors == {
        "both": {"A", "B"},
        "onlyA": {"B"},
        "notA": {"B"},
        "allButA": {"A"},
        "chosen": {"B"},
        "again": {"A", "B"},
        "rejected": {"A"},
    }


def test_what_a_supplier_makes_is_thrown_and_what_a_lambda_throws_is_not() -> None:
    source = """class Gone extends RuntimeException { Gone() { } Gone(String s) { super(s); } }
    class A {
      Object made(java.util.Optional<Object> o) { return o.orElseThrow(() -> new Gone("no")); }
      Object named(java.util.Optional<Object> o) { return o.orElseThrow(Gone::new); }
      Runnable later() { return () -> { throw new Gone(); }; }
    }"""
    found, _ = thrown("A.java", "java", source)
    assert found == {("A.made", "Gone"), ("A.named", "Gone")}


def test_the_standard_exception_of_cpp_catches_its_descendants() -> None:
    edges, _ = thrown("m.cpp", "cpp", CPP)
    assert {error for function, error in edges if function == "all"} == set()
    assert {error for function, error in edges if function == "some"} == {
        "runtime_error",
        "Own",
        "filesystem.filesystem_error",
    }


def test_library_errors_of_java_are_caught_by_their_ancestors() -> None:
    edges, _ = thrown("A.java", "java", JAVA)
    assert {error for function, error in edges if function == "A.stopped"} == set()
    assert {error for function, error in edges if function == "A.passed"} == {"UncheckedIOException"}


@pytest.mark.parametrize("root", ["ext:builtins#BaseException", "ext:java.lang#Throwable", "ext:std#exception"])
def test_every_library_error_descends_from_a_root(root: str) -> None:
    assert STANDARD[root] == ()
    for error, above in STANDARD.items():
        seen = {error}
        while above:
            assert above[0] in STANDARD, error
            assert above[0] not in seen, error
            seen.add(above[0])
            above = STANDARD[above[0]]


def test_the_hierarchy_of_python_is_the_interpreters_own() -> None:
    import builtins

    for error, above in STANDARD.items():
        package, _, name = error.removeprefix("ext:").partition("#")
        kind = getattr(builtins, name, None) if package == "builtins" else None
        if kind is not None and above:
            parent = getattr(builtins, above[0].partition("#")[2])
            assert issubclass(kind, parent), error


def test_every_labelled_function_raises_what_it_says_and_nothing_else() -> None:
    texts = {p.name: p.read_text() for p in sorted((Path(__file__).parent / "fixtures" / "py_throws").glob("*.py"))}
    facts = [parse_file(name, text.encode(), BY_NAME["python"]) for name, text in texts.items()]
    found: dict[str, set[str]] = {}
    for edge in throws(facts, link(facts, {})).edges:
        found.setdefault(edge.src, set()).add(edge.dst.rpartition("#")[2])
    labelled = dict.fromkeys(texts, 0)
    for one in facts:
        lines = texts[one.path].splitlines()
        for definition in one.defs:
            label = next((s for s in lines[definition.start_line - 1 :] if "def " in s), "").partition("# raises:")
            if definition.kind in ("function", "method") and label[1]:
                labelled[one.path] += 1
                node = f"py:{one.path}#{definition.qualname}"
                assert found.get(node, set()) == set(label[2].split()), node
    assert labelled["errors.py"] > 40
    assert labelled["travel.py"] > 20


def test_each_line_raises_its_own_of_the_errors_that_one_function_makes() -> None:
    source = """
class Early(Exception): pass
class Late(Exception): pass
def failure(kind, *args):
    return kind(*args)
def make(kind):
    return failure(kind, 1)
def act(when):
    if when:
        raise make(Early)
    raise make(Late)
"""
    facts = [parse_file("m.py", source.encode(), BY_NAME["python"])]
    found = [(e.line, e.dst) for e in throws(facts, link(facts, {})).edges]
    assert sorted(found) == [(10, "py:m.py#Early"), (11, "py:m.py#Late")]
