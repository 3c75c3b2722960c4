"""Uncertain deliveries: listed, and settled by events or by a decision, never by themselves."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from mailer.events.ses import read
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.membership import SuppressionReason
from mailer.sending import reconciliation
from mailer.sending.reconciliation import DELAY, Decision, reconcile, uncertain
from tests.support.stores import kill
from tests.support.uncertain_sends import UNCERTAIN, event, make_send, write
from tools.projects.project import NOW, address, make_project, open_store


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", people=6)


@pytest.fixture
def send(store):
    """Six deliveries: 1 accepted, 2 to 4 uncertain, 5 failed, 6 pending."""
    return make_send(store)


def state(store):
    return store.sends.find("vote", "members").state


# ---------------------------------------------------------------- on the command line


def test_the_uncertain_are_listed_with_time_and_reason_and_stay_so(mailer, store, send):
    for _ in range(2):
        code, said = mailer("reconcile", "vote")
        assert code == 1
        assert "vote to members: 3 uncertain." in said
        for number in (1, 2, 3):
            assert address(number) in said
        assert "2026-05-04T12:00:00" in said
        assert "no answer" in said
        assert "3 may have been mailed, or not" in said
        assert "mailer reconcile vote --assume-sent" in said
        assert "mailer reconcile vote --resend" in said
    assert store.sends.counts(send.id).uncertain == 3


def test_assume_sent_counts_them_as_sent_and_says_who_decided(mailer, store, send):
    code, said = mailer("reconcile", "vote", "--assume-sent")
    assert code == 0
    assert "3 people counted as sent." in said
    assert "nobody uncertain" in said
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.uncertain, counts.failed) == (5, 0, 1)
    assert counts.balanced
    assert state(store) is SendState.FINISHED
    (row,) = store.database.connection.execute(
        "SELECT detail FROM deliveries WHERE id = 2"
    ).fetchone()
    assert "by hand" in row


def test_resend_puts_them_back_and_reopens_the_send(mailer, store, send):
    code, said = mailer("reconcile", "vote", "--resend")
    assert code == 0
    assert "3 people will be mailed again, some perhaps for the second time" in said
    assert "mailer resume vote" in said
    counts = store.sends.counts(send.id)
    assert (counts.pending, counts.uncertain) == (3, 0)
    assert counts.balanced
    assert state(store) is SendState.QUEUED


def test_a_paused_send_stays_paused_when_people_come_back(mailer, store):
    make_send(store, SendState.PAUSED)
    mailer("reconcile", "vote", "--resend")
    assert state(store) is SendState.PAUSED


def test_nobody_of_a_cancelled_send_is_mailed_again(mailer, store):
    send = make_send(store, SendState.PAUSED)
    store.sends.set_state(send.id, SendState.CANCELLED, now=NOW)
    code, said = mailer("reconcile", "vote", "--resend")
    assert code == 2
    assert "was cancelled, which is final" in said
    assert store.sends.counts(send.id).uncertain == 3
    assert mailer("reconcile", "vote", "--assume-sent")[0] == 0
    assert store.sends.counts(send.id).uncertain == 0


def test_both_decisions_at_once_are_none(mailer, store, send):
    code, said = mailer("reconcile", "vote", "--assume-sent", "--resend")
    assert code == 2
    assert "exclude each other" in said
    assert store.sends.counts(send.id).uncertain == 3


def test_events_settle_whom_they_are_about(mailer, store, send, tmp_path):
    file = write(tmp_path / "events.jsonl", event(2), event(3, "Rendering Failure"), event(5))
    code, said = mailer("events", "import", file)
    assert code == 1
    assert "2 deliveries settled." in said
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.failed, counts.uncertain) == (3, 2, 1)
    code, said = mailer("reconcile", "vote", "--resend")
    assert code == 0
    assert "1 person will be mailed again" in said


@pytest.mark.usefixtures("send")
def test_scripts_get_everything_as_json(mailer):
    code, said = mailer("reconcile", "vote", "--json")
    assert code == 1
    (found,) = json.JSONDecoder().raw_decode(said)[0]
    assert found["campaign"] == "vote"
    assert (found["resent"], found["assumed"]) == (0, 0)
    assert [doubt["email"] for doubt in found["uncertain"]] == [address(n) for n in (1, 2, 3)]
    assert found["uncertain"][0]["why"] == "no answer"


def test_what_a_dead_process_left_is_looked_at_first(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "2")
    store.sends.set_state(1, SendState.SENDING, now=NOW)
    store.deliveries.claim(1, 3, now=NOW)
    kill(store)
    code, said = mailer("reconcile", "vote")
    assert code == 0
    assert "nobody uncertain" in said
    counts = store.sends.counts(1)
    assert (counts.accepted, counts.pending, counts.sending) == (2, 4, 0)


@pytest.mark.usefixtures("send")
def test_a_campaign_that_was_never_sent_is_told(mailer):
    code, said = mailer("reconcile", "vole")
    assert code == 2
    assert "vole has not been sent" in said


# ---------------------------------------------------------------- in the store


def test_only_the_uncertain_of_this_send_are_resolved(store, send):
    results = [Result(each, DeliveryState.PENDING) for each in (1, 2, 3, 4, 5, 99)]
    assert store.deliveries.resolve(send.id, results, now=NOW) == 3
    assert store.deliveries.resolve(send.id, results, now=NOW) == 0
    assert store.deliveries.resolve(send.id + 1, [Result(2, DeliveryState.ACCEPTED)], now=NOW) == 0


def test_whoever_was_suppressed_meanwhile_is_not_mailed_again(store, send):
    store.suppressions.suppress(address(1), SuppressionReason.COMPLAINED, detail="", now=NOW)
    store.deliveries.resolve(send.id, [Result(2, DeliveryState.PENDING)], now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert store.deliveries.claim(send.id, 5, now=NOW) == []
    assert store.sends.counts(send.id).skipped == 1


# ---------------------------------------------------------------- what their neighbors say


@pytest.fixture
def among(tmp_path):
    """Twenty deliveries, the seventh and the eighth uncertain, the others accepted."""
    store = open_store(make_project(tmp_path / "twenty", people=20))
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    words = {"query": "", "snapshot": b"", "digest": "d", "transport": "ses"}
    send, _ = store.sends.freeze("vote", "members", ids, **words, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    claims = store.deliveries.claim(send.id, 20, now=NOW)
    results = [
        Result(number, UNCERTAIN)
        if number in {7, 8}
        else Result(number, DeliveryState.ACCEPTED, f"id-{number}")
        for number in (claim.delivery_id for claim in claims)
    ]
    store.deliveries.record(results, now=NOW)
    yield store, send
    store.close()


def report(store, *deliveries, kind="Send"):
    events = [each for n in deliveries for each in read(json.dumps(event(n, kind)))]
    store.events.ingest(events, patience=3, now=NOW)


def unlikely(store, send, later=DELAY):
    return {d.delivery_id for d in uncertain(store, send, NOW + later) if d.unlikely}


def test_one_without_a_send_event_among_many_that_have_theirs_was_very_likely_not_sent(among):
    store, send = among
    report(store, *range(1, 7), *range(9, 21))
    assert unlikely(store, send) == {7, 8}
    assert store.sends.counts(send.id).uncertain == 2, "nothing is decided without a person"


@pytest.mark.parametrize(
    ("reported", "later"),
    [
        ([*range(1, 7), *range(9, 21)], DELAY - timedelta(seconds=1)),
        ([*range(1, 7), *range(9, 20)], DELAY),
        ([], DELAY),
    ],
    ids=["too soon", "a neighbor's event is missing, too", "no events come in at all"],
)
def test_nothing_is_unlikely_as_long_as_events_may_be_missing(among, reported, later):
    store, send = among
    report(store, *reported)
    assert unlikely(store, send, later) == set()


def test_only_the_unlikely_are_sent_again_where_that_is_decided(among):
    store, send = among
    report(store, *range(1, 7), *range(9, 21))
    result = reconcile(store, send, Decision.RESEND_UNLIKELY, NOW + DELAY)
    assert (result.resent, result.uncertain) == (2, ())
    assert store.sends.counts(send.id).pending == 2


def test_the_unlikely_are_shown_apart_with_a_choice_of_their_own(mailer, store, send, monkeypatch):
    monkeypatch.setattr(reconciliation, "FEWEST_NEIGHBORS", 2)
    report(store, 1, 6)
    code, said = mailer("reconcile", "vote")
    assert code == 1
    assert "vote to members: nobody uncertain." in said
    assert "3 very likely not sent" in said
    assert mailer("reconcile", "vote", "--resend-unlikely")[0] == 0
    assert store.sends.counts(send.id).pending == 3
