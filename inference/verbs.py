"""What somebody wants to do, and whether a function is named for it: `write` is what code calls save, dump or store. In: a question
and a node. Out: the verb, and yes or no."""

from __future__ import annotations

import re
from typing import Final

from brain.alike import alike
from brain.asking import STOP_WORDS
from brain.index import expand
from brain.text import split_identifier, stem
from extractor.schema import Node
from inference.grammar import HOWTO
from inference.retrieve import content_words, stems
from inference.wording import documented_return, purpose

# Deeds that code calls by one another's names. What none of these names is asked for by its own word: a verb that the code never
# says is no evidence, in this list or out of it.
_GROUPS: Final = """
    add append insert put attach register set
    create make build new construct
    delete remove drop erase clear
    read load parse
    write save store dump
    get fetch obtain retrieve
    find search lookup query
    show print display render
    run execute start launch
    stop close end shutdown cancel
    change set update modify edit replace
    check verify validate test
    join merge combine concat
    convert transform
    walk traverse visit iterate
    copy clone duplicate
    replace swap
    sort order
    wait sleep await
    send post submit publish
"""
_LINES: Final = [frozenset(line.split()) for line in _GROUPS.strip().split("\n")]
# What is done to anything: who sets, gets or uses something asks for that thing.
_LIGHT: Final = """
    set turn pass change specify enable disable configure give switch control make do have let allow provide need want adjust
    alter define choose go
"""
LIGHT: Final = frozenset(_LIGHT.split())
# What whatever gives something does, by any name.
TAKING: Final = frozenset({"get", "read", "access", "obtain", "see", "know"})
_OF_WHAT: Final = re.compile(r"\b(?:of|to|from|in|into|on|for|with|by)\s+((?:\w+\s*){1,3})", re.IGNORECASE)
_GIVES: Final = re.compile(r"\W*(?:returns?|gets?|gives?|yields?)\b", re.IGNORECASE)
_NAMED: Final = frozenset().union(*_LINES)
_OTHERWISE: Final = 0.6
_DEED: Final = 0.25  # what a deed is worth beside the share of the question's words
_SOME: Final = 0.25  # the least share of the others
_NOT_TEXT: Final = "don disable disabled ignore skip exclude suppress prevent hide omit no not non without"
_NOT: Final = frozenset(_NOT_TEXT.split())
_NEGATED_TEXT: Final = (
    "off avoid stop remove drop never t cannot silence mute quiet except turn ignored skipped hidden excluded"
)
_NEGATED: Final = frozenset(_NEGATED_TEXT.split())
_WHO_TEXT: Final = "i we you one people users user u it this that they the a an please also ever actually just simply quickly easily best"
_WHO: Final = frozenset(_WHO_TEXT.split())
_ABLE: Final = re.compile(r"^\W*(?:(?:and|so|but)\s+)?(?:can|could|does|do|will|would)\b", re.IGNORECASE)


def deed(text: str) -> str:
    """What is to be done: `receive` of "how do I receive e-mails", `parse` of "can it parse HTML"; "" when no verb is told."""
    asked = HOWTO.search(text) or _ABLE.match(text)
    words = re.findall(r"[^\W_]+", text[asked.end() :].lower()) if asked else []
    verb = next((word for word in words if word not in _WHO), "")
    return verb if verb not in STOP_WORDS else ""


def base_form(word: str) -> str:
    """The verb that a form of it stands for: `put` of "putting"; `word` itself when it is none of those that code exchanges."""
    low = word.lower()
    bare = re.sub(r"(?:ing|e?s)$", "", low)
    return next((form for form in (low, bare, f"{bare}e", bare[:-1]) if form in _NAMED), low)


def otherwise(verb: str) -> list[str]:
    """What else code calls a deed, in whatever form it is said."""
    verb = base_form(verb)
    return sorted({word for line in _LINES if verb in line for word in line} - {verb})


def names(name: str, verb: str) -> bool:
    """Whether a function's name begins with the verb, or with what code calls it."""
    words = [stem(word) for word in expand(name).lower().split()[:2]]
    return any(stem(form) in words for form in (verb, *alike(verb), *otherwise(verb)))


def gives(node: Node) -> bool:
    """Whether a symbol hands out what it is about: a value, or a function that returns something and is named for no other deed."""
    if node.type == "variable" or "property" in node.meta.get("flags", ()):
        return True
    first = next(iter(expand(node.name).lower().split()[:2][-1:]), "")
    if node.type not in ("function", "method") or (first in _NAMED and not set(otherwise(first)) & TAKING):
        return False
    returned = str(node.meta.get("returns") or "") not in ("", "None", "void", "()")
    return returned or bool(documented_return(node)) or tells(node)


def does(node: Node, verb: str) -> bool:
    """Whether a function is named for a deed that is more than setting or getting: `add_command` of "how do I add a subcommand"."""
    return node.type in ("function", "method") and verb not in {"", *LIGHT, *TAKING} and names(node.name, verb)


def spoken(node: Node, text: str) -> bool:
    """Whether a function's name of several words is said in the question, articles aside."""
    name = [stem(word) for word in expand(node.name).lower().split()[1:]]
    said = [stem(word) for word in said_words(text)]
    several = node.type in ("function", "method") and len(name) > 1
    return several and any(said[i : i + len(name)] == name for i in range(len(said) - len(name) + 1))


def called(node: Node, text: str) -> bool:
    """Whether a function is called by the verb of the question, and documented to do that to what else is asked of."""
    said = [stem(word) for word in said_words(text)]
    if node.type not in ("function", "method") or len(said) < 2 or stem(node.name.lower()) != said[0]:
        return False
    return bool(set(said[1:]) & stems(purpose(node, 40)))


def tells(node: Node) -> bool:
    """Whether the documentation begins by saying that something is given."""
    return _GIVES.match(purpose(node)) is not None


def fitted(fit: float, node: Node, verb: str, text: str) -> float:
    """`fit`, more for a function that is named for the deed, and for or about something else that is asked of; less for one
    that is named for another deed: nobody parses with a getter."""
    if node.type not in ("function", "method") or not verb:
        return fit
    if opposed(node.name, text):
        return fit * _OTHERWISE
    said = base_form(purpose(node).removeprefix(f"{node.name} ").partition(" ")[0])
    if not names(node.name, verb):
        first = expand(node.name).lower().split()[:2][-1:]
        other = (first and first[0] in _NAMED) or (said in _NAMED and said not in {base_form(verb), *otherwise(verb)})
        return fit * _OTHERWISE if other else fit
    others = {stem(word) for word in content_words(text) if word != verb}
    # `add_hook` adds a hook, whatever its documentation says about routes.
    done_to = {stem(word) for word in split_identifier(node.name)[1:]}
    about = others & (stems(node.qualname) | (set() if done_to and not done_to & others else stems(purpose(node, 40))))
    # `set_version_template` sets more than a version.
    exact = len(done_to & others) / len(done_to) if done_to & others else 1.0
    return fit + _DEED * exact if about and fit >= _SOME else fit


def titled(fit: float, title: str, verb: str, text: str) -> float:
    """`fit`, more for a section of a document that is named for the deed; what is done to anything is named for the thing."""
    if opposed(title, text):
        return fit * _OTHERWISE
    first = expand(title).lower().split()[:2][-1:]
    if verb and " " not in title.partition("(")[0].strip() and first and first[0] in _NAMED and not names(title, verb):
        return fit * _OTHERWISE  # a section on `getHeaders()` is no place to learn how they are set
    about = {stem(word) for word in content_words(text) if word not in LIGHT | TAKING}
    named = {stem(verb)} if verb not in LIGHT | TAKING else about
    return fit + _DEED if verb and fit >= _SOME and named and named <= stems(title) else fit


def opposed(name: str, text: str) -> bool:
    """Whether a name says that something is not done, where the question does not: `disable_log` of "how do I log"."""
    said = set(re.findall(r"[a-z]+", text.lower()))
    return bool(_NOT & set(split_identifier(name))) and not said & (_NOT | _NEGATED)


def is_it(node: Node, text: str) -> bool:
    """Whether every word of a name stands in the question: it is what the question is about. A function's has to hold all of it."""
    said = stems(text)
    whole = all(stem(part) in said for part in split_identifier(node.name))
    if node.type == "function":
        return whole and {stem(word) for word in content_words(text)} <= stems(node.name)
    return whole and node.type in ("class", "interface", "module")


def names_all(node: Node, text: str) -> bool:
    """Whether a function's name, with its class's, is made of words of the question and holds all that it is about, and begins with
    the deed where that is more than getting: `Element.text` of "how do I get the text of an element"."""
    verb = deed(text)
    if verb and verb not in LIGHT | TAKING and not names(node.name, verb):
        return False
    *_, owner, called = ["", *node.qualname.split(".")]
    own, its = ({stem(part) for part in split_identifier(word)} for word in (called, owner))
    said, about = stems(text), {stem(word) for word in content_words(text) if word not in LIGHT | TAKING}
    # "To an element": what has the method is what it is done to; who removes a table is not helped by `Table.remove`.
    behind = {stem(word) for m in _OF_WHAT.finditer(text) for word in m[1].lower().split()}
    whole = own | its
    named = len(whole) > 1 and whole <= said and about <= whole and its - own <= behind
    return named and node.type in ("function", "method")


def said_words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in STOP_WORDS]
