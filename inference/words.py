"""Everyday words that are also names: when `Context`, `echo` or `server` in a question is meant as code."""

from __future__ import annotations

import re

from brain.view import is_public, is_test
from extractor.graph import Graph
from extractor.schema import SYMBOL_TYPES
from inference.kinds import Intent
from inference.link import Mention, Target, mentions


def could_be_a_name(mention: Mention) -> bool:
    """Whether a mention that the index does not know would be a name at all: `verify=False` and HTTP/2 would not."""
    if mention.shape == "path":
        return "." in mention.name.rpartition("/")[2] or mention.name.count("/") > 1
    return mention.shape != "tick" or re.fullmatch(r"~?[\w.$:#/@-]+", mention.name) is not None


def is_symbol(graph: Graph, name: str) -> bool:
    return any(n.name == name and n.origin == "extractor" and not is_test(n.path) for n in graph.find(name))


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
    for mention in mentions(text):
        if mention.shape == "capital" and any(n.name == mention.name for n in graph.find(mention.name)):
            found.add(mention.name)
    nouns = r"(?:function|method|class|decorator|module|exception|attribute|constant|variable)"
    for match in re.finditer(rf"\b(?:{nouns}\s+(\w+)|the\s+(\w+)\s+{nouns})\b", text):
        word = match.group(1) or match.group(2)
        if any(n.name == word and n.type in SYMBOL_TYPES for n in graph.find(word)) and not _is_plain_english(word):
            found.add(word)
    return frozenset(found)


def means_it(intent: Intent, target: Target) -> bool:
    """Whether an everyday word was meant as the name it happens to be: `server` is not tests/testserver/server.py."""
    if intent.x is None or intent.x.shape != "plain" or intent.carried:
        return True
    if is_test(target.node.path):
        return False
    if target.node.type in ("module", "package"):
        return (
            intent.kind in ("imports", "importers", "members", "depends", "dependents") or len(intent.text.split()) <= 3
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
