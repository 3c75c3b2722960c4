from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ConfigError
from mailer.links import Keys, Links, load_keys

OLD, NEW = "the old key of the tests", "the new key of the tests"
IDS = st.integers(0, 2**53)


@given(IDS, IDS)
def test_a_token_says_whose_it_is(subscriber, send):
    keys = Keys([NEW])
    assert keys.read("unsubscribe", keys.token("unsubscribe", subscriber, send)) == (
        subscriber,
        send,
    )


@given(IDS, IDS)
def test_a_token_is_what_the_library_signs(subscriber, send):
    keys = Keys([NEW, OLD])
    signed = keys._signers["update"].sign(f"{subscriber:x}-{send:x}").decode()
    assert keys.token("update", subscriber, send) == signed


def test_a_token_for_one_purpose_is_useless_for_another():
    keys = Keys([NEW])
    token = keys.token("view", 1, 2)
    assert keys.read("view", token) == (1, 2)
    assert keys.read("unsubscribe", token) is None
    assert keys.read("update", token) is None


def test_no_altered_byte_passes():
    keys = Keys([NEW])
    token = keys.token("unsubscribe", 1234, 56)
    altered = {
        token[:i] + chr(byte) + token[i + 1 :] for i in range(len(token)) for byte in range(33, 127)
    } | {token[:i] for i in range(len(token))}
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


def test_an_address_is_recognised_under_every_key_by_its_hash_alone():
    hashes = Keys([OLD]).address_hashes("ana@example.org")
    assert set(hashes) <= set(Keys([NEW, OLD]).address_hashes("ana@example.org"))
    assert Keys([NEW]).address_hashes("ana@example.org") != hashes
    assert "ana" not in hashes[0]
