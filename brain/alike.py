"""Words that mean the same to people who write programs and to people who ask about them: one word in, its others out.

A closed list of the language's own habits, abbreviations first; nothing in it comes from any one repository.
"""

from __future__ import annotations

from typing import Final

from brain.text import stem

_GROUPS: Final = """
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
        position pos offset
        previous prev
        regex regexp pattern
        register registration
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
    address url uri
    allocate alloc
    application app
    attribute attr
    average avg
    boolean bool
    button btn
    calculate calc compute
    callback cb
    channel chan
    column col
    compare diff
    compression gzip
    convert transform
    copy clone
    create make new
    declaration decl
    definition def
    delete remove drop
    dependency dep deps
    description desc
    deserialize load decode
    dictionary dict
    display show print
    document docs
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
    implementation impl
    index idx
    information info
    integer int
    iterate iter
    job task
    language lang
    manager mgr
    memory mem
    merge combine join
    milliseconds ms
    number num
    object obj
    operation op
    package pkg
    packet pkt
    parameter param params
    permission perm
    plugin extension addon
    process proc
    property prop props
    protocol proto
    random rand
    redirect forward
    reference ref
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
    signature sig
    socket sock
    ssl tls https
    start begin launch
    statement stmt
    stop close terminate
    string str
    table tbl
    terminal console tty
    throttle limit rate
    timestamp ts
    transaction tx txn
    translation i18n locale
    upload multipart
    version ver
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
