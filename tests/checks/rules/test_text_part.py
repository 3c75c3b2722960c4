"""Both parts of a mail lead to the same places."""

from __future__ import annotations

import pytest

from mailer.checks.rules import text_part
from tests.support.rendered_mails import changed, proof_of, sample, written
from tools.projects import samples


def missing(sources):
    return [finding.message for finding in text_part.links_of_both_parts(proof_of(sources))]


BUTTON = "{% macro button(text, url) %}{{ text }}: <{{ url }}>{% endmacro %}"


def without_address():
    sources = written('{{ button("Sign", "https://www.example.org/sign") }}')
    return changed(sources, "templates/components.txt", BUTTON, BUTTON.replace(": <{{ url }}>", ""))


def test_a_link_that_the_text_part_leaves_out_is_found():
    assert missing(without_address()) == [
        "the link to https://www.example.org/sign is missing from the text part"
    ]


def test_an_address_that_only_the_text_part_has_is_found():
    sources = written('{{ button("Sign", "https://www.example.org/sign") }}')
    there = changed(sources, "templates/components.txt", "<{{ url }}>", "<{{ url }}> <{{ url }}/2>")
    assert missing(there) == [
        "the text part leads to https://www.example.org/sign/2, and the HTML does not"
    ]


def test_a_longer_address_does_not_stand_for_a_shorter_one():
    there = changed(
        without_address(),
        "templates/message.txt",
        "{{ body }}",
        "{{ body }} <https://www.example.org/signs>",
    )
    assert len(missing(there)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "[Sign](https://www.example.org/sign)",
        "[Sign](https://www.example.org/sign?z={{ recipient.zip }}&n={{ recipient.first_name }})",
        "<https://www.example.org/sign>.",
        "[Write](mailto:hello@example.org?subject=Hi), [call](tel:+1-202-555-0100)",
        "[Yours]({{ recipient.fields.chapter }})",
        "As said.[^a]\n\n[^a]: [Minutes](https://example.org/a)",
        "Put `https://www.example.org/x.js` there.",
    ],
)
def test_both_parts_of_what_markdown_writes_agree(text):
    assert missing(written(text)) == []


@pytest.mark.parametrize("name", samples.CAMPAIGNS)
def test_both_parts_of_a_sample_agree(name):
    for person in samples.difficult(name).values():
        proof = proof_of(sample(name), person)
        assert list(text_part.links_of_both_parts(proof)) == []


@pytest.mark.parametrize(
    ("body", "blank"),
    [
        ("", True),
        ("\n{# a note #}\n<!-- another -->\n", True),
        ("{% if recipient.city == 'Nowhere' %}\nHello\n{% endif %}", True),
        ("Hello", False),
        ('{{ button("Sign", "https://www.example.org/sign") }}', False),
        ("{% if recipient.city == 'Nowhere' %}\nHello\n{% else %}\nHi\n{% endif %}", False),
    ],
)
def test_a_mail_of_which_nothing_is_left_is_stopped(body, blank):
    sources = written(body)
    findings = list(text_part.blank_body(proof_of(sources)))
    lines = sources.parsed.front_ends + 1
    assert [finding.place.line for finding in findings] == [lines] * blank
