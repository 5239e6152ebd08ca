"""How an answer looks on a terminal, in a pipe and as JSON, and how a question is read from stdin without ever hanging."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import socket
import stat
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote

from brain.text import clean
from config.errors import UsageError

if TYPE_CHECKING:
    from inference.answer import Answer, Expert
    from inference.citations import Citation

MAX_INPUT: Final = 1 << 20
_SILENCE_S: Final = 0.2  # how long an inherited pipe may stay silent when a question was given


@dataclass(frozen=True, slots=True)
class Style:
    """`links` is "", "file", "vscode" or "github"; `width` 0 does not wrap."""

    color: bool = False
    links: str = ""
    width: int = 0
    root: Path | None = None
    remote: str = ""


def read_question(given: str) -> str:
    """The question, joined with piped material when both are there. A silent pipe does not block."""
    wants_stdin = given in ("", "-")
    piped = _piped(wait=wants_stdin)
    if wants_stdin:
        return piped.strip()
    return f"{given}\n\n{piped.strip()}" if piped.strip() else given


def _piped(*, wait: bool) -> str:
    """What is piped in, "" from a terminal, a closed or (unless `wait`) a silent stdin."""
    try:
        descriptor = sys.stdin.fileno()
        mode = os.fstat(descriptor).st_mode
    except (OSError, ValueError, AttributeError):
        return ""
    if os.isatty(descriptor):
        return ""
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)):
        return ""
    chunks: list[bytes] = []
    size = 0
    while size <= MAX_INPUT:
        # Someone else's pipe may never be written to nor closed: with a question in hand, do not wait for it.
        if (
            not stat.S_ISREG(mode)
            and not select.select([descriptor], [], [], None if wait or chunks else _SILENCE_S)[0]
        ):
            return ""
        chunk = os.read(descriptor, 65536)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    if size > MAX_INPUT:
        raise UsageError("the input is longer than 1 MiB", "pipe a shorter log")
    return b"".join(chunks).decode("utf-8", "replace")


def batch_question(line: str) -> str:
    """A line of a batch: plain text, or a JSON object with `question` (or `prompt`)."""
    if line.startswith("{"):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"not a JSON row: {error}", "one question per line") from error
        value = row.get("question") or row.get("prompt")
        if not isinstance(value, str):
            raise UsageError("the row has no question", 'write {"question": "…"}')
        return value
    return line


def style(color: str, hyperlinks: str, expert: Expert) -> Style:
    """--color, then NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, TERM=dumb, then whether stdout is a terminal."""
    terminal = sys.stdout.isatty()
    dumb = os.environ.get("TERM") == "dumb"
    if color != "auto":
        colored = color == "always"
    elif os.environ.get("NO_COLOR"):
        colored = False
    elif os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        colored = True
    else:
        colored = terminal and not dumb
    links = {"auto": "file" if terminal and not dumb else "", "never": "", "always": "file"}.get(hyperlinks, hyperlinks)
    width = min(shutil.get_terminal_size().columns, 110) if terminal else 0
    root = expert.repo or (Path(expert.manifest.root) if expert.manifest.root else None)
    return Style(colored, links, width, root, _forge(root, expert.manifest.commit) if links == "github" else "")


def _forge(root: Path | None, commit: str) -> str:
    """The web address that permalinks start with; "" unless the commit is there for others to see."""
    from extractor.history import open_git

    git = open_git(root)[0] if root is not None and root.is_dir() and commit else None
    return git.origin() if git is not None and git.published(commit) else ""


def as_json(answer: Answer) -> str:
    return json.dumps(answer.as_json(), ensure_ascii=False, sort_keys=True)


def render(answer: Answer, look: Style, *, why: bool = False, streamed: bool = False) -> str:
    """Prose, then the list of its citations, then what it rests on when asked."""
    parts = [] if streamed else [_prose(answer.text, look)]
    if answer.citations:
        numbered = list(enumerate(answer.citations, 1))
        parts.append("\n".join(f"[{number}] {_place(c, look)}{_checked(c)}" for number, c in numbered))
    if answer.stale:
        parts.append(_dim(f"({answer.stale})", look))
    if why:
        parts.append(_dim(explain(answer), look))
    return "\n\n".join(parts)


def explain(answer: Answer) -> str:
    """Why this answer, in text: each part, how sure, by which features, and what was left out."""
    lines = [
        f"why: confidence {answer.confidence:.2f}, mode {answer.mode}, index at {str(answer.why.get('commit', ''))[:10] or 'no commit'}"
    ]
    for intent in answer.why.get("intents", ()):
        about = f" about {intent['about']}" if intent.get("about") else ""
        lines.append(f"  asked: {intent['kind']}{about}{' (assumed)' if intent.get('assumed') else ''}")
    for section in answer.why.get("sections", ()):
        features = ", ".join(f"{name} {value:g}" for name, value in section["features"].items())
        lines.append(
            f"  part: {section['kind']} → {section['value']}, score {section['score']:.2f}"
            + (f" ({features})" if features else "")
        )
    for row in answer.why.get("dropped", ()):
        lines.append(f"  dropped: {row['path']}:{row['start']}-{row['end']}: {row['reason']}")
    for name in answer.why.get("fabricated", ()):
        lines.append(f"  fabricated: {name}")
    if answer.why.get("repository", "").startswith("absent"):
        lines.append(f"  repository: {answer.why['repository']}")
    return clean("\n".join(lines))


def _checked(citation: Citation) -> str:
    return "" if citation.verified == "blob" else "  (repository absent: checked against the index)"


def _place(citation: Citation, look: Style) -> str:
    text = str(citation)
    shown = f"\x1b[36m{text}\x1b[0m" if look.color else text
    uri = _uri(citation, look)
    return f"\x1b]8;;{uri}\x1b\\{shown}\x1b]8;;\x1b\\" if uri else shown


def _uri(citation: Citation, look: Style) -> str:
    if not look.links or look.root is None:
        return ""
    full = quote(str((look.root / citation.path).resolve()))
    if look.links == "vscode":
        return f"vscode://file{full}:{citation.start_line}:1"
    if look.links == "github":
        if not look.remote or citation.dirty:
            return ""
        gitlab = "gitlab" in look.remote.split("/")[2]
        blob, lines = (
            ("-/blob", f"{citation.start_line}-{citation.end_line}")
            if gitlab
            else ("blob", f"{citation.start_line}-L{citation.end_line}")
        )
        return f"{look.remote}/{blob}/{citation.commit}/{quote(citation.path)}#L{lines}"
    return f"file://{socket.gethostname()}{full}"


def _prose(text: str, look: Style) -> str:
    if not look.width:
        return text
    wrapped = []
    code = False
    for line in text.split("\n"):
        code = code != (line == "```")
        if code or line == "```":
            wrapped.append(line)
            continue
        indent = "  " if line.startswith("- ") else ""
        wrapped.append(
            textwrap.fill(line, look.width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        )
    shown = "\n".join(wrapped)
    return re.sub(r"\[\d+\]", lambda m: f"\x1b[2m{m.group(0)}\x1b[0m", shown) if look.color else shown


def _dim(text: str, look: Style) -> str:
    return f"\x1b[2m{text}\x1b[0m" if look.color else text


class Live:
    """Prints checked sentences as they come."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self.shown = False

    def __call__(self, text: str) -> None:
        self.shown = True
        self._out.write(clean(text))
        self._out.flush()

    def end(self) -> None:
        if self.shown:
            self._out.write("\n\n")
            self._out.flush()
