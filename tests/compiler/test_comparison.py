"""Text of a list is compared as the number or the date that it is, never by its letters."""

from __future__ import annotations

import operator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compiler import comparison
from mailer.compiler.audience import condition
from mailer.errors import CampaignError
from mailer.mail.merge import Merger
from tests.support.campaigns import ANA, KEYS, make_sources

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def is_true(expression, value, other=""):
    person = replace(ANA, fields={"amount": value, "other": other})
    return condition(expression, make_sources("x"), frozenset({"amount", "other"}))(person)


def is_true_in_the_text(expression, value, other=""):
    person = replace(ANA, fields={"amount": value, "other": other})
    body = f"{{% if {expression} %}}yes{{% else %}}no{{% endif %}}"
    merger = Merger(make_sources(body), fields=frozenset({"amount", "other"}), keys=KEYS, send_id=7)
    return merger.merge(person).text.strip() == "yes"


@pytest.mark.parametrize("ask", [is_true, is_true_in_the_text])
@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("recipient.fields.amount > 100", "1,250.50", True),
        ("recipient.fields.amount > 100", "$140", True),
        ("recipient.fields.amount > 100", " 120 ", True),
        ("recipient.fields.amount > 100", "$40", False),
        ("recipient.fields.amount > 100", "9", False),
        ("recipient.fields.amount > 100", "-$500", False),
        ("100 < recipient.fields.amount < 200", "120.00", True),
        ("recipient.fields.amount >= 100", "100.00", True),
        ("recipient.fields.amount > 100", "", False),
        ("recipient.fields.amount < 100", " ", False),
        ("recipient.fields.amount is gt(100)", "$140", True),
        ("recipient.fields.amount == 100", "$100.00", True),
        ("recipient.fields.amount != 100", "100.0", False),
        ("recipient.fields.amount == 0", "", False),
        ("recipient.fields.amount in [50, 100]", "$100", True),
        ("recipient.fields.amount | int > 1000", "1,250.50", True),
        ('recipient.fields.amount >= "2026-01-31"', "2026-01-31 10:00", True),
        ('recipient.fields.amount >= "2026-01-31"', "2025-12-01", False),
        ('recipient.fields.amount < "2026-01-31"', "", False),
        ('recipient.zip >= "97000"', "", True),
        ('recipient.last_name > "M"', "", True),
    ],
)
def test_numbers_and_dates_are_compared_as_what_they_are(ask, expression, value, expected):
    assert ask(expression, value) is expected


@pytest.mark.parametrize("ask", [is_true, is_true_in_the_text])
@pytest.mark.parametrize(
    ("value", "other", "expected"),
    [("9", "1,000", True), ("2025-01-01", "2026-01-01", True), ("", "5", False), ("Ab", "b", True)],
)
def test_two_columns_are_compared_as_what_they_hold(ask, value, other, expected):
    assert ask("recipient.fields.amount < recipient.fields.other", value, other) is expected


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ('recipient.fields.amount > "100"', "recipient.fields.amount > 100"),
        ('recipient.fields.amount > "$1,250.50"', "recipient.fields.amount > 1250.5"),
        ('"100" < recipient.fields.amount', "recipient.fields.amount > 100"),
        ('recipient.fields.amount < "1/31/2026"', 'recipient.fields.amount < "2026-01-31"'),
        ('recipient.fields.amount > ""', "not recipient.fields.amount"),
    ],
)
def test_a_text_that_nothing_can_be_greater_than_is_an_error_that_says_what_to_type(
    expression, hint
):
    with pytest.raises(CampaignError) as caught:
        is_true(expression, "5")
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("recipient.fields.amount > 100", "about 50"),
        ("recipient.fields.amount > 100", "1.250,50"),
        ('recipient.fields.amount > "2026-01-31"', "3/4/2026"),
        ("recipient.fields.amount > recipient.zip", "many"),
    ],
)
def test_a_value_that_is_none_is_an_error_that_names_the_person(expression, value):
    with pytest.raises(CampaignError) as caught:
        is_true(expression, value)
    assert ANA.email in caught.value.message
    assert value in caught.value.message
    assert "import that again" in caught.value.hint


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.sampled_from(sorted(SIGNS)))
def test_a_number_written_with_commas_orders_like_the_number(left, right, sign):
    expected = SIGNS[sign](left, right)
    assert comparison.ORDER[sign](f" {left:,} ", right) is expected
    assert comparison.ORDER[sign](left, f"{right:,}.00") is expected
    assert comparison.ORDER[sign](f"{left:,}", str(right)) is expected


@given(st.dates(), st.dates(), st.sampled_from(sorted(SIGNS)))
def test_iso_dates_order_like_dates(left, right, sign):
    assert comparison.ORDER[sign](left.isoformat(), right.isoformat()) is SIGNS[sign](left, right)
