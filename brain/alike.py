"""Words that mean the same to people who write programs and to people who ask about them: one word in, its others out.

A closed list of the language's own habits, abbreviations first; nothing in it comes from any one repository.
"""

from __future__ import annotations

from typing import Final

from brain.text import stem

_GROUPS: Final = """
    address url uri
    allocate alloc
    application app
    argument arg args
    asynchronous async
    attribute attr
    authentication auth authenticate
    authorization auth authorize
    average avg
    boolean bool
    buffer buf
    button btn
    calculate calc compute
    callback cb
    certificate cert certs
    channel chan
    character char
    charset encoding
    chunk piece pieces
    colour color
    column col
    command cmd
    compare diff
    compress gzip deflate
    compression gzip
    configuration config configure settings
    connection conn
    context ctx
    convert transform
    copy clone
    create make new
    credential credentials password
    database db
    declaration decl
    decode decoder
    definition def
    delete remove drop
    dependency dep deps
    description desc
    deserialize load decode
    destination dest dst
    dictionary dict
    directory folder dir
    disable off
    display show print
    document doc
    document docs
    download fetch
    environment env environ
    error err
    escape quote
    event evt
    event signal
    exception error
    exception exc err
    execute exec run
    expire ttl
    expression expr
    extension ext plugin
    function func fn
    generate gen
    group grp
    hash digest
    header hdr
    hook listener handler
    identifier id
    image img
    implementation impl
    index idx
    information info
    initialize init initialise setup
    integer int
    iterate iter
    job task
    keyboard key
    language lang
    length len size
    library lib
    login auth
    manager mgr
    maximum max limit
    memory mem
    merge combine join
    message msg
    milliseconds ms
    minimum min
    number num
    object obj
    operation op
    package pkg
    packet pkt
    parallel concurrent
    parameter param params
    password passwd secret
    pause sleep wait
    permission perm
    plugin extension addon
    pointer ptr
    position pos offset
    previous prev
    process proc
    property prop props
    protocol proto
    random rand
    redirect forward
    reference ref
    regex regexp pattern
    register registration
    repository repo
    request req
    response resp res
    restart reload
    retry again
    route endpoint
    search find lookup
    separator sep delimiter
    sequence seq
    serialize dump encode
    shutdown stop
    signature sig
    slow timeout
    socket sock
    source src
    specification spec
    ssl tls https
    start begin launch
    statement stmt
    statistics stats
    stop close terminate
    string str
    synchronous sync
    table tbl
    temporary temp tmp
    terminal console tty
    throttle limit rate
    timestamp ts
    transaction tx txn
    translation i18n locale
    upload multipart
    utility util utils helper
    variable var
    verify check validate checking
    version ver
    wait timeout
    websocket ws
    window win
"""


def alike(word: str) -> tuple[str, ...]:
    """What else the code may call what a question calls `word`, whatever its ending."""
    return _ALIKE.get(word) or _ALIKE.get(stem(word), ())


def _table() -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for line in _GROUPS.split("\n"):
        words = line.split()
        for word in words:
            for key in (word, stem(word)):
                found.setdefault(key, {}).update(dict.fromkeys(other for other in words if other != word))
    return {word: tuple(others) for word, others in found.items()}


_ALIKE: Final = _table()
