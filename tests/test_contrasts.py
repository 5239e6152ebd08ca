"""Rows that tell two of a kind apart: what is said of them, and of whom nothing is."""

from __future__ import annotations

from rendering import render

from brain.facts import Fact
from dataset.names import Names
from dataset.questions import topics
from dataset.topics import Facts

CONFIG = "py:pkg/config.py#Config"
CONFIG_TYPES = {CONFIG: "class", f"{CONFIG}.from_file": "method", f"{CONFIG}.from_text": "method"}
CONFIG_FACTS = [
    *[Fact(CONFIG, "member", f"{CONFIG}.{name}") for name in ("from_file", "from_text")],
    *[Fact(f"{CONFIG}.{name}", "container", CONFIG) for name in ("from_file", "from_text")],
    *[Fact(f"{CONFIG}.{name}", "path", "pkg/config.py") for name in ("from_file", "from_text")],
    *[Fact(f"{CONFIG}.{name}", "signature", f"def {name}(self, x)") for name in ("from_file", "from_text")],
    Fact(f"{CONFIG}.from_file", "purpose", "Reads the values from a file."),
    Fact(f"{CONFIG}.from_file", "parameter", "path"),
    Fact(f"{CONFIG}.from_file", "parameter", "silent"),
    Fact(f"{CONFIG}.from_file", "returns", "bool"),
    Fact(f"{CONFIG}.from_text", "purpose", "Reads the values from a string."),
    Fact(f"{CONFIG}.from_text", "parameter", "text"),
    Fact(f"{CONFIG}.from_text", "parameter", "silent"),
    Fact(f"{CONFIG}.from_text", "returns", "int"),
]


def test_two_of_a_kind_are_told_apart_once() -> None:
    names = Names(CONFIG_TYPES)
    (topic,) = [
        t for i in CONFIG_TYPES for t in topics(names.subject(i), Facts(CONFIG_FACTS, names)) if t.aspect == "contrast"
    ]
    assert topic.answers == (
        "`Config.from_file` reads the values from a file. `Config.from_text` reads the values from a string."
        " Only `Config.from_file` takes `path`. Only `Config.from_text` takes `text`."
        " `Config.from_file` is declared to return `bool`, `Config.from_text` `int`.",
    )
    assert set(topic.refs) >= {f"{CONFIG}.from_file", f"{CONFIG}.from_text"}
    prompts = [d.prompt for d in render(topic.subject, Facts(CONFIG_FACTS, names)) if d.aspect == "contrast"]
    assert "Config.from_file vs Config.from_text" in prompts


def test_what_has_no_documentation_is_not_told_apart() -> None:
    names = Names(CONFIG_TYPES)
    bare = [f for f in CONFIG_FACTS if (f.subject, f.relation) != (f"{CONFIG}.from_text", "purpose")]
    found = [t for i in CONFIG_TYPES for t in topics(names.subject(i), Facts(bare, names)) if t.aspect == "contrast"]
    assert found == []


def test_in_a_crowd_nobody_is_told_apart() -> None:
    """Each of a thousand methods would look at all the others."""
    others = [f"{CONFIG}.load{i}" for i in range(200)]
    names = Names({**CONFIG_TYPES, **dict.fromkeys(others, "method")})
    crowded = Facts([*CONFIG_FACTS, *[Fact(CONFIG, "member", other) for other in others]], names)
    assert not [t for i in CONFIG_TYPES for t in topics(names.subject(i), crowded) if t.aspect == "contrast"]
