"""Importing people: rows are merged, counted and stored whole or not at all."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import StoreError
from mailer.lists.import_row import ImportRow, ImportTotals, StoredRow
from mailer.lists.importing import AcceptedRow, SubscriberFile
from mailer.lists.membership import SuppressionReason
from mailer.store import connect
from tests.store.conftest import hashes
from tests.support.subscribers import LATER, NOW, audience, bring, contents, row, subscriber

MESSY = Path(__file__).parents[1] / "lists" / "subscribers-messy.csv"


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


@settings(max_examples=60)
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
