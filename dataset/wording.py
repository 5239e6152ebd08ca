"""Doc sentences turned into clauses that fit behind a subject: "Return the user." -> "returns the user". Text in, text out.

Only a sentence whose grammar is certain is turned; any other is quoted, so that what comes out is always a sentence.
"""

from __future__ import annotations

import re

# Verbs that open doc sentences. A word that is as often a noun counts as a verb only where no "of" or "for" follows.
_VERB_WORDS = """
    accept access acquire activate adapt add adjust aggregate align allocate allow append apply approximate assemble assert
    assign attach attempt authenticate await begin bind block broadcast build bump bundle cache calculate call cancel capture
    cast catch change check choose clamp classify clean clear clip clone close coerce collapse collect combine compare compile
    complete compose compress compute concatenate configure confirm connect construct consume contain continue convert copy
    correct count create customize cut deactivate decode decompress decorate decrement dedent deduplicate define defer delegate
    delete deliver depend deprecate derive deserialize destroy detach detect determine disable discard disconnect discover
    dispatch display divide download draw drop dump duplicate echo edit emit empty enable encode encrypt enforce enqueue ensure
    enter enumerate erase escape establish estimate evaluate evict examine exclude execute exit expand expect expire explain
    export expose express extend extract feed fetch fill filter finalize find finish fire fix flag flatten flip flush fold
    follow force forget fork format forward free freeze fuse gather generate get give go grab group guard guess halt handle
    hash help hide hold identify ignore implement import include increase increment indent indicate infer inform inherit
    initialize initialise inject insert inspect install instantiate instruct intercept interpret interrupt invert invoke issue
    iterate join keep kill launch lead lex limit link list listen load locate lock log look lower make manage map mark mask
    match measure merge migrate mix mock modify monitor move multiply negate normalize notify obtain offer open operate order
    override pack pad page parse partition pass patch peek perform permute pick ping place plot poll pop populate post prefix
    prepare prepend preprocess present preserve press prevent print process produce prompt propagate protect provide prune
    publish pull push put query queue quote raise randomize reach read rebuild receive recognize reconnect record recover
    recreate redirect reduce refresh refuse register reject release reload remember remove rename render reopen repeat replace
    replay report represent request require reserve reset reshape resize resolve respond restart restore restrict resume
    retrieve retry return reuse reverse revert rewind rewrite roll rotate round route run sample sanitize save scale scan
    schedule score scrape scroll search seek select send separate serialize serve set shift show shuffle shutdown sign simplify
    simulate skip sleep slice snapshot solve sort specify split squash squeeze stack start stop store stream strip style
    subclass submit subscribe subtract suggest sum supply support suppress suspend swap switch synchronize take teach tell
    terminate tear test throw tokenize toggle trace track train transfer transform translate transpose traverse treat trigger
    trim truncate try turn unescape uninstall unlink unload unlock unpack unquote unregister unset unsubscribe unwrap update
    upgrade upload use validate verify view visit wait walk warn watch wire wrap write yield zip
"""
_VERBS = frozenset(_VERB_WORDS.split())
_NOUN_WORDS = """access block cache call cast change check copy count cut display draw drop dump duplicate echo estimate exit export feed
    filter fix flag fold force format group guard guess hash help hold import issue join kill launch lead limit link list load
    lock log look make map mark mask match measure mix mock move offer order override pack pad page patch pick ping place plot
    poll pop post prefix present press process prompt query queue quote read record release replay report request reserve reset
    return reverse roll round route run sample scale scan score scroll search sign sleep slice snapshot sort split stack start
    stop store stream strip style sum supply support swap switch test throw trace track train transfer transform trigger turn
    update upgrade use view visit wait walk watch wire wrap yield zip set"""
_NOUN_TOO = frozenset(_NOUN_WORDS.split())
_S_FORMS = {
    (v[:-1] + "ies")
    if v.endswith("y") and v[-2] not in "aeiou"
    else v + ("es" if v.endswith(("s", "x", "z", "ch", "sh", "o")) else "s"): v
    for v in sorted(_VERBS)
}
_INFLECT = {verb: form for form, verb in _S_FORMS.items()}
_FINITE = re.compile(
    r"\b(?:is|are|was|were|be|has|have|can|could|will|would|should|must|may|might|shall|does|do|returns?|provides?|allows?"
    r"|means|contains?|holds?|takes?|gets?|makes?|raises?|uses?|gives?|represents?|describes?|controls?|defaults?)\b"
)
_RELATIVE = re.compile(r"\b(?:that|which|who|whose|where|when|used|for|to|with|of)\b|[,:(]")
_PRONOUN = re.compile(r"\b(?:that|which|who|whose|where|when|used|to)\b")
_PAST_WORDS = "sent got gave took made went came ran found lost kept left met held told broke began wrote"
_PAST = frozenset(_PAST_WORDS.split())
_LITTLE_WORDS = """the a an all any each every this that these those its their some one two whether if for of from with in into
    on onto by at per via when where while which who using before after until between against over under inside
    without within through across about so than"""
_LITTLE = rf"(?:{'|'.join(_LITTLE_WORDS.split())})\b"
# A plural noun and a word behind it that is neither little nor an adverb: it may be the noun's verb.
_PLURAL = re.compile(
    rf"\b[a-z]{{3,}}(?<![sui])s (?!(?:and|or|to|not|as|only|again|back|up|out|off)\b)(?!{_LITTLE})[a-z]{{3,}}(?<!ly)(?<!ing)(?<!ed)\b"
)
# Behind "a" and a noun, a word in -s that no preposition parts from them: not the noun's plural, so its verb.
_ENDS_IN_S = rf"[\w'-]+(?: (?!{_LITTLE}|(?:and|or|as|is|to)\b)[\w'-]+)*? (?!series\b|means\b)[a-z]{{2,}}(?<![sui])s\b"
_SINGULAR = re.compile(_ENDS_IN_S)
_SINGULAR_INSIDE = re.compile(rf"\ban? {_ENDS_IN_S}")
# What may follow a second imperative: an object that is surely one; behind what is never a noun also nothing, or a particle.
_DETERMINED = (
    r"(?:the|an?|all|any|each|every|this|that|these|those|its|their|it|them|him|itself|themselves|both|either)\b"
)
_OBJECT = {
    True: re.compile(rf"\s*{_DETERMINED}"),
    False: re.compile(rf"\s*(?:$|[,;(]|{_LITTLE}|{_DETERMINED}|(?:up|out|back|off|down|away)\b)"),
}
_NEEDS_NOUN = re.compile(r"^(?:of|for|in|from|by|with|on)\b")


def third_person(verb: str) -> str:
    """`return` -> `returns`; empty when the word is not a verb known here."""
    return _INFLECT.get(verb.lower(), "")


def base_form(verb: str) -> str:
    """`returns` -> `return`; empty when the word is not the third person of a verb known here."""
    return _S_FORMS.get(verb.lower(), "")


_STATES = re.compile(
    r"^(?:(?:method|function|class|helper|decorator|module|attribute|property)\s+)?"
    r"(is|are|was|has|can|could|will|would|should|must|may|might|does)\b\s*(?=\w)",
    re.I,
)
_ADDRESS = re.compile(r"\S*(?:://|www\.)\S*|\S*[_()<>{}=\\/]\S*")


def own_sentence(purpose: str, name: str) -> str:
    """The first sentence of a documentation without the name that leads it ("parse - Read a file.", "Load loads a tree.").

    Empty where what is left tells nothing: fewer than three words of prose, an address, a quotation that is cut short.
    """
    text = purpose.strip()
    lead = re.match(rf"{re.escape(name)}(?:\(\))?(?:\s*(?:--?|[:–—])\s*|\s+(?=[a-z]))", text) if name else None
    if lead is not None:
        rest = text[lead.end() :]
        linked = not lead.group().strip().endswith(name) and not lead.group().strip().endswith(")")
        if linked or base_form(rest.partition(" ")[0]) or _STATES.match(rest):
            text = rest[:1].upper() + rest[1:]
    if text.startswith("Of ") or re.search(r"\b(?:what|which|that|the|an?|of|with|to|from|by)\W*$", text):
        return ""  # goes on from the name above it, or was cut short
    text = re.sub(r"\[([\w.:]+)\](?![(\[])", r"\1", text)
    whole = all(text.count(left) == text.count(right) for left, right in ("()", "[]", "“”"))
    whole = whole and not re.search(r"[{}\\]|\);|(?<!:)//", text)  # code that was commented out
    whole = whole and bool(re.search(r"[\w)\]}\"'”»%+*]$", text.rstrip(".!?。！？…")))
    words = re.findall(r"[^\W\d_]{2,}", _ADDRESS.sub(" ", text))
    quotes = re.findall(r"(?<!\w)'|'(?!\w)", re.sub(r"(?<=s)'(?=\s)", "", text))
    told = len(words) > 2 or any(len(word) > 3 and not word.isascii() for word in words)  # some scripts put no spaces
    return text if told and whole and len(quotes) % 2 == 0 else ""


_GENERIC_WORDS = (
    "initializ initialis construct creat instance class object method function default value this that the with for new"
)


def restates(text: str, qualname: str) -> bool:
    """Whether a sentence says no more than the name: "Initializes a new instance of the JArray class." of `JArray.JArray`."""
    known = [
        word[:4]
        for word in (*_GENERIC_WORDS.split(), *(p.lower() for p in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", qualname)))
    ]
    joined = qualname.replace(".", " ").lower().split()
    words = re.findall(r"[^\W\d_]{3,}", text.lower())
    return all(word in joined or any(word.startswith(start) for start in known if len(start) > 2) for word in words)


def clause(purpose: str, noun: str) -> str:
    """What the subject does or is, to follow its name: "returns the user", "is a base class for …". Empty when unsure.

    `noun` is the kind of the subject: an imperative describes what a function does, hardly ever what a class is.
    """
    text = purpose.strip().rstrip(".!")
    if not text or re.search(r"[.!?;]\s", text) or text.count('"') % 2 or "`" in text:
        return ""
    first, _, rest = text.partition(" ")
    if not rest:
        return ""
    states = _STATES.match(text)
    if states is not None:
        return f"{states.group(1).lower()} {text[states.end() :]}"
    verb = re.match(r"\w+", rest)
    if (
        base_form(first) in _NOUN_TOO
        and verb
        and (verb.group().endswith("ed") or verb.group() in _PAST or _FINITE.match(rest))
    ):
        return ""  # "Requests encountered an error"
    if base_form(first) and not _NEEDS_NOUN.match(rest):
        return f"{first.lower()} {rest}"
    callable_noun = noun in ("function", "method", "constructor", "destructor", "macro")
    noun_first = first.lower() in _NOUN_TOO and (_NEEDS_NOUN.match(rest) or _is_clause(rest))
    if third_person(first) and callable_noun and not noun_first:
        return _conjugate(first, rest)
    many = first == "The" and re.match(
        r"(?:(?!that |which |who |where |when |used |for |to |with |of )\S+ )*[a-z]{3,}(?<![sui])s\b", rest
    )
    if first in ("A", "An", "The") and not callable_noun and not many and _is_noun_phrase(rest, first):
        return f"is {first.lower()} {rest}"
    return ""


def _conjugate(first: str, rest: str) -> str:
    """The imperative in the third person, with a second imperative after "and"; empty when a later verb is uncertain."""
    words = re.split(r"((?:, )?\b(?:and|or) (?:then )?|, (?:then )?)(\w+)", rest)
    out = [words[0]]
    for link, word, tail in zip(words[1::3], words[2::3], words[3::3], strict=True):
        form = third_person(word) if word.islower() else ""
        if form and not _OBJECT[word in _NOUN_TOO].match(tail):
            return ""  # "read or write access", "strings and forward annotations": verb or not, nobody can say
        out.append(link + (form or word) + tail)
    return f"{third_person(first)} {''.join(out)}"


def _is_clause(rest: str) -> bool:
    """Whether a plural noun meets a word that may be its verb: "(Request) contexts disappear when …"."""
    head = re.split(r"[,:;(]", rest, maxsplit=1)[0]
    return bool(_PLURAL.search(head)) and not re.match(_LITTLE, head)


def _is_noun_phrase(rest: str, article: str) -> bool:
    """Whether "a/the …" has no finite verb of its own before a relative clause starts."""
    relative = _RELATIVE.search(rest)
    head = rest[: relative.start()] if relative else rest
    for word in re.findall(r"[A-Za-z]+", head.partition(" ")[2]):
        if word in _PAST or word.endswith("ed") or word in _S_FORMS or (word in _VERBS and word not in _NOUN_TOO):
            return False
    finite, pronoun = _FINITE.search(rest), _PRONOUN.search(rest)
    own = re.split(r"\b(?:that|which|who|whose|where|when)\b", rest, maxsplit=1)[0]
    # A phrase that "a" opens ends in the singular: "a Compaction encapsulates", "a parameter to a command comes in two versions".
    if (article != "The" and _SINGULAR.match(rest)) or _SINGULAR_INSIDE.search(own):
        return False
    return finite is None or (pronoun is not None and pronoun.start() < finite.start() and "," not in rest)


def verb_phrase(purpose: str) -> str:
    """The doc sentence as an infinitive without "to": "Returns the user." -> "return the user". Empty when unsure."""
    text = clause(purpose, "function")
    first, _, rest = text.partition(" ")
    base = base_form(first)
    if not base or "," in rest or re.search(r" (?:and|or|then) (?:(?:then|just|also|only|\w+ly) )*\w+s\b", rest):
        return ""
    return f"{base} {rest}"
