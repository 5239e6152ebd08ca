"""What somebody wants to do, and whether a function is named for it: `write` is what code calls save, dump or output. In: a question
and a node. Out: the verb, and yes or no."""

from __future__ import annotations

import re
from typing import Final

from brain.asking import STOP_WORDS
from brain.index import expand
from brain.text import split_identifier, stem
from extractor.schema import Node
from inference.grammar import HOWTO
from inference.retrieve import content_words, stems
from inference.wording import purpose

# One line holds what the code may call one deed; a closed list of the language's own habits.
_GROUPS: Final = """
    add append insert put attach register set
    attach add
    build create make new construct
    change set update modify replace edit
    check is has contains exists test verify validate
    clear reset remove empty flush
    close stop shutdown end quit terminate
    convert to as from transform
    copy clone duplicate
    create make new build construct open
    delete remove drop erase clear
    dump write save serialize output
    emit write output print put
    encode write serialize dump to
    execute run start exec call invoke
    fetch get read load retrieve download request
    find get search lookup query select
    get find read fetch lookup
    insert add put push append
    iterate each walk traverse visit get
    join merge combine concat append add
    list get all each iter enumerate
    load read parse open from
    make create new build
    merge join combine update
    modify set change update replace edit
    open load read connect new
    parse read load decode from build
    print write output show display dump format
    publish send emit post
    put set add insert write
    read load parse open
    register add bind on use
    remove delete drop clear erase discard detach
    rename move set
    replace set swap update change
    run start execute call launch
    save write store dump persist put
    send post write publish dispatch submit emit
    serialize dump write encode to
    show print display render
    sort order
    start run launch begin open listen
    stop close shutdown cancel abort end
    store save put set write add
    test check is verify validate
    update set change modify replace
    verify check validate test
    wait join sleep await
    write save dump output print store serialize emit
"""
_CALLED: Final = {line.split()[0]: frozenset(line.split()) for line in _GROUPS.strip().split("\n")}
_DEED: Final = 0.25  # what a deed is worth beside the share of the question's words
_SOME: Final = 0.25  # the least share of the others
_OTHERWISE: Final = 0.6
_WHO_TEXT: Final = "i we you one people users u it this the a an please actually just simply quickly easily best"
_WHO: Final = frozenset(_WHO_TEXT.split())


def wanted(text: str) -> str:
    """The verb of a how-to question: `write` of "how do I write a document to a file"; "" when it is none that acts on something."""
    asked = HOWTO.search(text)
    words = re.findall(r"[^\W_]+", text[asked.end() :].lower()) if asked else []
    verb = next((word for word in words if word not in _WHO and word not in STOP_WORDS), "")
    return verb if verb in _CALLED else ""


def base_form(word: str) -> str:
    """The verb that a form of it stands for: `build` of "building", `write` of "writes"; "" when it is none that acts on something."""
    low = word.lower()
    bare = low.removesuffix("ing")
    forms = (low, low.removesuffix("s"), low.removesuffix("es"), bare, f"{bare}e", bare[:-1])
    return next((form for form in forms if form in _CALLED), "")


def in_code(verb: str) -> list[str]:
    """The verb and what code calls it, as words to search for."""
    return sorted(_CALLED.get(verb, frozenset()) - STOP_WORDS)


def _names(name: str, verb: str) -> bool:
    """Whether a function's name begins with the verb, or with what code calls it."""
    words = expand(name).lower().split()
    return bool(words) and any(word in _CALLED.get(verb, ()) for word in (words[0], *words[1:2]))


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


def fitted(fit: float, node: Node, verb: str, text: str) -> float:
    """`fit`, more for a function that is named for the deed, and for or about something else that is asked of; less for one
    that is named for another deed: nobody parses with a getter."""
    if node.type not in ("function", "method") or not verb:
        return fit
    if _names(node.name, verb):
        others = {stem(word) for word in content_words(text) if word != verb}
        about = others & (stems(node.qualname) | stems(purpose(node, 40)))
        return fit + _DEED if about and fit >= _SOME else fit
    first = expand(node.name).lower().split()[:2][-1:]
    return fit * _OTHERWISE if first and first[0] in _CALLED else fit


def titled(fit: float, title: str, verb: str) -> float:
    """`fit`, more for a section of a document that is named for the deed."""
    return fit + _DEED if verb and fit >= _SOME and stem(verb) in stems(title) else fit


def is_it(node: Node, text: str) -> bool:
    """Whether every word of a class's or module's name stands in the question: it is what the question is about."""
    said = stems(text)
    return node.type in ("class", "interface", "module") and all(
        stem(part) in said for part in split_identifier(node.name)
    )


def said_words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in STOP_WORDS]
