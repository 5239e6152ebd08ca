"""The words of a question: whether it is text at all, and when an everyday word such as `Context`, `echo` or `server` is meant as
code. In: the text and the graph. Out: the text as it is read, and the words that are names.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from brain.asking import STOP_WORDS
from brain.text import clean
from brain.view import is_public, is_test
from config.errors import UsageError
from extractor.graph import Graph
from extractor.schema import SYMBOL_TYPES
from inference.grammar import ASK, GENERIC
from inference.kinds import Intent
from inference.link import Mention, Target, mentions

MAX_QUESTION: Final = 1 << 20
_SORT: Final = {
    "class": ("class",), "struct": ("class",), "enum": ("class",), "interface": ("interface",), "trait": ("interface",),
    "protocol": ("interface", "class"), "function": ("function",), "method": ("method",), "module": ("module",), "package": ("package",),
}  # fmt: skip
_SORTS: Final = "|".join(_SORT)
# "and secho?" after a question about echo: one word, and nothing that asks.
_NEXT = re.compile(r"\W*(?:and|or|what\s+about|how\s+about|now)\s+(\w+)\W*", re.IGNORECASE)


def as_text(question: str) -> str:
    """The question without what nobody sees. Raises UsageError when it is empty, no text, or longer than any log."""
    if sum(c in "\x00\ufffd" for c in question) > max(8, len(question) // 50):
        raise UsageError("the question is not text", "ask in words, or pipe a log: nanodex query < run.log")
    text = clean(question).strip()
    if not text:
        raise UsageError("the question is empty", 'nanodex query "Where is main defined?"')
    if len(text.encode()) > MAX_QUESTION:
        raise UsageError("the question is longer than 1 MiB", "pipe a shorter log")
    return text


def could_be_a_name(mention: Mention) -> bool:
    """Whether a mention that the index does not know would be a name at all: `verify=False` and HTTP/2 would not."""
    if mention.shape == "path":
        return "." in mention.name.rpartition("/")[2] or mention.name.count("/") > 1
    return mention.shape != "tick" or re.fullmatch(r"~?[\w.$:#/@-]+", mention.name) is not None


def is_symbol(graph: Graph, name: str) -> bool:
    return any(n.name == name and n.origin == "extractor" and not is_test(n) for n in graph.find(name))


def everyday_names(graph: Graph, text: str) -> tuple[str, ...]:
    """Plain words spelled exactly as a public function or class of the product: `echo` in "errors out of echo"."""
    found = []
    for mention in mentions(text[:2000]):
        if mention.shape in ("plain", "capital") and len(mention.name) > 2 and not _is_plain_english(mention.name):
            nodes = [n for n in graph.find(mention.name) if n.name == mention.name and n.type in ("class", "function")]
            if any(is_public(n) and "." not in n.qualname for n in nodes):
                found.append(mention.name)
    return tuple(dict.fromkeys(found))


def known_words(graph: Graph, text: str) -> frozenset[str]:
    """Capitalised words that the graph has as names, spelled so; and plain ones beside a word for what they are."""
    found = set()
    bare = _NEXT.fullmatch(text)
    if bare and is_symbol(graph, bare[1]):
        found.add(bare[1])
    for mention in mentions(text):
        if mention.shape != "capital" or _opens(text, mention):
            continue
        if any(n.name == mention.name for n in graph.find(mention.name)):
            found.add(mention.name)
    nouns = r"(?:function|method|class|decorator|module|exception|attribute|constant|variable)"
    for match in re.finditer(rf"\b(?:{nouns}\s+(\w+)|the\s+(\w+)\s+{nouns})\b", text):
        word = match.group(1) or match.group(2)
        if any(n.name == word and n.type in SYMBOL_TYPES for n in graph.find(word)) and not _is_plain_english(word):
            found.add(word)
    return frozenset(found)


def of_kind(target: Target, text: str) -> Target:
    """`target`, or the homonym that the word beside the name asks for: "the Hook interface" is not the struct Hook."""
    name = re.escape(target.mention.name)
    said = re.search(rf"\b(?:(?P<before>{_SORTS})\s+`?{name}\b|{name}`?\s+(?P<after>{_SORTS})\b)", text, re.IGNORECASE)
    wanted = _SORT[(said["before"] or said["after"]).lower()] if said else ()
    if not wanted or target.node.type in wanted:
        return target
    node = next((n for n in target.others if n.type in wanted), None)
    if node is None:
        return target
    return replace(
        target, node=node, group=(node,), others=(target.node, *(n for n in target.others if n.id != node.id))
    )


def _opens(text: str, mention: Mention) -> bool:
    """Whether a capitalised word only begins a sentence: "Name the …", "When …", whatever class may be called so."""
    before = text[: mention.start].rstrip()
    first = not before or before[-1] in ".?!:;\n"
    low = mention.name.lower()
    return first and (re.fullmatch(ASK, low) is not None or low in STOP_WORDS or low in GENERIC)


def means_it(intent: Intent, target: Target) -> bool:
    """Whether an everyday word was meant as the name it happens to be: `server` is not tests/testserver/server.py."""
    if intent.x is None or intent.x.shape not in ("plain", "capital") or intent.carried:
        return True
    if target.node.type == "variable" and re.match(r"\W*how\b", intent.text, re.IGNORECASE):
        return False  # what works somehow is no attribute that happens to bear the word
    if intent.x.shape == "capital":
        return True
    if is_test(target.node):
        return False
    if target.node.type in ("module", "package"):
        return (
            intent.kind in ("imports", "importers", "depends", "dependents")
            or (intent.kind == "members" and len(intent.text.split()) <= 6)
            or len(intent.text.split()) <= 3
        )
    return True


def _is_plain_english(word: str) -> bool:
    return word.lower() in {
        "main",
        "same",
        "other",
        "new",
        "first",
        "last",
        "each",
        "that",
        "this",
        "following",
        "best",
        "right",
    }
