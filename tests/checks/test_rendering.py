"""All rules of rendering together: nothing makes them fail, and the samples pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.checks.registry import MAIL_RULES, SOURCE_RULES
from mailer.checks.rendered_mail import RenderedMail
from mailer.checks.rules import elements
from mailer.checks.style import css, css_color
from tests.support.mail_pages import page
from tests.support.rendered_mails import TODAY, sample, unexplained
from tools.projects import samples

RENDERING = {"contrast", "elements", "images", "structure", "client_support", "tap_targets"}
RULES = [rule for rule in MAIL_RULES if rule.__module__.rpartition(".")[2] in RENDERING]

SCRAPS = st.sampled_from([
    "<", ">", "</", "/>", '"', "'", "=", " ", "&", ";", ":", "\n", "\x0c", "<!--", "-->", "<!--[if !mso]><!-->",
    "<!--[if mso]>", "<![endif]-->", "<!-- --!>", "<p ", "<a href=", "</a>", "<h1>", "<h7>", "<img ", "<img src=",
    "<table>", "<td>", "</td>", "<svg>", "<mj-text>", "<font color=", "<title>", "<style>", "</style>", "style=",
    "class=x", "hidden", "bgcolor=", "alt=", "data:", "http://[", "https://[::1", "dir=rtl", "color:", "background:",
    "font:", "padding:", "line-height:", "opacity:", "display:flex", "#fff", "#ffff", "rgb(", "rgb(1e999", "hsl(",
    "oklch(", "color(", ")", "calc(", "var(--", "1e308px", "-1em", "1e-9rem", "%", "99999999999%", "nan", "inf",
    "!important", "{", "}", "@media (", "@media (min-width:", "prefers-color-scheme:dark", "@import", "::before",
    ":not(", ":nth-child(", "[x=", "*", "|", ">", "~", "+", "é", "ש", "\u0000", "\ud7ff", "\ufffe", "zqs0000qz",
])  # fmt: skip
hostile = st.lists(SCRAPS | st.text(max_size=3), max_size=40).map("".join)


def examine(proof):
    return [finding for rule in RULES for finding in rule(proof)]


def test_there_are_rules_of_each_kind():
    assert {rule.__module__.rpartition(".")[2] for rule in RULES} == RENDERING


@given(hostile, hostile, hostile)
@example("p { " * 2000, "", "<b>" * 300)
@example("@media all {" * 2000, "font:" + "(" * 300, "<div style='opacity:.9;font-size:2em'>" * 300)
@example("a" + "[x]" * 3000 + "{color:red}", "", "")
@example(
    "p:not(" * 300 + "{color:red}",
    "color:rgb(" * 300,
    "<table><tr><td>" * 99 + "<a href=x>a</a>" * 99,
)
def test_no_html_and_no_css_makes_a_rule_fail(sheet, style, body):
    style = style.replace('"', "'")
    proof = page(f'<style>{sheet}</style><p style="{style}">One <a href="#">two</a></p>{body}')
    assert unexplained(examine(proof)) == []


@given(hostile)
def test_no_template_makes_a_rule_fail(source):
    words = sample()
    words = replace(words, files={**words.files, "templates/partials/body.mjml": source})
    assert unexplained(elements.unknown_attributes(words, TODAY)) == []
    assert unexplained(elements.unknown_classes(words, TODAY)) == []


@given(hostile)
def test_any_value_is_a_colour_or_none(value):
    found = css_color.parse_css_color(value)
    assert found is None or len(found.hex) == 7


@given(hostile)
def test_any_media_query_applies_or_not(query):
    assert css.applies(query, css.Medium(dark=True, width=375)) in {True, False}


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("", "light dark"),
        ("screen", "light dark"),
        ("only screen and (max-width: 479px)", "light dark"),
        ("(min-width:480px)", ""),
        ("(min-width: 375px) and (max-width: 375px)", "light dark"),
        ("(prefers-color-scheme: dark)", "dark"),
        ("(prefers-color-scheme: light)", "light"),
        ("print", ""),
        ("print, screen", "light dark"),
        ("not screen", ""),
        ("(hover)", ""),
        ("(min-width: 20em)", ""),
        ("print, (prefers-color-scheme: dark) and (min-width: 1px)", "dark"),
    ],
)
def test_media_query_is_true_of_a_telephone(query, where):
    modes = {"light": False, "dark": True}
    held = [mode for mode, dark in modes.items() if css.applies(query, css.Medium(dark, 375))]
    assert " ".join(held) == where


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_samples_give_no_finding_of_any_rule(campaign):
    words = samples.load(campaign)
    for who in ("usual", "no name", "no ZIP code", "longest name"):
        proof = RenderedMail(
            words, samples.merger(campaign).merge(samples.difficult(campaign)[who])
        )
        assert [finding for rule in MAIL_RULES for finding in rule(proof)] == []
    assert [finding for rule in SOURCE_RULES for finding in rule(words, TODAY)] == []


@pytest.mark.parametrize("layout", ["alert", "newsletter", "petition"])
def test_what_a_new_campaign_begins_with_gives_no_finding_of_its_looks(layout):
    starter = samples.ROOT / "templates" / "starters" / f"{layout}.md"
    words = samples.written(starter.read_text(encoding="utf-8"))
    proof = RenderedMail(words, samples.merger_of(words).merge(samples.members()[0]))
    assert [finding for rule in RULES for finding in rule(proof)] == []
