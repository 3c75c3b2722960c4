from __future__ import annotations

import ast
import re
import secrets
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ConfigError
from mailer.hosts import ascii_host
from mailer.links import Keys, Links, Site, load_keys
from tools.attack.tokens import earlier

OLD, NEW = "the old key of the tests", "the new key of the tests"
IDS = st.integers(0, 2**53)


@given(IDS, IDS)
def test_a_token_says_whose_it_is(subscriber, send):
    keys = Keys([NEW])
    assert keys.read("unsubscribe", keys.token("unsubscribe", subscriber, send)) == (
        subscriber,
        send,
    )


# as mailed by earlier versions, signed with OLD
EARLIER = "1f-3.nFYiLjYZB1KTFNDCq7qf-w"


def test_a_token_in_mail_of_an_earlier_version_is_read():
    assert Keys([NEW, OLD]).read("update", EARLIER) == (0x1F, 3)
    assert Keys([NEW, OLD]).read("view", EARLIER) is None
    assert Keys([NEW]).read("update", EARLIER) is None


@given(IDS, IDS)
def test_a_token_shows_nothing_of_the_ids(subscriber, send):
    first, second = (Keys([NEW]).token("view", subscriber + i, send) for i in range(2))
    assert re.fullmatch(r"[A-Za-z0-9_-]{41}[AQgw]", first)
    assert sum(a == b for a, b in zip(first, second, strict=True)) < 12


def test_a_token_for_one_purpose_is_useless_for_another():
    keys = Keys([NEW])
    token = keys.token("view", 1, 2)
    assert keys.read("view", token) == (1, 2)
    assert keys.read("unsubscribe", token) is None
    assert keys.read("update", token) is None


def test_no_altered_byte_passes():
    keys = Keys([NEW])
    for token in (keys.token("unsubscribe", 1234, 56), earlier(keys, "unsubscribe", 1234, 56)):
        altered = {
            token[:i] + chr(byte) + token[i + 1 :]
            for i in range(len(token))
            for byte in range(33, 127)
        } | {token[:i] for i in range(len(token))}
        assert keys.read("unsubscribe", token) == (1234, 56)
        assert {t for t in altered - {token} if keys.read("unsubscribe", t)} == set()


@given(st.text())
def test_any_text_is_a_token_or_nothing(text):
    assert Keys([NEW]).read("view", text) is None


def test_the_first_key_signs_and_the_others_are_believed():
    old_token = Keys([OLD]).token("update", 1, 2)
    rotated = Keys([NEW, OLD])
    assert rotated.read("update", old_token) == (1, 2)
    assert Keys([NEW]).read("update", rotated.token("update", 1, 2)) == (1, 2)
    assert Keys([NEW]).read("update", old_token) is None


def test_paths_are_short_enough_not_to_wrap():
    links = Links("https://mail.example.org", Keys([NEW]), "council-vote", 10**6, 10**8)
    for url in (links.unsubscribe, links.update, links.view):
        assert len(url.removeprefix("https://mail.example.org")) < 80
    assert "@" not in links.unsubscribe


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path):
    file = tmp_path / "lists" / "secret.key"
    first = load_keys(None, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_keys(None, file).read("view", first.token("view", 1, 2)) == (1, 2)
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"]


def test_the_environment_comes_before_the_file(tmp_path):
    keys = load_keys(f"{NEW},{OLD}", tmp_path / "secret.key")
    assert keys.read("view", Keys([OLD]).token("view", 1, 2)) == (1, 2)
    assert not (tmp_path / "secret.key").exists()


@pytest.mark.parametrize("setting", ["", " , ", "short", f"{NEW},short"])
def test_weak_keys_are_refused(setting, tmp_path):
    with pytest.raises(ConfigError, match="secret key"):
        load_keys(setting, tmp_path / "secret.key")


@pytest.mark.parametrize(
    "key",
    [
        "1111111111111111",
        "abcabcabcabcabcabc",
        "0123456789abcdef",
        "zyxwvutsrqponmlkjihg",
        "changemechangeme",
        "please-change-this-secret-key",
        "Password-12345678",
        "qwertyqwertyqwerty",
        "x7Kq9mPwx7Kq9mPw",
    ],
)
def test_a_key_that_can_be_guessed_is_refused(key, tmp_path):
    with pytest.raises(ConfigError, match="can be guessed"):
        load_keys(f"{NEW},{key}", tmp_path / "secret.key")


def test_keys_made_as_the_hint_says_are_taken(tmp_path):
    made = [secrets.token_urlsafe(32) for _ in range(1000)]
    assert load_keys(",".join(made), tmp_path / "secret.key").secrets == tuple(made)


# ---------------------------------------------------------------- the recipients' pages


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://example.org", "https://example.org"),
        ("https://example.org", "https://example.org/u/1"),
        ("https://example.org", "https://example.org?a=1"),
        ("https://example.org", "https://example.org#top"),
        ("https://example.org/", "https://example.org"),
        ("https://example.org", "HTTPS://EXAMPLE.ORG/u/1"),
        ("https://example.org", "https://example.org:443/u/1"),
        ("https://example.org:443", "https://example.org/u/1"),
        ("https://example.org", "https://example.org./u/1"),
        ("https://example.org", " https://example.org/u/1\n"),
        ("https://example.org", "https://ex%61mple.org/u/1"),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025/u/1"),
        ("http://[::1]:8025", "http://[::1]:8025/u/1"),
        ("https://example.org/mail", "https://example.org/mail"),
        ("https://example.org/mail", "https://example.org/mail/u/1"),
        ("https://example.org/mail/", "https://example.org/mail?a=1"),
        ("https://example.org/mail", "https://example.org/%6dail/u/1"),
        ("https://example.org/mail", "https://example.org/x/../mail/u/1"),
        ("https://b\u00fccher.example", "https://xn--bcher-kva.example/u/1"),
        ("https://xn--bcher-kva.example", "https://B\u00dcCHER.example/u/1"),
        ("https://example.org", "https://example\u3002org/u/1"),
    ],
)
def test_the_pages_are_known_however_their_address_is_written(base, url):
    assert Site(base).owns(url)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://example.org", "https://example.org.uk/petition"),
        ("https://example.org", "https://example.organic/"),
        ("https://example.org", "https://www.example.org/"),
        ("https://www.example.org", "https://example.org/"),
        ("https://example.org", "http://example.org/"),
        ("https://example.org", "https://example.org:8443/"),
        ("https://example.org", "https://example.org@evil.example/"),
        ("https://example.org", "https://example.org:443@evil.example/"),
        ("https://example.org", "https://ana@example.org/"),
        ("https://example.org", "https://evil.example/https://example.org/"),
        ("https://example.org", "https://example.org\\@evil.example/"),
        ("https://example.org", "//example.org/"),
        ("https://example.org", "/u/1"),
        ("https://example.org", "mailto:news@example.org"),
        ("https://example.org", "https://example.org:80x/"),
        ("https://example.org", "https://[::1"),
        ("https://example.org", ""),
        ("https://example.org/mail", "https://example.org/mailing"),
        ("https://example.org/mail", "https://example.org/mail%2Fu"),
        ("https://example.org/mail", "https://example.org/mail/../plan"),
        ("https://example.org/mail", "https://example.org/mail/%2e%2e/plan"),
        ("https://example.org/mail", "https://example.org/Mail/u/1"),
        ("https://example.org/mail", "https://example.org/"),
        ("https://b\u00fccher.example", "https://bucher.example/"),
    ],
)
def test_another_address_is_not_one_of_the_pages(base, url):
    assert not Site(base).owns(url)


@given(st.text(), st.sampled_from(["https://example.org", "https://example.org/mail"]))
def test_any_text_is_one_of_the_pages_or_not(text, base):
    assert not Site(base).owns(text)
    assert Site(base).owns(f"{base}/?{text}")
    assert not Site(base).owns(f"https://example.org.uk{text}")


@given(st.text(max_size=20))
def test_any_text_is_made_a_host_that_stays_as_it_is(text):
    assert ascii_host(ascii_host(text)) == ascii_host(text)


COMPARING = {
    "startswith",
    "endswith",
    "removeprefix",
    "find",
    "index",
    "partition",
    "split",
    "match",
}


def is_base_url(node, names):
    """Whether an expression is the base URL, or a variable that holds it."""
    inner = {getattr(n, "attr", getattr(n, "id", "")).lstrip("_") for n in ast.walk(node)}
    return bool(inner & names)


def comparisons(tree):
    """Where a program compares something with the base URL as text."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for scope in functions or [tree]:
        names = {"base_url"} | set(aliases(scope))
        for node in ast.walk(scope):
            if isinstance(node, ast.Compare):
                compared = [node.left, *node.comparators]
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in COMPARING:
                compared = node.args
            else:
                continue
            if any(is_base_url(part, names) for part in compared):
                yield node.lineno


def aliases(scope):
    """Variables that hold the base URL under another name."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and getattr(node.value, "attr", "") == "base_url":
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def test_nobody_else_compares_with_the_base_url():
    package = Path(__file__).parent.parent / "mailer"
    paths = {
        path for path in package.rglob("*.py") if path.name != "links.py" or path.parent != package
    }
    assert not {str(p) for p in paths if list(comparisons(ast.parse(p.read_text("utf-8"))))}


@pytest.mark.parametrize(
    "program",
    [
        "url.startswith(site.base_url)",
        "url.startswith(self._base_url + '/')",
        "url == f'{base_url}/x'",
        "own = settings.site.base_url\nurl.startswith(own)",
        "base_url in url",
    ],
)
def test_a_comparison_with_the_base_url_is_seen(program):
    assert list(comparisons(ast.parse(program)))


def test_a_token_that_signs_is_good_for_one_petition():
    keys = Keys([NEW])
    token = keys.token("sign", 7, 9, "night-bus")
    assert keys.read("sign", token, "night-bus") == (7, 9)
    assert keys.read("sign", token, "rivers") is None
    assert keys.read("sign", token) is None
    assert keys.read("view", token, "night-bus") is None
    assert keys.read("sign", keys.token("sign", 7, 9), "night-bus") is None
    assert Keys([NEW[::-1] * 2, NEW]).read("sign", token, "night-bus") == (7, 9)


def test_the_longest_link_that_signs_does_not_wrap():
    links = Links("", Keys([NEW]), "council-vote", 2**52 - 1, 2**52 - 1)
    assert len(links.sign("x" * 24)) < 80
