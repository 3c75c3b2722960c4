"""What reports are made of: every delivery counts once in each number, whoever it belonged to."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from mailer.campaigns.ab_test import ABTest, ArmFigures
from mailer.events.ses import read
from mailer.ledger.delivery import DeliveryState, Result, SendState, StoredMessage
from mailer.ledger.statistics import BounceCount, DomainCount
from mailer.lists.import_row import ImportRow

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ACCEPTED = DeliveryState.ACCEPTED
WORDS = {"query": "", "snapshot": b"", "digest": "d", "transport": "ses"}
DOMAINS = ("example.org", "example.com")


def address(number):
    return f"person{number}@{DOMAINS[number % 2]}"


@pytest.fixture
def people(store):
    """Eight of them: the odd ones at example.com, the first three in Oregon, the last nowhere."""
    rows = [
        ImportRow(row=n, email=address(n), state="OR" if n <= 3 else "WA" if n < 8 else "")
        for n in range(1, 9)
    ]
    store.imports.import_rows("members", rows, source="test", now=NOW)


def mail(store, campaign="vote", states=(), ab_test=None, kept=None):
    """Delivery n goes to subscriber n; states of the first ones, the rest is accepted."""
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    send, _ = store.sends.freeze(campaign, "members", ids, **WORDS, ab_test=ab_test, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    claims = store.deliveries.claim(send.id, 100, now=NOW)
    every = [*states, *[ACCEPTED] * (len(claims) - len(states))]
    results = [
        Result(
            c.delivery_id, state, f"id-{campaign}-{c.subscriber.id}", f"{state}", kept and kept(c)
        )
        for c, state in zip(claims, every, strict=True)
    ]
    store.deliveries.record(results, now=NOW)
    return send


def take(store, number, kind, *, day=0, **detail):
    at = (NOW + timedelta(days=day)).isoformat()
    recipients = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients"}
    if kind in recipients:
        detail |= {recipients[kind]: [{"emailAddress": address(number)}], "feedbackId": f"f{day}"}
    mail = {"timestamp": at, "messageId": f"id-vote-{number}", "destination": [address(number)]}
    event = {"eventType": kind, "mail": mail, kind.lower(): detail | {"timestamp": at}}
    assert store.events.ingest(read(json.dumps(event)), patience=9, now=NOW).stored == 1


def bounce(store, number, type_="Permanent", subtype="General", **more):
    take(store, number, "Bounce", bounceType=type_, bounceSubType=subtype, **more)


@pytest.mark.usefixtures("people")
def test_bounces_are_counted_by_domain_and_by_reason_once_for_each_mail(store):
    send = mail(store)
    bounce(store, 1)
    bounce(store, 1, day=1)
    bounce(store, 3, subtype="NoEmail")
    bounce(store, 2, "Transient", "MailboxFull")
    take(store, 4, "Delivery")
    take(store, 4, "Complaint", complaintFeedbackType="abuse")
    found = store.statistics.of_send(send.id)
    assert found.outcomes == {"bounced": 2, "returned": 1, "delivered": 1, "complained": 1}
    assert found.bounces == (
        BounceCount("Permanent", "General", 1),
        BounceCount("Permanent", "NoEmail", 1),
        BounceCount("Transient", "MailboxFull", 1),
    )
    assert found.domains == (DomainCount("example.com", 4, 2), DomainCount("example.org", 4, 0))


@pytest.mark.usefixtures("people")
def test_only_what_was_handed_over_counts_for_domains_and_states(store):
    send = mail(store, states=[DeliveryState.FAILED, DeliveryState.UNCERTAIN])
    found = store.statistics.of_send(send.id)
    assert found.states == (("WA", 4), ("", 1), ("OR", 1))
    assert sum(domain.accepted for domain in found.domains) == 6
    assert found.failed == (("failed", 1),)


@pytest.mark.usefixtures("people")
def test_another_send_is_another_matter(store):
    send, other = mail(store), mail(store, "gala")
    bounce(store, 1)
    store.unsubscribes.leave(2, send.id, how="one-click", now=NOW)
    found = store.statistics.of_send(other.id)
    assert (found.outcomes, found.unsubscribed, found.bounces) == ({}, 0, ())
    assert all(domain.bounced == 0 for domain in found.domains)


@pytest.mark.usefixtures("people")
def test_whoever_leaves_by_this_mail_is_counted_with_a_reason_and_not_after_coming_back(store):
    send = mail(store)
    first = store.unsubscribes.leave(1, send.id, how="form", now=NOW)
    store.unsubscribes.give_reason(first, "too many")
    store.unsubscribes.leave(2, send.id, how="one-click", now=NOW)
    back = store.unsubscribes.leave(3, send.id, how="form", now=NOW)
    store.unsubscribes.undo(back, now=NOW)
    found = store.statistics.of_send(send.id)
    assert (found.unsubscribed, found.reasons) == (2, {"too many": 1})


@pytest.mark.usefixtures("people")
def test_whoever_was_skipped_is_counted_by_reason(store):
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    send, _ = store.sends.freeze("vote", "members", ids, **WORDS, now=NOW)
    store.subscribers.unsubscribe("members", address(1), how="form", now=NOW)
    store.subscribers.unsubscribe("members", address(2), how="form", now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    store.deliveries.claim(send.id, 4, now=NOW)
    store.sends.set_state(send.id, SendState.CANCELLED, now=NOW)
    assert store.statistics.of_send(send.id).skipped == (("cancelled", 2), ("unsubscribed", 2))


@pytest.mark.usefixtures("people")
def test_each_subject_has_its_own_figures(store):
    send = mail(store, ab_test=ABTest(lambda subscriber: 1 + subscriber % 2, None))
    bounce(store, 1)
    take(store, 3, "Complaint", complaintFeedbackType="abuse")
    store.unsubscribes.leave(5, send.id, how="form", now=NOW)
    link = store.clicks.link(send.id, 2, "https://example.org/")
    store.clicks.add({link: 1})
    store.clicks.add({link: 2})
    assert store.statistics.arm_figures(send.id) == [
        ArmFigures(1, sent=4, clicks=0, unsubscribed=0, bounced=0, complained=0),
        ArmFigures(2, sent=4, clicks=3, unsubscribed=1, bounced=1, complained=1),
    ]


@pytest.mark.usefixtures("people")
def test_variants_are_counted_by_who_got_them(store):
    digests = {1: "a", 2: "a", 3: "b"}

    def kept(claim):
        digest = digests.get(claim.subscriber.id, "c")
        return StoredMessage(digest, digest.encode(), "[]")

    send = mail(store, states=[DeliveryState.UNCERTAIN], kept=kept)
    found, others = store.statistics.variant_counts(send.id, limit=2)
    assert [(share.content, share.number) for share in found] == [(b"c", 5), (b"a", 1)]
    assert others == 1


@pytest.mark.usefixtures("people")
def test_whoever_was_erased_still_counts_in_the_outcomes(store):
    send = mail(store)
    bounce(store, 1)
    store.subscribers.erase(address(1), now=NOW)
    found = store.statistics.of_send(send.id)
    assert found.outcomes == {"bounced": 1}
    assert sum(domain.accepted for domain in found.domains) == 7


def test_a_send_of_which_nothing_is_known_yet_has_no_figures(store, people):
    del people
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    send, _ = store.sends.freeze("vote", "members", ids, **WORDS, now=NOW)
    found = store.statistics.of_send(send.id)
    assert (found.outcomes, found.domains, found.states) == ({}, (), ())
    assert store.statistics.arm_figures(send.id) == []
    assert store.statistics.variant_counts(send.id, limit=5) == ([], 0)
