"""Campaign files as editors save them. What is wrong with a file is in tests/cli/mistakes/."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.campaigns.campaign import parse
from mailer.errors import CampaignError

TEXT = """---
subject: No
date: 2026-11-03
preheader: 12
---
Hello.[^a]

[^a]: A source.
"""


def test_front_matter_is_text_whatever_yaml_would_make_of_it():
    front = parse("campaigns/vote.md", TEXT).front
    assert (front.subject, front.date, front.preheader) == ("No", "2026-11-03", "12")


def test_a_file_is_the_same_however_an_editor_saves_it():
    plain = parse("campaigns/vote.md", TEXT)
    assert parse("campaigns/vote.md", "\ufeff" + TEXT.replace("\n", "\r\n")) == plain


def test_lines_of_the_body_are_lines_of_the_file():
    campaign = parse("campaigns/vote.md", TEXT)
    assert campaign.body.split("\n")[5] == "Hello.[^a]"
    assert campaign.notes == {"a": 8}
    assert campaign.lines["preheader"] == 4
    assert campaign.name == "vote"


@given(st.text() | st.text().map(lambda text: f"---\nsubject: x\n{text}\n---\n[^a]{text}"))
def test_any_text_is_a_campaign_or_an_error_with_a_place(text):
    error = None
    try:
        parse("campaigns/vote.md", text)
    except CampaignError as err:
        error = err
    assert error is None or (error.place.path == "campaigns/vote.md" and error.hint)


@pytest.mark.parametrize(
    "body",
    [
        "A `[^a b]` and `^[x]` in code.",
        "```\n[^a b] ^[x] [^]\n```\nx",
        "{# [^a b] #} x",
        "Two^2 [x]",
    ],
)
def test_what_only_looks_like_a_footnote_is_let_through(body):
    assert parse("campaigns/x.md", f"---\nsubject: a\n---\n{body}\n").notes == {}


@pytest.mark.parametrize(
    ("front", "subject", "lists"),
    [
        ("subject: 'Join #us'", "Join #us", ()),
        ('subject: "#us"', "#us", ()),
        ("subject: Join#us", "Join#us", ()),
        ("subject: a\nlist: news # not for readers", "a", ("news",)),
    ],
)
def test_a_hash_is_part_of_the_words_unless_a_blank_comes_before_it(front, subject, lists):
    parsed = parse("campaigns/x.md", f"---\n{front}\n---\nx\n").front
    assert (parsed.subject, parsed.list) == (subject, lists)
