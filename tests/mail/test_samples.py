"""The sample campaigns, as difficult people get them: whole, numbered, readable, small."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tools.projects import samples

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MOST = 30_000
"""Bytes. Gmail clips at about 102 KB, and whoever reads on a telephone pays for each."""

LEAST_CONTRAST = 4.5
"""WCAG 2, level AA, for text of any size."""

PEOPLE = ("usual", "no name", "no ZIP code", "longest name", "right to left", "markup")

every_campaign = pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
every_person = pytest.mark.parametrize("who", PEOPLE)


class Mail(NamedTuple):
    html: str
    text: str


@cache
def mail(campaign: str, who: str = "usual") -> Mail:
    merged = samples.merger(campaign).merge(samples.difficult(campaign)[who])
    return Mail(merged.html, merged.text)


class Visible(HTMLParser):
    """The words between the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.hidden += tag in {"style", "title"}
        self.words += " " if tag in {"td", "p", "br", "li"} else ""

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in {"style", "title"}

    def handle_data(self, data: str) -> None:
        self.words += "" if self.hidden else data


def visible(html: str) -> str:
    parser = Visible()
    parser.feed(html)
    return " ".join(parser.words.split())


# ---------------------------------------------------------------- what is in them


def test_there_is_one_campaign_for_each_kind_of_mail():
    layouts = sorted(samples.load(name).parsed.front.layout for name in samples.CAMPAIGNS)
    assert layouts == ["alert", "newsletter", "petition", "petition", "petition"]


def test_sample_list_is_varied():
    people = samples.members()
    assert len(people) == 250
    assert len({person.email for person in people}) == 250
    assert all(re.search(r"@example\.(org|com|net)$", person.email) for person in people)
    assert len({person.state for person in people if person.zip}) >= 30
    assert any(not person.first_name for person in people)
    assert any(not person.zip for person in people)
    tags = {tag for person in people for tag in person.tags}
    assert {"volunteer", "donor", "faith leader", "union"} <= tags


def test_lost_zeros_of_the_sample_list_come_back():
    assert samples.member(email="siobhan.dlamini@example.org").zip == "02908"


@every_campaign
def test_everybody_on_the_sample_list_can_be_mailed(campaign):
    merger = samples.merger(campaign)
    for person in samples.members():
        assert merger.merge(person).html.startswith("<!doctype html>")
    assert 1 <= len(merger.counts) <= 12


@every_campaign
@every_person
def test_nothing_of_the_machinery_is_left(campaign, who):
    html, text = mail(campaign, who)
    words = visible(html).replace("{{ 7 * 7 }}", "") + text.replace("{{ 7 * 7 }}", "")
    assert not re.search(r"zq[a-z]\d{4}qz", html + text)
    assert not re.search(r"[{}]|mj-|undefined", words)


@every_campaign
@every_person
def test_html_is_small(campaign, who):
    assert len(mail(campaign, who).html.encode()) < MOST


@every_campaign
def test_parts_hold_no_markup_of_a_recipient(campaign):
    html, _ = mail(campaign, "markup")
    assert "<b>Max" not in html
    assert "<i>Portland" not in html
    assert "at ZIP code &lt;97201&gt;" in html


@every_campaign
def test_one_first_heading(campaign):
    assert len(re.findall(r"<h1\b", mail(campaign).html)) == 1


@every_campaign
def test_every_layout_table_says_so(campaign):
    tables = re.findall(r"<table\b[^>]*>", mail(campaign).html)
    assert tables
    assert [table for table in tables if 'role="presentation"' not in table] == []


@every_campaign
def test_html_names_its_language_and_keeps_what_outlook_needs(campaign):
    html, _ = mail(campaign)
    assert '<html lang="en" dir="ltr"' in html
    assert "<!--[if mso" in html
    assert "@media (prefers-color-scheme: dark)" in html


@every_campaign
def test_nothing_is_fetched_from_elsewhere(campaign):
    html, _ = mail(campaign)
    assert not re.search(r"<(img|link|script|iframe)\b|@import|url\(", html)


@every_campaign
def test_preheader_stands_first_and_is_followed_by_nothing_to_read(campaign):
    html, _ = mail(campaign)
    hidden = re.search(
        r'<div style="display:none[^>]*aria-hidden="true">(.*?)</div>', html, re.DOTALL
    )
    assert hidden is not None
    words = hidden[1].rstrip("\u034f\u200c\xa0 ")
    assert words.endswith((".", "?"))
    assert len(hidden[1]) - len(words) > 200
    assert visible(html).startswith(words)


# ---------------------------------------------------------------- footnotes


@every_campaign
@every_person
def test_footnotes_count_up_and_have_sources_in_both_parts(campaign, who):
    html, text = mail(campaign, who)
    labels = samples.load(campaign).parsed.notes
    shown = [int(n) for n in re.findall(r'<sup class="ref"[^>]*><a [^>]*>(\d+)</a></sup>', html)]
    expected = list(range(1, len(labels) + 1))
    assert list(dict.fromkeys(shown)) == expected
    listed = re.findall(r'name="source-(\d+)" id="source-(\d+)"[^>]*></a>(\d+)\.</td>', html)
    assert listed == [(str(n),) * 3 for n in expected]
    body, _, sources = text.partition("\nSources\n")
    assert list(dict.fromkeys(map(int, re.findall(r"\[(\d+)\]", body)))) == expected
    assert [int(n) for n in re.findall(r"^\[(\d+)\] \S", sources, re.MULTILINE)] == expected


@every_campaign
def test_footnote_links_lead_there_and_back(campaign):
    html, _ = mail(campaign)
    targets = set(re.findall(r'href="#([^"]+)"', html))
    names = re.findall(r'<a [^>]*\bname="([^"]+)"', html)
    assert targets == set(names)
    assert len(names) == len(set(names))


# ---------------------------------------------------------------- the footer


@every_campaign
def test_both_parts_end_with_all_that_a_mail_owes_its_reader(campaign):
    for part in (visible(mail(campaign).html), " ".join(mail(campaign).text.split())):
        for owed in (
            "View this e-mail in your browser",
            "Forward it to a friend",
            "Update your information",
            "nsubscribe",
            "PO Box 1180, Fairhaven, OR 97001",
            "501(c)(4)",
            "We take no money from corporations",
        ):
            assert owed in part
    person = samples.difficult(campaign)["usual"]
    sent_to = f"This e-mail was sent to {person.email} at ZIP code {person.zip}."
    assert sent_to in visible(mail(campaign).html)
    assert sent_to in mail(campaign).text


@every_campaign
def test_footer_without_a_zip_code_asks_for_it(campaign):
    html, text = mail(campaign, "no ZIP code")
    email = samples.difficult(campaign)["no ZIP code"].email
    assert f"sent to {email}. Update your information, and tell us your ZIP code" in visible(html)
    assert "at ZIP code" not in html + text


# ---------------------------------------------------------------- what each is for


def test_library_petition_is_for_cities_with_a_mayor_on_file_and_names_both():
    people = samples.audience("city-library")
    cities = {(person.city, person.state) for person in people}
    assert ("Portland", "OR") in cities
    assert len(cities) == 8
    assert 40 <= len(people) <= 80
    merged = samples.merger("city-library").merge(samples.member(city="Duluth"))
    for part in (visible(merged.html), " ".join(merged.text.split())):
        assert "the city council of Duluth" in part
        assert "Mayor Signe Halvorsrud signed it the same afternoon" in part
    assert merged.subject.startswith("Mayor Signe Halvorsrud kept the libraries open")


def test_newsletter_gives_the_script_that_fits_each_senators_vote():
    sources = samples.load("rent-newsletter")
    senators = sources.tables["senators"]
    votes = {}
    for person in samples.members():
        rows = senators.find(person)
        votes.setdefault(tuple(row["vote"] for row in rows), person)
    for cast, person in votes.items():
        merged = samples.merger("rent-newsletter").merge(person)
        for part in (visible(merged.html), " ".join(re.sub(r"[*|]", "", merged.text).split())):
            # those who voted alike are told the same, once
            assert part.count("I am calling to thank the senator") == (not cast or "yes" in cast)
            assert part.count("I saw the senator vote no") == (not cast or "no" in cast)
            assert ("If they voted yes, say:" in part) == (not cast)
    assert {(), ("yes", "no"), ("no", "no")} <= set(votes)


def test_newsletter_shows_the_zip_code_to_enter_where_it_is_known():
    assert "when prompted: 97" in visible(mail_to("rent-newsletter", city="Portland").html)
    assert "when prompted." in visible(mail("rent-newsletter", "no ZIP code").html)


def test_only_faith_leaders_are_asked_for_the_faith_leaders_letter():
    people = samples.members()
    merger = samples.merger("heat-alert")
    for person in people:
        merged = merger.merge(person)
        for part in (merged.html, merged.text):
            assert ("/heat/faith-letter" in part) == ("faith leader" in person.tags)


def test_alert_names_the_recipients_own_officials():
    html, text = mail_to("heat-alert", city="Portland", state="OR")
    sources = samples.load("heat-alert")
    person = samples.member(city="Portland", state="OR")
    officials = sources.tables["senators"].find(person) + sources.tables["representatives"].find(
        person
    )
    assert len(officials) == 3
    for official in officials:
        for part in (html, text):
            assert official["name"] in part
            assert official["phone"] in part


def test_counted_petition_shows_count_goal_and_bar():
    html, text = mail("night-bus")
    assert "41,000 signatures of 50,000" in visible(html)
    assert "41,000 signatures of 50,000" in text
    assert re.search(
        r'<td class="done" width="82%".*?<td class="rest" width="18%"', html, re.DOTALL
    )


def mail_to(campaign: str, **known: str) -> Mail:
    merged = samples.merger(campaign).merge(samples.member(**known))
    return Mail(merged.html, merged.text)


# ---------------------------------------------------------------- as a browser shows them

CONTRASTS = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map(
      (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const words = node.textContent.replace(/[\\s\\u034f\\u200c]+/g, " ").trim();
    if (!words || !element.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), words.slice(0, 60)]);
  }
  return found;
}"""


def show(browser: Browser, html: str, width: int, scheme: str = "light") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    return page


@every_campaign
def test_nothing_is_wider_than_the_smallest_telephone(browser, campaign):
    with show(browser, "", 320) as page:
        for who in PEOPLE:
            page.set_content(mail(campaign, who).html)
            assert page.evaluate("document.documentElement.scrollWidth") == 320, who


@every_campaign
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(browser, campaign, scheme):
    with show(browser, mail(campaign).html, 375, scheme) as page:
        found = page.evaluate(CONTRASTS)
        dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == (scheme == "dark")
    assert len(found) > 40
    assert [(ratio, words) for ratio, words in found if ratio < LEAST_CONTRAST] == []
