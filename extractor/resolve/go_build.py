"""Which files of a Go package are built together: what a file's name and its `//go:build` line ask for in, whether two files
may meet in one build, and whether a plain build takes a file, out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import Final

_UNIX_TEXT: Final = "aix android darwin dragonfly freebsd hurd illumos ios linux netbsd openbsd solaris"
_UNIX: Final = frozenset(_UNIX_TEXT.split())
_SYSTEMS: Final = _UNIX | frozenset(("js", "nacl", "plan9", "wasip1", "windows", "zos"))
_PROCESSORS_TEXT: Final = """
386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x sparc64 wasm
"""
_PROCESSORS: Final = frozenset(_PROCESSORS_TEXT.split())
_IMPLIED: Final = {"android": "linux", "illumos": "solaris", "ios": "darwin"}
_TOKEN: Final = re.compile(r"&&|\|\||[!()]|[\w.]+")
_VERSION: Final = re.compile(r"go1\.(\d+)$")
_NEVER: Final = "ignore"  # by custom what takes a file out of every build
_PLAIN: Final = frozenset(("linux", "amd64", "cgo", "gc"))
_MOST: Final = 8  # free tags: with more of them two files are said to meet


def constraint(path: str, written: str) -> str:
    """What a file asks for: by the end of its name (`x_linux_arm64_test.go`) and by what is written in it."""
    parts = path.rpartition("/")[2].removesuffix(".go").removesuffix("_test").split("_")[1:]
    asked = [p for p in parts[-1:] if p in _SYSTEMS or p in _PROCESSORS]
    if asked and asked[0] in _PROCESSORS and len(parts) > 1 and parts[-2] in _SYSTEMS:
        asked.append(parts[-2])
    return " && ".join([*asked, *([f"({written})"] if written else [])])


@lru_cache(maxsize=1 << 12)
def meet(one: str, other: str) -> bool:
    """Whether one build may take two files that ask for this."""
    if not one or not other or one == other:
        return True
    asked = f"({one}) && ({other})"
    return any(_holds(asked, world) for world in _worlds(asked))


@lru_cache(maxsize=1 << 12)
def is_plain(asked: str) -> bool:
    """Whether a build without tags takes a file, on a common machine with the newest Go."""
    tags = set(_TOKEN.findall(asked))
    return _holds(asked, {tag: tag in _PLAIN or tag == "unix" or bool(_VERSION.match(tag)) for tag in tags})


def _worlds(asked: str) -> Iterator[Mapping[str, bool]]:
    """Every way in which the tags of a constraint may be set together."""
    tags = sorted(t for t in set(_TOKEN.findall(asked)) if t[0] not in "&|!()")
    named = [t for t in tags if t in _SYSTEMS]
    systems = [
        "aix",
        "plan9",
        *named,
        *(_IMPLIED[t] for t in named if t in _IMPLIED),
    ]  # two of which hardly anybody speaks
    processors = ["", *(t for t in tags if t in _PROCESSORS)]
    versions = [0, *(int(v[1]) for t in tags if (v := _VERSION.match(t)))]
    free = [t for t in tags if t not in _SYSTEMS | _PROCESSORS | {"unix", _NEVER} and not _VERSION.match(t)]
    if len(free) > _MOST:
        yield dict.fromkeys(tags, True)
        return
    for system, processor, version, *held in product(systems, processors, versions, *[(False, True)] * len(free)):
        world = dict(zip(free, held, strict=True))
        for tag in tags:
            at = _VERSION.match(tag)
            if at:
                world[tag] = int(at[1]) <= version
            elif tag not in world:
                world[tag] = tag in (system, processor, _IMPLIED.get(system)) or (tag == "unix" and system in _UNIX)
        yield world


def _holds(asked: str, world: Mapping[str, bool]) -> bool:
    tokens = _TOKEN.findall(asked)
    return not tokens or _either(tokens[::-1], world)


def _either(tokens: list[str], world: Mapping[str, bool]) -> bool:
    """`a && b || c`, read from the end of a list."""
    found = _both(tokens, world)
    while tokens and tokens[-1] == "||":
        tokens.pop()
        found = _both(tokens, world) or found
    return found


def _both(tokens: list[str], world: Mapping[str, bool]) -> bool:
    found = _one(tokens, world)
    while tokens and tokens[-1] == "&&":
        tokens.pop()
        found = _one(tokens, world) and found
    return found


def _one(tokens: list[str], world: Mapping[str, bool]) -> bool:
    token = tokens.pop() if tokens else ""
    if token == "!":
        return not _one(tokens, world)
    if token == "(":
        found = _either(tokens, world)
        if tokens:
            tokens.pop()
        return found
    return world.get(token, False)
