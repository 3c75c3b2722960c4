"""Importing, leaving, and being forgotten: what the store keeps of people."""

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import StoreError
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow, ImportTotals, StoredRow
from mailer.lists.importing import AcceptedRow, SubscriberFile
from mailer.lists.membership import SuppressionReason
from mailer.store import connect
from mailer.store.sql import audience_facts
from tests.store.conftest import hashes
from tests.support.subscribers import NOW, audience, bring, contents, row, subscriber

MESSY = Path(__file__).parents[1] / "lists" / "subscribers-messy.csv"
LATER = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)


# ---------------------------------------------------------------- importing people


def test_a_messy_list_is_stored_as_expected(store):
    expected = json.loads(MESSY.with_suffix(".expected.json").read_text())
    stored = []
    with MESSY.open("rb") as stream:
        rows = SubscriberFile(stream, "messy").rows()
        accepted = [each.row for each in rows if isinstance(each, AcceptedRow)]
    bring(store, *accepted, on_stored=stored.append)

    outcomes = {each.row: each for each in stored}
    assert {e["row"] for e in expected if e["outcome"] in {"imported", "merged"}} == set(outcomes)
    for e in expected:
        if e["outcome"] == "imported":
            assert outcomes[e["row"]].action == "new"
        elif e["outcome"] == "merged":
            assert outcomes[e["row"]] == StoredRow(2, "ana.silva@example.org", "merged", e["into"])
    ana = subscriber(store, "ana.silva")
    assert (ana.first_name, ana.last_name) == ("Ana", "Silva-Reyes")
    assert (ana.zip, ana.city, ana.state) == ("02139", "Cambridge", "MA")
    assert ana.tags == ("donor", "volunteer")
    assert ana.fields == {"donor": "yes"}
    assert subscriber(store, "pam").first_name == '=HYPERLINK("http://x.example","y")'
    assert subscriber(store, "xin").first_name == "欣"


def test_later_values_that_are_not_blank_win(store):
    bring(store, row("ana", first_name="Ana", city="Salem", fields={"gifts": "1", "chapter": "N"}))
    bring(store, row("ana", last_name="Silva", city="Portland", fields={"gifts": "2"}))
    ana = subscriber(store, "ana")
    assert (ana.first_name, ana.last_name, ana.city) == ("Ana", "Silva", "Portland")
    assert ana.fields == {"gifts": "2", "chapter": "N"}


def test_tags_are_united(store):
    bring(store, row("ana", tags=("donor", "volunteer")))
    bring(store, row("ana", tags=("actor", "donor")))
    bring(store, row("ana"))
    assert subscriber(store, "ana").tags == ("actor", "donor", "volunteer")


def test_rows_of_one_address_are_merged_in_their_order(store):
    stored = []
    rows = [
        row("ana", 1, first_name="Ana", tags=("b",), joined="2020-02-02"),
        row("bo", 2),
        row("ana", 3, first_name="Anna", tags=("a",), joined="2019-01-01"),
        row("ana", 4, last_name="Silva"),
    ]
    totals = bring(store, *rows, on_stored=stored.append)
    assert totals == ImportTotals(new=2, merged=2, joined=2, mailable=2)
    assert [(s.row, s.action, s.into) for s in stored] == [
        (1, "new", None),
        (2, "new", None),
        (3, "merged", 1),
        (4, "merged", 1),
    ]
    ana = subscriber(store, "ana")
    assert (ana.first_name, ana.last_name, ana.tags) == ("Anna", "Silva", ("a", "b"))
    assert store.subscribers.history("ana@example.org").memberships[0].since == "2019-01-01"


def test_people_known_before_are_told_from_new_ones(store):
    bring(store, row("ana"))
    stored = []
    totals = bring(store, row("ana", 1), row("bo", 2), to="more", on_stored=stored.append)
    assert totals == ImportTotals(new=1, updated=1, joined=2, mailable=2)
    assert [s.action for s in stored] == ["updated", "new"]


def test_new_people_are_numbered_by_address_whatever_the_order_of_the_file(store):
    bring(store, row("cy"), row("ana"), row("bo"))
    bring(store, row("ada"), row("bo"))
    assert audience(store) == ["ana", "bo", "cy", "ada"]


@pytest.mark.sqlite_only("makes it fail by a trigger in its own words")
def test_whoever_is_known_as_the_file_has_them_is_not_written_again(store):
    known = {"first_name": "Ana", "fields": {"phone": "1"}, "tags": ("a", "b")}
    bring(store, row("ana", **known))
    store.database.connection.execute("""CREATE TEMP TRIGGER no_more AFTER UPDATE ON main.subscribers
        BEGIN SELECT RAISE(ABORT, 'written again'); END""")
    totals = bring(store, row("ana"), row("ana", **known), row("ana", first_name="Ana"))
    assert totals == ImportTotals(updated=1, merged=2, mailable=1)
    with pytest.raises(StoreError, match="written again"):
        bring(store, row("ana", first_name="Anna"))


def test_consent_and_the_date_of_joining_are_kept_from_the_first_time(store):
    bring(store, row("ana", joined="2019-01-25"), row("bo", 2), source="petition")
    bring(store, row("ana", joined="2021-01-01"), row("bo", 2), source="other", now=LATER)
    ana, bo = (
        store.subscribers.history("ana@example.org"),
        store.subscribers.history("bo@example.org"),
    )
    assert (ana.consent_source, ana.created) == ("petition", "2026-05-04T12:00:00+00:00")
    assert [m.since for m in (*ana.memberships, *bo.memberships)] == [
        "2019-01-25",
        "2026-05-04T12:00:00+00:00",
    ]
    assert ana.memberships[0].how == "import"


def test_a_dry_run_counts_and_changes_nothing(store):
    bring(store, row("ana"))
    before = contents(store)
    stored = []
    rows = [row("ana", 1), row("bo", 2), row("bo", 3)]
    totals = bring(store, *rows, to="new-list", dry_run=True, on_stored=stored.append)
    assert totals == ImportTotals(new=1, updated=1, merged=1, joined=2, mailable=2)
    assert [s.action for s in stored] == ["updated", "new", "merged"]
    assert contents(store) == before


def test_an_error_in_the_middle_of_the_rows_changes_nothing_and_the_next_import_works(store):
    def rows():
        yield row("ana")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.imports.import_rows("members", rows(), source="", now=NOW)
    assert store.subscribers.lists() == []
    assert bring(store, row("ana")).new == 1


@pytest.mark.sqlite_only("makes it fail by a trigger in its own words")
def test_an_error_while_storing_changes_nothing(store):
    bring(store, row("ana", first_name="Ana"))
    before = contents(store)
    store.database.connection.execute(
        "CREATE TEMP TRIGGER broken BEFORE INSERT ON memberships "
        "BEGIN SELECT raise(FAIL, 'disk full'); END"
    )
    with pytest.raises(StoreError, match="disk full"):
        bring(store, row("ana", first_name="Anna"), row("bo", 2), to="more")
    assert contents(store) == before


def test_an_import_without_people_makes_no_list(store):
    assert bring(store) == ImportTotals()
    assert store.subscribers.lists() == []


def test_others_write_while_an_import_reads(store, tmp_path):
    other = connect(tmp_path / "lists" / "mailer.db", hashes)

    def rows():
        yield row("ana")
        bounced = SuppressionReason.BOUNCED
        other.suppressions.suppress("bo@example.org", bounced, detail="", now=NOW)
        yield row("bo", 2)

    totals = store.imports.import_rows("members", rows(), source="", now=NOW)
    other.close()
    assert totals == ImportTotals(new=2, joined=2, kept_suppressed=1, mailable=1, bounced=1)


TEXT = st.text(st.characters(codec="utf-8", min_codepoint=32), max_size=6)
ROWS = st.lists(
    st.builds(
        ImportRow,
        row=st.integers(1, 99),
        email=st.sampled_from(["ana@example.org", "bo@example.org", "cy@example.org"]),
        first_name=TEXT,
        zip=st.sampled_from(["", "97212"]),
        fields=st.dictionaries(st.sampled_from(["donor", 'a"b', "x.y", "$"]), TEXT, max_size=3),
        tags=st.lists(TEXT, max_size=3, unique=True).map(sorted).map(tuple),
        joined=st.sampled_from(["", "2019-01-25", "2020-01-01"]),
    ),
    max_size=6,
)


def merged(people, rows):
    """The rule of merging, said again in Python."""
    for each in rows:
        known = people.setdefault(
            each.email, {"first_name": "", "zip": "", "fields": {}, "tags": set()}
        )
        known["first_name"] = each.first_name or known["first_name"]
        known["zip"] = each.zip or known["zip"]
        known["fields"] = {**known["fields"], **each.fields}
        known["tags"] = known["tags"] | set(each.tags)
    return people


@settings(deadline=None, max_examples=60)
@given(ROWS, ROWS)
def test_any_rows_are_merged_by_the_rule_and_importing_again_changes_nothing(first, second):
    with TemporaryDirectory() as folder:
        store = connect(Path(folder) / "mailer.db", hashes)
        try:
            bring(store, *first)
            totals = bring(store, *second)
            expected = merged(merged({}, first), second)
            found = {
                s.email: {
                    "first_name": s.first_name,
                    "zip": s.zip,
                    "fields": dict(s.fields),
                    "tags": set(s.tags),
                }
                for s in store.subscribers.audience("members")
            }
            assert found == expected
            assert all(
                list(s.tags) == sorted(s.tags) for s in store.subscribers.audience("members")
            )
            assert totals.new + totals.updated + totals.merged == len(second)
            assert store.subscribers.field_names() == {
                name for p in expected.values() for name in p["fields"]
            }
            before = contents(store)
            assert bring(store, *second, now=LATER).new == 0
            assert contents(store) == before
        finally:
            store.close()


# ---------------------------------------------------------------- lists


def test_lists_count_their_people(store):
    bring(store, row("ana"), row("bo", 2), row("cy", 3))
    bring(store, row("bo"), to="board")
    store.subscribers.unsubscribe("members", "ana@example.org", how="form", now=NOW)
    store.suppressions.suppress("bo@example.org", SuppressionReason.BOUNCED, detail="", now=NOW)
    store.suppressions.suppress("ana@example.org", SuppressionReason.BOUNCED, detail="", now=NOW)
    assert [
        (s.name, s.subscribed, s.unsubscribed, s.suppressed) for s in store.subscribers.lists()
    ] == [
        ("board", 1, 0, 1),
        ("members", 2, 1, 1),
    ]


def test_the_audience_is_who_may_be_mailed_and_members_are_all(store):
    bring(store, row("ana"), row("bo", 2), row("cy", 3))
    bring(store, row("dee"), to="board")
    store.subscribers.unsubscribe("members", "ana@example.org", how="one-click", now=LATER)
    store.suppressions.suppress("bo@example.org", SuppressionReason.COMPLAINED, detail="", now=NOW)
    assert audience(store) == ["cy"]
    found = [
        (s.email[:2], m.status, m.how, reason)
        for s, m, reason in store.subscribers.members("members")
    ]
    assert found == [
        ("an", "unsubscribed", "one-click", None),
        ("bo", "subscribed", "import", SuppressionReason.COMPLAINED),
        ("cy", "subscribed", "import", None),
    ]
    assert list(store.subscribers.members("nobody")) == []


def test_a_long_list_is_read_in_pages_without_loss_while_it_changes(store, monkeypatch):
    monkeypatch.setattr("mailer.store.sql.subscribers.PAGE", 7)
    bring(store, *(row(f"p{i}", i) for i in range(50)))
    seen = []
    for member in store.subscribers.audience("members"):
        seen.append(member.email)
        store.subscribers.unsubscribe("members", member.email, how="form", now=NOW)
    assert len(set(seen)) == len(seen) == 50


def test_a_list_of_many_pages_is_read_once(store, monkeypatch):
    monkeypatch.setattr("mailer.store.sql.subscribers.PAGE", 7)
    everybody = [f"p{i:02}" for i in range(49)]
    bring(store, *map(row, everybody))
    assert audience(store) == everybody
    assert [
        s.email.partition("@")[0] for s, *_ in store.subscribers.members("members")
    ] == everybody


# ---------------------------------------------------------------- leaving


def test_unsubscribing_is_for_one_list_and_happens_once(store):
    bring(store, row("ana"))
    bring(store, row("ana"), to="board")
    assert store.subscribers.unsubscribe("members", "ana@example.org", how="form", now=LATER)
    assert not store.subscribers.unsubscribe("members", "ana@example.org", how="staff", now=LATER)
    assert not store.subscribers.unsubscribe("members", "bo@example.org", how="staff", now=LATER)
    assert not store.subscribers.unsubscribe("other", "ana@example.org", how="staff", now=LATER)
    board, members = store.subscribers.history("ana@example.org").memberships
    assert (board.status, members.status) == ("subscribed", "unsubscribed")
    assert (members.since, members.how) == ("2026-06-01T09:30:00+00:00", "form")


def test_no_import_brings_back_who_unsubscribed_or_is_suppressed(store):
    bring(store, row("ana"), row("bo", 2))
    store.subscribers.unsubscribe("members", "ana@example.org", how="form", now=NOW)
    store.suppressions.suppress("bo@example.org", SuppressionReason.BOUNCED, detail="", now=NOW)
    store.suppressions.suppress("cy@example.org", SuppressionReason.MANUAL, detail="", now=NOW)
    totals = bring(store, row("ana", 1), row("bo", 2), row("cy", 3), row("dee", 4))
    assert totals == ImportTotals(
        new=2,
        updated=2,
        joined=2,
        kept_unsubscribed=1,
        kept_suppressed=2,
        mailable=1,
        unsubscribed=1,
        bounced=1,
        do_not_mail=1,
    )
    assert audience(store) == ["dee"]


def test_the_strongest_reason_stands(store):
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.UNSUBSCRIBED, detail="", now=NOW
    )
    store.suppressions.suppress("ana@example.org", SuppressionReason.BOUNCED, detail="", now=LATER)
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.COMPLAINED, detail="", now=LATER
    )
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.UNSUBSCRIBED, detail="", now=LATER
    )
    known = store.subscribers.history("ana@example.org")
    assert known.subscriber is None
    assert (known.suppression, known.suppressed_at) == (
        SuppressionReason.COMPLAINED,
        "2026-06-01T09:30:00+00:00",
    )


# ---------------------------------------------------------------- being forgotten


def send_to_ana(store):
    """A send of which ana's delivery failed, with an answer that quotes her address."""
    bring(store, row("ana", first_name="Zyxwv"), row("bo", 2))
    ids = [s.id for s in store.subscribers.audience("members")]
    send, _ = store.sends.freeze(
        "vote", "members", ids, query="", snapshot=b"", digest="", transport="outbox", now=NOW
    )
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    (claim,) = store.deliveries.claim(send.id, 1, now=NOW)
    answer = "550 no such user ana@example.org"
    result = Result(claim.delivery_id, DeliveryState.FAILED, "m-1", answer)
    store.deliveries.record([result], now=NOW)
    return send


def test_history_tells_everything(store):
    send_to_ana(store)
    known = store.subscribers.history("ana@example.org")
    assert known.subscriber.first_name == "Zyxwv"
    assert known.deliveries == (
        {
            "campaign": "vote",
            "list": "members",
            "state": "failed",
            "at": NOW.isoformat(),
            "message_id": "m-1",
        },
    )
    assert store.subscribers.history("nobody@example.org") is None


@pytest.mark.sqlite_only("reads its files")
def test_erasing_leaves_nothing_of_the_person_in_the_files(store, tmp_path):
    send = send_to_ana(store)
    before = store.sends.counts(send.id)
    assert store.subscribers.erase("ana@example.org", now=LATER)
    assert store.sends.counts(send.id) == before
    data = b"".join(p.read_bytes() for p in (tmp_path / "lists").iterdir() if p.is_file())
    assert b"Zyxwv" not in data
    # the hashes of these tests spell the address out; the real ones do not
    assert data.count(b"ana@example.org") == data.count(b"hmac:hash of ana@example.org")


def test_a_pending_delivery_of_somebody_erased_is_skipped(store):
    send = send_to_ana(store)
    store.subscribers.erase("bo@example.org", now=LATER)
    counts = store.sends.counts(send.id)
    assert (counts.pending, counts.skipped) == (0, 1)
    assert counts.balanced


@pytest.mark.parametrize("kept", ["hash of", "older hash of"])
def test_no_import_brings_back_who_was_erased_under_any_key(store, kept):
    bring(store, row("ana"))
    store.subscribers.erase("ana@example.org", now=NOW)
    store.database.execute(
        "UPDATE suppressions SET address = :address", {"address": f"hmac:{kept} ana@example.org"}
    )
    stored = []
    rows = [row("ana", 1), row("bo", 2), row("ana", 3)]
    totals = bring(store, *rows, on_stored=stored.append)
    assert totals == ImportTotals(new=1, merged=1, erased=1, joined=1, mailable=1)
    assert [s.action for s in stored] == ["erased", "new", "merged"]
    assert audience(store) == ["bo"]


def test_who_is_erased_while_an_import_reads_stays_away(store):
    bring(store, row("ana"), row("cy", 2))
    store.subscribers.erase("cy@example.org", now=NOW)

    other = connect(store.database.path, hashes)

    def rows():
        yield row("ana")
        other.subscribers.erase("ana@example.org", now=NOW)
        yield row("cy", 2)

    totals = store.imports.import_rows("members", rows(), source="", now=NOW)
    other.close()
    assert totals == ImportTotals(erased=2)
    assert audience(store) == []


def test_who_is_erased_just_before_an_import_writes_stays_away(store, monkeypatch):
    bring(store, row("ana"))
    other = connect(store.database.path, hashes)
    writing = store.database.writing

    def erased_first():
        other.subscribers.erase("ana@example.org", now=NOW)
        return writing()

    monkeypatch.setattr(store.database, "writing", erased_first)
    assert bring(store, row("ana", 1), row("bo", 2)) == ImportTotals(
        new=1, erased=1, joined=1, mailable=1
    )
    other.close()
    assert audience(store) == ["bo"]


def test_a_late_bounce_does_not_bring_an_erased_address_back(store):
    bring(store, row("ana"))
    store.subscribers.erase("ana@example.org", now=NOW)
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.BOUNCED, detail="ana@example.org", now=LATER
    )
    assert contents(store)["suppressions"] == [
        ("hmac:hash of ana@example.org", "erased", "", "2026-05-04T12:00:00+00:00")
    ]


def test_an_address_that_was_suppressed_is_kept_as_a_hash_only(store):
    store.suppressions.suppress(
        "ana@example.org", SuppressionReason.BOUNCED, detail="550 ana@example.org", now=NOW
    )
    assert store.subscribers.erase("ana@example.org", now=NOW)
    assert [kept[0] for kept in contents(store)["suppressions"]] == ["hmac:hash of ana@example.org"]


def test_erasing_a_stranger_changes_nothing(store):
    bring(store, row("bo"))
    before = contents(store)
    assert not store.subscribers.erase("ana@example.org", now=NOW)
    assert contents(store) == before


def test_erasing_twice_is_told(store):
    bring(store, row("ana"))
    assert store.subscribers.erase("ana@example.org", now=NOW)
    assert not store.subscribers.erase("ana@example.org", now=LATER)
    known = store.subscribers.history("ana@example.org")
    assert known.subscriber is None
    assert (known.suppression, known.suppressed_at) == (
        SuppressionReason.ERASED,
        "2026-05-04T12:00:00+00:00",
    )


@pytest.mark.usefixtures("random_ids")
def test_the_id_of_somebody_erased_is_never_given_again(store):
    bring(store, row("ana"))
    gone = subscriber(store, "ana").id
    store.subscribers.erase("ana@example.org", now=NOW)
    bring(store, row("bo"))
    assert subscriber(store, "bo").id > gone


def test_facts_of_people_are_the_same_however_the_pages_of_the_store_fall(store, monkeypatch):
    names = "abcdefghij"
    bring(store, *(row(name, number) for number, name in enumerate(names, 1)))
    bring(store, *(row(name, number) for number, name in enumerate(names[::2], 1)), to="allies")
    people = {name: subscriber(store, name).id for name in names}
    expected = {
        person: ("allies", "members") if name in names[::2] else ("members",)
        for name, person in people.items()
    }
    for page in (3, 4, 5, 100):
        monkeypatch.setattr(audience_facts, "_PAGE", page)
        facts = store.subscribers.facts()
        assert {person: facts.lists(person) for person in sorted(expected)} == expected
        assert {p: facts.lists(p) for p in sorted(expected, reverse=True)} == expected
        assert facts.lists(max(expected) + 1) == ()
