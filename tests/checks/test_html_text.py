"""What shows of a mail, and whether the rules come through any HTML."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from mailer import hosts
from mailer.checks import urls
from mailer.checks.html_text import read_html
from mailer.checks.rendered_mail import RenderedMail
from tests.support.rendered_mails import (
    OF_A_MAIL,
    OF_THE_SOURCE,
    TODAY,
    proof_of,
    sample,
    unexplained,
    written,
)
from tools.projects import samples


def reading(body):
    return read_html(html.document_fromstring(f"<html><body>{body}</body></html>"))


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<p>One</p><p>two</p>", "One two"),
        ("o<b>n</b>e", "one"),
        ("<style>p {}</style><script>1</script>One", "One"),
        ("a<!-- no -->b<!--[if mso]>no<![endif]-->c", "abc"),
        ('One <img alt="a picture"> two', "One a picture two"),
        ('<p style="display : NONE !important">no <b>no</b></p>One', "One"),
        ('<p style="visibility:hidden">no</p>One', "One"),
        ('<p style="opacity:0">no</p><p style="opacity:0.9">One</p>', "One"),
        ('<td style="font-size:0px"><p style="font-size:16px">One</p>no</td>', "One"),
        ('<p style="font-size:1em">One</p><p style="font-size:0.5px;color:red">no</p>', "One"),
        ('<p style="font-size:.9em">One</p><p style="font-size: 0!important">no</p>', "One"),
        ('<p style="font-size:100%">One</p><p style="font-size:0%">no</p>', "One"),
    ],
)
def test_only_what_shows_is_read(body, shown):
    assert reading(body).text.replace(" ", "") == shown.replace(" ", "")


def test_a_link_has_its_words_its_name_and_whether_it_shows():
    found = reading(
        '<a href=" https://example.org/a ">One <b>two</b></a> tail'
        '<a href="#b" aria-label="Back  to the text">↩</a>'
        '<a href="#c" title="Third"><img></a>'
        '<p style="display:none"><a href="#d">Four</a></p>'
        '<a name="here">not a link</a>'
    )
    assert found.unlinked == "tail not a link"
    assert [(a.url, a.text, a.name, a.shown, a.described) for a in found.links] == [
        ("https://example.org/a", "One two", "One two", True, True),
        ("#b", "↩", "Back to the text", True, True),
        ("#c", "", "Third", True, False),
        ("#d", "", "", False, True),
    ]
    assert found.anchors == {"here"}


# ---------------------------------------------------------------- the samples


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_the_samples_give_no_finding_whoever_gets_them(campaign):
    found = samples.load(campaign)
    merger = samples.merger(campaign)
    people = [*samples.audience(campaign)[::10], *samples.difficult(campaign).values()]
    findings = [f for rule in OF_THE_SOURCE for f in rule(found, date(2026, 3, 14))]
    for person in people:
        proof = RenderedMail(found, merger.merge(person))
        findings += [finding for rule in OF_A_MAIL for finding in rule(proof)]
    assert findings == []


# ---------------------------------------------------------------- hostile mail

PIECES = st.sampled_from(
    [
        '<a href="',
        '">',
        "</a>",
        "<img alt=",
        "<table><tr><td>",
        "</table>",
        "<!--",
        "-->",
        "<p style='font-size:9e99;opacity:0;'>",
        "https://",
        "http://[::1",
        "mailto:",
        "tel:",
        "javascript:",
        "@",
        "%",
        "&#0;",
        "&nbsp;",
        "<svg><a xlink:href='#'>",
        "[x](https://",
        "www.example.org",
    ]
)
REAL = proof_of(sample()).merged
MARKUP = st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join)


@given(markup=MARKUP, text=MARKUP)
def test_no_rule_stumbles_over_a_mail(markup, text):
    merged = SimpleNamespace(
        html=f"<!doctype html><html><body>{markup}</body></html>",
        text=text,
        variant=REAL.variant,
        values=REAL.values,
        links=REAL.links,
        email=REAL.email,
    )
    proof = RenderedMail(sample(), merged)
    assert unexplained(finding for rule in OF_A_MAIL for finding in rule(proof)) == []


@given(st.text(max_size=60) | MARKUP)
def test_no_address_is_too_odd_to_judge(url):
    hosts.is_private(urls.host_of(url))
    found = urls.fault(url)
    assert found is None or found.what


@given(
    st.text(
        st.characters(exclude_characters="{}'\\", exclude_categories=["Cs", "Cc"]), max_size=200
    )
)
def test_no_rule_stumbles_over_what_was_written(text):
    source = written(text.replace("[^", "[ "), front=f"preheader: '{text[:50]}'\n")
    assert unexplained(finding for rule in OF_THE_SOURCE for finding in rule(source, TODAY)) == []
