"""Words that mean the same to people who write programs and to people who ask about them: one word in, its others out.

A closed list of the language's own habits, abbreviations first; nothing in it comes from any one repository.
"""

from __future__ import annotations

from typing import Final

_GROUPS: Final = """
    address url uri
    argument arg args
    asynchronous async
    authentication auth authenticate
    authorization auth authorize
    buffer buf
    certificate cert certs
    character char
    charset encoding
    chunk piece pieces
    colour color
    command cmd
    compress gzip deflate
    configuration config configure settings
    connection conn
    context ctx
    credential credentials password
    database db
    decode decoder
    destination dest dst
    directory folder dir
    disable off
    document doc
    download fetch
    environment env environ
    image img
    initialize init initialise setup
    keyboard key
    length len size
    library lib
    login auth
    maximum max limit
    message msg
    minimum min
    parallel concurrent
    password passwd secret
    pause sleep wait
    pointer ptr
    previous prev
    position pos offset
    register registration
    regex regexp pattern
    shutdown stop
    slow timeout
    source src
    specification spec
    statistics stats
    synchronous sync
    temporary temp tmp
    utility util utils helper
    variable var
    verify check validate checking
    wait timeout
"""


def _table() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in _GROUPS.split("\n"):
        for word in line.split():
            found.setdefault(word, []).extend(other for other in line.split() if other != word)
    return {word: tuple(dict.fromkeys(others)) for word, others in sorted(found.items())}


ALIKE: Final = _table()
