"""What Amazon SES has sent in the last 24 hours, and the ledger does not record: asked, or refused."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from mailer.ledger.delivery import SendState
from tools.fake_ses import FakeSes
from tools.projects.project import make_project

CONFIG = '[send]\ntransport = "ses"\n[ses]\nregion = "us-east-1"\nconfiguration_set = "mailer"\n'
SENT = 5_000


@pytest.fixture
def ses(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    with FakeSes(rate=200, quota=-1, sent=SENT) as ses:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.endpoint)
        yield ses


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", people=9)
    with (root / "mailer.toml").open("a") as settings:
        settings.write(CONFIG)
    return root


def test_yes_does_not_answer_whether_other_programs_send(mailer, ses, store):
    code, output = mailer("send", "vote", "--yes")
    assert code == 3
    assert "5,000 messages were sent through this account in the last 24 hours" in output
    assert "start the send in a terminal" in output
    assert store.sends.all() == []
    assert list(ses.accepted) == []


def test_a_person_who_says_no_sends_nothing(mailer, ses, store):
    code, output = mailer("send", "vote", answers=["n"])
    assert code == 3
    assert "Did other programs send those 5,000?" in output
    assert store.sends.all() == []
    assert list(ses.accepted) == []


@pytest.mark.usefixtures("ses")
def test_a_person_who_says_yes_is_not_asked_again(mailer, root, store):
    assert mailer("send", "vote", answers=["y", "9"])[0] == 0
    assert store.sends.counts(1).accepted == 9
    shutil.copy(root / "campaigns" / "vote.md", root / "campaigns" / "second.md")
    assert mailer("send", "second", "--yes")[0] == 0


def test_a_worker_pauses_the_send_and_says_why(mailer, ses, store, tmp_path):
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    at = f"{tomorrow:%Y-%m-%d} 09:00 UTC"
    code, output = mailer("send", "vote", "--at", at, answers=["y", "9"])
    assert code == 0, output
    shutil.rmtree(tmp_path / "state")
    store.database.execute("UPDATE deliveries SET due = 0")
    output = mailer("worker", "--once")[1]
    (send,) = store.sends.all()
    assert send.state is SendState.PAUSED
    assert "5,000 messages were sent" in send.note
    assert "5,000 messages were sent" in output
    assert list(ses.accepted) == []


def test_a_rehearsal_asks_nothing(mailer, ses):
    assert mailer("send", "vote", "--dry-run")[0] == 0
    assert list(ses.accepted) == []
