"""ZIP codes as spreadsheets leave them, and where they are."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.lists import zipcodes
from mailer.lists.zipcodes import ZipPlace, place, repair
from tools import zip_codes

codes = st.from_regex(r"[0-9]{5}", fullmatch=True)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("97212", "97212"),
        ("2139", "02139"),
        ("501", "00501"),
        ("97212-1234", "97212"),
        ("2139-1234", "02139"),
        ("97212 1234", "97212"),
        ("97212\u20131234", "97212"),
        ("97212-", "97212"),
        ("97212.0", "97212"),
        ("2139.00", "02139"),
        ("972121234", "97212"),
        ("21391234", "02139"),
        ("5011234", "00501"),
        ("'02139", "02139"),
        ('="02139"', "02139"),
        (" 97212 ", "97212"),
        ("00000", "00000"),
    ],
)
def test_repairs_what_spreadsheets_do(written, code):
    assert repair(written) == code


@pytest.mark.parametrize(
    "written",
    [
        "",
        "K1A 0B1",
        "SW1A 1AA",
        "12",
        "0",
        "123456",
        "97212x",
        "-97212",
        "\uff19\uff17\uff12\uff11\uff12",
        "97212.5",
    ],
)
def test_leaves_what_is_no_zip_code_alone(written):
    assert repair(written) == ""


@given(codes, st.from_regex(r"[0-9]{4}", fullmatch=True))
def test_undoes_every_damage_to_a_code(code, plus):
    as_number = code.lstrip("0").rjust(3, "0")
    for written in (code, as_number, f"{code}-{plus}", f"{as_number}.0", code + plus):
        assert repair(written) == code


@given(st.text())
def test_gives_five_digits_or_nothing_and_repairing_again_changes_nothing(text):
    code = repair(text)
    assert re.fullmatch(r"(?:[0-9]{5})?", code)
    assert repair(code) == code


def test_knows_city_state_county_and_time_zone():
    assert place("02139") == ZipPlace("Cambridge", "MA", "Middlesex County", "America/New_York")
    assert place("00501") == ZipPlace("Holtsville", "NY", "Suffolk County", "America/New_York")


@pytest.mark.parametrize("code", ["00000", "", "ab", "ab123", "9", "972", "972121"])
def test_knows_no_place_that_does_not_exist(code):
    assert place(code) is None


def test_gives_no_time_zone_where_the_data_has_something_else():
    found = place("99634")
    assert found is not None
    assert found.timezone == ""


def test_the_table_is_that_of_the_package():
    known = zip_codes.places()
    assert len(known) > 40_000
    assert {
        code: place(code) for code in map("{:05}".format, range(100_000)) if place(code)
    } == known
    assert zip_codes.table(known) == zipcodes.TABLE.read_bytes()
