"""Conversations, so that "who calls it?" can follow "what does Session.send do?". One SQLite file in the user's state folder.

A turn keeps the question, the answer, and what they were about; carrying that over needs no model. Turns form a chain by
content hash (`parent`), so a conversation can later be edited or branched without losing what was said.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import StorageError
from config.manifest import digest

if TYPE_CHECKING:
    from inference.answer import Answer
    from inference.reading import Ask

_TABLES = """
    CREATE TABLE IF NOT EXISTS turns (hash TEXT PRIMARY KEY, parent TEXT NOT NULL, session TEXT NOT NULL, at REAL NOT NULL,
                                      question TEXT NOT NULL, answer_json TEXT NOT NULL, about TEXT NOT NULL, kind TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS heads (session TEXT PRIMARY KEY, hash TEXT NOT NULL);
"""


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """$XDG_STATE_HOME/nanodex, ~/.local/state/nanodex without it."""
    base = environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "nanodex"


class Sessions:
    """The turns of every conversation: one conversation per index, whose place the next one takes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: Path | None = None) -> Sessions:
        """Raises StorageError when the file cannot be made."""
        sessions = cls(path or state_folder() / "sessions.sqlite")
        with sessions._database() as db:
            db.executescript(_TABLES)
        return sessions

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path)) as db, db:
                yield db
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"cannot keep the conversation in {self.path}: {error}", "set XDG_STATE_HOME to a writable folder"
            ) from error

    def carry(self, session: str, how: Ask) -> Ask:
        """`how` with the question before and what it was about, so that a pronoun or a bare question has something to mean."""
        with self._database() as db:
            row = db.execute(
                "SELECT about, kind, question, answer_json FROM turns JOIN heads USING (hash) WHERE heads.session = ?",
                (session,),
            ).fetchone()
        if row is None:
            return how
        about, kind, question, answer = row
        asked = json.loads(answer)["why"].get("goes_on") or question
        return replace(how, carry=about, carry_kind=kind, before=asked)

    def remember(self, session: str, answer: Answer, *, goes_on: bool = True) -> None:
        """Append a turn, the first of a new conversation unless it `goes_on`. What it was about is the first name it linked, else
        the symbol that led its answer; a turn that was about nothing clear leaves what was before."""
        intents = answer.why.get("intents", ())
        named = [i for i in intents if i.get("about")]
        led = [s["about"] for s in answer.why.get("sections", ()) if s.get("about")]
        unclear = not intents or intents[0]["kind"] == "unclear" or not (named or led or answer.answered)
        with self._database() as db:
            if not goes_on:
                db.execute("DELETE FROM turns WHERE session = ?", (session,))
                db.execute("DELETE FROM heads WHERE session = ?", (session,))
            head = db.execute("SELECT hash FROM heads WHERE session = ?", (session,)).fetchone()
            parent = head[0] if head else ""
            before = db.execute(
                "SELECT about, kind, question, answer_json FROM turns WHERE hash = ?", (parent,)
            ).fetchone()
            old = before or ("", "", "", "{}")
            about = named[0]["about"] if named else led[0] if led else old[0] if unclear else ""
            kind = old[1] if unclear else intents[0]["kind"]
            data = answer.as_json()
            asked = answer.why.get("read_as") or answer.question
            data["why"]["goes_on"] = (json.loads(old[3]).get("why", {}).get("goes_on") or old[2]) if unclear else asked
            turn = digest((parent, session, answer.question, answer.text, str(time.time_ns())))
            row = (
                turn,
                parent,
                session,
                time.time(),
                answer.question,
                json.dumps(data, sort_keys=True),
                about,
                kind,
            )
            db.execute("INSERT INTO turns VALUES (?,?,?,?,?,?,?,?)", row)
            db.execute("INSERT OR REPLACE INTO heads VALUES (?,?)", (session, turn))
