"""Options of a command line: "how do I limit the depth". In: the question. Out: the flag whose description holds it, from the text a
program prints for --help, a page of its documentation, or the code that declares it.
"""

from __future__ import annotations

import re
from typing import Final

from brain.alike import alike
from brain.text import one_line, stem
from brain.view import is_test
from inference.citations import Span
from inference.retrieve import Retriever, akin, content_words, stems
from inference.verbs import LIGHT, TAKING
from inference.wording import Claim

_LONG = r"--[a-z][\w-]*"
_VALUE = r"(?:[ =]?[<\[{][^>\]}\n]*[>\]}]\.*|=\w+| [A-Z_]+\b)*"
# A line of a list: `-d, --max-depth <depth>   Set maximum search depth`, the description behind it or below it.
_LISTED = re.compile(
    rf"^[ \t]*(?:[-*|.]\s+)?[`'\"*]*(?P<flag>(?:-\w\b[`'\"*]*,?\s*[`'\"*]*)?{_LONG}\b{_VALUE})"
    r"[`'\"*]*(?:\s{2,}|[ \t]*[:|–—][ \t]*|\s+-\s+|,\s*['\"]|\n[ \t]+(?!-))(?P<said>[^\n]+(?:\n[ \t]{6,}(?!-)[^\n]+)*)",
    re.MULTILINE,
)
# A declaration, `option("--depth", help="…")`: the help that follows before another option does.
_DECLARED = re.compile(
    rf"['\"](?P<flag>{_LONG})['\"](?:\s*,\s*['\"]-[\w-]+['\"])*(?:(?!['\"]--[a-z])[\s\S]){{0,400}}?"
    r"\bhelp\s*[=(:]\s*\(?\s*f?(?P<mark>['\"])(?P<said>(?:(?!(?P=mark))[^\n]){8,})",
    re.MULTILINE,
)
_ENOUGH: Final = 0.7  # of the question's telling words
_SHOWN: Final = 3


def flags(retriever: Retriever, text: str) -> list[Claim]:
    """The options of the program that do what is asked, the best first; empty when none is described so."""
    words = [w for w in content_words(text) if w not in LIGHT | TAKING] or content_words(text)
    weight = retriever.weights(words)
    everything = sum(weight.values())
    if not words or not everything:
        return []
    told = {w: [stem(form) for form in (w, *alike(w))] for w in words}
    found: dict[str, tuple[float, str, int, str, str]] = {}
    for path, page in retriever.texts_with("--"):
        if is_test(path):
            continue
        for match in (*_LISTED.finditer(page), *_DECLARED.finditer(page)):
            flag, said = one_line(match["flag"]).strip("`'\"* ,"), one_line(match["said"]).strip("`'\"|, ")
            held = stems(f"{flag} {said}")
            share = (
                sum(weight[w] for w, forms in told.items() if any(akin(f, h) for f in forms for h in held)) / everything
            )
            # Of two descriptions the shorter is about less else.
            rank = (-round(share, 3), path, page[: match.start("flag")].count("\n") + 1, flag, said)
            name = re.findall(_LONG, flag)[-1]
            if share >= _ENOUGH and len(said.split()) >= 2 and rank < found.get(name, (0.0, "", 0, "", "")):
                found[name] = rank
    best = sorted(found.values(), key=lambda f: (f[0], len(f[4]), f[1:]))[:_SHOWN]
    return [
        Claim(f"{'Pass' if n == 0 else 'Or'} {flag}: {said.rstrip('.')}.", (Span(path, line, line, "", "flag"),))
        for n, (_, path, line, flag, said) in enumerate(best)
    ]
