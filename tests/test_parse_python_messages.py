"""What an error says: the template of each raise, and of each class that has words of its own."""

from __future__ import annotations

import pytest

from extractor.languages import BY_NAME
from extractor.nodes import nodes_of
from extractor.parse import parse_file
from extractor.raises import throws
from extractor.resolve.python import link


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise Failure(node, 'no such node')", "no such node"),
        ("raise Failure(key, 'key')", "{key}"),
        ("raise Failure(status=404, detail='not found here')", "not found here"),
        ("raise Failure(given or 'nothing was given')", "nothing was given"),
        ("raise Failure(_('no {name}').format(name=key))", "no {name}"),
        ("raise Failure(_('no %s here') % key)", "no {key} here"),
        ("raise Failure(f'one\\n{key}\\t{{two}}')", "one\n{key}\t{two}"),
        ("raise Failure(rf'one\\d{key}')", "one\\d{key}"),
        ("text = f'no {key}'\n    raise Failure(text)", "no {key}"),
        ("text = 'no %s'\n    if key:\n        raise Failure(text % key)", "no {key}"),
        ("raise Failure(WHY)", "because of this"),
        ("raise Failure('this one' if key else 'that one')", "this one"),
        ("raise Failure(key)", "{key}"),
        ("if key:\n        text = 'a b'\n    raise Failure(text)", "{text}"),
        ("text = 'a b'\n    text += key\n    raise Failure(text)", "{text}"),
        ("for text in key:\n        raise Failure(text)", "{text}"),
        ("if text is None:\n        text = 'nothing at all'\n    raise Failure(text)", "nothing at all"),
    ],
)
def test_a_message_is_what_has_words_among_what_the_error_is_given(body: str, said: str) -> None:
    code = f"WHY = 'because of this'\ndef fail(key, given, node):\n    {body}\n"
    (fact,) = parse_file("m.py", code.encode(), BY_NAME["python"]).raises
    assert fact.message == said


CLASSES = """
class Missing(KeyError):
    def __init__(self, key, text=None):
        if text is None:
            text = f"there is no {key}"
        super().__init__(text)

class Gone(Missing): pass

class Silent(Missing):
    def __init__(self, key):
        self.key = key

class Window:
    def __init__(self):
        super().__init__("a window of its own")

def find(key):
    raise Missing(key)

def find_again(key):
    raise Gone(key)

def find_words(key):
    raise Missing("some other words")

def hush(key):
    raise Silent(key)

def failure(key, **more):
    return Missing(TEXTS[key])

def make(key):
    raise failure("invalid")

def make_words(key):
    raise failure("what is said here")
"""


def test_what_a_class_gives_its_base_is_said_where_the_raise_has_no_words() -> None:
    facts = [parse_file("m.py", CLASSES.encode(), BY_NAME["python"])]
    found = throws(facts, link(facts, {}))
    said = {e.src.partition("#")[2]: e.meta.get("message", "") for e in found.edges}
    assert said == {
        "find": "there is no {key}",
        "find_again": "there is no {key}",
        "find_words": "some other words",
        "hush": "{key}",
        "make": "there is no {key}",  # its argument is for the function that makes the error
        "make_words": "what is said here",
    }
    says = {node.name: node.meta["says"] for node in nodes_of(facts[0]) if "says" in node.meta}
    assert says == {"Missing": "there is no {key}", "Window": "a window of its own"}
