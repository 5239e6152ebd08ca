"""What a question asks. In: its text. Out: intents, each a kind and the words it is about, in the order asked.

A question is cut into clauses; names that look like code become placeholders; a small grammar of verb and noun tables reads
what is left. So one frame serves every verb ("what does X <verb>", "who <verb>s X", "is X <verb>ed"), in direct and indirect
word order, and one clause may ask several things ("what does X call and raise"). A pronoun means the clause before.
"""

# A frame of the grammar is one line, however long: broken up, it cannot be read against its neighbours.
# ruff: noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from inference.link import STRICT, Mention, mentions

# What `X <verb>` asks about X.
_FORWARD: Final = {
    "call": "callees", "invoke": "callees", "use": "callees",
    "raise": "raises", "throw": "raises", "fail": "raises",
    "return": "returns", "yield": "returns",
    "do": "explain", "mean": "explain", "work": "explain", "represent": "explain", "happen": "explain",
    "take": "parameters", "accept": "parameters", "expect": "parameters", "need": "parameters", "require": "parameters",
    "import": "imports",
    "extend": "bases", "inherit": "bases", "subclass": "bases", "derive": "bases", "implement": "bases",
    "catch": "catches", "handle": "catches", "swallow": "catches",
    "depend": "depends",
    "override": "overrides", "overwrite": "overrides", "replace": "overrides",
    "contain": "members", "define": "members", "have": "members", "provide": "members", "offer": "members",
    "expose": "members", "export": "members",
    "live": "locate", "reside": "locate", "sit": "locate", "come": "locate",
}  # fmt: skip
# What `<verb> X` asks about X, the subject being what is wanted.
_BACKWARD: Final = {
    "call": "callers", "invoke": "callers", "use": "callers", "run": "callers", "trigger": "callers",
    "raise": "raisers", "throw": "raisers", "cause": "raisers", "emit": "raisers",
    "catch": "handlers", "handle": "handlers", "swallow": "handlers",
    "extend": "subclasses", "inherit": "subclasses", "subclass": "subclasses", "derive": "subclasses",
    "implement": "subclasses",
    "import": "importers",
    "override": "overriders",
    "define": "locate", "contain": "locate", "declare": "locate",
    "test": "tests", "cover": "tests", "exercise": "tests", "check": "tests",
    "depend": "dependents",
    "return": "returners",
}  # fmt: skip
_PASSIVE: Final = {
    "called": "callers", "used": "callers", "invoked": "callers", "instantiated": "callers", "created": "callers",
    "referenced": "callers", "raised": "raisers", "thrown": "raisers", "triggered": "raisers",
    "caught": "handlers", "handled": "handlers", "extended": "subclasses", "subclassed": "subclasses",
    "inherited": "subclasses", "imported": "importers", "overridden": "overriders", "tested": "tests",
    "covered": "tests", "defined": "locate", "declared": "locate", "located": "locate", "implemented": "locate",
    "found": "locate", "set": "locate", "stored": "locate",
}  # fmt: skip
_NOUN: Final = {
    "caller": "callers", "usage": "callers", "use": "callers", "user": "callers", "incoming call": "callers", "outgoing call": "callees",
    "callsite": "callers", "call site": "callers",
    "callee": "callees", "call": "callees",
    "exception": "raises", "error": "raises", "throw": "raises", "raise": "raises",
    "raiser": "raisers", "thrower": "raisers", "handler": "handlers", "catcher": "handlers",
    "subclass": "subclasses", "child": "subclasses", "implementation": "subclasses", "implementer": "subclasses",
    "derived class": "subclasses", "child class": "subclasses",
    "base": "bases", "parent": "bases", "superclass": "bases", "ancestor": "bases", "base class": "bases",
    "parent class": "bases",
    "method": "members", "member": "members", "attribute": "members", "field": "members", "content": "members",
    "function": "members", "classe": "members",
    "import": "imports", "importer": "importers", "dependency": "depends", "dependent": "dependents",
    "signature": "parameters", "parameter": "parameters", "argument": "parameters", "option": "parameters",
    "return type": "returns", "return value": "returns", "test": "tests", "override": "overriders",
    "location": "locate", "definition": "locate", "source": "locate", "file": "locate",
    "purpose": "explain", "docstring": "explain", "documentation": "explain", "description": "explain",
}  # fmt: skip
# Relations that `does X <verb> Y` can put to the test.
CHECKS: Final = {
    "call": "calls", "invoke": "calls", "use": "calls", "raise": "throws", "throw": "throws",
    "extend": "extends", "inherit": "extends", "subclass": "extends", "derive": "extends", "implement": "extends",
    "import": "imports", "catch": "catches", "handle": "catches", "contain": "defines", "define": "defines",
    "have": "defines", "return": "returns", "depend": "imports", "take": "parameter", "accept": "parameter",
}  # fmt: skip
GRAPH_KINDS: Final = frozenset((*_FORWARD.values(), *_BACKWARD.values(), *_NOUN.values(), "check", "path", "compare"))

_X = (
    r"(?:(?:the|a|an|this|that|its?|my)\s+)?(?:(?:function|method|class|module|file|package|interface|error|exception|decorator|"
    r"constant|variable|command|symbol)\s+)?(?P<{0}>⟦\d+⟧|(?!\w+\s+⟦)[A-Za-z_$][\w$]*)"
    r"(?:\s+(?:function|method|class|module|file|package|interface|error|exception|decorator|object|command|symbol))?"
)
X, Y = _X.format("x"), _X.format("y")
_AUX = r"(?:does|do|did|can|could|may|might|will|would|should|must)"
_STEMS = "|".join(sorted({*_FORWARD, *_BACKWARD}, key=len, reverse=True))
_VERB = rf"(?:{_STEMS})(?:e?s|ing)?"
_PASSIVES = "|".join(_PASSIVE)
_NOUNS = "|".join(sorted(_NOUN, key=len, reverse=True))
_PREP = r"(?:\s+(?:from|on|upon|into|in|up|by|to))?"
_THINGS = r"(?:\s+(?!⟦)[\w-]+){0,3}?"  # "what kinds of errors", "which functions"
_FRAMES: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("compare", rf"\b(?:difference|differences|relationship|relation)\s+between\s+{X}\s+and\s+{Y}"),
        ("compare", rf"\bhow\s+(?:does|is|are|do)\s+{X}\s+(?:differ|different)\s+from\s+{Y}"),
        ("compare", rf"\b(?:compare\s+)?{X}\s+(?:vs\.?|versus|compared\s+(?:to|with))\s+{Y}"),
        ("compare", rf"\bcompare\s+{X}\s+(?:and|with|to)\s+{Y}"),
        ("path", rf"\b(?:path|route|chain|flow|way|trace)s?\b.{{0,20}}?\b(?:from|between)\s+{X}\s+(?:to|and|into)\s+{Y}"),
        ("path", rf"\bhow\s+(?:does|do|can|is)\s+{X}\s+(?:reach|get\s+to|lead\s+to|end\s+up\s+(?:in|at|calling)|reached\s+from|connected\s+to)\s+{Y}"),
        ("path", r"\bfrom\s+(?P<x>⟦\d+⟧)\s+to\s+(?P<y>⟦\d+⟧)"),
        ("default", rf"\bdefault(?:\s+value)?\s+(?:of|for)\s+{Y}(?:\s+(?:parameter|argument|option))?\s+(?:of|in|for|to)\s+{X}"),
        ("default", rf"{Y}\s+(?:parameter|argument|option|keyword)\s+(?:of|in|for|to)\s+{X}"),
        ("check", rf"\b(?:is|are|was)\s+{X}\s+(?:a|an|the)?\s*(?P<verb>subclass|child|kind|type|base|parent|superclass|caller|callee|member|method)(?:es|s)?\s+of\s+{Y}"),
        ("check", rf"\b(?:why\s+|when\s+|where\s+|how\s+)?{_AUX}\s+{X}\s+(?:ever\s+|directly\s+|really\s+|also\s+|not\s+)*(?P<verb>{_VERB}){_PREP}(?:\s+any)?\s+{Y}"),
        ("check", rf"\b(?:is|are)\s+{X}\s+(?P<passive>{_PASSIVES})\s+(?:by|in|from)\s+{Y}"),
        ("forward", rf"\b(?:whatever|what|which|how|whom|where){_THINGS}\s+{_AUX}\s+{X}\s+(?P<tail>(?:(?:not|ever|directly|actually|then|also)\s+)*{_VERB}\b.*)"),
        ("passive", rf"\b(?:where|when|how|why|what|who|which|in\s+which|by\s+(?:what|whom)){_THINGS}\s+(?:is|are|was|were|gets?|being)\s+{X}\s+(?:ever\s+|being\s+|actually\s+|first\s+)*(?P<passive>{_PASSIVES})\b"),
        ("passive", rf"\b(?:where|when|how|by\s+(?:what|whom))\s+{X}\s+(?:is|are|was|gets?)\s+(?:ever\s+|being\s+)*(?P<passive>{_PASSIVES})\b"),
        ("passive", rf"\b(?:is|are)\s+{X}\s+(?:ever\s+)?(?P<passive>{_PASSIVES})\b"),
        ("backward", rf"\b(?:who|what|which|where|how\s+many){_THINGS}\s+(?:(?:can|could|may|might|will|would|do|does|is|are|directly|also)\s+)*(?P<verb>{_VERB}|{_PASSIVES}){_PREP}\s+{X}"),
        ("forward", rf"\b(?:whatever|what|which|where|how){_THINGS}\s+{X}\s+(?P<tail>(?:(?:can|may|might|could|directly|actually)\s+)*{_VERB}\b.*)"),
        ("noun", rf"\b(?P<noun>{_NOUNS})(?:e?s|ies)?\s+(?:\w+\s+){{0,2}}?(?:of|for|to|in|inside|from|on|does|do)\s+{X}"),
        ("callers", rf"\breferences\s+to\s+{X}"),
        ("noun", rf"{X}(?:'s|’s)\s+(?:own\s+)?(?P<noun>{_NOUNS})(?:e?s|ies)?\b"),
        ("noun", r"(?P<x>⟦\d+⟧)\s+(?P<noun>" + _NOUNS + r")(?:e?s|ies)?\b"),
        ("diagnose", rf"\bhow\s+(?:do|can|could|should|to)\s*(?:i|we|one|you)?\s*(?:fix|avoid|solve|resolve|debug|prevent|deal\s+with|recover\s+from)\s+{X}"),
        ("diagnose", rf"\bwhy\s+(?:do|am|did|does|is|are)\s+(?:i|we|one|it|my\s+\w+|the\s+\w+)?\s*(?:keep\s+)?(?:get|getting|see|seeing|hit|hitting|receive|receiving)\s+{X}"),
        ("diagnose", rf"\bwhat\s+(?:should|can|must|do|could)\s+(?:i|we|one)\s+(?:need\s+to\s+)?(?:check|do|try|look\s+at|change)\b(?:\s+(?:about|for|when|if|against)\s+{X})?(?P<bare>)"),
        ("diagnose", rf"\b(?:what\s+is|what's)\s+(?:the\s+)?(?:cause|reason|fix)\s+(?:of|for)\s+{X}"),
        ("locate", rf"\b(?:where|which\s+(?:file|module))\s+(?:is|are|can\s+i\s+find|do\s+i\s+find|to\s+find|was)\s+{X}\s*(?:[?.!,]|$)"),
        ("locate", rf"^\s*(?:please\s+)?(?:find|locate|show\s+me\s+where|go\s+to|open|show)\s+(?:me\s+)?{X}\s*[?.!]*$"),
        ("explain", rf"\b(?:explain|describe|summari[sz]e|document)\s+(?:to\s+me\s+)?(?:how\s+|what\s+)?{X}"),
        ("explain", rf"\b(?:what|who)(?:\s+is|\s+are|'s|’s)\s+{X}(?:\s+(?:for|about|doing|used\s+for|good\s+for))?\s*(?:[?.!,]|$)"),
        ("explain", rf"\btell\s+me\s+(?:more\s+)?about\s+{X}"),
        ("explain", rf"\bhow\s+{X}\s+works?\b"),
        ("explain", rf"\b(?:what|why)\s+(?:does|do|is)\s+{X}\s+(?:exist|there|needed|do)\b"),
    )
)  # fmt: skip
_ASK = r"(?:what|where|who|whom|which|when|why|how|does|do|is|are|can|list|show|explain|describe|find|tell|give|name)"
_CUT = re.compile(
    rf"(?<=[?!;\n])\s*|(?<=[\w⟧]):\s+(?=[a-z])|(?<=[.])\s+(?=[A-Z⟦])|(?:\s*,)?\s*\b(?:and|then|also|plus|but)\b(?:\s*,)?(?:\s+(?:also|then))?\s+(?={_ASK}\b)|,\s+(?={_ASK}\b)",
    re.IGNORECASE,
)
_PRONOUNS: Final = "it its this that they them these those he she one the same itself"
_PRONOUN: Final = frozenset(_PRONOUNS.split())
_GENERICS: Final = """
    function functions method methods class classes module modules file files package packages code codebase repo repository
    project library tool program app application you i we one someone everything anything something there errors exceptions
    error exception a an the of in to for and or not any all many much what which who where when how why is are does do
    user users data parameter argument arguments parameters value values name type
"""
_GENERIC: Final = frozenset(_GENERICS.split())
# Verbs that ask for an edge only when nothing else follows: "what does X handle" does, "how does X handle redirects" does not.
_VAGUE: Final = frozenset(
    {"do", "handle", "use", "work", "happen", "have", "need", "provide", "contain", "depend", "require", "represent"}
)
_SMALL: Final = frozenset(
    {"on", "upon", "from", "with", "exactly", "here", "actually", "when", "if", "it", "at", "by", "as", "internally"}
)
_HOWTO = re.compile(
    r"\bhow\s+(?:do|can|could|should|would|to|might)\b(?:\s+(?:i|we|you|one))?|\b(?:example|examples|recipe|usage example|steps)\s+(?:of|for|to)\b|\bwhat\s+is\s+the\s+(?:best\s+)?way\s+to\b",
    re.I,
)
_DISCOVER = re.compile(
    r"\b(?:what\s+can|which\s+(?:functions?|class(?:es)?|methods?|modules?|files?|parts?|code)|is\s+there|are\s+there|does\s+(?:it|this|the\s+\w+)\s+support|anything\s+(?:for|about|to)|list|capabilit|features?)\b",
    re.I,
)
# Words that name a relation in any order, for clauses outside the grammar; the more telling first.
_CUES: Final = tuple(
    (kind, re.compile(rf"\b(?:{words})\b"))
    for kind, words in (
        ("tests", r"tests?|tested|re-?run|test\s+coverage|covered|checks\s+(?:to|i|that)"),
        ("raises", r"(?:should|must)\s+i\s+catch|catch\s+around|guard\s+against|watch\s+out"),
        (
            "callers",
            r"(?:places|code|functions?|spots|sites)\s+(?:that|which)\s+(?:invoke|call|use)s?|what\s+breaks|breaks?\s+if|if\s+i\s+(?:change|rename|delete|remove|touch)\w*",
        ),
        ("overriders", r"overridden|overrides|overriding|reimplement\w*"),
        ("importers", r"imports?|imported|importing|import\s+statements?"),
        ("catches", r"deals?\s+with|catch\w*|swallow\w*|recover\w*|handles?|except\s+clauses?"),
        (
            "raises",
            r"raises?|raised|throws?|thrown|errors?|exceptions?|failures?|fails?|blows?\s+up|go(?:es)?\s+wrong|surfac\w+|break(?:s|age)?",
        ),
        ("bases", r"super-?class(?:es)?|parents?|ancestors?|base\s+class(?:es)?|inherits?|above"),
        ("subclasses", r"sub-?class(?:es)?|children|descend\w*|derived?|heirs?|below|implementations?|implementers?"),
        ("returns", r"returns?|returned|gets?\s+back|gives?\s+back|hands?\s+back|comes?\s+back|results?|output"),
        (
            "parameters",
            r"parameters?|arguments?|args|parenthes[ei]s|suppl(?:y|ies)|hand\s+over|signature|passe?[sd]?|inputs?|options?|constructor|expects?",
        ),
        (
            "callers",
            r"callers?|called|incoming|invoke\s+⟦|invokes?\s*$|who\s+(?:uses|relies)|usages?|used|uses|rename\w*|delete\w*|depend(?:s|ents?)?\s+on|relies|call\s+sites?|invoked",
        ),
        ("callees", r"calls?|outgoing|invokes?|callees?|helpers?|delegates?|relies\s+on"),
        (
            "members",
            r"members?|methods|attributes?|fields?|provides?|contents?|contains?|consists?|made\s+of|inside|things",
        ),
        ("locate", r"where|located?|lives?|sits?|files?|paths?|modules?|source|find|defined|definition|holds"),
        ("explain", r"roles?|purposes?|overview|jobs?|summary|does|do|works?|about|meaning|responsib\w+|point|for"),
    )
)
_HAPPENS = re.compile(r"^\W*what\s+(?:happens|if|would\s+happen)\b", re.I)
_OVERVIEW = re.compile(
    r"^\W*(?:what\s+(?:is|does)|explain|describe|summari[sz]e|tell\s+me\s+about|give\s+me\s+an?\s+overview\s+of|overview\s+of)\s+"
    r"(?:this|the|our)?\s*(?P<x>[\w-]+)?\s*(?:project|repo(?:sitory)?|library|codebase|code\s+base|package|tool)?"
    r"\s*(?:do|does|about|for|all\s+about)?\W*$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Intent:
    """`x` (and `y` where a kind relates two) are mentions; `text` is the clause; `verb` the relation a check tests.
    `carried` is set when x stands for a pronoun or was left out, and was taken from the clause before."""

    kind: str
    text: str
    x: Mention | None = None
    y: Mention | None = None
    verb: str = ""
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    intents: tuple[Intent, ...]
    mentions: tuple[Mention, ...]


def read(
    text: str,
    project: str = "",
    carry: Mention | None = None,
    names: frozenset[str] = frozenset(),
    words: tuple[str, ...] = (),
    exists: Callable[[str], bool] = lambda name: True,
) -> Question:
    """The intents of `text`. `carry` is what "it" means before anything is named (the last turn of a session); `names` are
    plain or capitalised words of the text that the index knows as names, so that "Context" counts where it is one; `words` are everyday words that
    are also names, tried last; `exists` tells whether any symbol bears a name."""
    found = [m for m in mentions(text) if m.shape in STRICT or m.shape == "flag" or m.name in names]
    masked = mask(text, found)
    intents: list[Intent] = []
    last = carry
    for clause in _clauses(masked):
        plain = _unmask(clause, found)
        got = _read_clause(clause, plain, found, last, project, words, exists)
        intents += got
        last = next((i.x for i in reversed(got) if i.x), last)
    if any(i.x for i in intents):
        intents = [i for i in intents if i.x or i.kind != "search" or _ASKS.match(i.text)]
    unique = {(i.kind, i.x.name if i.x else i.text, i.y.name if i.y else "", i.verb): i for i in reversed(intents)}
    ordered = tuple(
        i for i in intents if unique.get((i.kind, i.x.name if i.x else i.text, i.y.name if i.y else "", i.verb)) is i
    )
    return Question(text, ordered, tuple(found))


_ASKS = re.compile(rf"\W*(?:{_ASK}|please|i\s+(?:want|need)|could|would|should|in\s+which)\b", re.IGNORECASE)


def mask(text: str, found: Sequence[Mention]) -> str:
    """`text` with the n-th mention written ⟦n⟧."""
    parts, at = [], 0
    for number, mention in enumerate(found):
        parts += [text[at : mention.start], f"⟦{number}⟧"]
        at = mention.end
    return "".join([*parts, text[at:]])


def _unmask(clause: str, found: list[Mention]) -> str:
    return re.sub(r"⟦(\d+)⟧", lambda m: found[int(m.group(1))].name, clause)


def _clauses(masked: str) -> list[str]:
    return [part.strip() for part in _CUT.split(masked) if part and part.strip(" ?!.;,\n")]


def _read_clause(
    clause: str,
    plain: str,
    found: list[Mention],
    last: Mention | None,
    project: str,
    words: tuple[str, ...],
    exists: Callable[[str], bool],
) -> list[Intent]:
    here = [found[int(n)] for n in re.findall(r"⟦(\d+)⟧", clause)]
    clause = _qualified(clause)
    dangling = False
    for kind, frame in _FRAMES:
        if _HAPPENS.match(clause):
            break
        for match in frame.finditer(clause):
            groups = match.groupdict()
            dangling = dangling or ((groups.get("x") or "").lower() in _PRONOUN and last is None)
            x, carried = _slot(groups.get("x"), found, last)
            if (
                here
                and x is not None
                and x.shape == "plain"
                and not carried
                and kind not in ("check", "path", "compare", "default")
            ):
                continue  # with real code in the clause, an everyday word is not what it is about
            if x is None and "bare" in groups:
                x, carried = last, True
            if x is not None and last is not None and not here and x.shape == "plain" and not exists(x.name):
                x, carried = last, True
            y, _ = _slot(groups.get("y"), found, None)
            if x is None or (kind in ("check", "path", "compare", "default") and y is None):
                continue
            made = _make(kind, groups, plain, x, y, carried)
            if made:
                return made
    if _OVERVIEW.match(clause) and _is_project(_OVERVIEW.match(clause), project) and not here:
        return [Intent("overview", plain)]
    kind = prose_kind(clause)
    if kind != "search":
        return [Intent(kind, plain, here[0] if here else None)]
    subject = here[0] if here else last if len(clause.split()) <= 9 else None
    # How and why ask for an explanation, whatever relation words stand in them.
    cue = "" if re.match(r"\W*(?:how|why)\b", clause, re.I) else cue_kind(clause)
    if cue and subject is not None:
        return [Intent(cue, plain, subject, None, "", not here)]
    if dangling and not here and len(clause.split()) <= 6:
        return [Intent("unclear", plain)]
    if here and not re.sub(r"⟦\d+⟧|\band\b|\W", "", clause):
        return [Intent("explain", plain, mention) for mention in here]
    inside = [w for w in words if re.search(rf"(?<!\w){re.escape(w)}(?!\w)", clause)]
    word = (inside or list(words))[-1] if cue and words else ""
    if word:
        return [Intent(cue, plain, Mention(word, 0, 0, "plain"))]
    return [Intent("search", plain, here[0] if here else None)]


def cue_kind(clause: str) -> str:
    """The relation a clause asks about, by the words in it, where no frame of the grammar fits; "" when none speaks."""
    low = re.sub(r"⟦\d+⟧", " ", clause.lower())
    return next((kind for kind, cue in _CUES if cue.search(low)), "")


def prose_kind(clause: str) -> str:
    """howto, discovery or search: what a clause asks that names nothing."""
    return "howto" if _HOWTO.search(clause) else "discovery" if _DISCOVER.search(clause) else "search"


def _qualified(clause: str) -> str:
    """`⟦1⟧ method of ⟦0⟧` is one thing: keep the member, the linker gets the container as a hint."""
    return re.sub(
        r"(⟦\d+⟧)\s+(?:method|function|class|attribute|field|property)\s+(?:of|in|on|from)\s+(?:the\s+)?⟦\d+⟧(?:\s+class)?",
        r"\1",
        clause,
    )


def _make(
    kind: str, groups: dict[str, str | None], text: str, x: Mention, y: Mention | None, carried: bool
) -> list[Intent]:
    if kind == "forward":
        tail = re.split(r"[?!;]", groups["tail"] or "")[0]
        stems = _verbs(tail, _FORWARD)
        if stems and stems[0] in _VAGUE and _objects(tail, stems[0]):
            return []
        kinds = [_FORWARD[v] for v in stems]
        return [Intent(k, text, x, None, "", carried) for k in dict.fromkeys(kinds)]
    if kind == "backward":
        verb = (groups["verb"] or "").lower()
        stem = next(iter(_verbs(verb, _BACKWARD)), "")
        wanted = _BACKWARD.get(stem) or _PASSIVE.get(verb, "")
        return [Intent(wanted, text, x, None, "", carried)] if wanted else []
    if kind == "passive":
        return [Intent(_PASSIVE[(groups["passive"] or "").lower()], text, x, None, "", carried)]
    if kind == "noun":
        return [Intent(_NOUN[_singular((groups["noun"] or "").lower())], text, x, None, "", carried)]
    if kind == "check":
        return _check(groups, text, x, y, carried)
    return [Intent(kind, text, x, y, "", carried)]


def _check(groups: dict[str, str | None], text: str, x: Mention, y: Mention | None, carried: bool) -> list[Intent]:
    if groups.get("passive"):
        turned = {
            "callers": "calls",
            "raisers": "throws",
            "handlers": "catches",
            "subclasses": "extends",
            "importers": "imports",
            "locate": "defines",
        }
        relation = turned.get(_PASSIVE[(groups["passive"] or "").lower()], "")
        return [Intent("check", text, y, x, relation, carried)] if relation else []
    noun = (groups.get("verb") or "").lower()
    nouns = {"subclass": ("extends", False), "child": ("extends", False), "kind": ("extends", False), "type": ("extends", False),
             "base": ("extends", True), "parent": ("extends", True), "superclass": ("extends", True),
             "caller": ("calls", False), "callee": ("calls", True), "member": ("defines", True), "method": ("defines", True)}  # fmt: skip
    if noun in nouns:
        relation, swap = nouns[noun]
        return [Intent("check", text, y if swap else x, x if swap else y, relation, carried)]
    stem = next(iter(_verbs(noun, CHECKS)), "")
    if stem in _VAGUE and y is not None and y.shape == "plain":
        return []
    return [Intent("check", text, x, y, CHECKS[stem], carried)] if stem else []


def _objects(tail: str, stem: str) -> list[str]:
    """What follows the verb and carries meaning: `handle redirects` -> redirects."""
    words = re.findall(r"[a-z⟦]+", tail.lower())
    after = [w for n, w in enumerate(words) if any(v.startswith(stem) for v in words[:n])]
    return [w for w in after if w not in _GENERIC and w not in _PRONOUN and w not in _SMALL]


def _verbs(tail: str, table: dict[str, str]) -> list[str]:
    """Stems of the verbs at the head of `tail` that stand in `table`: `call and raise` -> call, raise."""
    stems = []
    for word in re.findall(r"[a-z]+|⟦", tail.lower()):
        if word == "⟦":
            break
        stem = next(
            (
                s
                for s in (
                    word,
                    word.removesuffix("s"),
                    word.removesuffix("es"),
                    word.removesuffix("ing"),
                    word.removesuffix("ing") + "e",
                )
                if s in table
            ),
            "",
        )
        if stem:
            stems.append(stem)
        elif stems and word not in ("and", "or", "also", "directly", "from", "on", "to"):
            break
    return stems


def _singular(noun: str) -> str:
    for form in (noun, noun.removesuffix("s"), noun.removesuffix("es"), noun.removesuffix("ies") + "y"):
        if form in _NOUN:
            return form
    return noun


def _slot(word: str | None, found: list[Mention], last: Mention | None) -> tuple[Mention | None, bool]:
    """The mention a slot of a frame holds; a pronoun gives the last one."""
    if word is None:
        return None, False
    placeholder = re.fullmatch(r"⟦(\d+)⟧", word)
    if placeholder:
        return found[int(placeholder.group(1))], False
    if word.lower() in _PRONOUN:
        return last, last is not None
    if word.lower() in _GENERIC:
        return None, False
    return Mention(word, 0, 0, "plain"), False


def _is_project(match: re.Match[str] | None, project: str) -> bool:
    word = ((match.group("x") if match else "") or "").lower()
    return not word or word in _GENERIC or word in _PRONOUN or word == project.lower()
