"""Confirmations through Amazon SES, and in batches beside the requests."""

from __future__ import annotations

import email
import email.policy

import pytest

from mailer.ledger.delivery import DeliveryState, Result
from mailer.ledger.signature import Signer
from mailer.stop import StopSignal
from mailer.store.sql.requests import SqlRequests
from mailer.transports.base import BatchResult
from mailer.transports.outbox import Outbox
from mailer.web.pages import confirmation_mailer
from mailer.web.pages.group_commit import GroupCommit
from tests.web.conftest import Site
from tools.fake_ses import FakeSes
from tools.projects.project import address

FORM = {"email": "ana@example.com", "first_name": "Ana", "zip": "97212", "list-members": "yes"}


@pytest.fixture(params=["raw", "bulk"])
def site(request, root, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    with (root / "mailer.toml").open("a", encoding="utf-8") as settings:
        settings.write(
            f'[send]\ntransport = "ses"\n[ses]\nregion = "us-east-1"\nmethod = "{request.param}"\n'
        )
    with FakeSes(rate=200, quota=-1) as ses:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.endpoint)
        found = Site(root)
        found.ses = ses
        with found.client:
            yield found
        found.store.close()


def test_a_confirmation_goes_through_ses_as_no_list_mail(site):
    assert site.post("/join", FORM).status_code == 200
    site.mails()  # waits for the postman
    (message,) = site.ses.accepted
    assert message.to == ("ana@example.com",)
    mail = email.message_from_bytes(message.mime, policy=email.policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert not [name for name in mail if name.startswith("List-")]
    assert "https://mail.example.org/j/" in mail.get_body(("plain",)).get_content()
    assert site.rows("SELECT mail FROM requests") == [("sent",)]


def test_a_confirmation_whose_answer_was_lost_is_not_sent_again(site):
    site.ses.inject("drop", times=1)
    site.post("/join", FORM)
    site.mails()
    assert site.rows("SELECT mail FROM requests") == [("uncertain",)]
    assert len(site.ses.accepted) == 1


# ---------------------------------------------------------------- in batches


def sign(site):
    """Let four receipts wait."""
    for subscriber in (1, 2, 3, 4):
        signer = Signer("night-bus", "w1", subscriber_id=subscriber, send_id=1)
        site.store.petitions.sign(signer, now=site.clock())


@pytest.fixture
def unstarted(root):
    site = Site(root)
    sign(site)
    yield site
    site.store.close()


def results(monkeypatch):
    """The states that are kept, a list for each transaction."""
    kept, mails_ended = [], SqlRequests.mails_ended

    def keep(requests, states, *, now):
        kept.append(list(states.values()))
        mails_ended(requests, states, now=now)

    monkeypatch.setattr(SqlRequests, "mails_ended", keep)
    return kept


def test_receipts_that_wait_are_taken_and_kept_together(unstarted, monkeypatch):
    kept = results(monkeypatch)
    with unstarted.client:
        assert len(unstarted.mails()) == 4
    assert kept == [["sent"], ["sent"] * 3]


def test_what_follows_a_mail_that_failed_waits_again_and_goes_out_once(unstarted, monkeypatch):
    kept, deliver, handed_over = results(monkeypatch), Outbox.deliver, []

    def lose_the_second_answer(outbox, batch):
        handed_over.append(batch[0].merged.email)
        result = deliver(outbox, batch)
        if len(handed_over) == 2:
            return BatchResult([Result(batch[0].delivery_id, DeliveryState.UNCERTAIN)])
        return result

    monkeypatch.setattr(Outbox, "deliver", lose_the_second_answer)
    with unstarted.client:
        assert len(unstarted.mails()) == 4
    assert handed_over == [address(number) for number in range(4)]
    assert kept == [["sent"], ["uncertain", "pending", "pending"], ["sent", "sent"]]


def test_mail_lets_the_requests_of_a_burst_pass(unstarted, monkeypatch):
    looks, busy = [], iter([True, True, True])
    take_mails = SqlRequests.take_mails

    def is_busy(_):
        looks.append("busy")
        return next(busy, False)

    def take(requests, most, **moments):
        looks.append("mail")
        return take_mails(requests, most, **moments)

    monkeypatch.setattr(confirmation_mailer, "_PATIENCE", 60)
    monkeypatch.setattr(GroupCommit, "is_busy", property(is_busy))
    monkeypatch.setattr(SqlRequests, "take_mails", take)
    with unstarted.client:
        assert len(unstarted.mails()) == 4
    assert looks[:5] == ["busy"] * 4 + ["mail"]


def test_mail_goes_out_in_a_burst_that_does_not_end(unstarted, monkeypatch):
    monkeypatch.setattr(confirmation_mailer, "_PATIENCE", 0.05)
    monkeypatch.setattr(GroupCommit, "is_busy", True)
    with unstarted.client:
        assert len(unstarted.mails()) == 4


def test_a_batch_is_a_seconds_mail_at_most_and_goes_out_one_by_one(root, monkeypatch):
    with (root / "mailer.toml").open("a", encoding="utf-8") as settings:
        settings.write("[send]\nrate = 2\n")
    site = Site(root)
    sign(site)
    kept, waits = results(monkeypatch), []
    monkeypatch.setattr(StopSignal, "wait", lambda _, seconds: waits.append(seconds))
    with site.client:
        assert len(site.mails()) == 4
    site.store.close()
    assert kept == [["sent"], ["sent", "sent"], ["sent"]]
    assert waits.count(1 / 2) >= 4
