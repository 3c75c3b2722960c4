"""A petition or an alert without anything to do."""

from __future__ import annotations

import pytest

from mailer.checks.rules import action
from tests.support.rendered_mails import proof_of
from tools.projects import samples

NOTE = "As said.[^a]\n\n[^a]: [Minutes](https://www.example.org/a)"


def found(layout, body):
    sources = samples.written(f"---\nsubject: News\nlayout: {layout}\n---\n{body}\n")
    return [
        finding.place.line
        for finding in action.nothing_to_do(proof_of(sources, samples.members()[0]))
    ]


@pytest.mark.parametrize("layout", ["petition", "alert"])
@pytest.mark.parametrize("body", ["Sign today.", NOTE, "See <https://www.example.org>."])
def test_a_mail_that_asks_for_nothing_is_pointed_out(layout, body):
    assert found(layout, body) == [3]


@pytest.mark.parametrize(
    "body",
    [
        '{{ button("Sign", "https://www.example.org/sign") }}',
        "[Sign](https://www.example.org/sign)",
        "Call [her office](tel:202-555-0100).",
        "[Write](mailto:mayor@example.org).",
        '{% call call_script("202-555-0100", to="the mayor") %}Hello.{% endcall %}',
        "{% call donate([7]) %}Every gift counts.{% endcall %}",
    ],
)
def test_anything_to_press_is_enough(body):
    assert found("alert", body) == []


def test_a_newsletter_need_not_ask_for_anything():
    assert found("newsletter", "Good news.") == []


@pytest.mark.parametrize("name", samples.CAMPAIGNS)
def test_every_sample_has_something_to_do(name):
    sources = samples.load(name)
    assert list(action.nothing_to_do(proof_of(sources, samples.members()[0]))) == []
