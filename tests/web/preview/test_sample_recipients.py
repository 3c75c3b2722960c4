"""The people to look at a mail as."""

from __future__ import annotations

import pytest

from mailer.sending import test_mail
from mailer.web.preview.sample_recipients import DIFFICULT, SampleRecipients
from tests.support.preview_project import NOW
from tools.projects.project import address


def test_the_example_is_looked_for_once_and_again_when_it_is_gone(
    store, compile_cache, monkeypatch
):
    looked = []
    original = test_mail.example
    monkeypatch.setattr(
        test_mail, "example", lambda *given: (looked.append(1), original(*given))[1]
    )
    people, snapshot = SampleRecipients(), compile_cache.snapshot("vote")
    assert people.find(store, snapshot, "").email == address(0)
    assert people.find(store, snapshot, "no-name").first_name == ""
    assert people.find(store, snapshot, "7").id == 7
    assert looked == [1]
    store.subscribers.erase(address(0), now=NOW)
    assert people.find(store, snapshot, "").email == address(1)


@pytest.mark.parametrize("key", DIFFICULT)
def test_difficult_people_do_not_break_the_mail(compile_cache, key):
    result = compile_cache.show("vote", lambda _: DIFFICULT[key].make(test_mail.SAMPLE_SUBSCRIBER))
    assert result.problem is None
    assert "<script" not in result.merged.html
    assert "<b>Max" not in result.merged.html
