"""Clicks are counted by link and subject; who clicked is never known, and nobody can be led astray."""

import html
import re
from dataclasses import replace

import pytest

from mailer.config import Content
from mailer.links import address
from mailer.mail.click_tracking import ClickTracker
from mailer.mail.merge import Merger
from tests.support.campaigns import ANA, BO, CONTENT, KEYS, UMA, make_merger, make_sources

BASE = "https://mail.example.org"
BODY = (
    "Read [the minutes](https://example.net/a?b=1&c=2), [your page](https://www.example.org/"
    "{{ recipient.zip }}), [write](mailto:hello@example.org) or [leave]({{ links.unsubscribe }}).\n\n"
    "All of it: <https://example.net/all>\n\n"
    '{{ button("Act", "https://example.org/act") }}\n'
)


class Numbers:
    """Gives out numbers as the store does, and remembers them."""

    def __init__(self):
        self.known = {}

    def __call__(self, arm, url):
        return self.known.setdefault((arm, url), len(self.known) + 1)


def merger_and_numbers(body=BODY, **options):
    numbers = Numbers()
    merger = make_merger(body, **options)
    return merger.for_send(7, ClickTracker(BASE, KEYS, 7, numbers)), numbers


def hrefs(mail):
    return [html.unescape(url) for url in re.findall(r'href="([^"]*)"', mail.html)]


def click(number):
    return address(BASE, "click", KEYS.token("click", number, 7))


def test_only_links_that_are_the_same_for_everybody_and_look_like_words_are_counted():
    merger, numbers = merger_and_numbers()
    mail = merger.merge(ANA)
    assert hrefs(mail) == [
        click(1),
        "https://www.example.org/97212",
        "mailto:hello@example.org",
        mail.links.unsubscribe,
        "https://example.net/all",
        click(2),
    ]
    assert list(numbers.known) == [
        (1, "https://example.net/a?b=1&c=2"),
        (1, "https://example.org/act"),
    ]


def test_the_text_part_keeps_its_addresses_legible():
    merger, _ = merger_and_numbers()
    text = merger.merge(ANA).text
    assert f"{BASE}/r/" not in text
    assert "<https://example.org/act>" in text


def test_everybody_has_the_same_addresses():
    merger, _ = merger_and_numbers()
    redirected = [
        [url for url in hrefs(merger.merge(person)) if "/r/" in url] for person in (ANA, BO, UMA)
    ]
    assert redirected[0] == redirected[1] == redirected[2]


def test_the_same_link_twice_is_one_and_in_another_subject_another():
    body = "[a](https://example.net/) and [b](https://example.net/)"
    sources = make_sources(body)
    text = sources.files[sources.path].replace("subject: 'News'", "subjects: [One, Two]")
    sources = replace(sources, files={**sources.files, sources.path: text})
    merger, numbers = Merger(sources, fields=frozenset(), keys=KEYS, send_id=7), Numbers()
    merger = merger.for_send(7, ClickTracker(BASE, KEYS, 7, numbers))
    first, again, second = merger.merge(ANA, 1), merger.merge(BO, 1), merger.merge(ANA, 2)
    assert len(numbers.known) == 2
    assert first.variant is again.variant
    assert set(hrefs(first)) & set(hrefs(second)) == set()


def test_words_that_two_subjects_share_are_counted_apart():
    variant = make_merger("[a](https://example.net/)").merge(ANA).variant
    numbers = Numbers()
    redirects = ClickTracker(BASE, KEYS, 7, numbers)
    first, second = (redirects.variant(variant, arm) for arm in (1, 2))
    assert first.html.static != second.html.static
    assert list(numbers.known) == [(1, "https://example.net/"), (2, "https://example.net/")]


def test_apart_from_the_links_the_mail_is_the_same():
    merger, _ = merger_and_numbers()
    counted, plain = merger.merge(ANA), make_merger(BODY).for_send(7).merge(ANA)
    assert re.sub(r'href="[^"]*"', "", counted.html) == re.sub(r'href="[^"]*"', "", plain.html)
    assert (counted.subject, counted.text) == (plain.subject, plain.text)


def test_what_leads_to_the_recipients_pages_is_left_alone():
    merger, numbers = merger_and_numbers(f"[join]({BASE}/join)")
    assert hrefs(merger.merge(ANA)) == [f"{BASE}/join"]
    assert numbers.known == {}


@pytest.mark.parametrize("words", ["https://example.net/x", "www.example.net", " http://a.example"])
def test_words_that_name_an_address_lead_there(words):
    merger, _ = merger_and_numbers(f'<a href="https://example.net/x">{words}</a>')
    assert hrefs(merger.merge(ANA)) == ["https://example.net/x"]


def test_a_longer_host_than_that_of_the_pages_is_counted():
    numbers = Numbers()
    sources = replace(
        make_sources("[Here](https://example.org.uk/petition), [there](https://example.org/plan)."),
        content=Content.model_validate({**CONTENT, "site": {"base_url": "https://example.org"}}),
    )
    merger = Merger(sources, fields=frozenset(), keys=KEYS, send_id=7)
    tracker = ClickTracker("https://example.org", KEYS, 7, numbers)
    merger.for_send(7, tracker).merge(BO)
    assert list(numbers.known) == [(1, "https://example.org.uk/petition")]
