"""Signatures: each person once, and counts that are closed at every commit."""

from __future__ import annotations

from dataclasses import astuple
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import StoreError
from mailer.ledger.signature import SignatureCounts, SignatureState, Signer
from mailer.lists.membership import SuppressionReason
from mailer.lists.request import RecipientRequest, RequestKind, RequestLimits
from tools.projects.project import NOW, address, enrol, open_store

BUS = "night-bus"
LIMITS = RequestLimits(3, 200, 1_000)
ANA = "ana@example.com"
DETAILS = {
    "petition": BUS,
    "wording": "w1",
    "first_name": "Ana",
    "last_name": "Ruiz",
    "zip": "97212",
    "city": "Portland",
    "state": "OR",
    "comment": "My line was cut.",
    "comment_public": "yes",
    "consent": "Yes, write to me.",
    "consent_version": "c1",
    "consent_how": "petition page",
}


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    enrol(store, range(30))
    yield store
    store.close()


def person(store, number):
    return store.subscribers.history(address(number)).subscriber.id


def sign(store, number, petition=BUS):
    signer = Signer(petition, "w1", subscriber_id=person(store, number), send_id=1)
    return store.petitions.sign(signer, now=NOW)


def ask(store, email=ANA, lists=(), now=NOW, **details):
    """Sign on the public page: the request is kept, and its mail goes out."""
    wish = RecipientRequest(RequestKind.SIGN, email, lists=lists, details=DETAILS | details)
    assert store.requests.add(wish, limits=LIMITS, now=now)
    return next_mail(store, now, now)


def next_mail(store, now=NOW, stale=NOW):
    return next(iter(store.requests.take_mails(1, now=now, stale=stale)), None)


def rows(store, petition=BUS):
    found = store.database.rows(
        "SELECT status, count(*) FROM signatures WHERE petition = :p GROUP BY status",
        {"p": petition},
    )
    by_state = dict.fromkeys(SignatureState, 0) | dict(found)
    return (sum(by_state.values()), *by_state.values())


def counts(store, petition=BUS):
    return astuple(store.petitions.counts(petition))[:-1]


def receipts(store):
    return [
        email for (email,) in store.database.rows("SELECT email FROM requests WHERE kind='receipt'")
    ]


def test_a_person_signs_once_however_often(store):
    first, again = sign(store, 1), sign(store, 1)
    assert first == again
    assert first.status is SignatureState.SIGNED
    assert (first.email, first.first_name, first.state) == (address(1), "Personb", "WA")
    assert counts(store) == rows(store) == (1, 0, 1, 0, 0)
    assert receipts(store) == [address(1)]
    assert sign(store, 1, "rivers").id != first.id


@pytest.mark.parametrize("reason", ["complained", "manual", "bounced"])
def test_no_receipt_goes_to_an_address_that_may_not_be_mailed(store, reason):
    store.suppressions.suppress(address(1), SuppressionReason(reason), detail="", now=NOW)
    assert sign(store, 1).status is SignatureState.SIGNED
    sign(store, 2)
    assert next_mail(store).wish.email == address(2)
    assert next_mail(store) is None


def test_a_person_with_a_new_address_signs_once(store):
    sign(store, 1)
    move = RecipientRequest(RequestKind.MOVE, "new@example.com", person(store, 1), 1)
    store.requests.add(move, limits=LIMITS, now=NOW)
    while pending := next_mail(store):
        store.requests.grant(pending.id, now=NOW)
        store.requests.mails_ended({pending.id: "sent"}, now=NOW)
    moved = store.subscribers.history("new@example.com").subscriber.id
    again = store.petitions.sign(Signer(BUS, "w1", subscriber_id=moved, send_id=1), now=NOW)
    assert again.email == address(1)
    assert counts(store) == (1, 0, 1, 0, 0)
    assert store.petitions.signers(BUS) == {person(store, 1), moved}


def test_a_stranger_counts_once_confirmed(store):
    pending = ask(store)
    assert counts(store) == rows(store) == (1, 1, 0, 0, 0)
    waiting = store.petitions.find(BUS, email=ANA)
    assert (waiting.first_name, waiting.comment) == ("", "")
    for _ in range(2):
        assert store.requests.grant(pending.id, now=NOW).settled == "done"
    signature = store.petitions.find(BUS, email=ANA)
    assert counts(store) == rows(store) == (1, 0, 1, 0, 0)
    assert (signature.public_name, signature.place) == ("Ana R.", "Portland, OR")
    assert receipts(store) == [ANA]
    assert store.subscribers.history(ANA).subscriber is None


def test_the_separate_choice_joins_the_list_and_is_kept_with_its_words(store):
    pending = ask(store, lists=("members",))
    store.requests.grant(pending.id, now=NOW)
    history = store.subscribers.history(ANA)
    assert history.memberships[0].status == "subscribed"
    assert history.memberships[0].how == f"petition {BUS}"
    assert history.subscriber.zip == "97212"
    kept = history.elsewhere["signatures"][0]
    assert kept["consent"] == "Yes, write to me."
    assert (kept["consent_version"], kept["consent_how"]) == ("c1", "petition page")
    assert kept["consented"] == NOW.isoformat(timespec="seconds")
    assert store.petitions.signers(BUS) == {history.subscriber.id}


def test_signing_without_the_choice_leaves_an_unsubscription_as_it_was(store):
    store.suppressions.suppress(address(1), SuppressionReason.UNSUBSCRIBED, detail="", now=NOW)
    store.requests.grant(ask(store, address(1)).id, now=NOW)
    assert store.subscribers.history(address(1)).suppression is SuppressionReason.UNSUBSCRIBED
    assert counts(store) == (1, 0, 1, 0, 0)


def test_a_subscriber_who_signs_on_both_ways_counts_once(store):
    pending = ask(store, address(1))
    sign(store, 1)
    assert counts(store) == (1, 0, 1, 0, 0)
    store.requests.grant(pending.id, now=NOW)
    signature = store.petitions.find(BUS, email=address(1))
    assert counts(store) == rows(store) == (1, 0, 1, 0, 0)
    assert (signature.first_name, signature.last_name) == ("Personb", "Ruiz")
    assert signature.comment_public


def test_what_was_withdrawn_comes_back_by_the_mailbox_only(store):
    signature = sign(store, 1)
    for _ in range(2):
        withdrawn = store.petitions.withdraw(signature.id, now=NOW)
        assert withdrawn.status is SignatureState.WITHDRAWN
    assert counts(store) == rows(store) == (1, 0, 0, 1, 0)
    assert sign(store, 1).status is SignatureState.WITHDRAWN
    store.requests.grant(ask_past_receipt(store).id, now=NOW)
    assert counts(store) == rows(store) == (1, 0, 1, 0, 0)


def ask_past_receipt(store):
    wish = RecipientRequest(RequestKind.SIGN, address(1), details=DETAILS)
    store.requests.add(wish, limits=LIMITS, now=NOW)
    return next(
        pending for _ in range(2) if (pending := next_mail(store)).wish.kind is RequestKind.SIGN
    )


def test_what_staff_set_aside_stays_so(store):
    signatures = [sign(store, number) for number in range(3)]
    ids = [signature.id for signature in signatures[:2]]
    assert store.petitions.invalidate(ids, "test", now=NOW) == 2
    assert store.petitions.invalidate(ids, "test", now=NOW) == 0
    assert counts(store) == rows(store) == (3, 0, 1, 0, 2)
    assert sign(store, 0).status is SignatureState.INVALID
    store.petitions.withdraw(ids[0], now=NOW)
    assert counts(store) == (3, 0, 1, 0, 2)


def test_a_closed_petition_takes_no_more(store):
    signature = sign(store, 1)
    pending = ask_of(store)
    store.petitions.close(BUS, now=NOW)
    assert sign(store, 2) is None
    assert sign(store, 1) == signature
    assert store.requests.grant(pending.id, now=NOW).settled == "refused"
    assert counts(store) == (2, 1, 1, 0, 0)
    assert store.petitions.withdraw(signature.id, now=NOW).status is SignatureState.WITHDRAWN


def ask_of(store):
    wish = RecipientRequest(RequestKind.SIGN, ANA, details=DETAILS)
    store.requests.add(wish, limits=LIMITS, now=NOW)
    while (pending := next_mail(store)).wish.email != ANA:
        pass
    return pending


def test_what_nobody_confirmed_is_set_aside_without_the_person(store):
    ask(store)
    store.petitions.expire(NOW, now=NOW)
    assert counts(store) == (1, 1, 0, 0, 0)
    store.petitions.expire(NOW + timedelta(seconds=1), now=NOW)
    assert counts(store) == rows(store) == (1, 0, 0, 0, 1)
    assert store.petitions.find(BUS, email=ANA) is None


def test_erasing_a_person_withdraws_the_signature_and_keeps_the_sum(store):
    sign(store, 1)
    sign(store, 2)
    sign(store, 1, "rivers")
    assert store.subscribers.erase(address(1), now=NOW)
    assert counts(store) == rows(store) == (2, 0, 1, 1, 0)
    assert counts(store, "rivers") == rows(store, "rivers") == (1, 0, 0, 1, 0)
    texts = store.database.rows("SELECT * FROM signatures WHERE status = 'withdrawn'")
    assert address(1) not in str(texts)
    assert "Personb" not in str(texts)


def test_a_signer_who_is_no_subscriber_is_shown_and_erased(store):
    store.requests.grant(ask(store).id, now=NOW)
    assert store.subscribers.history(ANA).elsewhere["signatures"][0]["petition"] == BUS
    assert store.subscribers.erase(ANA, now=NOW)
    assert counts(store) == (1, 0, 0, 1, 0)
    assert "signatures" not in (store.subscribers.history(ANA).elsewhere)


def test_places_are_counted_where_there_are_enough_to_name_nobody(store):
    for number in range(30):
        sign(store, number)
    (tally,) = store.petitions.tallies([BUS]).values()
    assert tally.signed == 30
    assert tally.states == {"OR": 10, "WA": 20}
    store.petitions.withdraw(store.petitions.find(BUS, email=address(0)).id, now=NOW)
    (tally,) = store.petitions.tallies([BUS]).values()
    assert tally.states == {"WA": 20}


def test_details_that_are_missing_are_filled_in_and_others_kept(store):
    signature = sign(store, 1)
    changed = store.petitions.complete(
        signature.id, {"first_name": "Eve", "zip": "97212", "city": "Portland"}, now=NOW
    )
    assert (changed.first_name, changed.zip, changed.city) == ("Personb", "97212", "Portland")


def test_a_sum_that_is_not_closed_is_refused_by_the_database(store):
    sign(store, 1)
    for change in ("signed = signed + 1", "received = 0"):
        with pytest.raises(StoreError, match=r"(?i)check constraint"):
            store.database.execute(f"UPDATE petitions SET {change}")
    assert counts(store) == (1, 0, 1, 0, 0)


def test_signatures_are_listed_in_order_however_many(store, monkeypatch):
    monkeypatch.setattr("mailer.store.sql.petitions.PAGE", 7)
    ids = {sign(store, number).id for number in range(30)}
    listed = [signature.id for signature in store.petitions.all(BUS)]
    assert len(listed) == 30
    assert set(listed) == ids
    assert list(store.petitions.all(BUS, SignatureState.PENDING)) == []


def test_an_id_tells_nothing_of_how_many_there_are(store):
    ids = [sign(store, number).id for number in range(10)]
    assert len(set(ids)) == 10
    assert max(ids) > 2**40


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sign", "ask", "confirm", "withdraw", "invalidate", "erase", "expire"]),
        st.integers(0, 4),
    ),
    max_size=25,
)


@settings(max_examples=40)
@given(steps=STEPS)
def test_whatever_happens_the_counts_are_those_of_the_rows(tmp_path_factory, steps):
    store = open_store(tmp_path_factory.mktemp("petition"))
    enrol(store, range(5))
    requests = {}
    for moment, (step, number) in enumerate(steps):
        now = NOW + timedelta(days=moment)
        known = store.petitions.find(BUS, email=address(number))
        match step:
            case "sign" if store.subscribers.history(address(number)).subscriber:
                sign(store, number)
            case "ask":
                ask(store, address(number), now=now)
                while pending := next_mail(store, now, now - timedelta(days=99)):
                    requests[pending.wish.email] = pending
            case "confirm" if address(number) in requests:
                store.requests.grant(requests[address(number)].id, now=now)
            case "withdraw" if known:
                store.petitions.withdraw(known.id, now=now)
            case "invalidate" if known:
                store.petitions.invalidate([known.id], "test", now=now)
            case "erase":
                store.subscribers.erase(address(number), now=now)
                requests.pop(address(number), None)
            case "expire":
                store.petitions.expire(now - timedelta(days=8), now=now)
        assert counts(store) == rows(store)
    store.close()


def test_a_petition_that_nobody_signed_has_counts_of_zero(store):
    assert store.petitions.counts("rivers") == SignatureCounts()
    assert store.petitions.tallies(["rivers"])["rivers"].signed == 0
