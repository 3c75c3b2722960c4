"""Events are stored once, and change what they ask for in the same transaction."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from mailer.events.ses import read
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.ledger.event import HELD_BACK_BY_SES, DeliverabilityStats, NotSentAlert
from mailer.lists.import_row import ImportRow
from mailer.lists.membership import SuppressionReason
from tests.support.stores import table_names

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
WORDS = {"query": "", "snapshot": b"", "digest": "d", "transport": "ses"}
PATIENCE = 3


def address(number):
    return f"person{number}@example.org"


@pytest.fixture
def send(store):
    """Five deliveries, 1 to 4 accepted as id-1 to id-4, 5 uncertain."""
    rows = [ImportRow(row=n, email=address(n)) for n in range(1, 6)]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    store.imports.import_rows("volunteers", rows, source="test", now=NOW)
    return begin(store, "the vote")


def begin(store, campaign):
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    send, _ = store.sends.freeze(campaign, "members", ids, **WORDS, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    claims = store.deliveries.claim(send.id, 5, now=NOW)
    results = [
        Result(c.delivery_id, DeliveryState.ACCEPTED, message_id=f"id-{c.delivery_id}")
        for c in claims
    ]
    if len(claims) == 5:
        results[4] = Result(claims[4].delivery_id, DeliveryState.UNCERTAIN, detail="no answer")
    store.deliveries.record(results, now=NOW)
    return send


def event(delivery, kind="Delivery", *, day=0, email="", **more):
    """As SES writes it, about the delivery to the subscriber with the same number."""
    at = (NOW + timedelta(days=day)).isoformat()
    email = email or address(delivery)
    tags = {"campaign": ["the_vote"], "delivery": [str(delivery)]}
    mail = {"timestamp": at, "messageId": f"id-{delivery}", "destination": [email], "tags": tags}
    recipients = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients"}
    detail = {"timestamp": at, "feedbackId": f"f-{kind}-{delivery}-{day}"}
    if kind in recipients:
        one = {"emailAddress": email}
        if kind == "Bounce":
            one |= {"status": "5.1.1", "diagnosticCode": "smtp; 550 unknown"}
        detail[recipients[kind]] = [one]
    mail |= more.pop("mail", {})
    return {"eventType": kind, "mail": mail, kind[0].lower() + kind[1:]: detail | more}


def bounce(delivery, type_="Permanent", subtype="General", **more):
    return event(delivery, "Bounce", bounceType=type_, bounceSubType=subtype, **more)


def complaint(delivery, **more):
    return event(delivery, "Complaint", **{"complaintFeedbackType": "abuse", **more})


def take(store, *found):
    parsed = [one for each in found for one in read(json.dumps(each))]
    return store.events.ingest(parsed, patience=PATIENCE, now=NOW)


def reason(store, number):
    return store.subscribers.history(address(number)).suppression


def state(store, delivery):
    return store.database.row(
        "SELECT state, message_id, detail FROM deliveries WHERE id = :id", {"id": delivery}
    )


def stored(store):
    (number,) = store.database.connection.execute("SELECT count(*) FROM events").fetchone()
    return number


# ---------------------------------------------------------------- once


@pytest.mark.usefixtures("send")
def test_an_event_is_stored_once_however_often_it_comes(store):
    first = take(store, event(1), event(1), bounce(2))
    assert (first.stored, first.known) == (2, 1)
    second = take(store, bounce(2), event(1))
    assert (second.stored, second.known, second.suppressed) == (0, 2, 0)
    assert stored(store) == 2


@pytest.mark.usefixtures("send")
def test_what_can_happen_again_is_stored_each_time(store):
    again = take(store, event(1, "DeliveryDelay"), event(1, "DeliveryDelay", day=1))
    assert again.stored == 2


def test_an_event_is_stored_with_whom_and_what_it_is_about(store, send):
    take(store, bounce(2))
    columns = (
        "kind, outcome, at, send_id, delivery_id, subscriber_id, type, subtype, status, "
        "message_id, diagnostic, domain"
    )
    row = store.database.connection.execute(f"SELECT {columns} FROM events").fetchone()
    assert row == (
        "Bounce", "bounced", "2026-05-04T12:00:00+00:00", send.id, 2, 2, "Permanent", "General",
        "5.1.1", "id-2", "smtp; 550 unknown", "example.org",
    )  # fmt: skip


# ---------------------------------------------------------------- bounces and complaints


@pytest.mark.usefixtures("send")
def test_a_permanent_bounce_suppresses_the_subscriber_of_the_delivery(store):
    found = take(store, bounce(2))
    assert found.suppressed == 1
    assert reason(store, 2) is SuppressionReason.BOUNCED
    assert reason(store, 1) is None


@pytest.mark.usefixtures("send")
def test_a_complaint_suppresses_and_unsubscribes_from_everything(store):
    take(store, complaint(2))
    assert reason(store, 2) is SuppressionReason.COMPLAINED
    memberships = store.subscribers.history(address(2)).memberships
    assert {(m.list_name, m.status, m.how) for m in memberships} == {
        ("members", "unsubscribed", "complaint"),
        ("volunteers", "unsubscribed", "complaint"),
    }


@pytest.mark.usefixtures("send")
def test_whoever_says_it_is_no_spam_does_not_complain(store):
    take(store, complaint(2, complaintFeedbackType="not-spam"))
    assert reason(store, 2) is None


@pytest.mark.usefixtures("send")
@pytest.mark.parametrize(("type_", "subtype"), [("Transient", "MailboxFull"), ("Undetermined", "Undetermined")])  # fmt: skip
def test_transient_bounces_suppress_after_so_many_days(store, type_, subtype):
    for day in (0, 0, 1):
        take(store, bounce(2, type_, subtype, day=day))
    assert reason(store, 2) is None
    assert take(store, bounce(2, type_, subtype, day=2)).suppressed == 1
    assert reason(store, 2) is SuppressionReason.BOUNCED


@pytest.mark.usefixtures("send")
@pytest.mark.parametrize(
    ("came_back", "suppressed"), [(False, None), (True, SuppressionReason.BOUNCED)]
)
def test_only_mail_that_gets_through_starts_the_count_anew(store, came_back, suppressed):
    """A delivery that came back later did not get through."""
    for day in (0, 1):
        take(store, bounce(2, "Transient", "MailboxFull", day=day))
    begin(store, "another")
    (delivery,) = store.database.connection.execute(
        "SELECT id FROM deliveries WHERE campaign = 'another' AND subscriber_id = 2"
    ).fetchone()
    tags = {"campaign": ["another"], "delivery": [str(delivery)]}
    other = {"email": address(2), "mail": {"tags": tags, "messageId": f"id-{delivery}"}}
    take(store, event(delivery, day=2, **other))
    if came_back:
        take(store, bounce(delivery, "Transient", "MailboxFull", day=2, **other))
    take(store, bounce(2, "Transient", "MailboxFull", day=3))
    assert reason(store, 2) is suppressed


@pytest.mark.usefixtures("send")
def test_a_mail_too_large_says_nothing_about_the_mailbox(store):
    for day in range(PATIENCE):
        take(store, bounce(2, "Transient", "MessageTooLarge", day=day))
    assert reason(store, 2) is None


# ---------------------------------------------------------------- deliveries


def test_the_uncertain_are_settled_by_what_is_reported_of_them(store, send):
    assert take(store, event(5, "Send")).settled == 1
    assert state(store, 5) == ("accepted", "id-5", "")
    assert store.sends.counts(send.id).balanced


@pytest.mark.usefixtures("send")
def test_whoever_becomes_uncertain_after_the_event_came_is_settled_at_once(store):
    other = begin_claimed(store)
    tags = {"campaign": ["late"], "delivery": [str(other)]}
    mail = {"tags": tags, "messageId": "late-id"}
    take(store, event(other, "Send", email=address(1), mail=mail))
    assert state(store, other)[0] == "sending"
    store.deliveries.record([Result(other, DeliveryState.UNCERTAIN, detail="no answer")], now=NOW)
    assert state(store, other) == ("accepted", "late-id", "")


def begin_claimed(store):
    """A delivery to the first subscriber, in flight."""
    send, _ = store.sends.freeze("late", "members", [1], **WORDS, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    (claim,) = store.deliveries.claim(send.id, 1, now=NOW)
    return claim.delivery_id


@pytest.mark.usefixtures("send")
def test_whoever_is_to_be_mailed_again_but_was_mailed_is_not(store):
    store.deliveries.resolve(1, [Result(5, DeliveryState.PENDING)], now=NOW)
    take(store, event(5, "Send"))
    assert state(store, 5)[0] == "accepted"


@pytest.mark.usefixtures("send")
@pytest.mark.parametrize("delivery", [1, 5])
def test_what_was_never_sent_has_failed_and_alarms(store, delivery):
    failure = {"eventType": "Rendering Failure", "failure": {"errorMessage": "s0 is missing"}}
    found = take(store, event(delivery, "Send"), event(delivery) | failure)
    assert found.alarms == (NotSentAlert("the vote", "Rendering Failure: s0 is missing"),)
    assert state(store, delivery) == (
        "failed",
        f"id-{delivery}",
        "Amazon SES did not send it: Rendering Failure, s0 is missing",
    )


@pytest.mark.usefixtures("send")
def test_a_failure_reported_before_the_answer_is_on_record_counts(store):
    other = begin_claimed(store)
    tags = {"campaign": ["late"], "delivery": [str(other)]}
    mail = {"tags": tags, "messageId": "late-id"}
    take(store, event(other, "Reject", email=address(1), mail=mail, reason="Bad content"))
    store.deliveries.record([Result(other, DeliveryState.ACCEPTED, message_id="late-id")], now=NOW)
    assert state(store, other)[0] == "failed"


@pytest.mark.usefixtures("send")
def test_a_failure_of_an_earlier_copy_is_not_of_this_one(store):
    take(store, event(1, "Reject", mail={"messageId": "an earlier one"}))
    assert state(store, 1)[0] == "accepted"


# ---------------------------------------------------------------- whom it is about


@pytest.mark.usefixtures("send")
def test_the_ledger_says_whose_mail_it_was_not_the_event(store):
    """A bounce names the mailbox that mail was forwarded to."""
    take(store, bounce(2, email="elsewhere@example.net"))
    assert reason(store, 2) is SuppressionReason.BOUNCED
    assert store.subscribers.history("elsewhere@example.net") is None


@pytest.mark.usefixtures("send")
def test_events_without_tags_are_matched_by_the_message(store):
    take(store, bounce(2, mail={"tags": {}}, email="elsewhere@example.net"))
    assert reason(store, 2) is SuppressionReason.BOUNCED


@pytest.mark.usefixtures("send")
def test_tags_of_another_project_touch_nobody(store):
    other = {"messageId": "not ours"}
    take(store, bounce(2, email="stranger@example.com", mail=other))
    take(store, bounce(5, email="stranger@example.com", mail=other))
    assert [reason(store, n) for n in (2, 5)] == [None, None]
    assert state(store, 5)[0] == "uncertain"
    assert store.subscribers.history("stranger@example.com") is None


@pytest.mark.usefixtures("send")
def test_a_bounce_of_other_mail_counts_for_a_subscriber_alone_on_it(store):
    other = {"messageId": "a proof", "tags": {}}
    take(store, bounce(3, mail=other), complaint(4, mail=other | {"destination": [address(4), address(1)]}))  # fmt: skip
    assert reason(store, 3) is SuppressionReason.BOUNCED
    assert reason(store, 4) is None


# ---------------------------------------------------------------- erased


def everything(store):
    rows = [
        row
        for name in table_names(store)
        for row in store.database.connection.execute(f'SELECT * FROM "{name}"')
    ]
    # the hash of these tests can be read
    return [str(row) for row in rows if not str(row[0]).startswith("hmac:")]


@pytest.mark.usefixtures("send")
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("mail", [{}, {"tags": {}}, {"tags": {}, "messageId": "other mail"}])
def test_nothing_brings_back_the_address_of_somebody_erased(store, first, mail):
    found = [bounce(2, mail=mail), complaint(2, mail=mail), event(2, "New Kind", mail=mail)]
    found[0]["bounce"]["bouncedRecipients"][0]["diagnosticCode"] = f"550 {address(2)} unknown"
    if first:
        take(store, *found)
    store.subscribers.erase(address(2), now=NOW)
    take(store, *found)
    assert stored(store) == 3
    assert not any(address(2) in text.lower() for text in everything(store))
    assert reason(store, 2) is SuppressionReason.ERASED


@pytest.mark.usefixtures("send")
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("tags", [{}, {"campaign": ["the_vote"], "delivery": ["2"]}])
def test_an_event_that_names_somebody_erased_by_the_way_is_stripped(store, first, tags):
    elsewhere = {"tags": tags, "messageId": "", "destination": [address(2), "lee@example.com"]}
    shared = elsewhere | {"destination": [address(2), address(3)], "tags": {}}
    found = [
        bounce(2, email="elsewhere@example.net", mail=elsewhere),
        event(3, mail=shared),
        bounce(4, email=address(2)),
    ]
    if first:
        take(store, *found[:2])
    store.subscribers.erase(address(2), now=NOW)
    take(store, *found)
    assert stored(store) == 4
    assert not any(address(2) in text.lower() for text in everything(store))


@pytest.mark.usefixtures("send")
def test_tags_alone_prove_nothing(store):
    take(store, bounce(5, email="stranger@example.com", mail={"messageId": ""}))
    assert reason(store, 5) is None
    assert state(store, 5)[0] == "uncertain"


@pytest.mark.usefixtures("send")
def test_an_event_of_a_stranger_who_is_erased_is_stripped(store):
    take(store, event(1, email="Stranger@example.com", mail={"tags": {}, "messageId": "x"}))
    rows = [ImportRow(row=1, email="stranger@example.com")]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    store.subscribers.erase("stranger@example.com", now=NOW)
    assert not any("stranger@example.com" in text.lower() for text in everything(store))


@pytest.mark.usefixtures("send")
def test_the_uncertain_mail_of_somebody_erased_is_settled(store):
    store.subscribers.erase(address(5), now=NOW)
    take(store, event(5))
    assert state(store, 5) == ("accepted", "", "")


# ---------------------------------------------------------------- added up


def test_each_delivery_counts_once(store, send):
    take(store, event(1), event(1, "Send"), event(2), bounce(2), bounce(3), complaint(1), complaint(1, day=1))  # fmt: skip
    assert store.events.stats(send.id) == DeliverabilityStats(known=3, bounced=2, complained=1)


def test_without_reports_of_deliveries_what_was_accepted_is_what_is_known(store, send):
    take(store, bounce(2))
    assert store.events.stats(send.id) == DeliverabilityStats(known=4, bounced=1, complained=0)


@pytest.mark.parametrize("subtype", sorted(HELD_BACK_BY_SES))
def test_what_ses_did_not_try_is_no_bounce_and_suppresses_nobody(store, send, subtype):
    result = take(store, event(1), bounce(2, subtype=subtype))
    assert result.not_tried == 1
    assert store.events.stats(send.id) == DeliverabilityStats(known=1, bounced=0, complained=0)
    assert reason(store, 2) is None


def test_a_permanent_bounce_for_an_unknown_reason_suppresses_nobody(store, send):
    result = take(store, event(1), bounce(2, subtype="MovedToAnotherPlanet"))
    assert result.unrecognized == 1
    assert store.events.stats(send.id) == DeliverabilityStats(known=1, bounced=0, complained=0)
    assert reason(store, 2) is None


@pytest.mark.usefixtures("send")
def test_a_complaint_of_somebody_who_is_on_no_list_yet_holds(store):
    alone = {"messageId": "a receipt", "tags": {}, "destination": ["later@example.com"]}
    take(store, complaint(1, mail=alone, email="later@example.com"))
    assert (
        store.subscribers.history("later@example.com").suppression is SuppressionReason.COMPLAINED
    )


@pytest.mark.usefixtures("send")
def test_a_complaint_is_not_forgotten_because_somebody_said_not_spam_before(store):
    take(store, complaint(2, complaintFeedbackType="not-spam"), complaint(2))
    assert reason(store, 2) is SuppressionReason.COMPLAINED


def test_a_send_of_which_nothing_is_known_has_no_outcomes(store, send):
    assert store.events.stats(send.id) == DeliverabilityStats(0, 0, 0)


@pytest.mark.usefixtures("send")
def test_the_suppressed_are_listed_by_reason(store):
    take(store, bounce(2), complaint(3))
    store.suppressions.suppress(address(4), SuppressionReason.MANUAL, detail="", now=NOW)
    assert list(
        store.suppressions.addresses([SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED])
    ) == [
        (address(2), SuppressionReason.BOUNCED),
        (address(3), SuppressionReason.COMPLAINED),
    ]


@pytest.mark.usefixtures("send")
def test_what_is_known_about_a_person_holds_their_events(store):
    take(store, bounce(2), event(2, "Send"), bounce(3))
    assert [dict(each) for each in store.subscribers.history(address(2)).events] == [
        {
            "kind": "Bounce",
            "at": "2026-05-04T12:00:00+00:00",
            "type": "Permanent",
            "subtype": "General",
            "status": "5.1.1",
            "diagnostic": "smtp; 550 unknown",
        },
        {"kind": "Send", "at": "2026-05-04T12:00:00+00:00"}
        | dict.fromkeys(("type", "subtype", "status", "diagnostic"), ""),
    ]
