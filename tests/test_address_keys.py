import stat

import pytest

from mailer import address_keys
from mailer.address_keys import address_hashes
from mailer.errors import ConfigError

OLD, NEW = "the old key of the tests", "the new key of the tests"
ANA = "ana@example.org"


def test_an_address_is_recognized_under_every_key_by_its_hash_alone():
    (old,) = address_hashes([OLD])(ANA)
    (new,) = address_hashes([NEW])(ANA)
    assert address_hashes([NEW, OLD])(ANA) == [new, old]
    assert new != old
    assert "ana" not in old


def test_a_hash_is_the_one_that_earlier_versions_kept():
    (digest,) = address_hashes([OLD])(ANA)
    assert digest == "afc5f1d7e796f7d132ed8afb400c3bf2371a1fa24a95b23ddfdd4265bced1c9d"


def test_the_file_is_made_once_for_its_owner_alone_and_keeps_the_links_keys(tmp_path):
    file = tmp_path / "lists" / "addresses.key"
    keys = address_keys.load(file, earlier=[OLD])
    assert keys[1:] == [OLD]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert address_keys.load(file, earlier=[NEW]) == keys


def test_where_no_file_can_be_made_the_links_keys_recognize_what_is_there(tmp_path):
    (tmp_path / "lists").write_text("no folder")
    assert address_keys.load(tmp_path / "lists" / "addresses.key", earlier=[OLD]) == [OLD]
    with pytest.raises(ConfigError, match=r"addresses\.key"):
        address_keys.load(tmp_path / "lists" / "addresses.key")


def test_a_damaged_file_is_not_passed_over(tmp_path):
    (tmp_path / "addresses.key").write_text("short")
    with pytest.raises(ConfigError, match="shorter than 16"):
        address_keys.load(tmp_path / "addresses.key", earlier=[OLD])
