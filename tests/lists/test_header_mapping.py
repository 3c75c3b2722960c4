"""Headings as offices and mail services write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ImportFileError
from mailer.lists.header_mapping import EXPORTED, recognize
from mailer.lists.subscriber import COLUMNS


def columns(*header, mapping=()):
    return recognize("list.csv", 1, header, mapping).columns


def targets(*header, mapping=()):
    return [column.target for column in columns(*header, mapping=mapping)]


def fields(*header, mapping=()):
    return [column.field for column in columns(*header, mapping=mapping)]


def refusal(*header, mapping=()):
    with pytest.raises(ImportFileError) as caught:
        columns(*header, mapping=mapping)
    return str(caught.value), caught.value.hint


@pytest.mark.parametrize(
    ("target", "headings"),
    [
        ("email", ["Email", "E-mail", "email", "EMAIL ADDRESS", "E-Mail Address", "Email_1"]),
        ("first_name", ["First Name", "first_name", "Given name", "Fname", "FirstName", "First"]),
        ("last_name", ["Last Name", "Surname", "Family Name", "LNAME"]),
        ("zip", ["Zip", "ZIP Code", "ZIP5", "Postal Code", "Zip/Postal Code", "zipcode"]),
        ("city", ["City", "Town", "Mailing City"]),
        ("state", ["State", "State/Region", "State/Province", "Region"]),
        ("county", ["County"]),
        ("timezone", ["Timezone", "Time Zone"]),
        ("tags", ["Tags", "Labels", "tag"]),
        ("member_since", ["Member Since", "Date joined", "OPTIN_TIME", "Created At"]),
        ("list_status", ["Status", "Email Status", "list_status"]),
    ],
)
def test_recognizes_headings(target, headings):
    for heading in headings:
        header = [heading] if target == "email" else ["email", heading]
        assert targets(*header)[-1] == target


def test_keeps_further_columns_under_names_that_campaigns_can_use():
    header = ["Email", "Last Gift ($)", "Favorite issue", "", "2024", "Día"]
    assert fields(*header) == ["", "last_gift", "favorite_issue", "column_4", "2024", "día"]


def test_a_field_is_never_named_like_one_of_the_subscribers_own():
    header = ["Email", "Correo", "Member Since"]
    assert fields(*header, mapping=["Correo=email"]) == ["other_email", "", "other_member_since"]


def test_a_column_of_the_very_name_wins_over_one_that_means_it():
    assert targets("Email", "Region", "State", "Created", "Member since") == [
        "email",
        "",
        "state",
        "",
        "member_since",
    ]


def test_a_mapping_wins_over_what_is_recognized():
    header = ["Email", "Work Email", "Vorname"]
    mapping = ["Work Email=email", "vorname = first_name"]
    assert targets(*header, mapping=mapping) == ["", "email", "first_name"]


def test_a_heading_may_hold_an_equals_sign():
    assert targets("E=mail", mapping=["E=mail=email"]) == ["email"]


def test_leaves_out_the_columns_that_a_file_of_rejects_adds():
    assert fields("row", "line", "reason", "why", "email", "donor") == ["", "", "", "", "", "donor"]
    assert fields("email", "row", "line", "reason", "why")[1:] == ["row", "line", "reason", "why"]


@pytest.mark.parametrize(
    ("header", "mapping", "message", "hint"),
    [
        (
            ["Name", "Town"],
            [],
            "no column holds e-mail addresses",
            'The columns are: Name, Town. If one of them is it, add --map "COLUMN=email"',
        ),
        (
            ["ana@example.org", "Ana"],
            [],
            "no column holds e-mail addresses",
            "The first line must name the columns, such as: Email, First Name, Last Name, Zip",
        ),
        (
            ["E-mail address", "Primary email"],
            [],
            '"E-mail address" and "Primary email" both look like the column for email',
            'Say which one it is: --map "E-mail address=email"',
        ),
        (["Email"], ["Email"], '--map "Email" is not COLUMN=FIELD', None),
        (["Email"], ["=email"], '--map "=email" is not COLUMN=FIELD', None),
        (
            ["Email", "Vorname"],
            ["Vorname=frist_name"],
            '--map "Vorname=frist_name" names no field "frist_name"',
            'Did you mean "first_name"?',
        ),
        (
            ["Email", "Vorname"],
            ["Vornahme=first_name"],
            '--map "Vornahme=first_name" names a column "Vornahme" that the file does not have',
            'Did you mean "Vorname"?',
        ),
        (
            ["Email", "A", "B"],
            ["A=city", "B=city"],
            '--map "B=city" maps what is mapped already',
            "Leave one of the two out.",
        ),
    ],
)
def test_refuses_what_it_would_have_to_guess(header, mapping, message, hint):
    found, found_hint = refusal(*header, mapping=mapping)
    assert found == f"list.csv:1: {message}"
    assert found_hint == (hint or 'For example: --map "Correo=email"')


HEADINGS = ["State", "Region", "zip code", "Created", "Status", "Donor", "Labels", "Tags", "2024"]


@given(st.lists(st.sampled_from(HEADINGS) | st.text(), max_size=5, unique_by=str.lower))
def test_fields_keep_their_names_when_an_exported_list_comes_back(headings):
    try:
        names = [name for name in fields("email", *headings) if name]
    except ImportFileError:
        return
    own = [*COLUMNS, "tags", "member_since", "list_status"]
    exported = columns(*own, *names, *EXPORTED)
    assert [column.target for column in exported] == [*own, *("" for _ in names), *EXPORTED]
    assert [column.field for column in exported[len(own) : -len(EXPORTED)]] == names


def test_equal_headings_are_kept_apart():
    assert fields("Email", "Notes", "notes ", "Notes 2") == ["", "notes", "notes_3", "notes_2"]
