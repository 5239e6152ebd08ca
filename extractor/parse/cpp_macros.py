"""C and C++ before the tree: bytes in, bytes of the same length out, with the macros blanked that break the grammar."""

from __future__ import annotations

import re

from extractor.parse.tree import blank

# Words that only decorate a declaration. The grammar takes them for types or calls; blanks of equal length keep every offset.
_WORDS = re.compile(
    rb"\b(?:[A-Z][A-Z0-9_]*_(?:API|EXPORT|EXPORTS|INLINE|NODISCARD|NOINLINE|HIDDEN|VISIBLE|DEPRECATED|DEVICE_FUNC|HOST_DEVICE|NORETURN"
    rb"|CONSTEXPR[A-Z0-9_]*|NOEXCEPT|UNUSED)|JNIEXPORT|JNICALL|C10_[A-Z_]+|EMSCRIPTEN_KEEPALIVE|__forceinline|__inline__|__inline|__extension__"
    rb"|__restrict__|__restrict|_Noreturn|WINAPI|APIENTRY|STDMETHODCALLTYPE|Q_OBJECT|Q_GADGET|NO_THREAD_SAFETY_ANALYSIS|SCOPED_LOCKABLE"
    rb"|LOCKABLE|PyObject_HEAD|PyObject_VAR_HEAD)\b(?!\s*\()"
)
_CALLS = re.compile(
    rb"\b(?:__attribute__\s*\(|__declspec|__asm__|Py(?:Var)?Object_HEAD_INIT|[A-Z_]*(?:GUARDED_BY|LOCKS_REQUIRED|LOCKS_EXCLUDED|ACQUIRED_AFTER|ACQUIRED_BEFORE"
    rb"|LOCK_FUNCTION|TRYLOCK_FUNCTION|ASSERT_EXCLUSIVE_LOCK|ASSERT_SHARED_LOCK|RETURN_CAPABILITY|LOCK_RETURNED|REQUIRES_SHARED"
    rb"|DISALLOW_COPY_AND_ASSIGN|PRINTF_FORMAT|ATTRIBUTE_PRINTF)"
    rb"|[A-Z0-9_]*(?:DEPRECATED(?:_\w+)?|ATTRS?|ATTRIBUTES?|NODISCARD(?:_\w+)?|NONNULL(?:_\w+)?|NOEXCEPT_IF|ALLOC_SIZE))\s*\("
)
# The head of a class with more words than its name: class FOO_API bar_export Name FOO_FINAL : public Base {
_ARGUMENTS = rb"\s*\((?:[^;{}()]|\([^;{}()]*\))*\)"
_CLASS_HEAD = re.compile(
    rb"(?:^|[{};>])[ \t]*(?:(?:typedef|export|extern|static)\s+)*(?P<enum>enum\s+)?(?:class|struct|union)"
    rb"(?P<words>(?:\s+(?:\[\[[^\]]*\]\]|(?:alignas|__declspec|__attribute__|[A-Z][A-Z0-9_]{2,})"
    + _ARGUMENTS
    + rb"|[A-Za-z_]\w*)){0,6}?)"
    rb"\s+(?P<name>[A-Za-z_][\w:]*)(?:\s*<[^;{}()]*>)?(?P<after>(?:\s+(?:final|sealed|abstract|\w*(?:FINAL|SEALED)\w*))*)"
    rb"\s*(?://[^\n]*\n\s*|/\*[^*]*\*/\s*)?(?P<bases>:(?!:)[^;(){}]{0,600})?\{",
    re.MULTILINE,
)
_CLASS_WORD = re.compile(rb"\[\[[^\]]*\]\]|([A-Za-z_]\w*)(" + _ARGUMENTS + rb")?")
_NO_WORD = frozenset(
    (b"alignas", b"__declspec", b"__attribute__", b"final", b"class", b"struct", b"const", b"operator", b"public")
)
_CLASS_BODY = re.compile(
    rb"[^;}]*;|\s*(?:[#/]|(?:public|private|protected|enum|struct|class|union|static|using|typedef|friend|template|virtual|explicit)\b)"
)
# A condition inside a class's head, whose branches are words or bases only.
_SPLIT_HEAD = re.compile(
    rb"^[ \t]*(?:template[^\n;{}]*>\s*)?(?:class|struct)\b[\w\s:<>,()]{0,300}?\n(?P<group>[ \t]*#[ \t]*if[^\n]*\n(?P<first>[^{};#]*)"
    rb"(?:^[ \t]*#[ \t]*el[^\n]*\n[^{};#]*)*^[ \t]*#[ \t]*endif[^\n]*)(?=[\w\s:<>,]{0,300}\{)",
    re.MULTILINE,
)
# A condition whose first branch is members being initialised: `, held_(1), size_(n)`
_SPLIT_INIT = re.compile(
    rb"^(?P<group>[ \t]*#[ \t]*if[^\n]*\n(?P<first>\s*(?:[:,]\s*)?(?:[A-Za-z_][\w:]*(?:<[^;#{}()]*>)?"
    rb"\s*\((?:[^;#{}()]|\([^;#{}()]*\))*\)\s*(?:,\s*)?)+)"
    rb"(?:^[ \t]*#[ \t]*el[^\n]*\n[^{};#]*)*^[ \t]*#[ \t]*endif[^\n]*)",
    re.MULTILINE,
)
_INITIALISES = re.compile(rb"\)[^;{}?]*[^:]:(?!:)")
# A condition inside an expression or behind a declarator, whose first branch goes on with either: && more() or an attribute
_SPLIT_REST = re.compile(
    rb"^(?P<group>[ \t]*#[ \t]*if[^\n]*\n(?P<first>\s*(?:&&|\|\||<<|[?+|^.]|__attribute__)[^;{}#]*)"
    rb"(?:^[ \t]*#[ \t]*el[^\n]*\n[^{};#]*)*^[ \t]*#[ \t]*endif[^\n]*)",
    re.MULTILINE,
)
_INCLUDED = re.compile(rb"\b__has_include(?:_next)?\s*\(\s*[<\"][^>\"\n]*[>\"]\s*\)")
# A word in capitals in front of a whole declaration: FOO_BAR int name(
_LEADING = re.compile(
    rb"^[ \t]*(?:template[ \t]*<[^;{}()\n]*>[ \t]*)?(?:(?:static|inline|extern|virtual|constexpr)[ \t]+)*([A-Z][A-Z0-9]*(?:_+[A-Z0-9]+)+)"
    rb"(?=[ \t]+(?:(?:const|static|inline|unsigned|signed)[ \t]+)*[A-Za-z_][\w:]*(?:<[^;{}()\n]*>)?[ \t*&]+"
    rb"[A-Za-z_~][\w:]*[^\w\s(),;=]{0,3}[ \t]*\()",
    re.MULTILINE,
)
# The same in front of a constructor or destructor: FOO_BAR name::name(
_MAKER = re.compile(rb"^[ \t]*([A-Z][A-Z0-9]*(?:_+[A-Z0-9]+)+)(?=[ \t]+(?:\w+::)*(\w+)::~?\2[ \t]*\()", re.MULTILINE)
# Any word at the margin in front of a whole declaration: my_inline int name(
_MARGIN = re.compile(
    rb"^(?:(?:static|inline|extern)[ \t]+)*(?!__|(?:typedef|struct|class|enum|union|const|volatile|unsigned|signed|long|short|static|inline"
    rb"|extern|virtual|constexpr|template|typename|using|namespace|return|else|case|goto|new|delete|throw|friend|explicit|register|auto"
    rb"|do|operator|mutable|consteval|constinit|thread_local|co_return|co_yield|co_await)\b)([A-Za-z_]\w*)"
    rb"(?=[ \t]+(?!(?:operator|const|volatile)\b)[A-Za-z_]\w*(?:[ \t]+\**|[ \t]*\*+[ \t]*)[A-Za-z_]\w*[ \t]*\()",
    re.MULTILINE,
)
# A word in capitals in front of a conversion, which has no type of its own: FOO_EXPLICIT operator bool()
_CONVERSION = re.compile(rb"\b([A-Z][A-Z0-9_]{2,})(?=\s+operator\s+[a-z])")
# Words in capitals behind a function's parameters: int f(int) FOO_ATTRS((pure)) BAR;
_TRAILING = re.compile(
    rb"\)\s*(?:(?:const|noexcept|override|final)\s+)*([A-Z][A-Z0-9_]{2,})\b(?=\s*[({;]|\s+[A-Z][A-Z0-9_]{2,}\b|\s*=\s*0\s*;)"
)
_DECLARES = re.compile(rb"[\w>*&\]][\s*&]+(?:[\w:~]+|operator\s*\S{1,3})\s*$")
_STATEMENT = re.compile(rb"^\s*(?:if|else|for|while|switch|do|return|case|goto|throw|new|delete)\b")
# The same in front of it, named as compilers name their own: __suppress_ubsan__("alignment") int f(int)
_OWN = re.compile(
    rb"^[ \t]*(?:template[ \t]*<[^;{}()\n]*>[ \t]*)?(__(?!typeof|alignof|attribute)[a-z]\w*__)\s*\(", re.MULTILINE
)
# What the grammar does not know: an array of pointers made by `new T*[n]`, and `= {}` behind a parameter.
_POINTERS = re.compile(rb"\bnew\s+(?:const\s+)?[A-Za-z_][\w:]*(?:<[^;{}()]*>)?[\s*]*\*\s*\[")
_EMPTY = re.compile(rb"(?<=[\w\s])=\s*(\{\s*\})(?=\s*[,)])")
# A line that is a macro's use, and whose declarations the macro makes: DEFINE_THING(name, 3)
_MADE = re.compile(rb"^((?!\w*MODULE)[A-Z][A-Z0-9_]{2,}[ \t]*\([^;{}\n]*\))[ \t]*\r?\n(?=\s*[A-Za-z_#/])", re.MULTILINE)

# A line that is a macro opening or closing a namespace: FMT_BEGIN_NAMESPACE, PYBIND11_NAMESPACE_BEGIN(detail)
_BRACKETS = re.compile(
    rb"^[ \t]*((?=\w*(?:WARNING|PRAGMA|DIAGNOSTIC)|(?=\w*(?:BEGIN|END|OPEN|CLOSE))\w*(?:NAMESPACE|_NS_|DECLS|EXTERN_C|MODULE_EXPORT))"
    rb"_*[A-Z][A-Z0-9_]*"
    rb"(?:[ \t]*\([^()\n]*\))?)[ \t]*;?[ \t]*\r?$",
    re.MULTILINE,
)
_OPENED = re.compile(
    rb"^[ \t]*\w*NAMESPACE\w*BEGIN\w*[ \t]*\(\s*(\w+)\s*\)|\bnamespace[ \t]+(\w+)[^\n]*\\?$", re.MULTILINE
)


_DEFINED = re.compile(rb"^[ \t]*#[ \t]*define\b(?:[^\n\\]+|\\\r?\n|\\)*", re.MULTILINE)
_COMMENT = re.compile(rb"/\*[^\n]*?\*/")
_FAR = 2000  # bytes: what is further away belongs to something else
_NAMESPACES = re.compile(rb"\bnamespace[ \t]+(\w+)")


def hidden_namespaces(data: bytes) -> list[str]:
    """Namespaces that a macro opens, so that no qualified name in the tree shows them."""
    found = set()
    for match in _OPENED.finditer(data):
        if match[1] or _directive(data, match.start()):
            found |= {name.decode() for name in ([match[1]] if match[1] else _NAMESPACES.findall(match[0]))}
    return sorted(found)


def prepare(data: bytes) -> bytes:
    """The same text with attribute macros blanked, offset for offset. Preprocessor lines stay as they are, but for those
    inside a class's head, among a constructor's initialisers or in an expression, of which the first branch is taken."""
    data = _SPLIT_HEAD.sub(_first_branch, data)
    if b"#" in data:
        data = _SPLIT_INIT.sub(_first_initialisers, data)
        data = _SPLIT_REST.sub(_first_branch, data)
        data = _INCLUDED.sub(lambda found: b"1".ljust(len(found[0])), data)
    out = bytearray(data)
    for found in _DEFINED.finditer(data) if b"/*" in data else ():
        if b"/*" in found[0]:  # a comment ends what the grammar takes for the macro's text
            for comment in _COMMENT.finditer(data, *found.span()):
                blank(out, *comment.span())
    for pattern in (_WORDS, _LEADING, _MAKER, _MARGIN, _CONVERSION, _BRACKETS):
        for found in pattern.finditer(data):
            start, end = found.span(1) if pattern.groups else found.span()
            if pattern is _WORDS and not _decorates(data, start, end):
                continue
            if not _directive(data, start):
                out[start:end] = b" " * (end - start)
    for found in _CALLS.finditer(data):
        end = _closing(data, found.end() - 1)
        if found[0].rstrip(b" \t\n(").endswith(b"__attribute__"):
            end = _closing(data, data.index(b"(", found.start()))
        if end and not _directive(data, found.start()):
            blank(out, found.start(), end)
    for start, end in (*_class_words(data), *_own(data), *_trailing(data), *made(data)):
        if not _directive(data, start):
            blank(out, start, end)
    for start, end in _arrays(data):
        blank(out, start, end)
        out[end - 1 : end] = b"("
        out[(closing := _closing(data, end - 1)) - 1 : closing] = b")"
    for found in _EMPTY.finditer(data):
        out[found.start(1) : found.end(1)] = b"0" * len(found[1])
    return bytes(out)


def _own(data: bytes) -> list[tuple[int, int]]:
    """Where a word of the compiler's own stands, with what it is given, in front of a declaration."""
    ends = [(found.start(1), _closing(data, found.end() - 1)) for found in _OWN.finditer(data)]
    return [(start, end) for start, end in ends if re.compile(rb"\s*[A-Za-z_]").match(data, end or len(data))]


def _arrays(data: bytes) -> list[tuple[int, int]]:
    """From `new` to the bracket of an array of pointers: what stands in it is all that is read, no `T` is made."""
    return [found.span() for found in _POINTERS.finditer(data) if _closing(data, found.end() - 1)]


def _decorates(data: bytes, start: int, end: int) -> bool:
    """Whether a word stands in front of a declaration's or behind a declarator's words, not where a value does."""
    after = data[end : end + 80].lstrip()[:1]
    if after.isalpha() or after in (b"_", b"~", b"[", b":", b"*"):
        before = data[max(start - 80, 0) : start].rstrip()
        return not before.endswith((b"=", b",", b"case", b"return"))
    before = data[max(start - 80, 0) : start].rstrip()
    return before[-1:] in (b")", b"]") or (before[-1:].isalnum() and not before.endswith((b"case", b"return", b"else")))


def _first_branch(head: re.Match[bytes]) -> bytes:
    out, begin = bytearray(head[0]), head.start()
    blank(out, head.start("group") - begin, head.start("first") - begin)
    blank(out, head.end("first") - begin, head.end("group") - begin)
    return bytes(out)


def _first_initialisers(group: re.Match[bytes]) -> bytes:
    """The first branch where the text before is a constructor's head, the text as it is elsewhere."""
    data, start = group.string, group.start()
    begin = max(data.rfind(sign, max(start - _FAR, 0), start) for sign in (b";", b"{", b"}")) + 1
    head = data[max(begin, start - _FAR) : start].rstrip()
    opens = group["first"].lstrip().startswith(b":") and head.endswith((b")", b"noexcept"))
    return _first_branch(group) if opens or _INITIALISES.search(head) else group[0]


def _class_words(data: bytes) -> list[tuple[int, int]]:
    """Where macro words stand around the name in a class's head; `struct point p{1, 2}` is a variable and has none."""
    found: list[tuple[int, int]] = []
    for head in _CLASS_HEAD.finditer(data):
        before = [w for w in _CLASS_WORD.finditer(data, *head.span("words")) if w[1] and w[1] not in _NO_WORD]
        plain = all(w[1].isupper() and len(w[1]) > 2 for w in before)
        sure = head["bases"] or head["enum"] or (plain and data[head.end() : head.end() + 80].lstrip()[:1] == b"}")
        if sure or _CLASS_BODY.match(data, head.end()):
            after = [w for w in _CLASS_WORD.finditer(data, *head.span("after")) if w[1] not in _NO_WORD]
            found += [w.span() for w in (*before, *after)]
    return found


def _trailing(data: bytes) -> list[tuple[int, int]]:
    """Where attribute macros stand behind the parameters of what the text before them declares."""
    found: list[tuple[int, int]] = []
    end = 0
    for match in _TRAILING.finditer(data):
        if match.start() < end:  # a word of the row just looked at
            continue
        opening = _opening(data, match.start())
        if not opening:
            continue
        begin = max(data.rfind(sign, max(opening - _FAR, 0), opening) for sign in (b";", b"{", b"}")) + 1
        head = data[max(begin, opening - _FAR) : opening]
        if not _DECLARES.search(head[-200:]) or _STATEMENT.match(head):
            continue
        end = match.end()
        while True:
            after = re.compile(rb"\s*\(").match(data, end)
            end = (_closing(data, after.end() - 1) if after else end) or end
            word = re.compile(rb"\s*[A-Z][A-Z0-9_]{2,}\b").match(data, end)
            if word is None:
                break
            end = word.end()
        if data[end : end + 40].lstrip()[:1] in (b";", b"{", b"="):
            found.append((match.start(1), end))
    return found


def made(data: bytes) -> list[tuple[int, int]]:
    """Where a line of a macro's use stands at the margin without a semicolon: the grammar would join it with what follows."""
    return [
        match.span(1)
        for match in _MADE.finditer(data)
        if data[match.start(1) : match.end(1)].count(b"(") == data[match.start(1) : match.end(1)].count(b")")
        and not _directive(data, match.start())
        and not _BRACKETS.match(data, match.start())
        and not _declared(data, match.end())
    ]


_NAMED = re.compile(rb"\s*[A-Za-z_]\w*\s*(?=\()")


def _declared(data: bytes, position: int) -> bool:
    """Whether a function's name and parameters stand here, of which the macro above is the type: FOO_DECLARE(int)"""
    name = _NAMED.match(data, position)
    end = _closing(data, name.end()) if name is not None else 0
    return end > 0 and data[end : end + 200].lstrip()[:1] in (b"{", b";")


def _opening(data: bytes, position: int) -> int:
    """The parenthesis that the one at `position` closes, 0 when it is far away or missing."""
    depth = 0
    for here in range(position, max(position - _FAR, 0), -1):
        depth += {41: 1, 40: -1}.get(data[here], 0)
        if depth == 0:
            return here
    return 0


def _directive(data: bytes, position: int) -> bool:
    """Whether a position stands on a preprocessor line, continued ones included."""
    start = data.rfind(b"\n", 0, position) + 1
    while start > 1 and data[start - 2 : start - 1] == b"\\":
        start = data.rfind(b"\n", 0, start - 1) + 1
    return data[start:position].lstrip().startswith(b"#")


def _closing(data: bytes, position: int) -> int:
    """Just behind the parenthesis or bracket that closes the one at `position`, 0 when it is far away or missing."""
    depth, signs = 0, {91: 1, 93: -1} if data[position] == 91 else {40: 1, 41: -1}
    for here in range(position, min(len(data), position + _FAR)):
        depth += signs.get(data[here], 0)
        if depth == 0:
            return here + 1
    return 0
