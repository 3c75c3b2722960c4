"""Rows of a file become subscribers, rejects or blank lines, and nothing else ever happens."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.errors import ImportFileError
from mailer.lists.address import normalize
from mailer.lists.importing import (
    REASONS,
    WARNINGS,
    AcceptedRow,
    RejectedRow,
    SkippedRow,
    SubscriberFile,
)

DATA = Path(__file__).parent


def rows_of(text, mapping=()):
    data = text if isinstance(text, bytes) else text.encode()
    return list(SubscriberFile(io.BytesIO(data), "list.csv", mapping).rows())


def one(header, row):
    (found,) = rows_of(f"Email,{header}\nana@example.org,{row}\n")
    assert isinstance(found, AcceptedRow)
    return found


def from_file(name):
    with (DATA / name).open("rb") as stream:
        return list(SubscriberFile(stream, name).rows())


# ---------------------------------------------------------------- lists as offices export them


MESSY = json.loads((DATA / "subscribers-messy.expected.json").read_text())


@pytest.mark.parametrize("expected", MESSY, ids=lambda e: f"row {e['row']}")
def test_each_row_of_a_messy_list_becomes_what_it_must(expected):
    found = from_file("subscribers-messy.csv")[expected["row"] - 1]
    outcome = expected["outcome"]
    if outcome == "rejected":
        assert isinstance(found, RejectedRow)
        assert found.reason == expected["reason"]
        assert found.why == expected.get("why", found.why)
    elif outcome == "skipped":
        assert isinstance(found, SkippedRow)
    else:
        assert isinstance(found, AcceptedRow)
        values = found.row._asdict()
        for name in set(values) & set(expected):
            assert values[name] == as_kept(expected[name]), name
        assert bool(found.warning) == (expected.get("warning") == "zip")


def as_kept(value):
    return tuple(value) if isinstance(value, list) else value or ""


def test_the_messy_list_has_no_other_rows():
    assert len(from_file("subscribers-messy.csv")) == len(MESSY)


def test_a_rejected_row_names_its_row_and_line_and_keeps_its_cells():
    found = rows_of('Email,Name\n"a@example.org","On\nLine"\n b@example.org ,Bo,extra\n')
    why = "3 cells under 2 headings"
    assert found[1] == RejectedRow(2, 4, "columns", why, ("b@example.org ", "Bo", "extra"))


def test_a_row_whose_quotation_marks_are_wrong_is_rejected_as_a_whole():
    found = rows_of('Email,Name\na@example.org,"A" B\nb@example.org,B\n')
    why = "there is text after a closing quotation mark"
    assert found[0] == RejectedRow(1, 2, "quotes", why, ('a@example.org,"A" B',))
    assert isinstance(found[1], AcceptedRow)


@pytest.mark.parametrize("name", ["subscribers-semicolon-cp1252.csv", "subscribers-utf16.tsv"])
def test_other_encodings_give_the_same_three_people(name):
    found = [(r.row.email, r.row.first_name, r.row.last_name, r.row.zip) for r in from_file(name)]
    assert found == [
        ("elan.test@example.org", "Élan", "Test", "97212"),
        ("bea@example.org", "Béa", "Œuvre", "02139"),
        ("cy@example.org", "Cyrille", "Müller", "00501"),
    ]


# ---------------------------------------------------------------- values


def test_fills_the_place_from_the_zip_code_only_where_it_is_blank():
    row = one("Zip,City,State", "2139,Cambridgeport,").row
    assert (row.city, row.state) == ("Cambridgeport", "MA")
    assert (row.county, row.timezone) == ("Middlesex County", "America/New_York")


def test_writes_postal_abbreviations_in_capitals():
    assert one("State", "or").row.state == "OR"
    assert one("State", "Ontario").row.state == "Ontario"


@pytest.mark.parametrize(
    ("zip_code", "kept", "warning"),
    [
        ("K1A 0B1", "", "not_us"),
        ("00000", "00000", "unknown"),
        ("97212", "97212", ""),
        ("", "", ""),
    ],
)
def test_warns_of_odd_zip_codes(zip_code, kept, warning):
    found = one("Zip", zip_code)
    assert (found.row.zip, found.warning) == (kept, warning)


def test_every_reason_and_warning_is_put_in_words():
    assert set(REASONS) == {"email", "columns", "quotes"}
    assert set(WARNINGS) == {"not_us", "unknown", "abroad", "timezone", "unsplit", "damaged"}


def test_keeps_further_columns_that_are_not_blank_as_fields():
    row = one("Donor,Last Gift,Chapter", "yes, ,North").row
    assert row.fields == {"donor": "yes", "chapter": "North"}


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("donor;volunteer", ("donor", "volunteer")),
        ('"volunteer, donor | donor;;"', ("donor", "volunteer")),
        ('"""faith leader"",""donor"""', ("donor", "faith leader")),
        ('"donor\r\nvolunteer"', ("donor", "volunteer")),
        ("", ()),
    ],
)
def test_splits_tags(cell, tags):
    assert one("Tags", cell).row.tags == tags


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2019-01-25", "2019-01-25"),
        ("2019-01-25 13:22:05", "2019-01-25"),
        ("2019-01-25T13:22:05.123Z", "2019-01-25"),
        ("1/25/2019", "2019-01-25"),
        ("01/25/19 1:22 PM", "2019-01-25"),
        ("3/4/2019", "2019-03-04"),
        ("25/1/2019", "2019-01-25"),
        ('"Jan 25, 2019"', "2019-01-25"),
        ("25 January 2019", "2019-01-25"),
    ],
)
def test_reads_since_when_somebody_is_a_member(written, day):
    row = one("Member Since", written).row
    assert row.joined == day
    assert row.fields == {}


@pytest.mark.parametrize("written", ["spring 2019", "2/30/2019", "0019-01-25", "43490"])
def test_keeps_a_date_that_cannot_be_read_as_a_field(written):
    row = one("Member Since", written).row
    assert row.joined == ""
    assert row.fields == {"other_member_since": written}


def test_blank_cells_beyond_the_headings_are_no_mistake():
    assert one("Name", "Ana,,,").row.fields == {"name": "Ana"}


def test_undoes_what_defused_a_formula():
    assert one("Name,Phone", "'=1+1,'+1 503 555 0100").row.fields == {
        "name": "=1+1",
        "phone": "+1 503 555 0100",
    }


def test_maps_columns_as_told():
    (found,) = rows_of("Correo,Vorname\nana@example.org,Ana\n", ["Vorname=first_name"])
    assert found.row.first_name == "Ana"


# ---------------------------------------------------------------- whatever is in the file


def rows_or_error(data):
    try:
        return rows_of(data), None
    except ImportFileError as err:
        return [], err


def numbers(parsed):
    return [each.row.row if isinstance(each, AcceptedRow) else each.row for each in parsed]


CELL = st.text(st.characters(codec="utf-8") | st.sampled_from('",;\t\r\n\0@'), max_size=12)


@given(st.binary())
@example(b"\xff\xfe")
@example(b"\xfe\xff\xd8\x00")
@example(b"Email\n\x00")
def test_any_bytes_give_rows_or_an_error_for_staff(data):
    for file in (data, b"Email,Name\n" + data, "Email,Name\n".encode("utf-16-le") + data):
        rows, error = rows_or_error(file)
        assert error is None or (error.place and error.hint)
        assert numbers(rows) == list(range(1, len(rows) + 1))


@given(st.lists(st.lists(CELL, max_size=5), max_size=6), st.sampled_from([",", ";", "\t"]))
def test_any_text_gives_rows_that_are_numbered_and_fit_to_store(cells, delimiter):
    header = delimiter.join(["Email", "Name", "Zip", "Tags", "Donor"])
    text = "\n".join([header, *(delimiter.join(["a@example.org", *row]) for row in cells)])
    found, error = rows_or_error(text)
    assert error is None or (error.place and error.hint)
    assert numbers(found) == list(range(1, len(found) + 1))
    for each in found:
        if isinstance(each, AcceptedRow):
            assert normalize(each.row.email) == each.row.email
            texts = [*each.row[1:9], *each.row.fields.values(), *each.row.tags]
            assert all(text == " ".join(text.split()) for text in texts)
            assert "\0" not in "".join(texts)
        elif isinstance(each, RejectedRow):
            assert each.reason in REASONS
            assert each.why
