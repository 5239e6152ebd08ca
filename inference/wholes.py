"""Which questions are about the repository as a whole. A clause and the project's name in; `overview` (what it is for and can do),
`layout` (what its parts are and how they fit together), `failures` (which errors there are) or nothing out.

Every way to speak of the whole ("this crate", "the code base", the project's own name) is first written as one sign, so that the
phrases below are about what is asked and not about what it is called.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_NOUN = (
    r"(?:source\s+(?:code|tree)|code\s*base|code|project|repo(?:sitory)?|library|lib|package|crate|gem|framework|toolkit|sdk|program"
    r"|application|app|tool|utility|system|software|product|thing)"
)
_POINT = r"(?:the|this|that|our|your|my|its|whole|entire|current)"
_MUCH = (
    r"(?:(?:overall|high[\s-]level|general|main|basic|core|key|central|major|primary|most\s+important|important|big|quick|short|brief"
    r"|rough|little|complete|whole|internal)\s+)*"
)
_ME = r"(?:\s+(?:me|us))?"
_THE = r"(?:(?:the|its|an?|all|all\s+the)\s+)?"
_AT_ALL = (
    r"(?:\s+(?:overall|internally|inside|in\s+general|at\s+a\s+high\s+level|under\s+the\s+hood|end\s+to\s+end|exactly|actually|to\s+(?:me|us)"
    r"|briefly|in\s+(?:short|brief|a\s+nutshell|a\s+few\s+words|one\s+sentence)))*"
)
_OF_IT = r"(?:\s+(?:of|in|inside|behind|for|used\s+in)\s+§|\s+here)?"
_SHOW = (
    r"(?:what(?:\s+is|\s+are|['’]?s|['’]?re)|describe|explain|show"
    + _ME
    + r"|list|give"
    + _ME
    + r"|tell"
    + _ME
    + r"(?:\s+about)?)"
)
_SHAPE = (
    r"(?:architecture|design|picture"
    r"|(?:code\s+|directory\s+|folder\s+|module\s+|file\s+|source\s+)?(?:structure|layout|organi[sz]ation))"
)
_PARTS = (
    r"(?:parts?|components?|modules?|packages?|class(?:es)?|types?|files?|folders?|building\s+blocks?|subsystems?|pieces|layers?"
    r"|abstractions?)"
)
_ABLE = r"(?:features?|capabilit(?:y|ies)|functionalit(?:y|ies)|functions|services|abilities|things)"

_ERRORS = (
    rf"{_MUCH}(?:(?:own|custom|possible|different|defined|public)\s+)*"
    r"(?:(?:errors?|exceptions?)(?:\s+(?:types?|classes|kinds?))?|(?:types?|kinds?|sorts?|classes)\s+of\s+(?:errors?|exceptions?))"
)
_MAY = r"(?:can|could|may|might|does|do|will|should)"

OVERVIEW: Final = (
    rf"(?:what(?:\s+is|['’]?s)|explain|describe|summari[sz]e|tell{_ME}\s+about|introduce{_ME}\s+to|present)\s+§"
    r"(?:\s+(?:about|all\s+about|(?:used\s+|good\s+|meant\s+)?for|capable\s+of))?",
    r"what\s+does\s+§\s+(?:do|offer|provide|contain|include|bring|solve)(?:\s+for\s+(?:me|us|you))?",
    rf"(?:(?:give|show|write){_ME}\s+|i\s+(?:want|need|would\s+like)\s+)?{_THE}{_MUCH}"
    r"(?:overview|summary|introduction|intro|description|idea|explanation|rundown|outline)\s+(?:of|to|about|for)\s+§",
    rf"what(?:\s+is|['’]?s|\s+are)\s+{_THE}{_MUCH}(?:purpose|point|goals?|aims?|idea|intent|use|job|role|use\s+cases?|{_ABLE})\s+(?:of|behind|for|in)\s+§",
    r"what\s+problems?\s+(?:does|is)\s+§\s+(?:solve|address|tackle|solving|addressing)",
    rf"(?:what|which)\s+{_MUCH}{_ABLE}\s+(?:does|do|can)\s+§\s+(?:have|offer|provide|support|do|bring|expose|give{_ME})",
    r"what\s+(?:all\s+)?can\s+(?:i|we|you|one|people|users)\s+(?:do|build)\s+with\s+§",
    r"what\s+(?:all\s+)?can\s+§\s+do(?:\s+for\s+(?:me|us))?",
    rf"list\s+{_THE}{_MUCH}{_ABLE}\s+(?:of|in)\s+§",
    r"what(?:\s+is|['’]?s)\s+in(?:side)?\s+§",
    r"who\s+(?:is|should\s+use|would\s+use)\s+§(?:\s+for)?",
    r"(?:why|when)\s+(?:would|should|do|does|might)\s+(?:i|we|one|you|someone|anyone|people)\s+(?:use|want|need)\s+§|why\s+does\s+§\s+exist",
)
LAYOUT: Final = (
    rf"(?:explain\s+|show{_ME}\s+|describe\s+)?how\s+(?:is|are)\s+§(?:\s+code)?\s+(?:organi[sz]ed|structured|laid\s+out|built\s+up|put\s+together"
    r"|arranged|divided|split\s+up|designed|architected)",
    rf"{_SHOW}(?:\s+an?\s+(?:tour|map|overview)\s+of)?\s+{_THE}{_MUCH}{_SHAPE}{_OF_IT}",
    rf"(?:what|which)(?:\s+are|\s+is|['’]?re)?\s+{_THE}(?:{_MUCH[:-1]}+{_PARTS}{_OF_IT}|{_PARTS}\s+(?:of|in|inside)\s+§|{_PARTS}\s+does\s+§\s+have)",
    r"(?:what|which)\s+(?:modules?|files?|packages?|folders?|parts?)\s+(?:do(?:es)?\s+what|are\s+there|is\s+there|does\s+what)",
    r"where\s+(?:do|should|can|would|must)\s+(?:i|one|we|you)\s+(?:start|begin)(?:\s+(?:reading|looking|from|with|in|to\s+read))?(?:\s+§)?",
    rf"(?:walk|take|guide|lead|talk)\s+(?:me|us)\s+through\s+(?:§|{_THE}{_MUCH}{_SHAPE}{_OF_IT})|(?:give|show){_ME}\s+{_THE}{_MUCH}(?:tour|map)\s+(?:of|through)\s+§",
    rf"(?:explain\s+)?how\s+do(?:es)?\s+(?:{_THE}(?:{_MUCH}|different\s+|various\s+){_PARTS}|§|it|this|everything)(?:\s+of\s+§)?\s+(?:all\s+)?"
    r"(?:fit|work|hang|play|come|tie)\s+together",
    r"(?:explain\s+)?how\s+(?:does\s+§\s+work|§\s+works)",
)
FAILURES: Final = (
    rf"(?:what|which)(?:\s+are|['’]?re)?\s+{_THE}{_ERRORS}(?:{_OF_IT}|\s+(?:are|is)\s+(?:there|defined|possible|raised|thrown|returned)(?:\s+(?:in|by)\s+§)?"
    rf"|\s+exist(?:\s+in\s+§)?|\s+{_MAY}\s+§\s+(?:raise|throw|return|define|have|produce|report|give|use)"
    rf"|\s+{_MAY}\s+(?:be\s+(?:raised|thrown|returned)|happen|occur)(?:\s+(?:in|by|with)\s+§)?)",
    rf"(?:list|show|name|enumerate|give){_ME}\s+{_THE}{_ERRORS}{_OF_IT}",
    rf"what\s+{_MAY}\s+(?:go\s+wrong|fail|break)(?:\s+(?:in|with|inside|using)\s+§|\s+when\s+(?:using|i\s+use|we\s+use)\s+§)?",
)
# What opens a talk and asks for nothing.
GREETING: Final = re.compile(
    r"\W*i(?:\s+am|['’]?m)\s+(?:completely\s+|very\s+|quite\s+)?new\s+(?:to|in|here)\b[^?]*$", re.I
)
_POLITE = r"\W*(?:(?:please|can\s+you|could\s+you|would\s+you|hi|hello|so|ok|first)\W+)*"


def asks_of_whole(clause: str, project: str, alone: bool) -> str:
    """`overview`, `layout`, `failures`, or "" when the clause is about something in the repository. `alone`: "it" means nothing else."""
    said = _signed(project).sub("§", clause)
    if alone:
        said = re.sub(r"\b(?:it|this)\b", "§", said, flags=re.IGNORECASE)
    for kind, phrases in (("failures", _FAILURES), ("layout", _LAYOUT), ("overview", _OVERVIEW)):
        if phrases.match(said):
            return kind
    return ""


def _any(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"{_POLITE}(?:{'|'.join(phrases)}){_AT_ALL}(?:\W+please)?\W*$", re.IGNORECASE)


_OVERVIEW, _LAYOUT, _FAILURES = _any(OVERVIEW), _any(LAYOUT), _any(FAILURES)


@lru_cache(maxsize=8)
def _signed(project: str) -> re.Pattern[str]:
    """What may be said for the whole: a noun for it, pointed at or called by the project's name, or that name alone."""
    names = [re.escape(n) for n in (project, *re.split(r"[-_]", project)) if n]
    called = rf"(?:{'|'.join(names)})(?:['’]s)?" if names else r"(?!)"
    return re.compile(
        rf"\b(?:{_POINT}\s+)+(?:{called}\s+)?{_NOUN}\b(?!-)|\b(?:{called}\s+)?{_NOUN}\b(?=\W*$)|\b(?:{_POINT}\s+)?{called}(?![\w.-])",
        re.IGNORECASE,
    )
