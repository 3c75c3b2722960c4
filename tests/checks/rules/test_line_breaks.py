"""Line breaks that were meant, and that Markdown makes blanks of."""

from __future__ import annotations

import pytest

from mailer.checks.rules import line_breaks
from tests.support.rendered_mails import TODAY, case, sample, written
from tools.projects import samples


def lines(sources):
    return [finding.place.line for finding in line_breaks.lost_line_breaks(sources, TODAY)]


@pytest.mark.parametrize(
    "text",
    [
        "In solidarity,\nThe Juniper Street team",
        "PO Box 118\nPortland, OR 97207",
        "Ana Ruiz\nDirector\nJuniper Street Action",
        "> Roses are red,\n> violets are blue.",
        "- Salem office\n  123 Main Street",
        "Dear neighbor,\nthe council votes on Tuesday on whether to close the night bus for good.",
        "Call [Ana](https://www.example.org/ana)\nor her office.",
    ],
)
def test_a_break_that_was_meant_is_pointed_out(text):
    assert lines(written(f"Hello there.\n\n{text}\n")) == [6]


@pytest.mark.parametrize(
    "text",
    [
        "In solidarity,  \nThe team",
        "In solidarity,\\\nThe team",
        "In solidarity,<br>\nThe team",
        "In solidarity,<BR />\nThe team",
        "In solidarity,\n\nThe team",
        "- a table\n- two chairs\n- water",
        "1. Call\n2. Sign",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "```\na\nb\n```",
        "<p>\na\nb\n</p>",
        "## Thanks\nto all of you",
        "{% for name in ['a', 'b'] %}## Head {{ name }}\nText.\n{% endfor %}",
        "{% if recipient.city %}- a table{% endif %}\n- two chairs",
        "Bus\n: a vehicle\n\nTram\n: another",
        "Thanks\n------",
        "{{ button('Sign', 'https://example.org') }}\nThe team",
        "{% call box('a') %}\nHello.\n{% endcall %}\nThe team",
        "{% call box(\n  'a') %}\nHello.\n{% endcall %}",
        "As said.[^a]\n\n[^a]: [Minutes](https://example.org/a)\n    of March",
        "Last year the night bus carried nurses, bakers and students home,\nand it cost less.",
        "You know why that matters. In the\n[survey you filled in](https://www.example.org/survey) it is.",
        "{% if recipient.state == 'OR' %}\nHello.\n{% endif %}",
        "Dear {% if recipient.first_name %}{{ recipient.first_name }}{% else %}you{% endif %}\nthanks.",
    ],
)
def test_a_break_that_is_kept_or_was_not_meant_is_left_alone(text):
    assert lines(written(text)) == []


def test_the_signature_of_a_bug_report_is_pointed_out():
    assert lines(case("sig")) == [8]


@pytest.mark.parametrize("name", samples.CAMPAIGNS)
def test_no_sample_loses_a_break(name):
    assert lines(sample(name)) == []


def test_what_readers_see_is_told_without_tags():
    text = "In solidarity{# soft #},{% if recipient.city %}\nThe team{% endif %}"
    (finding,) = line_breaks.lost_line_breaks(written(f"Hello there.\n\n{text}\n"), TODAY)
    assert "readers see “In solidarity, The team” in one line" in finding.message
