"""What git says about a repository: its commit, which files differ from it, what changed since, how often files change.

git runs commands that a repository's own configuration names. So only the plumbing that runs none is called, with hooks,
file monitors and system settings off; whether a file differs is decided by hashing it here.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from config.errors import InputError

_SAFE: Final = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "core.quotePath=false",
)  # fmt: skip
_ENVIRONMENT: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
_TIMEOUT_S: Final = 120
_LINK, _SUBMODULE = "120000", "160000"


class Git:
    """A repository's history, seen from `root`: every path is relative to it, wherever git's own toplevel lies."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def commit(self) -> str:
        """The full hash of HEAD, empty before the first commit."""
        return self._text("rev-parse", "--verify", "--quiet", "HEAD^{commit}", check=False).strip()

    def tracked(self) -> frozenset[str]:
        """Paths in the index below the root, submodules left out."""
        rows = self._text("ls-files", "-s", "-z").split("\0")
        return frozenset(row.partition("\t")[2] for row in rows if row and not row.startswith(_SUBMODULE))

    def blobs(self, commit: str = "HEAD") -> dict[str, str]:
        """Path -> blob hash of every regular file of a commit below the root whose name can be shown, and so was listed."""
        rows = self._text("ls-tree", "-r", "-z", _revision(commit), check=False).split("\0")
        found = {}
        for row in rows:
            head, _, path = row.partition("\t")
            mode, kind, blob = head.split() if path else ("", "", "")
            if kind == "blob" and mode != _LINK and path.isprintable():
                found[path] = blob
        return found

    def read_blob(self, commit: str, path: str) -> bytes | None:
        """The bytes of a file at a commit, None when the commit or the file is unknown."""
        if "\n" in path or not commit:
            return None
        out = self._run("cat-file", "--batch", stdin=f"{_revision(commit)}:./{path}\n".encode())
        head, _, rest = out.partition(b"\n")
        parts = head.split()
        return rest[: int(parts[2])] if len(parts) == 3 and parts[1] == b"blob" else None

    def commits_since(self, commit: str) -> int | None:
        """How many commits HEAD is ahead of `commit`, None when `commit` is unknown here."""
        if not self._known(commit):
            return None
        return int(self._text("rev-list", "--count", f"{_revision(commit)}..HEAD", check=False).strip() or 0)

    def subjects(self, commits: int = 1000) -> list[tuple[str, tuple[str, ...]]]:
        """(subject, paths touched below the root) of the last `commits` commits, newest first, merges left out."""
        out = self._text(
            "log", f"--max-count={commits}", "--no-merges", "--no-ext-diff", "--no-textconv", "--no-renames", "--relative",
            "--name-only", "-z", "--format=%x01%s", "HEAD", check=False,
        )  # fmt: skip
        found = []
        for entry in out.split("\x01")[1:]:
            subject, *paths = entry.split("\0")
            found.append((subject.strip(), tuple(sorted(path.strip("\n") for path in paths if path.strip("\n")))))
        return found

    def origin(self) -> str:
        """The web address of the forge behind `origin`, "" when there is none: read from the file, no command is run."""
        folder = Path(self._text("rev-parse", "--git-common-dir", check=False).strip() or ".git")
        try:
            text = (self.root / folder / "config").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        section = re.search(r'\[remote "origin"\]([^\[]*)', text)
        url = re.search(r"^\s*url\s*=\s*(\S+)", section.group(1), re.MULTILINE) if section else None
        found = (
            re.match(r"(?:https?://(?:[^@/\s]*@)?|ssh://git@|git@)([\w.-]+)[:/]([\w./~-]+?)(?:\.git)?/?$", url.group(1))
            if url
            else None
        )
        return f"https://{found.group(1)}/{found.group(2)}" if found else ""

    def published(self, commit: str) -> bool:
        """Whether a remote branch known here holds `commit`."""
        if not self._known(commit):
            return False
        count = self._text("rev-list", "--count", _revision(commit), "--not", "--remotes", check=False).strip()
        return count == "0"

    def _known(self, commit: str) -> bool:
        if not commit:
            return False
        return bool(self._text("rev-parse", "--verify", "--quiet", f"{_revision(commit)}^{{commit}}", check=False))

    def _text(self, *arguments: str, check: bool = True) -> str:
        return self._run(*arguments, check=check).decode("utf-8", "surrogateescape")

    def _run(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> bytes:
        done = _git(self.root, *arguments, stdin=stdin)
        if check and done.returncode:
            message = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise InputError(f"git {arguments[0]} failed in {self.root}: {message}", f"git -C {self.root} fsck")
        return done.stdout


def open_git(root: Path) -> tuple[Git | None, str]:
    """(the history of `root`, "") or (None, why it has none).

    A folder has a history when it is git's toplevel, or when the repository around it tracks files in it: an archive
    unpacked inside somebody's clone has none.
    """
    if shutil.which("git") is None:
        return None, "git is not installed"
    done = _git(root, "rev-parse", "--show-toplevel")
    if done.returncode:
        message = done.stderr.decode("utf-8", "replace")
        if "dubious ownership" in message:
            return None, f"git refuses a repository of another user; allow it with: git -c safe.directory={root} …"
        return None, "it is not a git repository"
    git = Git(root)
    toplevel = Path(os.fsdecode(done.stdout.rstrip(b"\n")))
    if toplevel.resolve() != root.resolve() and not git.tracked():
        return None, "the git repository around it tracks none of its files"
    return git, ""


def blob_hash(data: bytes, like: str = "") -> str:
    """git's hash of a file's content, by SHA-256 when `like` is a hash of that length."""
    total = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    total.update(b"blob %d\0" % len(data))
    total.update(data)
    return total.hexdigest()


def same_as_blob(data: bytes, blob: str) -> bool:
    """Whether a file on disk is what was committed, line ends converted on checkout or not."""
    return blob_hash(data, blob) == blob or (b"\r\n" in data and blob_hash(data.replace(b"\r\n", b"\n"), blob) == blob)


def dirty_files(blobs: Mapping[str, str], clean: Mapping[str, bool], seen: Iterable[str]) -> list[str]:
    """Paths whose work-tree content is not that of the commit `blobs` lists.

    `clean` says of each file read whether it equals its blob; `seen` are all files on disk, so the rest was deleted.
    """
    return sorted({path for path, same in clean.items() if not same} | (blobs.keys() - set(seen)))


def _revision(name: str) -> str:
    if name.startswith("-") or any(c.isspace() or c in ":\0" for c in name):
        raise InputError(f"not a revision: {name!r}", "git log --oneline lists those there are")
    return name


def _git(root: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _ENVIRONMENT
    try:
        return subprocess.run(
            ["git", *_SAFE, *arguments],
            cwd=root,
            input=stdin,
            capture_output=True,
            env=environment,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"git {arguments[0]} took longer than {_TIMEOUT_S} s in {root}", f"git -C {root} gc"
        ) from error
