"""Numbers in quotation marks, in conditions on columns of a list."""

from dataclasses import replace

import pytest

from mailer.checks.rules.quoted_numbers import in_condition, quoted_numbers
from mailer.errors import Place
from tests.support.campaigns import make_sources

HINT = "To compare numbers, leave the quotation marks out: "


def hints(expression):
    return [
        finding.hint.removeprefix(HINT) for finding in in_condition(expression, Place("--where"))
    ]


@pytest.mark.parametrize(
    ("expression", "remedies"),
    [
        ('recipient.fields.amount == "100"', ["recipient.fields.amount == 100"]),
        ("recipient.fields.amount != '$1,250.50'", ["recipient.fields.amount != 1250.5"]),
        ('"5" == recipient.fields.ward', ["recipient.fields.ward == 5"]),
        ('x and (y or recipient.fields.a == "1")', ["recipient.fields.a == 1"]),
        ("recipient.fields.amount == 100", []),
        ('recipient.fields.level == "gold"', []),
        ('recipient.zip == "97212"', []),
        ('recipient.fields.amount | int == "5"', []),
        ("not an expression (", []),
        ("", []),
    ],
)
def test_a_number_in_quotation_marks_is_found_with_its_remedy(expression, remedies):
    assert hints(expression) == remedies


def test_it_is_found_wherever_a_campaign_decides():
    sources = make_sources(
        'Hello.\n\n{% if recipient.fields.amount == "100" %}Thank you.{% endif %}',
    )
    content = sources.content.model_copy(
        update={"segments": {"large": 'recipient.fields.amount == "900"'}}
    )
    findings = list(quoted_numbers(replace(sources, content=content), None))
    assert [finding.spot for finding in findings] == ['"100"', '"900"']
    text = sources.files[sources.path].split("\n")
    assert "100" in text[findings[0].place.line - 1]
    assert str(findings[1].place) == "mailer.toml [segments] large"
