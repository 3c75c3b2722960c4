"""Message insights: what the exports and the records of Amazon SES settle, through the command line."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

from mailer.config import Ses
from mailer.errors import TransportError
from mailer.ledger.delivery import DeliveryState
from mailer.transports.ses import insights
from mailer.transports.ses.insights import message_ids
from tools.fake_ses import FakeSes
from tools.projects.project import address, make_project

CONFIG = '[send]\ntransport = "ses"\n[ses]\nregion = "us-east-1"\nconfiguration_set = "mailer"\n'
ACCEPTED, UNCERTAIN = DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN


@pytest.fixture
def ses(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    monkeypatch.setattr(insights, "PAUSE", 0.001)
    with FakeSes(rate=200, quota=-1, setup="message-insights") as ses:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.endpoint)
        yield ses


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", people=9)
    with (root / "mailer.toml").open("a") as settings:
        settings.write(CONFIG)
    return root


def doubt(mailer, ses, store, *, lost=7):
    """Send to nine people; the ledger does not learn what became of seven, of whom SES has some."""
    ses.inject("drop", times=lost - 2)
    ses.inject("drop-before", times=2)
    mailer("send", "vote", "--yes")
    assert store.sends.counts(1).uncertain == lost


def states(store):
    rows = store.database.connection.execute(
        "SELECT s.email, d.state FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id"
    )
    return dict(rows.fetchall())


def test_those_on_record_are_settled_and_the_others_stay_in_doubt(mailer, ses, store):
    doubt(mailer, ses, store)
    code, output = mailer("reconcile", "vote", "--insights")
    assert code == 1
    assert "Amazon SES has 5 of 7 on record." in output
    assert "vote to members: 2 uncertain." in output
    received = {message.to[0] for message in ses.accepted}
    assert {email for email, state in states(store).items() if state == ACCEPTED} == received
    assert {email for email, state in states(store).items() if state == UNCERTAIN}.isdisjoint(
        received
    )
    assert store.sends.counts(1).balanced


def test_a_decision_is_for_those_that_are_left(mailer, ses, store):
    doubt(mailer, ses, store)
    assert mailer("reconcile", "vote", "--insights", "--resend")[0] == 0
    assert store.sends.counts(1).pending == 2
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert sorted(message.to[0] for message in ses.accepted) == [address(n) for n in range(9)]


def test_other_mail_to_the_same_people_settles_nobody(mailer, ses, root, store):
    ses.inject("drop-before", times=3)
    mailer("send", "vote", "--yes")
    other = (root / "campaigns" / "vote.md").read_text()
    (root / "campaigns" / "second.md").write_text(other)
    assert mailer("send", "second", "--yes")[0] == 0
    code, output = mailer("reconcile", "vote", "--insights")
    assert code == 1
    assert "Amazon SES has 0 of 3 on record." in output
    assert store.sends.counts(1).uncertain == 3


def test_mail_that_was_accepted_and_never_sent_failed(mailer, ses, store, monkeypatch):
    doubt(mailer, ses, store)
    monkeypatch.setattr(
        insights, "_NEVER_SENT", {"SEND": "Reject"}
    )  # as if SES had rejected them all
    mailer("reconcile", "vote", "--insights")
    assert store.sends.counts(1).failed == 5


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ({"vdm": False}, "It needs Virtual Deliverability Manager"),
        ({"denied": ("CreateExportJob",)}, "not authorized to perform: ses:CreateExportJob"),
        ({"denied": ("GetExportJob",)}, "not authorized to perform: ses:GetExportJob"),
        ({"denied": ("GetMessageInsights",)}, "not authorized to perform: ses:GetMessageInsights"),
    ],
)
def test_an_account_that_cannot_be_asked_changes_nothing(mailer, ses, store, account, says):
    doubt(mailer, ses, store)
    ses.change(**account)
    code, output = mailer("reconcile", "vote", "--insights", "--resend")
    assert code == 2
    assert says in output
    assert store.sends.counts(1).uncertain == 7


@pytest.mark.parametrize(
    "answer",
    [
        {"JobStatus": "FAILED", "FailureInfo": {"ErrorMessage": "An error of ours."}},
        {"JobStatus": "CANCELLED"},
        {"JobStatus": "PROCESSING"},
        {"JobStatus": "COMPLETED", "ExportDestination": {"S3Url": "s3://bucket/file"}},
        {"JobStatus": "COMPLETED"},
        {},
    ],
)
def test_an_export_that_does_not_come_is_an_error_in_words(mailer, ses, store, monkeypatch, answer):
    doubt(mailer, ses, store)
    monkeypatch.setattr(insights, "PATIENCE", 0.01)
    monkeypatch.setattr(ses.app.insights, "get", lambda *_: answer)
    code, output = mailer("reconcile", "vote", "--insights")
    assert code == 2
    assert "message insights" in output
    assert store.sends.counts(1).uncertain == 7


def test_a_file_that_is_gone_is_an_error_in_words(mailer, ses, store, monkeypatch):
    doubt(mailer, ses, store)
    monkeypatch.setattr(ses.app.insights, "file", lambda _: {}["gone"])
    code, output = mailer("reconcile", "vote", "--insights")
    assert code == 2
    assert "could not be fetched: HTTP 400" in output


def test_only_mail_of_amazon_is_asked_about(mailer, ses):
    mailer("send", "vote", "--yes", "--transport", "outbox")
    code, output = mailer("reconcile", "vote", "--insights")
    assert code == 2
    assert "vote was not sent through Amazon SES" in output
    assert not ses.requests


def test_addresses_with_the_wildcard_of_filters_are_meant_as_they_are(ses):
    calls = []
    ses.app.insights.create = lambda *arguments: calls.append(arguments[2]) or {"JobId": "export-0"}
    ses.app.insights._files.append([])
    source = insights.MessageInsights(Ses(region="us-east-1"), wait=lambda _: None)
    now = datetime.now(UTC)
    assert list(source.events({"a*b@example.org"}, since=now, until=now)) == []
    (call,) = calls
    include = call["ExportDataSource"]["MessageInsightsDataSource"]["Include"]
    assert include == {"Destination": ["a\\*b@example.org"]}


# ---------------------------------------------------------------- the file, which is not documented

IDS = {"0100-a", "0100-b"}
RECORDS = [{"MessageId": "0100-a", "Destination": "a@example.org"}, {"MessageId": "0100-b"}]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        json.dumps({"Messages": RECORDS}),
        json.dumps([{"message_id": "0100-a"}, {"Message ID": "0100-b"}]),
        "\n".join(json.dumps(record) for record in RECORDS),
        'MessageId,Subject\n0100-a,"Hello, all"\n0100-b,\n',
        '\ufeff"Message Id",Subject\r\n0100-a,x\r\n0100-b,y\r\n',
        "Subject,messageId\nx,<0100-a@us-west-2.amazonses.com>\ny,0100-b\n",
    ],
)
def test_ids_are_read_from_any_of_the_likely_formats(content):
    assert message_ids(content.encode()) == IDS
    assert message_ids(gzip.compress(content.encode())) == IDS


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", "MessageId,Subject\n", "\n"])
def test_an_export_without_messages_has_no_ids(content):
    assert message_ids(content.encode()) == set()


@pytest.mark.parametrize(
    "content",
    [
        b"Id,Subject\n1,x\n",
        b"<html><p>Sign in</p></html>\n<p>now</p>",
        b'[{"id": 1}]',
        b'[{"MessageId": 7}]',
        b'[{"MessageId": "a"',
        b"7",
        b"MessageId\n" + b"x" * 200_000 + b"\n",
        b"[" * 100_000,
        gzip.compress(b"MessageId\n0100-a\n" * 50, mtime=0)[:40],
        b"\xff\xfe\x00garbage\nmore",
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_in_words(content):
    with pytest.raises(TransportError, match="export of message insights"):
        message_ids(content)
