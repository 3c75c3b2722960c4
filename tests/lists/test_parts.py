"""Files of several parts, and cells that hold more than an address."""

import csv
import io

import pytest

from mailer.errors import ImportFileError
from mailer.lists.importing import AcceptedRow, RejectedRow, SkippedRow, SubscriberFile
from tests.support.list_files import ASKED, mailable


def outcomes(cell):
    text = io.StringIO()
    csv.writer(text).writerows([["Email", "Name"], [cell, "Ana"]])
    return list(SubscriberFile(io.BytesIO(text.getvalue().encode()), "x.csv").rows())


# ---------------------------------------------------------------- parts of a file


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Email,Name\na@example.org,Ana\n\nUnsubscribed:\nEmail,Name\nb@example.org,Bo\n", 4),
        ("Subscribed\nEmail,Name\na@example.org,Ana\n\nUnsubscribed\nb@example.org,Bo\n", 5),
        ("Email,Name\na@example.org,Ana\nBounced (2),\nb@example.org,Bo\n", 3),
        ("Email,Name\na@example.org,Ana\nAbgemeldet,\nb@example.org,Bo\n", 3),
        ("Email,Name\na@example.org,Ana\nEmail,Unsubscribed on\nb@example.org,2024-01-02\n", 3),
        ("Email,Name\na@example.org,Ana\nE-Mail-Adresse,Grund\nb@example.org,Umzug\n", 3),
    ],
)
def test_another_part_of_a_file_stops_the_import_at_its_line(text, line):
    file = SubscriberFile(io.BytesIO(text.encode()), "x.csv")
    with pytest.raises(ImportFileError, match=f"^x.csv:{line}: another part of the file"):
        list(file.rows())


@pytest.mark.parametrize(
    "text",
    [
        "Email,Name\na@example.org,Ana\nTotal: 300,\n",
        "Email,Name\na@example.org,Ana\nTotal unsubscribed: 3,\n",
        "Email,Name\na@example.org,Ana\nUnsubscribed\nEmail,Name\n",
    ],
)
def test_what_stands_below_the_last_person_does_no_harm(text):
    assert mailable(text) == "a"


def test_headings_that_come_again_are_no_person():
    text = "Email,Name\na@example.org,Ana\n\ufeffEmail,Name\nb@example.org,Bo\n"
    rows = list(SubscriberFile(io.BytesIO(text.encode()), "x.csv").rows())
    assert [type(row) for row in rows] == [AcceptedRow, SkippedRow, AcceptedRow]


@pytest.mark.parametrize(
    "text",
    [
        "Report,Members\nDate,2024-01-01\n\nEmail,Status\na@example.org,active\nb@example.org,unsubscribed\n",
        "Person,,Mail\nName,Status,Email\nAna,active,a@example.org\nBo,unsubscribed,b@example.org\n",
    ],
)
def test_headings_are_found_below_rows_of_several_titles(text):
    assert mailable(text) == "a"


@pytest.mark.parametrize(
    "text",
    [
        "Email,Name,Status\na@example.org;Ana;active\nb@example.org;Bo;unsubscribed\n",
        "Email,Email,Unsubscribed\na@example.org,,no\n,b@example.org,yes\n",
        "Person,,Unsubscribed\nEmail,Name,yes/no\na@example.org,Ana,no\nb@example.org,Bo,yes\n",
    ],
)
def test_a_leaver_whose_row_cannot_be_read_is_not_lost(text):
    assert mailable(text) is ASKED


# ---------------------------------------------------------------- cells of addresses


@pytest.mark.parametrize(
    "cell",
    [
        "mailto:uta@example.org",
        "MAILTO:uta@example.org?subject=Hello",
        "\u201cuta@example.org\u201d",
        "'uta@example.org'",
        "\u200euta@example.org",
        "uta@example.org;",
        "<uta@example.org>",
        '"Feld, Uta" <uta@example.org>',
        "Uta Feld (uta@example.org)",
        "E-mail: uta@example.org",
        "uta\uff20example.org",
        "[uta@example.org](mailto:uta@example.org)",
    ],
)
def test_what_certainly_does_not_belong_to_an_address_is_taken_off(cell):
    (row,) = outcomes(cell)
    assert isinstance(row, AcceptedRow)
    assert row.row.email == "uta@example.org"


@pytest.mark.parametrize(
    "cell",
    [
        "uta b@example.org",
        '"uta b"@example.org',
        "uta @example.org",
        "uta@example.org jo@example.org",
        "uta@example.org; jo@example.org",
        "uta@example.org;Uta;active",
        "http://uta@example.org",
        "uta@example.org (home)",
        "uta(at)example.org",
    ],
)
def test_an_address_that_is_not_certain_is_rejected(cell):
    (row,) = outcomes(cell)
    assert isinstance(row, RejectedRow)


@pytest.mark.parametrize(
    "cell",
    [
        "DO NOT EMAIL <uta@example.org>",
        "unsubscribed: uta@example.org",
        "Uta (opted out) <uta@example.org>",
        "uta@example.org (unsubscribed)",
        "uta@example.org -- bounced",
        "uta@example.org abgemeldet",
    ],
)
def test_a_cell_that_says_its_address_left_stops_the_import(cell):
    with pytest.raises(ImportFileError, match="somebody left"):
        outcomes(cell)
