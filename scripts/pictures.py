"""The README's pictures, from real runs: `pictures.py session REPO` and `pictures.py evaluation reports/eval.json`.

The first extracts and indexes REPO in a folder of its own, types a few questions at a pseudo-terminal and draws what came back;
the second draws a report that `nanodex eval` wrote. Both write into docs/.
"""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from inference.evaluate import Row, picture

WIDTH = 108
SESSION = (
    "nanodex extract {repo}",
    "nanodex brain -q",
    'nanodex query "Which errors can Context.invoke raise?"',
    'nanodex query "What does Context.teleport do?"',
)


def typed(command: str, folder: Path) -> str:
    """What a terminal shows after `command`: stdout, stderr and colours."""
    environment = {
        **os.environ,
        "COLUMNS": str(WIDTH),
        "TERM": "xterm-256color",
        "XDG_STATE_HOME": str(folder / "state"),
    }
    environment.pop("NO_COLOR", None)
    arguments = [sys.executable, str(ROOT / "nanodex.py"), *_words(command)]
    ours, theirs = pty.openpty()
    # Progress bars redraw themselves: only stdout is a terminal, and what stages say goes to a pipe that stays unread.
    with subprocess.Popen(
        arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL, env=environment
    ) as child:
        os.close(theirs)
        shown = io.BytesIO()
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not piece:
                break
            shown.write(piece)
    os.close(ours)
    if child.returncode not in (0, 1):
        sys.exit(f"{command}: exit code {child.returncode}")
    return shown.getvalue().decode().replace("\r\n", "\n")


def _words(command: str) -> list[str]:
    return [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)][1:]


def session(repo: Path) -> str:
    """The session as SVG, without the fonts and their addresses that rich would have a reader load."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console
    from rich.text import Text

    screen = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    with tempfile.TemporaryDirectory() as folder:
        for line in SESSION:
            screen.print(Text(f"$ {line.format(repo=repo.name)}", style="bold"))
            screen.print(Text.from_ansi(typed(line.format(repo=repo.absolute()), Path(folder))))
    drawn = screen.export_svg(
        title="nanodex",
        unique_id="session",
        code_format=re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL),
    )
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def evaluation(report: Path) -> str:
    """Recall per split and arm, as the report has it."""
    rows = json.loads(report.read_text(encoding="utf-8"))["rows"]
    return picture([Row(**row) for row in rows])


def main() -> int:
    if len(sys.argv) != 3 or sys.argv[1] not in ("session", "evaluation"):
        sys.exit(__doc__)
    make = session if sys.argv[1] == "session" else evaluation
    target = ROOT / "docs" / f"{sys.argv[1]}.svg"
    target.write_text(make(Path(sys.argv[2])), encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
