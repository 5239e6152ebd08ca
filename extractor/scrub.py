"""Text in, the same text with its secrets masked out: `<SECRET:kind:hash8>` in place of each, every line where it was.

detect-secrets supplies the patterns and the heuristics. It is slow line by line, so one search over the whole text finds the
few lines worth its time. Placeholders (`changeme`, `<token>`, plain words) stay: masking them would only spoil examples.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector

# A superset of what the detectors below can find; only lines with one of these reach them. Each pattern begins with a literal,
# because the regex engine skips to a literal ten times faster than it tries alternatives at every byte.
_QUOTED = rb"\w*[\]'\")]{0,3}\s*(?::=|=>|={1,3}|!==?|:|\(|,)\s*[@bru]?['\"`]"
_KEYWORDS = (b"passw", b"passphrase", b"_pass", b"pwd", b"secret", b"token", b"key", b"auth", b"cred", b"salt")
_BY_NAME: Final = tuple(re.compile(keyword + _QUOTED) for keyword in _KEYWORDS)  # searched in lower case
_BY_SHAPE: Final = tuple(
    re.compile(shape)
    for shape in (
        rb"://[^\s/'\"]{1,200}:[^\s/'\"]{1,200}@", rb"A(?:3T[A-Z0-9]{17}|(?:BIA|CCA|KIA|SIA)[0-9A-Z]{16})", rb"gh[pousr]_\w{20}",
        rb"github_pat_", rb"gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas)-", rb"GR1348941", rb"xox[abposr]-", rb"hooks\.slack\.com",
        rb"sk-[\w-]{20}", rb"k_live_", rb"sq0csp-", rb"SG\.[\w-]{22}\.", rb"AIza[\w-]{30}", rb"hf_[A-Za-z]{30}", rb"npm_\w{30}",
        rb"_authToken=", rb"pypi-Ag", rb"eyJ[\w=-]{8,}\.[\w=-]+", rb"AccountKey=", rb"-us\d", rb"\.[\w-]{6}\.[\w-]{27}",
        rb":AA[\w-]{33}", rb"AC[a-z0-9]{32}", rb"SK[a-z0-9]{32}",
    )
)  # fmt: skip
_EXTRA: Final = {
    "github": re.compile(r"github_pat_\w{22,}"),
    "google": re.compile(r"AIza[\w-]{35}"),
    "huggingface": re.compile(r"\bhf_[A-Za-z]{34}\b"),
    "npm": re.compile(r"\bnpm_\w{36}\b"),
    "model-api": re.compile(r"\bsk-(?:ant-|proj-|or-)?[\w-]*\w{20}"),
}
_GROUPED: Final = frozenset({"basic-auth", "aws", "npm"})  # their patterns begin with what leads to the secret
_RANDOM = re.compile(r"(['\"])([\w+/=-]{20,})\1")
_KEY_BEGINS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----")
# What may stand between a key's lines where they are text of a program, then its headers, its lines, and its last one.
_KEY_BODY = re.compile(
    rb"(?:\\[nr]|[\s\"'`+\\,.()|>#*;]|[A-Z][\w-]+: [^\n\"']*\n|[A-Za-z0-9+/=]{8,}|[A-Za-z0-9+/=]+(?=(?:\\[nr]|[\s\"'`+,])*-----END))*"
)
_KEY_WORD = re.compile(rb"\\[nr]|([A-Za-z0-9+/=]{2,})")
_KEY_BYTES: Final = 1 << 14  # at most so far from its first line a key is looked for
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|fake|placeholder|change|your|insert|redact|secret|password|passwd|token|test|foo|bar|xxx|1234|abcd|none|null|"
    r"[<{$%*]|\s|\.\.\.|://",
    re.IGNORECASE,
)
_RANDOM_BITS: Final = 4.0  # Shannon entropy per character; words of a language stay below, random base64 above
_LONGEST_LINE: Final = 4000  # the keyword patterns backtrack; nobody keeps a password on a longer line


def scrub(text: str) -> str:
    """`text` without its secrets."""
    return scrub_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def scrub_bytes(data: bytes) -> bytes:
    """UTF-8 in, UTF-8 out, as many lines as before."""
    if b"PRIVATE KEY" in data:
        data = _without_keys(data)
    pieces, done = [], 0
    for start, end in _hot_lines(data):
        pieces += [data[done:start], _scrub_line(data[start:end])]
        done = end
    return b"".join([*pieces, data[done:]]) if pieces else data


def _hot_lines(data: bytes) -> list[tuple[int, int]]:
    """(start, end) of the lines that may hold a secret, in order."""
    folded = data.lower()
    # Folding ASCII keeps every offset; bytes.lower leaves other bytes alone.
    searches = [*((pattern, folded) for pattern in _BY_NAME), *((pattern, data) for pattern in _BY_SHAPE)]
    lines = set()
    for pattern, text in searches:
        for found in pattern.finditer(text):
            # The name and its value may stand on two lines; the value's line is the one to look at, with what precedes it.
            start = data.rfind(b"\n", 0, found.start()) + 1
            end = data.find(b"\n", found.end())
            lines.add((start, len(data) if end < 0 else end))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(lines):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def mask(kind: str, secret: str) -> str:
    """What stands in a secret's place. The keyed hash tells two secrets apart and is no use to look one up."""
    return f"<SECRET:{kind}:{hashlib.blake2b(secret.encode(), key=b'nanodex', digest_size=4).hexdigest()}>"


def _without_keys(data: bytes) -> bytes:
    """Private keys masked, and nothing else: what stands between their lines, as quotes, is code, and a program that only speaks of
    such blocks, as a parser of them does, stays as it is."""
    pieces, done = [], 0
    for begin in _KEY_BEGINS.finditer(data):
        words = _key_words(data, begin.end())
        if not words or words[0].start() < done:
            continue
        body = data[words[0].start(1) : words[-1].end(1)]
        left = mask("private-key", body.decode("utf-8", "replace")).encode()
        for word in words:
            pieces += [data[done : word.start(1)], left]
            left, done = b"", word.end(1)
    return b"".join([*pieces, data[done:]])


def _key_words(data: bytes, start: int) -> list[re.Match[bytes]]:
    """The lines of the key that begins here: all up to its end where nothing else stands between, else those that look like one."""
    body = _KEY_BODY.match(data, start)
    near = body.end() if body is not None else start
    whole = data.startswith(b"-----END", near)
    end = near if whole else data.find(b"-----END", start, start + _KEY_BYTES)
    words = [word for word in _KEY_WORD.finditer(data, start, end if end >= 0 else start + _KEY_BYTES) if word[1]]
    return [word for word in words if whole or _is_key_line(word[1], 16 if word.end() <= near else 40)]


def _is_key_line(word: bytes, least: int) -> bool:
    return len(word) >= least and all(re.search(kind, word) for kind in (rb"[a-z]", rb"[A-Z]", rb"\d"))


def _scrub_line(raw: bytes) -> bytes:
    """One line, or the few that a name and its value stand on."""
    line = raw.decode("utf-8", "surrogateescape")
    # Longest first: a token inside a URL's password must not leave the rest of it standing.
    for secret, kind in sorted(set(_secrets(line)), key=lambda s: (-len(s[0]), s)):
        line = line.replace(secret, mask(kind, secret))
    return line.encode("utf-8", "surrogateescape")


def _secrets(line: str) -> Iterator[tuple[str, str]]:
    """(secret, kind) for everything in one line that must not be stored."""
    from detect_secrets.filters import heuristic

    for kind, pattern in _EXTRA.items():
        for found in pattern.finditer(line):
            yield found[0], kind
    if len(line) <= _LONGEST_LINE:
        for kind, plugin in _token_plugins():
            for secret in _matches(plugin, kind, line):
                if len(secret) >= 3 and not heuristic.is_templated_secret(secret) and not _is_word(secret):
                    yield secret, kind
        for secret in _keyword_plugin().analyze_string(line):
            if _looks_secret(secret):
                yield secret, "password"
    for secret in (found[2] for found in _RANDOM.finditer(line)):
        if _is_random(secret) and not (heuristic.is_sequential_string(secret) or heuristic.is_potential_uuid(secret)):
            yield secret, "high-entropy"


def _matches(plugin: RegexBasedDetector, kind: str, line: str) -> Iterator[str]:
    # `analyze_string` would give the first group of a pattern, which for some tokens is their prefix alone.
    for pattern in plugin.denylist:
        for found in pattern.finditer(line):
            yield next((group for group in found.groups() if group), found[0]) if kind in _GROUPED else found[0]


def _is_random(text: str) -> bool:
    """Hexadecimal, or letters of both cases with digits among them, too even to be words: no identifier, no number."""
    kinds = (any(c.isdigit() for c in text), any(c.islower() for c in text), any(c.isupper() for c in text))
    hexadecimal = not set(text.lower()) - set("0123456789abcdef") and not text.isdigit()
    return (all(kinds) and entropy(text) >= _RANDOM_BITS) or (hexadecimal and len(text) >= 32 and entropy(text) >= 3.0)


def _is_word(secret: str) -> bool:
    """Plain words between `://user:` and `@`, as documentation writes them."""
    return secret.isalpha() and bool(_PLACEHOLDER.search(secret) or len(secret) <= 4)


def _looks_secret(value: str) -> bool:
    """Whether the value given to a password-like name is one: no placeholder, and not just a word or an identifier."""
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    odd = any(not (c.isalnum() or c in "_-.:/ ") for c in value)
    return len(value) >= 6 and (mixed or odd) and not _PLACEHOLDER.search(value)


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    total = len(text)
    return -sum((n / total) * math.log2(n / total) for n in map(text.count, sorted(set(text)))) if text else 0.0


@cache
def _keyword_plugin() -> BasePlugin:
    from detect_secrets.plugins.keyword import KeywordDetector

    return KeywordDetector()


@cache
def _token_plugins() -> tuple[tuple[str, RegexBasedDetector], ...]:
    from detect_secrets.plugins.aws import AWSKeyDetector
    from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
    from detect_secrets.plugins.basic_auth import BasicAuthDetector
    from detect_secrets.plugins.discord import DiscordBotTokenDetector
    from detect_secrets.plugins.github_token import GitHubTokenDetector
    from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
    from detect_secrets.plugins.jwt import JwtTokenDetector
    from detect_secrets.plugins.mailchimp import MailchimpDetector
    from detect_secrets.plugins.npm import NpmDetector
    from detect_secrets.plugins.openai import OpenAIDetector
    from detect_secrets.plugins.pypi_token import PypiTokenDetector
    from detect_secrets.plugins.sendgrid import SendGridDetector
    from detect_secrets.plugins.slack import SlackDetector
    from detect_secrets.plugins.square_oauth import SquareOAuthDetector
    from detect_secrets.plugins.stripe import StripeDetector
    from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
    from detect_secrets.plugins.twilio import TwilioKeyDetector

    return (
        ("aws", AWSKeyDetector()),
        ("azure", AzureStorageKeyDetector()),
        ("basic-auth", BasicAuthDetector()),
        ("discord", DiscordBotTokenDetector()),
        ("github", GitHubTokenDetector()),
        ("gitlab", GitLabTokenDetector()),
        ("jwt", JwtTokenDetector()),
        ("mailchimp", MailchimpDetector()),
        ("npm", NpmDetector()),
        ("model-api", OpenAIDetector()),
        ("pypi", PypiTokenDetector()),
        ("sendgrid", SendGridDetector()),
        ("slack", SlackDetector()),
        ("square", SquareOAuthDetector()),
        ("stripe", StripeDetector()),
        ("telegram", TelegramBotTokenDetector()),
        ("twilio", TwilioKeyDetector()),
    )
