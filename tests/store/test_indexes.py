"""What is done for each event, click, claim or outcome takes as long on a large list as on a small one."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from mailer.events.ses import read
from mailer.ledger.delivery import DeliveryState, Result, SendState, StoredMessage
from mailer.ledger.signature import Signer
from mailer.lists.import_row import ImportRow
from mailer.lists.request import RecipientRequest, RequestKind, RequestLimits

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
WORDS = {"query": "", "snapshot": b"", "digest": "d", "transport": "ses"}
LARGE = re.compile(r"\b(events|deliveries|memberships|subscribers|signatures)\b(?: (\w+))?")

pytestmark = pytest.mark.sqlite_only("asks its planner")


def address(number):
    return f"person{number}@example.org"


@pytest.fixture
def send(store):
    """Nine people on two lists, with another campaign behind them and this one on its way."""
    rows = [ImportRow(row=n, email=address(n)) for n in range(1, 10)]
    for name in ("members", "volunteers"):
        store.imports.import_rows(name, rows, source="test", now=NOW)
    store.sends.freeze("gala", "members", [1], **WORDS, now=NOW)
    store.sends.set_state(1, SendState.SENDING, now=NOW)
    send, _ = store.sends.freeze("vote", "members", range(1, 10), **WORDS, quiet_hours=24, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    return send


def looks_through(store, act):
    """What of the statements that `act` runs looks at every row of a table that grows."""
    statements = []
    store.database.connection.set_trace_callback(statements.append)
    act()
    store.database.connection.set_trace_callback(None)
    asked = [
        sql for sql in statements if sql.split()[0] in {"SELECT", "INSERT", "UPDATE", "DELETE"}
    ]
    assert len(asked) > 2
    return [(step, sql) for sql in asked for step in scans(store, sql)]


def scans(store, sql):
    large = {name for match in LARGE.finditer(sql) for name in match.groups()}
    plan = [row[3] for row in store.database.connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    return [step for step in plan if step.startswith("SCAN") and step.split()[1] in large]


def claim_and_record(store, send):
    claims = store.deliveries.claim(send.id, 5, now=NOW)
    states = [DeliveryState.UNCERTAIN, DeliveryState.PENDING, *[DeliveryState.ACCEPTED] * 3]
    store.deliveries.record(
        [
            Result(c.delivery_id, state, f"id-{c.delivery_id}", kept=StoredMessage("k", b"", "[]"))
            for c, state in zip(claims, states, strict=True)
        ],
        now=NOW,
    )
    return [claim.delivery_id for claim in claims]


def test_claims_and_outcomes_are_found_by_an_index(store, send):
    def act():
        claim_and_record(store, send)
        store.schedule.is_due(send.id, now=NOW)
        store.schedule.next_due(send.id, now=NOW)
        store.events.stats(send.id)
        store.throttle.reserve("ses", 1, rate=9, burst=1, clock=NOW.timestamp)
        store.deliveries.abandoned(send.id)

    assert looks_through(store, act) == []


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize(("kind", "detail"), [
    ("Send", {}),
    ("Delivery", {}),
    ("Open", {}),
    ("Reject", {"reason": "Bad content"}),
    ("Bounce", {"bounceType": "Permanent"}),
    ("Bounce", {"bounceType": "Transient"}),
    ("Complaint", {}),
])  # fmt: skip
def test_whom_an_event_is_about_and_what_it_changes_is_found_by_an_index(
    store, send, tagged, kind, *, detail
):
    def act():
        for delivery in claim_and_record(store, send):
            email = address(delivery - 1)
            who = [{"emailAddress": email}]
            tags = {"campaign": ["vote"], "delivery": [str(delivery)]} if tagged else {}
            mail = {"messageId": f"id-{delivery}", "destination": [email], "tags": tags}
            about = detail | {"bouncedRecipients": who, "complainedRecipients": who}
            event = {"eventType": kind, "mail": mail, kind.lower(): about}
            store.events.ingest(read(json.dumps(event)), patience=1, now=NOW)

    assert looks_through(store, act) == []


@pytest.mark.parametrize("which", [{}, {"everything": True}, {"lists": ["volunteers"]}])
def test_leaving_and_taking_it_back_find_the_person_by_an_index(store, send, which):
    def act():
        store.unsubscribes.reader(1, send.id)
        departure = store.unsubscribes.leave(1, send.id, **which, how="one-click", now=NOW)
        store.unsubscribes.leave(1, send.id, **which, how="one-click", now=NOW)
        store.unsubscribes.give_reason(departure, "too many")
        assert store.unsubscribes.undo(departure, now=NOW)

    assert looks_through(store, act) == []


@pytest.mark.parametrize("wish", [
    RecipientRequest(RequestKind.JOIN, "new@example.org", lists=("members",), details={"first_name": "Ana"}),
    RecipientRequest(RequestKind.MOVE, "new@example.org", 1, 2),
    RecipientRequest(RequestKind.LEAVE, address(1)),
])  # fmt: skip
@pytest.mark.usefixtures("send")
def test_what_is_asked_for_on_a_page_is_granted_by_an_index(store, wish):
    def act():
        assert store.requests.add(wish, limits=RequestLimits(5, 9, 9), now=NOW)
        assert store.requests.take_mails(1, now=NOW, stale=NOW - timedelta(hours=1))
        assert store.requests.grant(1, now=NOW).settled == "done"
        store.requests.grant(2, now=NOW)  # whoever moved keeps or leaves the old address

    assert looks_through(store, act) == []


@pytest.mark.usefixtures("send")
def test_signing_and_withdrawing_look_up_by_an_index(store):
    def act():
        signature = store.petitions.sign(Signer("bus", "w1", subscriber_id=1, send_id=2), now=NOW)
        assert store.petitions.sign(Signer("bus", "w1", subscriber_id=1, send_id=2), now=NOW)
        store.petitions.complete(signature.id, {"last_name": "Ruiz"}, now=NOW)
        assert store.petitions.withdraw(signature.id, now=NOW)

    assert looks_through(store, act) == []


@pytest.mark.usefixtures("send")
def test_comments_are_found_past_all_signatures_without_one(store):
    statements = []
    store.database.connection.set_trace_callback(statements.append)
    assert store.petitions.comments("bus", 5) == []
    store.database.connection.set_trace_callback(None)
    (query,) = (sql for sql in statements if sql.split()[0] == "SELECT")
    plan = [row[3] for row in store.database.connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert len(plan) == 1
    assert "signatures_with_comment" in plan[0]


def test_a_click_is_counted_by_an_index(store, send):
    def act():
        link = store.clicks.link(send.id, 1, "https://example.org/act")
        store.clicks.destination(link)
        store.clicks.add({link: 3})

    assert looks_through(store, act) == []
