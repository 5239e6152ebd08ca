"""How something is done, said by the name of what does it; and what an answer keeps silent about when it cannot know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asking import expert, index, write

from inference.answer import Expert

FILES = {
    "jobs/scheduler.py": '''"""Runs jobs."""


class Scheduler:
    """Keeps jobs and runs them when they are due."""

    def start(self, paused=False):
        """Begin to run jobs.

        :param paused: if True, no job is run until resume is called
        """
        self.paused = paused

    def pause_job(self, job_id):
        """Keep one job from running until it is resumed."""
        return job_id

    def add_job(self, function, every):
        """Run a function many times."""
        return function, every


class Store:
    def add_job(self, job):
        self.jobs.append(job)


class Hooks:
    """What is called before a job runs."""

    def __init__(self, hook):
        self.hook = hook

    def call_hook(self, job):
        return self.hook(job)

    def run(self, job):
        return self.call_hook(job)

    def name(self):
        return "hooks"
''',
    "jobs/chain.py": "".join(f"def link{n}():\n    link{n + 1}()\n\n\n" for n in range(230))
    + "def link230():\n    pass\n",
    "README.md": "# Jobs\\n\\nRuns jobs, again and again.\\n",
}


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("jobs")
    repo = write(FILES, folder / "jobs")
    with expert(index(repo, folder / "brain"), repo) as found:
        yield found


@pytest.mark.parametrize(
    ("question", "lead"),
    [
        ("How do I pause a job?", "Scheduler.pause_job, a method"),
        ("How do I add a job that runs every five times?", "Scheduler.add_job, a method"),
    ],
)
def test_a_function_named_as_the_question_says_it_leads(jobs: Expert, question: str, lead: str) -> None:
    assert jobs.ask(question).text.startswith(lead)


def test_no_error_is_claimed_absent_behind_a_call_that_leads_anywhere(jobs: Expert) -> None:
    answer = jobs.ask("Which errors can Hooks.run raise?").text
    assert answer.startswith("As far as is known Hooks.run raises nothing")
    assert "self.hook" in answer
    assert "Hooks.call_hook calls" in answer


def test_where_every_call_is_known_no_error_means_none(jobs: Expert) -> None:
    assert jobs.ask("Which errors can Hooks.name raise?").text.startswith("None found: Hooks.name raises nothing")


def test_no_error_is_claimed_absent_beyond_what_was_looked_at(jobs: Expert) -> None:
    assert jobs.ask("Which errors can link0 raise?").text.startswith("As far as is known link0 raises nothing")
    assert jobs.ask("Which errors can link100 raise?").text.startswith("None found: link100 raises nothing")
