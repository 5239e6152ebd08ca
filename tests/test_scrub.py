"""Secrets are masked in every shape they come in; placeholders, identifiers and digests that are no secret stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.scrub import mask, scrub, scrub_bytes

AWS = "AKIA" + "IOSFODNN7ABCDEFG"
GITHUB = "ghp_" + "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (f'key = "{AWS}"', AWS),
        (f"# deploy with {GITHUB}", GITHUB),
        ('PASSWORD = "hunter2!x"', "hunter2!x"),
        ("config['db_password'] = 'q7#zLp0w'", "q7#zLp0w"),
        ('url = "postgres://admin:s3cr3tpw@db/shop"', "s3cr3tpw"),
        ('api_key: "9f86d081884c7d659a2feaa0c55ad015"', "9f86d081884c7d659a2feaa0c55ad015"),
        ('SECRET_TOKEN = "kD8f+J3nLx92mQpW0aZt7YvB"', "kD8f+J3nLx92mQpW0aZt7YvB"),
        (f'headers = {{"Authorization": "{JWT}"}}', JWT),
        ('const stripe = "sk_live_' + "4eC39HqLyjWDarjtT1zdp7dc" + '";', "4eC39HqLyjWDarjtT1zdp7dc"),
        ("hf = 'hf_" + "abcdEFGHijklMNOPqrstUVWXyzABcdEFgh" + "'", "abcdEFGHijklMNOPqrst"),
    ],
)
def test_a_secret_is_masked(line: str, secret: str) -> None:
    masked = scrub(f"before = 1\n{line}\nafter = 2\n")
    assert secret not in masked
    assert "<SECRET:" in masked
    assert masked.startswith("before = 1\n")
    assert masked.endswith("\nafter = 2\n")


@pytest.mark.parametrize(
    "line",
    [
        'token = "access_token"',
        'password = "changeme"',
        'password = get_password("user1")',
        'parser.add_argument("--api-key", help="the key to use")',
        'url = "http://user:pass@host"',
        'key = "X509_CRL_DIGEST_METHOD"',
        'ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"',
        'request_id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"',
        "def tokenize(text): return text.split()",
        'raise KeyError(f"no such key: {key}")',
        "auth = (user, secret)",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert scrub(line) == line


def test_a_private_key_keeps_its_lines() -> None:
    body = "MIIEowIBAAKCAQEA\nq2w3e4r5t6y7\nabcdefgh\n"
    text = f'KEY = """-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----"""\nnext_line = 1\n'
    masked = scrub(text)
    assert "q2w3e4r5t6y7" not in masked
    assert masked.count("\n") == text.count("\n")
    assert masked.splitlines()[-1] == "next_line = 1"


def test_a_key_in_code_leaves_the_code() -> None:
    lines = ("MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY", "AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38Gecf")
    begin, end = "-----BEGIN EC PRIVATE KEY-----", "-----END EC PRIVATE KEY-----"
    for last in (f"    '{end}'\n", ""):  # a key that is cut off is one, too
        masked = scrub(
            f"k = (\n    '{begin}\\n'\n    '{lines[0]}\\n'\n    '{lines[1]}\\n'\n{last})\n\ndef parse(): pass\n"
        )
        assert not any(line in masked for line in lines)
        compile(masked, "k.py", "exec")
        assert "def parse()" in masked


def test_a_key_is_found_between_anything() -> None:
    line = "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY"
    assert line not in scrub(f"-----BEGIN EC PRIVATE KEY-----<br>{line}<br>{line}<br>-----END EC PRIVATE KEY-----")


@pytest.mark.parametrize("end", ["...", "", '"\nEND = "-----END PRIVATE KEY-----'])
def test_code_that_speaks_of_keys_stays(end: str) -> None:
    text = f'BEGIN = "-----BEGIN PRIVATE KEY-----{end}"\n\ndef parse_certificate(serialized): return serializedPrivateKey\n'
    assert scrub(text) == text


def test_two_secrets_get_two_masks_and_one_secret_one() -> None:
    assert mask("aws", "a") != mask("aws", "b")
    assert mask("aws", "a") == mask("aws", "a")


def test_a_name_and_its_value_on_two_lines() -> None:
    masked = scrub('password = (\n    "q7#zLp0wXX"\n)\n')
    assert masked.count("\n") == 3


@given(st.binary(max_size=300))
def test_any_text_keeps_its_line_count(data: bytes) -> None:
    text = data.decode("latin-1").encode()
    assert scrub_bytes(text).count(b"\n") == text.count(b"\n")


def test_scrubbing_twice_changes_nothing() -> None:
    once = scrub(f'a = "{AWS}"\npassword = "hunter2!x"\n')
    assert scrub(once) == once
