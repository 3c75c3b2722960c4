"""Links that a finger misses, and links that it just hits."""

from __future__ import annotations

import pytest

from mailer.checks.rendered_mail import RenderedMail
from mailer.checks.rules import tap_targets
from mailer.checks.style.computed import PHONE
from tests.support.mail_pages import codes, mail, page
from tools.projects import samples

BUTTON = '<a href="#" style="display:inline-block;background:#1f5c4d;font-size:16px;line-height:20px;padding:{}">Sign</a>'
CELL = '<table role="presentation"><tr><td style="border:2px solid #1f5c4d"><a href="#" style="{}">Sign</a></td></tr></table>'
SMALL, CLOSE = {tap_targets.TARGET_SMALL}, {tap_targets.TARGETS_CLOSE}


def links(*style, between=""):
    return between.join(f'<p style="{each}"><a href="#">See them all</a></p>' for each in style)


@pytest.mark.parametrize(("bad", "good"), [
    (BUTTON.format("11px"), BUTTON.format("12px")),
    (BUTTON.format("11px 40px 12px"), BUTTON.format("12px 40px")),
    (BUTTON.format("0.7em 0"), BUTTON.format("0.75em 0")),
    (BUTTON.format("0").replace("line-height", "height:43px;line-height"),
     BUTTON.format("0").replace("line-height", "height:44px;line-height")),
    (CELL.format("padding:12px"), CELL.format("display:block;padding:13px")),
])  # fmt: skip
def test_button_is_high_enough_for_a_thumb(bad, good):
    assert codes(tap_targets.small_targets, page(bad)) == SMALL
    assert codes(tap_targets.small_targets, page(good)) == set()


def test_button_of_a_template_that_is_too_low():
    old = 'inner-padding="16px 34px"'
    low = (("templates/partials/head.mjml", old, 'inner-padding="10px 34px"'),)
    button = '{{ button("Sign it", "https://www.example.org/petition") }}'
    (finding,) = tap_targets.small_targets(mail(button, low))
    assert finding.message == "the button “Sign it” is 43 pixels high, and a thumb needs 44"
    assert str(finding.place) == "campaigns/example.md:5"
    assert codes(tap_targets.small_targets, mail(button)) == set()


@pytest.mark.parametrize("link", [
    '<p>Read <a href="#">the bill</a> today.</p>', '<p><a href="#">The bill</a></p>',
    '<table><tr><td style="border-bottom:1px solid"><a href="#">202-555-0100</a></td></tr></table>',
    '<table><tr><td style="border:2px solid"><a href="#">See one</a> <a href="#">See two</a></td></tr></table>',
    '<div style="background:#eeeeee"><a href="#">The bill</a></div>',
    '<p>Read <a href="#" style="background:#eeee00">the bill</a> today.</p>',
    '<p style="display:none"><a href="#" style="background:#1f5c4d">Sign</a></p>',
])  # fmt: skip
def test_not_every_link_is_a_button(link):
    assert codes(tap_targets.small_targets, page(link)) == set()


@pytest.mark.parametrize(("bad", "good"), [
    (links(*["margin:0;line-height:23px"] * 2), links(*["margin:0;line-height:24px"] * 2)),
    (links(*["margin:3px 0;line-height:20px"] * 2), links(*["margin:4px 0;line-height:20px"] * 2)),
    (links(*["margin:0;padding:1px 0;line-height:20px"] * 2),
     links(*["margin:0;padding:2px 0;line-height:20px"] * 2)),
    (links(*["margin:0;line-height:20px"] * 2), links("margin:0 0 5px;line-height:20px", "margin:0")),
    (links(*["margin:0;line-height:20px"] * 2),
     links(*["margin:0;line-height:20px"] * 2, between="<p>or else</p>")),
    (links(*["margin:0;line-height:20px"] * 2),
     links(*["margin:0;line-height:20px"] * 2).replace("<a", "Or <a", 1)),
    ("<p style='line-height:20px'><a href='#'>One by one</a><br><a href='#'>Two by two</a></p>",
     "<p style='line-height:24px'><a href='#'>One by one</a><br><a href='#'>Two by two</a></p>"),
    ("<p><a href='#'>1</a> <a href='#'>2</a> <a href='#'>3</a></p>",
     "<p>Pages <a href='#'>1</a> <a href='#'>2</a> <a href='#'>3</a></p>"),
    ("<p><!-- of pages --><a href='#'>1</a> <a href='#'>2</a></p>",
     "<p><!-- of pages -->Pages <a href='#'>1</a> <a href='#'>2</a></p>"),
    ("<p><a href='#'>1</a> | <a href='#'>2</a></p>", "<p><a href='#'>One</a> | <a href='#'>Two</a></p>"),
    ("<p><a href='#'>1</a> <a href='#'>2</a></p>",
     "<p><a href='#' style='padding:9px'>1</a> <a href='#' style='padding:9px'>2</a></p>"),
    ("<ul><li style='line-height:1.2'><a href='#'>One</a></li><li style='line-height:1.2'><a href='#'>Two</a></li></ul>",
     "<ul><li style='line-height:1.5'><a href='#'>One</a></li><li style='line-height:1.5'><a href='#'>Two</a></li></ul>"),
])  # fmt: skip
def test_links_keep_their_distance(bad, good):
    assert codes(tap_targets.close_targets, page(bad)) == CLOSE
    assert codes(tap_targets.close_targets, page(good)) == set()


def test_lines_of_links_in_a_campaign_are_told_of_where_they_stand():
    tight = (("templates/partials/head.mjml", 'line-height="1.55"', 'line-height="1.3"'),)
    text = "[See the bill](https://example.org/a)\\\n[See the vote](https://example.org/b)"
    (finding,) = tap_targets.close_targets(mail(text, tight))
    assert "“See the bill” and “See the vote”" in finding.message
    assert str(finding.place) == "campaigns/example.md:6"
    assert codes(tap_targets.close_targets, mail(text)) == set()


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_samples_can_be_tapped(campaign):
    merged = samples.merger(campaign).merge(samples.difficult(campaign)["no ZIP code"])
    proof = RenderedMail(samples.load(campaign), merged)
    assert (
        codes(tap_targets.small_targets, proof) | codes(tap_targets.close_targets, proof) == set()
    )


def test_links_are_as_high_as_in_chromium(browser):
    merged = samples.merger("heat-alert").merge(samples.difficult("heat-alert")["usual"])
    proof = RenderedMail(samples.load("heat-alert"), merged)
    heights = """[...document.querySelectorAll("a[href]")].filter((link) => link.offsetParent).map(
        (link) => [link.textContent.trim(), link.getClientRects()[0].height])"""
    with browser.new_page(viewport={"width": PHONE, "height": 800}) as tab:
        tab.route("**/*", lambda route: route.abort())
        tab.set_content(proof.html)
        theirs = tab.evaluate(heights)
    ours = [(target.label, target.height) for target in tap_targets._targets(proof)]
    assert len(ours) > 20
    assert [words for words, _ in ours] == [" ".join(words.split()) for words, _ in theirs]
    for (words, height), (_, measured) in zip(ours, theirs, strict=True):
        assert height == pytest.approx(measured, abs=1), words


def test_cells_side_by_side_are_not_lines():
    cell = "<td style='line-height:16px'><a href='#'>See them all</a></td>"
    row, rows = f"<tr>{cell}{cell}</tr>", f"<tr>{cell}</tr><tr>{cell}</tr>"
    assert codes(tap_targets.close_targets, page(f"<table>{row}</table>")) == set()
    assert codes(tap_targets.close_targets, page(f"<table>{rows}</table>")) == CLOSE
