"""Repository text: made safe, read as sentences, refused when it is filler."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.markup import code_blocks, prose
from brain.text import (
    BANNED,
    VERBATIM,
    banned,
    clean,
    first_sentence,
    longest_run,
    paragraph,
    sentences,
    split_identifier,
    tokens,
    when,
)


@pytest.mark.parametrize(
    ("doc", "sentence"),
    [
        ("Read a file.\n\nMore text.", "Read a file."),
        ('Return pairs from "a=1,b=2,.."', 'Return pairs from "a=1,b=2,.."'),
        ('Prints "done." Then stops.', 'Prints "done."'),
        ("Says so (it works.) and leaves. Bye.", "Says so (it works.) and leaves."),
        ("Types of an `Input<any>[]`.\nIf not.", "Types of an Input<any>[]."),
        ("Send a :class:`~requests.PreparedRequest` and wait.", "Send a PreparedRequest and wait."),
        ("Return ``x`` or :py:meth:`the result <pkg.Thing.get>`.", "Return x or the result."),
        ("Uses a cache, e.g. Redis, if there is one. Then stops.", "Uses a cache, e.g. Redis, if there is one."),
        ("The class that a new expression names.", "The class that a new expression names."),
        ("This function opens the file.", "Opens the file."),
        ("Parse version 1.2.3 of the header. It is old.", "Parse version 1.2.3 of the header."),
        ("requests.api\n~~~~~~~~~~~~\n\nImplements the public calls.", "Implements the public calls."),
        ("Heading\n=======\nReal text of the module.", "Real text of the module."),
        ("/**\n * Adds {@link Cart#lines the lines}.\n * @param x the x\n */", "Adds Cart.lines the lines."),
        ("/// Counts <b>all</b> items &amp; more.", "Counts all items & more."),
        ("@brief Opens the device.\n@param name which", "Opens the device."),
        ("opens the door", "Opens the door."),
        ("numpy_array goes in, numbers come out", "numpy_array goes in, numbers come out."),
        ("This function parses the header.", "Parses the header."),
        ("Parses it (see RFC 2616 (section 4) for the rules).", "Parses it (see RFC 2616 (section 4) for the rules)."),
        ("Close it! And go home.", "Close it!"),
        ("See also `box.put`. Puts it back.", "Puts it back."),
        ("This class is to make work with options easier.", "Make work with options easier."),
        ("To put it back, use the\n:py:meth:`Box.put` shortcut.", "To put it back, use the Box.put shortcut."),
        ("Internal method. Drops what stands twice.", "Drops what stands twice."),
        ("Standard Get... routines parse a value.", "Standard Get... routines parse a value."),
        ("Codes:\n- one\n- two", ""),
        ("Starts the flusher\nWarning: only if all loggers are thread safe!", "Starts the flusher."),
        ("返回用户的名称。然后结束。", "返回用户的名称。"),
    ],
)
def test_first_sentence_is_what_a_reader_would_take(doc: str, sentence: str) -> None:
    assert first_sentence(doc) == sentence


@pytest.mark.parametrize(
    ("doc", "shown"),
    [
        ("add(a, b=(1, 2),\n    c=3) -> int\n\nAdds numbers.", "Adds numbers."),
        (
            "Runs on an asyncio (:pep:`3156`) loop, as :rfc:`2616 <2616>` says.",
            "Runs on an asyncio (PEP 3156) loop, as RFC 2616 says.",
        ),
        ("*acme* is *the* **`shop`** of ***all***.", "acme is the shop of all."),
        (r"Holds `Record`\s, `Thing`\ s, \*args and re\ *do*.", "Holds Records, Things, *args and redo."),
        (r"Takes ``*args`` and *args, **kwargs as `a\*b`.", r"Takes *args and *args, **kwargs as a\*b."),
        ("{class}`~a.B`, {py:func}`f`, :func:`g`, `text <target>`_ [1]_.", "B, f, g, text."),
        ("Calls __init__ and _missing_, _then so_ and __Stop__.", "Calls __init__ and _missing_, then so and Stop."),
        ("[![ok](a.svg)](b) ![x][y] See [*it*](u/F_(b) 'T'), [`n`][r][^1], a[0][1].", "See it, n, a[0][1]."),
        (
            "Reads ``<!-- x -->`` and `<div>`, <em>not</em> <!-- so\nlong --> more.",
            "Reads <!-- x --> and <div>, not more.",
        ),
        ("Both ``:func:`f` `` and `` ` `` stay.", "Both f and ` stay."),
        (
            "A `Field <shop.fields.Field>` of `get <key>`, see logfmt_ (\\#4).\n\n.. _logfmt: u",
            "A Field of get <key>, see logfmt (#4).",
        ),
        ("# Title\n\n<!-- a\n\nb -->\nText of it.", "Text of it."),
        ("# one comment\n# in two lines", "one comment in two lines"),
        (".. module:: x\n   :platform: y\n\nText of it.", "Text of it."),
        (":::{note}\nAside.\n:::\nText of it.", "Text of it."),
        ("```{include} a.md\n:start: b\n```\n\nText of it.", "Text of it."),
        ("> [!NOTE]\n> Aside.\n\nText of it.", "Text of it."),
        ("!!! note\n    Aside.\n\nText of it.", "Text of it."),
        ("| a | b |\n|---|---|\n| c | d |", ""),
        ("/**\n *Adds *x* to it.\n */", "Adds x to it."),
        ("{{{ Overrides.\n{{{ home() method\n\nGoes home.", "Goes home."),
        ("#region Things\nText of it.", "Text of it."),
        ("{{{ Instance variables", ""),
    ],
)
def test_a_paragraph_is_shown_without_its_markup(doc: str, shown: str) -> None:
    assert paragraph(doc) == shown


@pytest.mark.parametrize(
    "doc",
    [
        "",
        ">>> f(1)\n2",
        ":param x: the x",
        f"Has the following behaviour:\n- one - {'and more ' * 20}",
        "Copyright 2020 Somebody. All rights reserved.",
        "SPDX-License-Identifier: MIT",
        "The following options are known:",
        "Handles various things.",
        "https://example.org/issues/1257",
        "See QueryIntText()",
        "Internal method.",
        "For https://example.org/issues/13",
        "Provides functionality for carts.",
        "Args:\n    x: the x",
    ],
)
def test_what_says_nothing_gives_no_sentence(doc: str) -> None:
    assert first_sentence(doc) == ""


def test_a_long_sentence_loses_its_aside_and_is_never_cut_inside() -> None:
    doc = (
        "Open the file named by the first argument of the command (or standard input when that argument is a dash,"
        " which is what most shells do); closed at exit."
    )
    assert first_sentence(doc) == "Open the file named by the first argument of the command; closed at exit."
    endless = "word " * 40 + "end."
    assert first_sentence(endless) == ""


def test_terminal_bidi_and_control_characters_are_removed() -> None:
    hostile = "\x1b[31mred\x1b[0m \u202etxt.exe\u202c a\u200bb \x07bell \x1b]0;title\x07end\ufeff"
    assert clean(hostile) == "red txt.exe ab bell end"


@settings(deadline=None)
@given(st.text())
def test_clean_leaves_nothing_unseen_and_first_sentence_never_fails(text: str) -> None:
    shown = clean(text)
    assert not any(ord(c) < 32 and c != "\n" for c in shown)
    sentence = first_sentence(text)
    assert len(tokens(sentence)) <= VERBATIM + 1  # the closing full stop may be ours
    assert not banned(sentence)


@pytest.mark.parametrize(
    "note",
    [
        "eslint no-console: 0, prefer-spread: 0",
        "istanbul ignore next",
        "global require, module",
        "pylint: disable=all",
        "TODO: make it faster",
    ],
)
def test_what_is_said_to_a_linter_is_not_said_to_people(note: str) -> None:
    assert first_sentence(note) == paragraph(note) == ""
    assert paragraph(f"{note}\n\nRings the bell.") == "Rings the bell."


def test_abbreviations_and_open_brackets_do_not_end_a_sentence() -> None:
    assert sentences("See Dr. Who (it is long. very) now. Then rest") == [
        "See Dr. Who (it is long. very) now.",
        "Then rest",
    ]


def test_identifiers_split_at_case_digits_and_underscores() -> None:
    assert split_identifier("HTTPServerConfig") == ("http", "server", "config")
    assert split_identifier("parse_header2") == ("parse", "header", "2")
    assert split_identifier("__init__") == ("init",)


def test_every_banned_phrase_is_found_whatever_its_case() -> None:
    for phrase in BANNED:
        assert banned(f"It {phrase.upper()} so") == phrase
    assert not banned("A simplystated variousness")
    assert not banned("It is robustly typed")


def test_longest_run_counts_consecutive_tokens() -> None:
    assert longest_run("a b c x", "z a b c d") == 3
    assert longest_run("a a a", "a a") == 2
    assert longest_run("", "a") == 0


def test_angle_brackets_in_code_are_no_link() -> None:
    assert first_sentence("Either `<host>` or `<host>:<port>` as bytes.") == "Either <host> or <host>:<port> as bytes."
    assert first_sentence("A `List<String>` of all names.") == "A List<String> of all names."
    assert first_sentence("See `the docs <http://example.org>`_ for more.") == "See the docs for more."


def test_prose_is_a_document_without_code_and_comments_line_for_line() -> None:
    text = "A\n~~~~\n<!-- b\n\nc -->\n```py\nd\n\ne\n```\n```{note}\nF\n```\n\n~~~\ng\n~~~\nH\n```\ni"
    shown = prose(text)
    assert shown.split() == ["A", "~~~~", "F", "H"]
    assert shown.count("\n") == text.count("\n")
    assert shown.split("\n").index("H") == text.split("\n").index("H")


@pytest.mark.parametrize("mark", ["*a ", "_a. ", "[a](", "<!--", "``a ", "b:a:", "<a ", "`a <"])
def test_marks_that_never_close_cost_no_more_than_their_length(mark: str) -> None:
    started = time.process_time()
    assert paragraph(mark * 10_000)
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        ("", ""),
        ("True", ""),
        ("self._closed", " when self._closed is set"),
        ("node->next", " when node->next is set"),
        ("self.empty()", " when self.empty() is true"),
        ("a.get(f()).go()", " when a.get(f()).go() is true"),
        ("not self._closed", " when not self._closed"),
        ("size <  0", " when size < 0"),
        ("(a or b)", " when (a or b)"),
        ("f(x) and g(x)", " when f(x) and g(x)"),
        (" and ".join("abcdefgh"), ""),
    ],
)
def test_a_condition_reads_as_one(guard: str, said: str) -> None:
    assert when(guard) == said


def test_a_heading_over_an_example_opens_no_paragraph() -> None:
    assert first_sentence("# Examples\n\n```\nuse indexmap::IndexSet;\n```") == ""
    assert first_sentence("# The set\n\nKeeps its order.") == "Keeps its order."
    assert first_sentence("GetBuffer Method\n\nFills a view of the object.") == "Fills a view of the object."
    assert first_sentence("\\rst\nVisits an argument.\n\\endrst") == "Visits an argument."


@pytest.mark.parametrize(
    ("text", "code", "lang"),
    [
        ("Text.\n\n```python\nrun()\n```\nMore.", "run()", "python"),
        ("~~~\nrun()\n~~~", "run()", ""),
        ("Like this::\n\n    run()\n\n    stop()\n\nMore.", "    run()\n\n    stop()", ""),
        (".. code-block:: Python\n   :caption: It\n\n   run()\n", "   run()", "python"),
        (".. testcode::\n\n   run()\nMore.", "   run()", ""),
        (".. note::\n\n   No code.\n", None, ""),
        ("```\n```", None, ""),
    ],
)
def test_code_in_a_document_is_found_whatever_marks_it(text: str, code: str | None, lang: str) -> None:
    lines = text.split("\n")
    found = [("\n".join(lines[b.first : b.end]), b.lang) for b in code_blocks(lines)]
    assert found == ([] if code is None else [(code, lang)])
