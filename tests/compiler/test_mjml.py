"""MJML that is nested as MJML 4 does not allow is an error, with the line and what is missing."""

from __future__ import annotations

import re

import pytest

from mailer.compiler.mjml import to_html
from mailer.errors import CampaignError
from tests.support.campaigns import ANA, make_merger
from tools.projects import samples

TEXT = "<mj-text>Hello</mj-text>"
COLUMN = f"<mj-column>{TEXT}</mj-column>"
SECTION = f"<mj-section>{COLUMN}</mj-section>"


def compiled(body, head="", files=None):
    return to_html(
        f"<mjml><mj-head>{head}</mj-head><mj-body>{body}</mj-body></mjml>", [], files or {}
    )


@pytest.mark.parametrize(
    ("body", "child", "parent"),
    [
        (TEXT, "mj-text", "mj-body"),
        (COLUMN, "mj-column", "mj-body"),
        (f"<mj-section>{TEXT}</mj-section>", "mj-text", "mj-section"),
        ("<mj-section><mj-spacer /></mj-section>", "mj-spacer", "mj-section"),
        (f"<mj-section>{SECTION}</mj-section>", "mj-section", "mj-section"),
        (f"<mj-section><mj-column>{COLUMN}</mj-column></mj-section>", "mj-column", "mj-column"),
        (f"<mj-section><mj-group>{TEXT}</mj-group></mj-section>", "mj-text", "mj-group"),
        (f"<mj-wrapper>{COLUMN}</mj-wrapper>", "mj-column", "mj-wrapper"),
        (f"<mj-section><div>{TEXT}</div></mj-section>", "mj-text", "mj-section"),
        (f"<mj-section><mj-column><mj-image>{TEXT}</mj-image></mj-column></mj-section>", "mj-text", "mj-image"),
        (f"{SECTION}<mj-title>News</mj-title>", "mj-title", "mj-body"),
    ],
)  # fmt: skip
def test_an_element_that_stands_where_it_cannot_is_an_error(body, child, parent):
    with pytest.raises(CampaignError, match=f"<{child}> cannot stand in <{parent}>") as found:
        compiled(body)
    assert re.fullmatch(r"It belongs in <mj-[a-z-]+>( or <mj-[a-z-]+>)*\.", found.value.hint)


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (SECTION, ""),
        (f"<mj-wrapper>{SECTION}</mj-wrapper><mj-hero>{TEXT}</mj-hero>", ""),
        (f"<mj-section><mj-group>{COLUMN}{COLUMN}</mj-group></mj-section>", ""),
        (SECTION, "<mj-attributes><mj-all /><mj-text padding='0' /></mj-attributes>"),
        (SECTION, "<mj-attributes><mj-class name='a' padding='0' /></mj-attributes>"),
        ("<mj-raw><p>Hello</p></mj-raw>", "<mj-style>p { color: red }</mj-style>"),
        # text, which the checks warn of
        (f"<mj-section><mj-column><mj-text>{TEXT}</mj-text></mj-column></mj-section>", ""),
    ],
)
def test_what_mjml_allows_is_none(body, head):
    assert "Hello" in compiled(body, head)


def place(files, body="Hello."):
    with pytest.raises(CampaignError, match="cannot stand in") as found:
        make_merger(body, files=files).merge(ANA)
    return str(found.value.place)


LAYOUT = """<mjml><mj-body>
<mj-section><mj-column>
<mj-text>{{% if recipient.state > "OR" %}}West{{% endif %}}</mj-text>
</mj-column></mj-section>
{}
{{% for run in runs %}}{{% for block in run.blocks %}}
<mj-section><mj-column><mj-text>{{{{ block.source }}}}</mj-text></mj-column></mj-section>
{{% endfor %}}{{% endfor %}}
</mj-body></mjml>
"""
PATH = "templates/newsletter.mjml"


def test_the_line_is_that_of_the_element_in_the_wrong_place_and_not_of_the_first():
    assert place({PATH: LAYOUT.format(f"<mj-section>\n{TEXT}</mj-section>")}) == f"{PATH}:6"


def test_an_element_whose_parent_is_in_another_file_has_its_own_line():
    layout = LAYOUT.format('<mj-section>{% include "partials/note.mjml" %}</mj-section>')
    note = "templates/partials/note.mjml"
    assert place({PATH: layout, note: f"{{# a note #}}\n{TEXT}"}) == f"{note}:2"


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_the_samples_are_nested_as_they_should_be(campaign):
    assert samples.merger(campaign).merge(ANA)
