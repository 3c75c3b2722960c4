"""What the server's planner makes of a page or a claim does not grow with the people beside it."""

import json
from datetime import UTC, datetime

import pytest

from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PEOPLE = 8_000
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
    ask = store.database._ask

    def explained(statement, parameters=()):
        if statement.strip().startswith((b"SELECT", b"UPDATE")):
            explain = b"EXPLAIN (FORMAT JSON) " + statement
            ((plan,),) = store.database.connection.execute(explain, parameters).fetchall()
            steps.extend(nodes(plan[0]["Plan"], json.dumps(statement.decode())))
        return ask(statement, parameters)

    monkeypatch.setattr(store.database, "_ask", explained)
    return steps


def nodes(plan, statement):
    yield plan | {"statement": statement}
    for part in plan.get("Plans", ()):
        yield from nodes(part, statement)


def grow(steps):
    """The steps that look at every row of a large table, or sort what a page does not show."""
    large = {"deliveries", "memberships", "subscribers"}
    return [
        step
        for step in steps
        if (step["Node Type"] == "Seq Scan" and step["Relation Name"] in large)
        or (step["Node Type"] == "Sort" and step["Plan Rows"] > 1)
        or step.get("Index Name") == "deliveries_pkey"
        and step["Plan Rows"] > 50
    ]


def test_a_claim_and_its_outcomes_pass_by_no_other_delivery(store, send, plans):
    claims = store.deliveries.claim(send.id, 50, now=NOW)
    outcomes = [Result(claim.delivery_id, DeliveryState.ACCEPTED, "id") for claim in claims]
    store.deliveries.record(outcomes, now=NOW)
    assert "deliveries_by_due" in {step.get("Index Name") for step in plans}
    assert [step["statement"] for step in grow(plans)] == []


def test_a_page_of_a_list_sorts_nobody(store, send, plans):
    del send
    assert sum(1 for _ in store.subscribers.members("members")) == PEOPLE
    assert sum(1 for _ in store.subscribers.audience("members")) == PEOPLE
    assert plans
    assert grow([step for step in plans if step["Node Type"] == "Sort"]) == []
