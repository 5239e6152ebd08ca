"""Markup taken off: what a reader sees of Markdown, MyST, reStructuredText, HTML and the inline tags of doc comments.

Everything here is pure. Code spans are set apart first: a star, a tag or a backslash inside one is code, not markup.
No pattern looks further than its mark can reach, so that a hostile text costs no more than a long one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

# Private characters, so never text: two around the number of a code span that was set apart, one where words are joined.
_OPEN, _SHUT, _JOIN = "\ue000", "\ue001", "\ue002"
_APART = re.compile(rf"{_OPEN}(\d+){_SHUT}")
_COMMENT = re.compile(r"(?<![`\"'])<!--(?:(?!<!--).)*?-->", re.DOTALL)
_NUMBERED = re.compile(r":(pep|rfc):`(?:[^`<]*<)?(\d+)[^`]*`", re.I)  # its title is a number
_ROLE = re.compile(r"(?::[a-zA-Z][\w:+.-]{0,40}:|\{[a-zA-Z][\w:+.-]{0,40}\})`([^`]*)`")
_INLINE_TAG = re.compile(r"\{@(?:link|linkplain|code|literal|value|inheritDoc)\s*([^}]*)\}")
# A link, or a name with the dotted name it stands for: the title stays.
_TITLED = re.compile(r"`([^`<]{1,300}?)(?:\s*<[^>`]*>`_{1,2}|\s+<[~!]?\w+(?:\.\w+)+>`)")
_CODE = re.compile(r"``(.+?)``(?!`)|`([^`]*)`_{0,2}")
_HTML_TAG = re.compile(
    r"</?(?:a|b|blockquote|br|center|code|dd|div|dl|dt|em|font|h[1-6]|hr|i|img|kbd|li|ol|p|picture|pre|s|samp|small|span|strong"
    r"|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul|var)(?:\s[^<>]*)?/?>",
    re.I,
)
_TARGET: Final = r"\(\s*(?:[^()\s]|\([^()\s]*\))*(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
_IMAGE = re.compile(rf"!\[[^\[\]]*\](?:{_TARGET}|\[[^\[\]]*\])")
_LINK = re.compile(rf"(?<![A-Za-z0-9_\]])\[([^\[\]]*)\]{_TARGET}")
_REFERENCE = re.compile(r"(?<![A-Za-z0-9_\])])\[([^\[\]]+)\]\[[^\[\]]*\]")
_NOTE = re.compile(r"\s?\[\^[^\[\]\s]+\]|\s?\[[#*\w.-]+\]_(?!\w)")  # a footnote's or a citation's mark
_ADDRESS = re.compile(r"<((?:https?|ftp|mailto):[^<>\s]+)>")
_EMPHASIS = re.compile(r"(?<![\w*\\])(\*\*?|~~)(?=\S)(.{1,400}?)(?<=[^\s\\])\1(?![\w*])")
_UNDERLINED = re.compile(r"(?<![\w\\])(__?)(?=[^\s_])([^_]{1,300})(?<=\S)\1(?!\w)")
_SUBSTITUTION = re.compile(r"\|(\w[\w .-]*)\|")
_JOINT = re.compile(rf"(?<=[{_SHUT}*|])\\\s?(?=\w)|\\\s(?=[{_OPEN}*|])")  # `Thing`\s, re\ *do*
_ESCAPE = re.compile(r"\\(?=[*_`|<>#])")
_ASIDE = re.compile(r"\s*(?:\.\.\s|:::+\s*\{?\w|(?:!!!|\?\?\?\+?)\s+\w|>\s*\[!\w+\]|(?:```+|~~~+)\{\w)")
_FENCE = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,})\s*(\S*)")
_CODE_FENCE = re.compile(r"\s*(```+|~~~+)\s*\{?\.?([\w+-]*)")
_CODE_DIRECTIVE = re.compile(
    r"\s*\.\.\s+(?:code-block|code|sourcecode|testcode|doctest|(?:\w+:)?example|ipython)\s*::\s*([\w:+-]*)\s*$"
)
_ADMONITION = re.compile(
    r"\{(?:note|tip|hint|important|warning|caution|danger|attention|error|admonition|seealso|versionadded|versionchanged|deprecated)\}"
)
_REFERRED = re.compile(r"^\s*\.\. _`?([^`:\n]+)`?:", re.MULTILINE)
_ITEM = re.compile(r"^\s{0,3}(?:[-*+•]|\d{1,2}[.)]|#\.)\s+(?=\S)", re.MULTILINE)
_QUOTED = re.compile(r"\s*>")


def plain(text: str) -> str:
    """`text` on one line as a reader sees it."""
    spans: list[str] = []

    def apart(code: str) -> str:
        spans.append(code)
        return f"{_OPEN}{len(spans) - 1}{_SHUT}"

    text = re.sub(f"[{_OPEN}{_SHUT}{_JOIN}]", "", text)
    text = _NUMBERED.sub(lambda m: f"{m.group(1).upper()} {m.group(2)}", text)
    text = _ROLE.sub(lambda m: apart(_label(m.group(1))), text)
    text = _INLINE_TAG.sub(lambda m: apart(_label(m.group(1).replace("#", ".").strip("."))), text)
    text = _TITLED.sub(r"\1", text)
    text = _CODE.sub(lambda m: apart(m.group(1) or m.group(2) or ""), text)
    text = _COMMENT.sub("", text)
    text = _NOTE.sub("", _ADDRESS.sub(r"\1", text))
    text = _REFERENCE.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub("", text)))
    text = html.unescape(_HTML_TAG.sub("", text))
    text = _JOINT.sub(_JOIN, text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))  # twice: one may stand inside another
    text = _SUBSTITUTION.sub(r"\1", _UNDERLINED.sub(_underlined, text))
    text = _ESCAPE.sub("", text).replace(_JOIN, "")
    while _APART.search(text):  # one code span may stand inside another, always one that was set apart later
        text = _APART.sub(lambda m: spans[int(m.group(1))], text)
    return " ".join(text.split())


def uncommented(text: str) -> str:
    """`text` without HTML comments; every line stays where it is."""
    return _COMMENT.sub(lambda m: "\n" * m.group().count("\n"), text)


def prose(text: str) -> str:
    """A document without its comments and blocks of code; what an admonition says stays, every line where it is."""
    lines = uncommented(text).split("\n")
    at = 0
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        # A row of tildes right under a line of text is its underline.
        if opened is None or (opened.group(1)[0] == "~" and at and lines[at - 1].strip()):
            at += 1
            continue
        end = _closed(lines, at, opened.group(1))
        said = slice(at + 1, end - 1) if _ADMONITION.match(opened.group(2)) else slice(0)
        lines[at:end] = ["", *lines[said], *[""] * (end - at - 1 - len(lines[said]))]
        at = end
    return "\n".join(lines)


def items(block: str) -> list[str]:
    """The items of the list that a paragraph is, without their marks; the paragraph itself where it is none."""
    return [part for part in _ITEM.split(block) if part.strip()] if _ITEM.match(block) else [block]


def named_links(text: str) -> str:
    """`text` with `name_` as `name`, where it says itself by `.. _name:` that this is a link."""
    for name in _REFERRED.findall(text):
        text = re.sub(rf"(?<![\w.`]){re.escape(name)}_(?!\w)", name, text)
    return text


def _closed(lines: Sequence[str], at: int, fence: str) -> int:
    """The number of the line behind the one that closes the fence opened on line `at`."""
    end = at + 1
    while end < len(lines) and not (lines[end].strip().startswith(fence) and not lines[end].strip(f" {fence[0]}")):
        end += 1
    return min(end + 1, len(lines))


def aside_end(lines: Sequence[str], at: int) -> int:
    """Where the directive or admonition that opens on line `at` ends: the number of the line behind it; `at` if none opens."""
    opened = _ASIDE.match(lines[at])
    if not opened:
        return at
    mark = opened.group().strip()
    end = at + 1
    if mark[0] in ":`~":
        return _closed(lines, at, mark[: len(mark) - len(mark.lstrip(mark[0]))])
    if mark[0] == ">":
        while end < len(lines) and _QUOTED.match(lines[end]):
            end += 1
        return end
    indent = indent_of(lines[at])
    while end < len(lines) and (not lines[end].strip() or indent_of(lines[end]) > indent):
        end += 1
    return end


def _underlined(match: re.Match[str]) -> str:
    """What `_so_` or `__so__` stresses; a name that is written with such underlines stays."""
    mark, said = match.groups()
    return match.group() if said.isidentifier() and (mark == "_" or said.islower()) else said


class Block(NamedTuple):
    """The lines of a document from `first` up to `end` that are code; `lang` is "" where nobody says."""

    first: int
    end: int
    lang: str


def code_blocks(lines: Sequence[str], *, fenced: bool = True) -> Iterator[Block]:
    """Every block of code: between fences, or indented below `::` or a directive for code."""
    at = 0
    while at < len(lines):
        line = lines[at]
        fence, directive = _CODE_FENCE.match(line) if fenced else None, _CODE_DIRECTIVE.match(line)
        if fence:
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip().startswith(fence[1])), len(lines))
            block, at = Block(at + 1, end, fence[2].lower()), end + 1
        elif directive or (line.rstrip().endswith("::") and not line.lstrip().startswith("..")):
            first = at + 1
            while first < len(lines) and (not lines[first].strip() or re.match(r"\s+:[\w-]+:", lines[first])):
                first += 1
            end = first
            while end < len(lines) and (not lines[end].strip() or indent_of(lines[end]) > indent_of(line)):
                end += 1
            at = max(end, at + 1)
            while end > first and not lines[end - 1].strip():
                end -= 1
            block = Block(first, end, directive[1].lower() if directive else "")
        else:
            at += 1
            continue
        if block.end > block.first:
            yield block


def indent_of(line: str) -> int:
    """How far a line stands in."""
    return len(line) - len(line.lstrip())


def _label(target: str) -> str:
    """What a reader sees of a reference: its title, or the last part of `~pkg.mod.Name`."""
    titled = re.match(r"^(.+?)\s*<[^>]*>$", target)
    if titled:
        return titled.group(1)
    return target.rpartition(".")[2] if target.startswith("~") else target.lstrip("!.")
