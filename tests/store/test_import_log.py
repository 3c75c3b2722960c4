"""Imports have numbers, and undoing one gives back what was there before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.ledger.delivery import SendState
from mailer.lists.import_row import ImportedStanding
from mailer.lists.membership import SuppressionReason
from mailer.store import connect
from tests.store.conftest import hashes
from tests.support.subscribers import audience, bring, contents, row, subscriber

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LEFT = ImportedStanding("unsubscribed", "2024-05-01", note="Status: unsubscribed")
BOUNCED = ImportedStanding(suppression="bounced", suppression_note="Status: cleaned")
COMPLAINED = ImportedStanding(suppression="complained")


def test_imports_are_numbered_and_listed(store):
    first = bring(store, row("ana"), source="petition", file="a.csv")
    second = bring(store, row("ana"), row("bo", 2), to="board", file="b.csv")
    assert (first.number, second.number) == (1, 2)
    listed = [(i.number, i.list_name, i.file, i.new, i.updated) for i in store.import_log.imports()]
    assert listed == [(1, "members", "a.csv", 1, 0), (2, "board", "b.csv", 1, 1)]
    assert bring(store, row("cy"), dry_run=True).number == 0
    assert len(store.import_log.imports()) == 2


NAMES = st.sampled_from(["ana", "bo", "cy", "dee"])
ROWS = st.lists(
    st.builds(
        row,
        NAMES,
        first_name=st.sampled_from(["", "A", "B"]),
        fields=st.sampled_from([{}, {"gift": "1"}, {"gift": "2", "way": "web"}]),
        tags=st.sampled_from([(), ("x",), ("x", "y")]),
        joined=st.sampled_from(["", "2020-01-01"]),
        standing=st.sampled_from([None, None, LEFT, BOUNCED, COMPLAINED]),
    ),
    max_size=5,
)


@settings(max_examples=60)
@given(ROWS, ROWS, ROWS, st.booleans())
def test_undoing_an_import_restores_every_row(first, second, third, elsewhere):
    with TemporaryDirectory() as folder:
        store = connect(Path(folder) / "mailer.db", hashes)
        bring(store, *first)
        store.suppressions.suppress(
            "dee@example.org", SuppressionReason.BOUNCED, detail="550", now=NOW
        )
        states = [contents(store)]
        for rows, to in ((second, "board" if elsewhere else "members"), (third, "members")):
            bring(store, *rows, to=to, now=NOW + timedelta(days=1))
            states.append(contents(store))
        for number, state in ((3, states[1]), (2, states[0])):
            plan = store.import_log.undo(number, now=NOW + timedelta(days=2))
            assert not plan.mailed
            assert contents(store) == state
        store.close()


def test_what_happened_since_is_kept(store):
    bring(store, row("ana", first_name="Anna"))
    bring(store, row("ana", first_name="Ana", city="Salem"), row("bo", 2), row("cy", 3), now=NOW)
    later = NOW + timedelta(days=1)
    store.subscribers.update(subscriber(store, "ana").id, {"city": "Bend"}, now=later)
    store.subscribers.unsubscribe("members", "bo@example.org", how="one-click", now=later)
    store.import_log.undo(2, now=later)
    assert (subscriber(store, "ana").first_name, subscriber(store, "ana").city) == ("Anna", "Bend")
    (bo,) = store.subscribers.history("bo@example.org").memberships
    assert (bo.status, bo.how) == ("unsubscribed", "one-click")
    assert store.subscribers.history("cy@example.org") is None


def test_an_import_whose_people_were_mailed_stays(store):
    bring(store, row("ana"))
    bring(store, row("bo"))
    send, _ = store.sends.freeze(
        "vote", "members", [2], query="", snapshot=b"", digest="", transport="outbox", now=NOW
    )
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    store.deliveries.claim(send.id, 1, now=NOW)
    before = contents(store)
    assert store.import_log.undo(2, now=NOW).mailed == 1
    assert contents(store) == before
    assert store.import_log.undo(1, now=NOW).later == (2,)
    assert audience(store) == ["ana", "bo"]


def test_people_who_wait_to_be_mailed_are_not_mailed_after_an_undo(store):
    bring(store, row("ana"))
    send, _ = store.sends.freeze(
        "vote", "members", [1], query="", snapshot=b"", digest="", transport="outbox", now=NOW
    )
    assert not store.import_log.undo(1, now=NOW).mailed
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert store.deliveries.claim(send.id, 1, now=NOW) == []
    assert store.sends.counts(send.id).skipped == 1


@pytest.mark.parametrize("what", ["plan_undo", "undo"])
def test_the_plan_says_what_will_change(store, what):
    bring(store, row("ana"), row("bo", 2))
    rows = [row("ana", standing=LEFT), row("bo", 2, standing=BOUNCED), row("cy", 3, zip="97212")]
    bring(store, *rows, row("bo", 4, first_name="Bo"))
    time = {"now": NOW} if what == "undo" else {}
    plan = getattr(store.import_log, what)(2, **time)
    assert (plan.forgotten, plan.removed, plan.restored) == (1, 1, 1)
    assert (plan.resubscribed, plan.unsuppressed, plan.mailed, plan.later) == (1, 1, 0, ())


def test_an_erased_person_is_forgotten_by_the_log(store, tmp_path):
    bring(store, row("ana", first_name="Zyxwv"))
    bring(store, row("ana", first_name="Zyxwvu", standing=BOUNCED))
    store.subscribers.erase("ana@example.org", now=NOW)
    data = b"".join(path.read_bytes() for path in (tmp_path / "lists").glob("*"))
    assert b"Zyxwv" not in data
    for table in ("import_people", "import_suppressions"):
        assert not store.database.connection.execute(f"SELECT * FROM {table}").fetchall()
