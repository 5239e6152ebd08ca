"""Tracebacks of many languages, read into frames."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import expert, index, write

from inference.logs import parse
from inference.traces import matches_template

PYTHON = """Traceback (most recent call last):
  File "/a/shop/main.py", line 3, in main
    run()
    ^^^^^
  File "/a/shop/core.py", line 9, in run
    raise KeyError(1)
KeyError: 1

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/a/shop/main.py", line 5, in main
    stop()
shop.errors.Stopped: all is over
"""
JAVA = """Exception in thread "main" java.lang.IllegalStateException: no basket
\tat org.shop.Basket.add(Basket.java:12)
\tat org.shop.Main.main(Main.java:4)
Caused by: org.shop.Missing: gone
\tat org.shop.Store.get(Store.java:7)
"""
NODE = """TypeError: x is not a function
    at Basket.add (/app/web/basket.ts:12:9)
    at Object.<anonymous> (/app/web/page.ts:3:1)
"""
GO = "panic: boom\n\ngoroutine 1 [running]:\nmain.run(0x1)\n\t/app/run.go:7 +0x1\nmain.main()\n\t/app/main.go:3 +0x2\n"
NET = """Unhandled exception. System.InvalidOperationException: no basket
   at Shop.Basket.Add(String name, Int32 count) in /app/Shop/Basket.cs:line 12
   at Shop.Program.Main(String[] args) in /app/Shop/Program.cs:line 4
"""
BACKTRACE = """thread 'main' panicked at src/basket.rs:12:5:
no basket
stack backtrace:
   0: rust_begin_unwind
             at /build/library/std/src/panicking.rs:652:5
   2: shop::basket::add
             at ./src/basket.rs:12:5
   3: shop::main
             at ./src/main.rs:4:5
"""
SANITIZER = """==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x602 at pc 0x1
    #0 0x4f1 in shop::Basket::add(int) /src/shop/basket.cpp:12:3
    #1 0x4f2 in main /src/shop/main.cpp:4:3
"""


@pytest.mark.parametrize(
    ("log", "last", "error"),
    [
        (PYTHON, ("/a/shop/main.py", 5, "main"), "shop.errors.Stopped"),
        (JAVA, ("Basket.java", 12, "org.shop.Basket.add"), "org.shop.Missing"),
        (NODE, ("/app/web/basket.ts", 12, "Basket.add"), "TypeError"),
        (GO, ("/app/run.go", 7, "main.run"), "panic"),
        (NET, ("/app/Shop/Basket.cs", 12, "Shop.Basket.Add"), "System.InvalidOperationException"),
        (BACKTRACE, ("./src/basket.rs", 12, "shop::basket::add"), "panic"),
        (SANITIZER, ("/src/shop/basket.cpp", 12, "shop::Basket::add"), ""),
        (
            "$AsyncError: wait for it\n    at add (/app/web/basket.js:12:9)\n",
            ("/app/web/basket.js", 12, "add"),
            "$AsyncError",
        ),
        ("E   ValueError: bad size\nshop/core.py:9: ValueError\n", ("shop/core.py", 9, ""), "ValueError"),
    ],
)
def test_frames_and_error_are_read(log: str, last: tuple[str, int, str], error: str) -> None:
    trace = parse(log)
    assert trace is not None
    frames = [(f.path, f.line, f.name) for f in trace.frames]
    assert last in frames
    assert trace.error == error


@pytest.mark.parametrize("log", [JAVA, NODE, GO, NET, BACKTRACE, SANITIZER])
def test_the_outermost_frame_comes_first(log: str) -> None:
    trace = parse(log)
    assert trace is not None
    assert trace.frames[0].line in (3, 4, 7)


def test_an_error_line_alone_is_a_trace_and_prose_is_none() -> None:
    trace = parse("ValueError: bad size")
    assert trace is not None
    assert (trace.error, trace.message, trace.frames) == ("ValueError", "bad size", ())
    assert parse("What does ValueError mean here?") is None
    assert parse("Note: this is prose") is None
    assert parse("Stopped: all is over", lambda name: name == "Stopped") is not None


@pytest.mark.parametrize(
    ("template", "message", "fits"),
    [
        ("no product called {name!r}", "no product called 'tea'", True),
        ("{amount} is above the limit of {LIMIT}", "12 is above the limit of 10", True),
        ("{amount} is above the limit of {LIMIT}", "12 is below the limit", False),
        ("{amount} is far above the lim…", "12 is far above the limit of 10", True),
        ("{}", "anything", False),
        ("{name}: {why}", "a: b", False),
    ],
)
def test_a_message_fits_its_template(template: str, message: str, fits: bool) -> None:
    assert matches_template(template, message) is fits


@pytest.mark.parametrize(
    "text",
    [
        "UsageError: which functions raise this and what should I check?",
        "ConnectionError: how do I fix it?",
        "ValueError: what raises it?",
    ],
)
def test_a_question_about_an_error_is_no_log(text: str) -> None:
    assert parse(text) is None


def test_a_message_that_ends_in_a_question_is_a_log() -> None:
    trace = parse(
        "MissingSchema: Invalid URL 'foo': No scheme supplied. Perhaps you meant https://foo?", lambda name: True
    )
    assert trace is not None
    assert trace.error == "MissingSchema"


@pytest.mark.parametrize(
    ("log", "error", "message"),
    [
        (GO, "panic", "boom"),
        (
            "terminate called after throwing an instance of 'shop::Gone'\n  what():  no basket\nAborted\n",
            "shop::Gone",
            "no basket",
        ),
        ("terminate called after throwing an instance of 'int'\n", "int", ""),
        ("thread 'main' panicked at src/main.rs:2:5:\nno basket\nnote: more\n", "panic", "no basket"),
        ("thread 'main' panicked at 'no basket', src/main.rs:2:5\n", "panic", "no basket"),
    ],
)
def test_a_program_that_dies_says_why(log: str, error: str, message: str) -> None:
    trace = parse(log)
    assert trace is not None
    assert (trace.error, trace.message) == (error, message)


def test_go_frames_are_read_with_spaces_for_tabs() -> None:
    trace = parse(GO.replace("\t", "    "))
    assert trace is not None
    assert [frame.name for frame in trace.frames] == ["main.main", "main.run"]


def test_constructors_are_found_by_the_words_that_runtimes_have_for_them(tmp_path: Path) -> None:
    code = """class Basket {
    int size() { return 0; }

    void check(int n) {
        if (n < 0) { throw new IllegalArgumentException("count below zero"); }
        if (n > 9) { throw new IllegalArgumentException("the basket is full: " + n); }
    }

    Basket(int n) { check(n); }
}
"""
    log = """java.lang.IllegalArgumentException: the basket was full of 12
\tat Basket.check(Basket.java:106)
\tat Basket.<init>(Basket.java:2)
"""
    with expert(index(write({"Basket.java": code}, tmp_path / "code"), tmp_path / "brain")) as asked:
        told = asked.ask(log).text
    assert "- Basket.Basket" in told
    assert "Basket.size" not in told
    assert told.index("n > 9") < told.index("n < 0")
