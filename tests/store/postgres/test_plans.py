"""What the server's planner makes of a page or a claim does not grow with the people beside it."""

from datetime import UTC, datetime

import pytest

from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PEOPLE = 8_000
KINDS = {b"SELECT": b"ANALYZE, TIMING OFF, ", b"UPDATE": b""}
CONTENT = {"query": "", "snapshot": b"", "digest": "d", "transport": "ses"}


@pytest.fixture
def send(store):
    """The second send of a list: the deliveries of the first have the lower ids."""
    rows = (ImportRow(n, f"person{n}@example.org") for n in range(PEOPLE))
    store.imports.import_rows("members", rows, source="test", now=NOW)
    for campaign in ("gala", "vote"):
        ids = store.subscribers.ids("members")
        send, _ = store.sends.freeze(campaign, "members", ids, **CONTENT, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    return send


@pytest.fixture
def plans(store, monkeypatch):
    """The steps of each statement's plan, as the server runs it."""
    steps = []
    send = store.database._send

    def explained(statements):
        for statement, parameters in statements:
            options = KINDS.get(statement.split()[0])
            if options is not None:
                explain = b"EXPLAIN (" + options + b"FORMAT JSON) " + statement
                ((plan,),) = store.database.connection.execute(explain, parameters).fetchall()
                steps.extend(nodes(plan[0]["Plan"], statement.decode()))
        return send(statements)

    monkeypatch.setattr(store.database, "_send", explained)
    return steps


def nodes(plan, statement):
    yield plan | {"statement": statement}
    for part in plan.get("Plans", ()):
        yield from nodes(part, statement)


def steps_over(plans, rows):
    """The steps that pass more rows than this, and those that read a large table whole."""
    return [
        (step["Node Type"], step["statement"])
        for step in plans
        if passed(step) > rows or (step["Node Type"], step.get("Relation Name")) in WHOLE
    ]


WHOLE = {("Seq Scan", name) for name in ("deliveries", "memberships", "subscribers")}


def passed(step):
    return step.get("Actual Rows", 0) + step.get("Rows Removed by Filter", 0)


def test_a_claim_and_its_outcomes_pass_by_no_other_delivery(store, send, plans):
    for _ in range(2):
        claims = store.deliveries.claim(send.id, 50, now=NOW)
        outcomes = [Result(claim.delivery_id, DeliveryState.ACCEPTED, "id") for claim in claims]
        store.deliveries.record(outcomes, now=NOW)
    assert "deliveries_by_due" in {step.get("Index Name") for step in plans}
    assert steps_over(plans, 50) == []


def test_what_is_left_of_a_send_is_found_without_reading_those_who_had_it(store, send, plans):
    store.database.execute("UPDATE deliveries SET state = 'accepted'")
    assert not store.schedule.is_due(send.id, now=NOW)
    assert store.deliveries.claim(send.id, 50, now=NOW) == []
    assert list(store.deliveries.uncertain(send.id)) == []
    assert store.deliveries.abandoned(send.id) == []
    asked = [step for step in plans if "state = 'accepted'" not in step["statement"]]
    assert asked
    assert steps_over(asked, 50) == []


def test_a_page_of_a_list_reads_and_sorts_a_few_pages_at_most(store, send, plans, monkeypatch):
    del send
    monkeypatch.setattr("mailer.store.sql.subscribers.PAGE", 500)
    assert sum(1 for _ in store.subscribers.members("members")) == PEOPLE
    assert sum(1 for _ in store.subscribers.audience("members")) == PEOPLE
    assert sum(1 for _ in store.subscribers.export("members")) == PEOPLE
    assert len({step["statement"] for step in plans}) == 3
    # where four pages are left, to read and sort all of them is as cheap as to look each person up
    assert steps_over(plans, 4 * 500) == []
