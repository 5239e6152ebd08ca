"""What leads the answer to a how-to question: what is called so and documented, before what only mentions it or does the opposite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asking import expert, index, write

from extractor.schema import Node
from inference.answer import Answer, Expert
from inference.finds import is_given_up, is_whole_option
from inference.passages import passage
from inference.verbs import opposed, titled

FILES = {
    "README.md": "# Later\n\nWork that is done later.\n",
    "docs/guide.md": """# Guide

## Setting things up

Pick a store; the second kind adds support for the priority of a task.

## Task priority

A task can be given a priority, so that it is done first.

## Locking tasks

A lock keeps a task from being done twice at once.

## Storage

Work is kept in Redis, or in memory.

## Kinds of work

Work is what takes long: send_mail, make_thumbnail and check_spam are kinds of it.

## Testing with a running worker

Start the worker, then test a task against it.

## Immediate mode

To test a task, have it done at once: this mode needs nothing beside it.

## Related

- alpha: sends letters by post
- beta: redacts the secret fields
- gamma: rotates the old files
- delta: colours for terminals
- epsilon: compat for old times
""",
    "later.py": '''
"""Work that is done later."""

try:
    from redis import Redis
except ImportError:
    Redis = None


class Store:
    """Keeps work until it is done."""

    def flush_schedule(self) -> None:
        """Delete all scheduled tasks."""

    def scheduled(self) -> list[str]:
        """The tasks that are scheduled, in order, as a list."""
        return []


class Queue:
    """Hands out work."""

    def lock_task(self, name: str) -> None:
        self.locked = name

    def halt(self, limit: int) -> None:
        if not self.locked:
            raise RuntimeError("work cannot stop after seconds that nobody has set")


class Lost(Exception):
    """Work that nobody has seen again."""


def last_error(work: str) -> Exception:
    """The last exception of some work."""
    raise Lost(work)


class Worker:
    """Does the work.

    :ivar version: the version that it tells others
    """

    #: The version that a worker tells others.
    version: str = ""

    def set_version_format(self, text: str) -> None:
        """Set how the version of a worker is written."""

    def close_pipe(self) -> None:
        """Close the pipe of a worker. Deprecated, it closes by itself."""
''',
}


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("later")
    with expert(index(write(FILES, folder / "later"), folder / "brain")) as opened:
        yield opened


def lead(answer: Answer) -> str:
    return answer.text.split(":")[0]


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("can I set the priority of a task?", "Task priority"),  # called so, before what mentions it
        ("How do I lock a task?", "Locking tasks"),  # documented, before a name alone
    ],
)
def test_a_section_that_is_called_so_leads(later: Expert, question: str, section: str) -> None:
    assert lead(later.ask(question)) == f"docs/guide.md, “{section}”"


@pytest.mark.parametrize(
    ("question", "wrong"),
    [
        ("How do I list scheduled tasks?", "flush_schedule"),  # which deletes them
        ("How do I test a task without a worker?", "Testing with a running worker"),
        ("How do I send mail?", "Kinds of work"),  # where a name is given, and nothing sent
        ("Can I set a version for a worker?", "set_version_format"),  # which sets more than a version
    ],
)
def test_what_does_something_else_does_not_lead(later: Expert, question: str, wrong: str) -> None:
    assert wrong not in lead(later.ask(question))


def test_what_goes_wrong_is_no_way_to_do_it(later: Expert) -> None:
    assert not later.ask("How do I stop work after ten seconds?").text.startswith("RuntimeError")


def test_what_is_wanted_instead_is_what_a_question_is_about(later: Expert) -> None:
    answer = later.ask("How do I get the last exception instead of Lost?")
    assert lead(answer).startswith("last_error")
    assert "Lost is" not in answer.text


def test_of_a_long_list_only_the_item_that_speaks_of_it_is_read() -> None:
    said = passage(FILES["docs/guide.md"].split("## Related")[1], "how do I rotate the old files")
    assert said == "gamma: rotates the old files"


@pytest.mark.parametrize(
    ("name", "asked", "is_opposite"),
    [
        ("disable_request_log", "how do I log each request", True),
        ("ignore_case", "how do I ignore case", False),
        ("Don't log", "how do I log each request", True),
        ("no_color", "how do I turn colors off", False),
        ("notify_all", "how do I notify everybody", False),
    ],
)
def test_a_name_that_says_no_is_no_answer_to_how(name: str, asked: str, is_opposite: bool) -> None:
    assert opposed(name, asked) is is_opposite
    assert (titled(0.5, name, "log", asked) < 0.5) is is_opposite


def test_what_is_given_up_is_no_way_to_do_it() -> None:
    def node(doc: str) -> Node:
        return Node("py:a.py#A.f", "method", "f", "a.py", "python", {"doc": doc})

    assert is_given_up(node("Close the pipe. Deprecated, it closes by itself."))
    assert is_given_up(node("Only worked for one shell. It has therefore been disabled."))
    assert not is_given_up(node("Close what has been opened."))


def test_a_field_called_exactly_so_is_what_one_sets() -> None:
    version = Node("py:a.py#Worker.version", "variable", "version", "a.py", "python", {"doc": "The version it tells."})
    assert is_whole_option(version, "can I set a version for a worker")
    assert not is_whole_option(version, "can I set a version and a name for a worker")
    assert not is_whole_option(version, "how do I print the version of a worker")


def test_a_word_of_the_language_is_no_slip_of_another(later: Expert) -> None:
    assert later.retriever is not None
    assert later.retriever.frequency("compat")
    assert later.retriever.as_spelt_here("can I compare two tasks") == "can I compare two tasks"
    assert later.retriever.as_spelt_here("can I schedlue tasks") == "can I schedul tasks"


def test_a_variable_that_bears_a_name_is_not_what_a_question_how_is_about(later: Expert) -> None:
    assert later.ask("What is Redis?").text.startswith("Redis is a module-level variable")
    asked = later.ask("How do I keep work in Redis?")
    assert not asked.text.startswith("Redis")
    assert "“Storage” in docs/guide.md" in asked.text
