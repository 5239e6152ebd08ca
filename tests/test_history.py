"""What git is asked, and that a hostile repository's configuration runs nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from config.errors import InputError
from extractor.history import Git, blob_hash, dirty_files, open_git, same_as_blob


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "pkg").mkdir(parents=True)
    (root / "a.py").write_text("x = 1\n")
    (root / "pkg" / "b.py").write_text("y = 1\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def test_commit_tracked_and_blobs(repo: Path) -> None:
    history, why = open_git(repo)
    assert history is not None, why
    assert history.commit() == git(repo, "rev-parse", "HEAD")
    assert history.tracked() == {"a.py", "pkg/b.py"}
    assert history.blobs()["a.py"] == git(repo, "rev-parse", "HEAD:a.py") == blob_hash(b"x = 1\n")


def test_a_file_is_read_as_it_was_committed(repo: Path) -> None:
    commit = git(repo, "rev-parse", "HEAD")
    (repo / "a.py").write_text("x = 2\n")
    assert Git(repo).read_blob(commit, "a.py") == b"x = 1\n"
    assert Git(repo).read_blob(commit, "nothing.py") is None
    assert Git(repo).read_blob("0" * 40, "a.py") is None
    assert Git(repo).read_blob("", "a.py") is None


def test_a_subfolder_of_a_clone_speaks_of_its_own_paths(repo: Path) -> None:
    history, _ = open_git(repo / "pkg")
    assert history is not None
    assert history.tracked() == {"b.py"}
    assert history.blobs().keys() == {"b.py"}
    assert history.read_blob("HEAD", "b.py") == b"y = 1\n"


def test_an_archive_unpacked_in_a_clone_has_no_commit(repo: Path) -> None:
    (repo / "unpacked").mkdir()
    (repo / "unpacked" / "c.py").write_text("")
    assert open_git(repo / "unpacked") == (None, "the git repository around it tracks none of its files")


def test_a_plain_folder_has_no_history(tmp_path: Path) -> None:
    assert open_git(tmp_path) == (None, "it is not a git repository")


def test_a_repository_without_commits(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    history, _ = open_git(tmp_path)
    assert history is not None
    assert (history.commit(), history.blobs()) == ("", {})


def test_dirty_files_by_content(repo: Path) -> None:
    blobs = Git(repo).blobs()
    assert same_as_blob(b"x = 1\r\n", blobs["a.py"]), "line ends converted on checkout are no change"
    clean = {"a.py": same_as_blob(b"x = 2\n", blobs["a.py"]), "new.py": False}
    assert dirty_files(blobs, clean, seen=["a.py", "new.py"]) == ["a.py", "new.py", "pkg/b.py"]


def test_how_many_commits_ahead(repo: Path) -> None:
    first = git(repo, "rev-parse", "HEAD")
    (repo / "a.py").write_text("x = 2\n")
    (repo / "pkg" / "b.py").unlink()
    (repo / "c.py").write_text("")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "second")
    history = Git(repo)
    assert history.commits_since(first) == 1
    assert history.commits_since("0" * 40) is None
    assert history.commits_since("") is None


def test_a_name_that_looks_like_an_option_is_refused(repo: Path) -> None:
    with pytest.raises(InputError, match="not a revision"):
        Git(repo).read_blob("--output=x", "a.py")


def test_the_repository_s_configuration_runs_nothing(repo: Path) -> None:
    trap = repo.parent / "ran"
    script = repo.parent / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "filter.x.clean",
        "filter.x.smudge",
        "core.sshCommand",
    ):
        git(repo, "config", key, str(script))
    (repo / ".gitattributes").write_text("* filter=x diff=x\n")
    (repo / "a.py").write_text("x = 3\n")
    history, _ = open_git(repo)
    assert history is not None
    commit = history.commit()
    history.tracked(), history.blobs(), history.subjects(), history.commits_since(commit)
    history.read_blob(commit, "a.py")
    assert not trap.exists()
