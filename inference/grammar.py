"""The grammar of questions as data: which verbs, nouns and cues ask for which relation, and the frames they stand in.

In a frame, `⟦n⟧` is the n-th name of the question; X and Y are slots that a name or a plain word may fill. Frames are tried in
order, the more telling first; cues are what is left when none fits.
"""

# A frame of the grammar is one line, however long: broken up, it cannot be read against its neighbours.
# ruff: noqa: E501

from __future__ import annotations

import re
from typing import Final

# What `X <verb>` asks about X.
FORWARD: Final = {
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
BACKWARD: Final = {
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
# Nouns that only code has: "how do I find the callers of send" asks of `send`, "how do I add an option to a command" of no `command`.
OF_CODE: Final = frozenset(
    {"caller", "callee", "callsite", "call site", "subclass", "derived class", "child class", "superclass", "base class", "parent class",
     "raiser", "thrower", "importer", "implementer"}
)  # fmt: skip
PASSIVE: Final = {
    "called": "callers", "used": "callers", "invoked": "callers", "instantiated": "callers", "created": "callers",
    "referenced": "callers", "raised": "raisers", "thrown": "raisers", "triggered": "raisers",
    "caught": "handlers", "handled": "handlers", "extended": "subclasses", "subclassed": "subclasses",
    "inherited": "subclasses", "imported": "importers", "overridden": "overriders", "tested": "tests",
    "covered": "tests", "defined": "locate", "declared": "locate", "located": "locate", "implemented": "locate",
    "found": "locate", "set": "locate", "stored": "locate",
}  # fmt: skip
NOUN: Final = {
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
GRAPH_KINDS: Final = frozenset((*FORWARD.values(), *BACKWARD.values(), *NOUN.values(), "check", "path", "compare"))

X = (
    r"(?:(?:the|a|an|this|that|its|my)\s+)?(?:(?:function|method|class|module|file|package|interface|error|exception|decorator|"
    r"constant|variable|command|symbol)\s+)?(?P<{0}>⟦\d+⟧|(?!\w+\s+⟦)[A-Za-z_$][\w$]*)"
    r"(?:\s+(?:function|method|class|module|file|package|interface|error|exception|decorator|object|command|symbol))?"
)
X, Y = X.format("x"), X.format("y")
AUX = r"(?:does|do|did|can|could|may|might|will|would|should|must)"
STEMS = "|".join(sorted({*FORWARD, *BACKWARD}, key=len, reverse=True))
VERB = rf"(?:{STEMS})(?:e?s|ing)?"
PASSIVES = "|".join(PASSIVE)
NOUNS = "|".join(sorted(NOUN, key=len, reverse=True))
PREP = r"(?:\s+(?:from|on|upon|into|in|up|by|to))?"
THINGS = r"(?:\s+(?!⟦)[\w-]+){0,3}?"  # "what kinds of errors", "which functions"
FRAMES: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("compare", rf"\b(?:differences?|different|differs?|relationship|relation|distinction|choose|decide)\s+between\s+{X}\s+(?:and|or)\s+{Y}"),
        ("compare", rf"(?<!\w){X}\s+(?:(?:is|are)\s+)?(?:differ|differs|different)\s+from\s+{Y}"),
        ("compare", rf"\b(?:do|does|are|is)\s+{X}\s+and\s+{Y}\s+(?:differ|compare|relate|(?:not\s+)?the\s+same|different|equivalent|identical|interchangeable|alike)\b"),
        ("compare", rf"\b(?:distinguish(?:es)?|separates?|tells?|sets?)\s+{X}\s+(?:apart\s+)?from\s+{Y}"),
        ("compare", rf"\b(?:is|are)\s+{X}\s+(?:better|worse|faster|slower|safer|simpler|different|preferred|preferable|the\s+same)\s+(?:than|from|to|as|over)\s+{Y}"),
        ("compare", rf"^(?!.*\bhow\b).*\b(?:use|using|choose|pick|prefer|need|want|take|call|go\s+(?:for|with))\s+{X}\s+(?:instead\s+of|rather\s+than|over|or|and\s+not)\s+{Y}"),
        ("compare", rf"(?:^|[,:])\W*{X}\s+or\s+{Y}\s*(?:[?.!]|$)"),
        ("compare", rf"(?<!\w)(?:compare\s+)?{X}\s+(?:vs\.?|versus|compared\s+(?:to|with))\s+{Y}"),
        ("compare", rf"\bcompare\s+{X}\s+(?:and|with|to)\s+{Y}"),
        ("path", rf"\b(?:path|route|chain|flow|way|trace)s?\b.{{0,20}}?\b(?:from|between)\s+{X}\s+(?:to|and|into)\s+{Y}"),
        ("path", rf"\bhow\s+(?:does|do|can|is)\s+{X}\s+(?:reach|get\s+to|lead\s+to|end\s+up\s+(?:in|at|calling)|reached\s+from|connected\s+to)\s+{Y}"),
        ("path", r"\bfrom\s+(?P<x>⟦\d+⟧)\s+to\s+(?P<y>⟦\d+⟧)"),
        ("default", rf"\bdefault(?:\s+value)?\s+(?:of|for)\s+{Y}(?:\s+(?:parameter|argument|option))?\s+(?:of|in|for|to)\s+{X}"),
        ("default", rf"{Y}\s+(?:parameter|argument|option|keyword)\s+(?:of|in|for|to)\s+{X}"),
        ("check", rf"\b(?:is|are|was)\s+{X}\s+(?:a|an|the)?\s*(?P<verb>subclass|child|kind|type|base|parent|superclass|caller|callee|member|method)(?:es|s)?\s+of\s+{Y}"),
        ("check", rf"\b(?:why\s+|when\s+|where\s+|how\s+)?{AUX}\s+{X}\s+(?:ever\s+|directly\s+|really\s+|also\s+|not\s+)*(?P<verb>{VERB}){PREP}(?:\s+any)?\s+{Y}"),
        ("check", rf"\b(?:is|are)\s+{X}\s+(?P<passive>{PASSIVES})\s+(?:by|in|from)\s+{Y}"),
        ("forward", rf"\b(?:whatever|what|which|how|whom|where){THINGS}\s+{AUX}\s+{X}\s+(?P<tail>(?:(?:not|ever|directly|actually|then|also)\s+)*{VERB}\b.*)"),
        ("passive", rf"\b(?:where|when|how|why|what|who|which|in\s+which|by\s+(?:what|whom)){THINGS}\s+(?:is|are|was|were|gets?|being)\s+{X}\s+(?:ever\s+|being\s+|actually\s+|first\s+)*(?P<passive>{PASSIVES})\b"),
        ("passive", rf"\b(?:where|when|how|by\s+(?:what|whom))\s+{X}\s+(?:is|are|was|gets?)\s+(?:ever\s+|being\s+)*(?P<passive>{PASSIVES})\b"),
        ("passive", rf"\b(?:is|are)\s+{X}\s+(?:ever\s+)?(?P<passive>{PASSIVES})\b"),
        ("backward", rf"\b(?:who|what|which|where|how\s+many){THINGS}\s+(?:(?:can|could|may|might|will|would|do|does|is|are|directly|also)\s+)*(?P<verb>{VERB}|{PASSIVES}){PREP}\s+{X}"),
        ("forward", rf"\b(?:whatever|what|which|where|how){THINGS}\s+{X}\s+(?P<tail>(?:(?:can|may|might|could|directly|actually)\s+)*{VERB}\b.*)"),
        ("noun", rf"\b(?P<noun>{NOUNS})(?:e?s|ies)?\s+(?:(?!instead\b)\w+\s+){{0,2}}?(?:of|for|to|in|inside|from|on|does|do)\s+{X}"),
        ("callers", rf"\breferences\s+to\s+{X}"),
        ("noun", rf"{X}(?:'s|’s)\s+(?:own\s+)?(?P<noun>{NOUNS})(?:e?s|ies)?\b"),
        ("noun", r"(?P<x>⟦\d+⟧)\s+(?P<noun>" + NOUNS + r")(?:e?s|ies)?\b"),
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
ASK = r"(?:what|where|who|whom|which|when|why|how|does|do|is|are|can|list|show|explain|describe|find|tell|give|name)"
CUT = re.compile(
    rf"(?<=[?!;\n])\s*|(?<=[\w⟧]):\s+(?=[a-z])|(?<=[.])\s+(?=[A-Z⟦])|(?:\s*,)?\s*\b(?:and|then|also|plus|but)\b(?:\s*,)?(?:\s+(?:also|then))?\s+(?={ASK}\b)|,\s+(?={ASK}\b)",
    re.IGNORECASE,
)
PRONOUNS: Final = "it its this that they them these those he she one the same itself"
PRONOUN: Final = frozenset(PRONOUNS.split())
GENERICS: Final = """
    function functions method methods class classes module modules file files package packages code codebase repo repository
    project library tool program app application you i we one someone everything anything something there errors exceptions
    error exception fix bug bugs broken problem problems issue issues thing things stuff a an the of in to for and or not any all many much what which who where when how why is are does do
    user users data parameter argument arguments parameters value values name type
"""
GENERIC: Final = frozenset(GENERICS.split())
# Verbs that ask for an edge only when nothing else follows: "what does X handle" does, "how does X handle redirects" does not.
VAGUE: Final = frozenset(
    {"do", "handle", "use", "work", "happen", "have", "need", "provide", "contain", "depend", "require", "represent"}
)
_SMALL: Final = """
    on upon from with exactly here actually when if it at by as internally then next afterwards else
"""
SMALL: Final = frozenset(_SMALL.split())
HOWTO = re.compile(
    r"\bhow\s+(?:do\s+(?:i|we|you|one|people|users)|(?:(?:it|this\s+\w+|the\s+\w+)\s+)?can|could|should|would|to|might)\b|\b(?:example|examples|recipe|usage example|steps)\s+(?:of|for|to)\b|\bwhat\s+is\s+the\s+(?:best\s+)?way\s+to\b"
    r"|^\W*(?:(?:so|hey|hi|and|ok|well),?\s+)*(?:can|could)\s+(?:i|we|one)\b|\b(?:is\s+it\s+possible|is\s+there\s+(?:a|any)\s+way)\s+to\b|^\W*(?:i|we)\s+(?:want|need|would\s+like|am\s+trying|are\s+trying|try)\s+to\b",
    re.I,
)
# How it is not done: the answer need not speak of that.
WITHOUT: Final = re.compile(r"\b(?:without|instead\s+of|rather\s+than)\b[^,;?]*", re.IGNORECASE)
DISCOVER = re.compile(
    r"\b(?:what\s+can|which\s+(?:functions?|class(?:es)?|methods?|modules?|files?|parts?|code)|is\s+there|are\s+there|does\s+(?:it|this|the\s+\w+)\s+support|anything\s+(?:for|about|to)|list|capabilit|features?)\b",
    re.I,
)
# Words that name a relation in any order, for clauses outside the grammar; the more telling first.
CUES: Final = tuple(
    (kind, re.compile(rf"\b(?:{words})\b"))
    for kind, words in (
        ("tests", r"tests?|tested|re-?run|test\s+coverage|covered|checks\s+(?:to|i|that)"),
        ("raises", r"(?:should|must)\s+i\s+catch|catch\s+around|guard\s+against|watch\s+out"),
        (
            "callers",
            r"(?:places|code|functions?|spots|sites)\s+(?:that|which)\s+(?:invoke|call|use)s?",
        ),
        ("dependents", r"what\s+breaks|breaks?\s+if|if\s+(?:i|we)\s+(?:change|rename|delete|remove|touch)\w*"),
        ("overriders", r"overridden|overrides|overriding|reimplement\w*"),
        ("importers", r"imports?|imported|importing|import\s+statements?"),
        (
            "catches",
            r"deals?\s+with|catch\w*|swallow\w*|recover\w*|handles?(?=\W*$|\s+(?:(?:its|any|all|the|which|what)\s+)*(?:errors?|exceptions?|failures?))|except\s+clauses?",
        ),
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
            r"callers?|called|incoming|invoke\s+⟦|invokes?\s*$|who\s+(?:uses|relies)|usages?|(?<!be )used|uses|rename\w*|delete\w*|depend(?:s|ents?)?\s+on|relies|call\s+sites?|invoked",
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
_STANDS: Final = "|".join(word for word, kind in PASSIVE.items() if kind == "locate")
DONE_THERE: Final = re.compile(
    rf"^(?!.*\b(?:{_STANDS})\b).*\bwhere\s+(?:is|are|was|were|gets?)\b.*\s(?:\w{{3,}}(?:ed|en|wn)|read|sent|built|made|run|put|done)\b",
    re.IGNORECASE,
)
HAPPENS = re.compile(r"^\W*what\s+(?:happens|if|would\s+happen)\b", re.I)
