"""What `mailer doctor` says of the keys that mark erased people."""

from __future__ import annotations

import secrets

import pytest

from mailer import config
from mailer.doctor.judgements import address_keys
from mailer.store.sqlite import health
from tests.support.doctor import ERROR, OK
from tools.projects.project import NOW, address, open_store


def address_keys_of(found):
    return address_keys.judge(found, health.examine(found.database))


def erase(found, person=0):
    store = open_store(found.root)
    assert store.subscribers.erase(address(person), now=NOW)
    store.close()


def test_keys_of_erased_people(folder):
    found = config.load(folder)
    erase(found)
    assert [finding.level for finding in address_keys_of(found)] == [OK]
    found.address_key_file.unlink()
    (finding,) = address_keys_of(found)
    assert (finding.level, "would bring back 1 erased person" in finding.found) == (ERROR, True)
    assert not found.address_key_file.exists()


def test_keys_made_anew_are_not_those_that_marked_erased_people(folder):
    found = config.load(folder)
    erase(found)
    before = found.address_key_file.read_text()
    found.address_key_file.write_text(secrets.token_urlsafe(32))
    (finding,) = address_keys_of(found)
    assert (finding.level, "mailer restore" in finding.todo) == (ERROR, True)
    erase(found, 1)
    assert address_keys_of(found)[0].level is ERROR
    assert "lacks a key that marked some of 2 erased people" in address_keys_of(found)[0].found
    with found.address_key_file.open("a") as file:
        file.write("\n" + before)
    assert address_keys_of(found)[0].level is OK


def test_without_erased_people_no_keys_are_missed(folder):
    found = config.load(folder)
    found.address_key_file.unlink()
    assert address_keys_of(found) == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_keys_of_erased_people_that_others_may_read(folder, mode):
    found = config.load(folder)
    found.address_key_file.chmod(mode)
    (finding,) = address_keys_of(found)
    assert (finding.level, finding.todo) == (ERROR, "chmod 600 lists/addresses.key")


def test_weak_keys_of_erased_people(folder):
    found = config.load(folder)
    found.address_key_file.write_text("short")
    assert address_keys_of(found)[0].level is ERROR
