"""A value in an address that is joined of parts is percent-encoded, in HTML and in text."""

from __future__ import annotations

import csv
import html
import re
from dataclasses import replace
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

from mailer.lists.subscriber import Subscriber
from tests.support.campaigns import ANA, make_merger
from tests.support.real_templates import CASES, merge_case, merge_real

with (CASES / "plus.csv").open(encoding="utf-8") as file:
    PEOPLE = [
        Subscriber(number, row["Email"], row["First Name"], row["Last Name"], row["ZIP"], "Portland", "OR")
        for number, row in enumerate(csv.DictReader(file), 1)
    ]  # fmt: skip


def links(merged):
    in_html = {html.unescape(url) for url in re.findall(r'href="([^"]*)"', merged.html)}
    in_text = set(re.findall(r"<((?:https?|mailto):[^>]*)>", merged.text))
    return in_html, in_text


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.email)
def test_nobodys_name_changes_an_address(person):
    for found in links(merge_case("h-button.md", person)):
        sign = [url for url in found if url.startswith("https://www.example.org/sign")]
        email, name = quote(person.email, safe=""), quote(person.first_name, safe="")
        assert set(sign) == {f"https://www.example.org/sign?e={email}&n={name}&z=97201"}
        give = [url for url in found if url.startswith("https://www.example.org/give")]
        assert {tuple(parse_qs(urlsplit(url).query)["e"]) for url in give} == {(person.email,)}
        assert sorted(parse_qs(urlsplit(url).query).get("amount", [""])[0] for url in give) == [
            "",
            "7",
        ]
        posts = [parse_qs(urlsplit(url).query)["text"] for url in found if "bsky" in url]
        assert posts == [
            ["I live in Portland & I signed 100% #now: https://www.example.org/p?z=97201"]
        ]
        mails = [parse_qs(urlsplit(url).query) for url in found if url.startswith("mailto:?")]
        assert mails == [{
            "subject": [f"Join {person.first_name}"],
            "body": ["I live in Portland & I signed 100% #now: https://www.example.org/p?z=97201"],
        }]  # fmt: skip


ODD = replace(ANA, first_name="A&b=c #d?e/f+g%h", email="a+b@example.org")
ENCODED = "A%26b%3Dc%20%23d%3Fe%2Ff%2Bg%25h"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("'https://example.org/?n=' ~ recipient.first_name", f"https://example.org/?n={ENCODED}"),
        ("'https://example.org/?n=' + recipient.first_name", f"https://example.org/?n={ENCODED}"),
        ("'https://example.org/?n=%s' % recipient.first_name", f"https://example.org/?n={ENCODED}"),
        ("'https://example.org/?n={}'.format(recipient.first_name)", f"https://example.org/?n={ENCODED}"),
        ("['https://example.org/?n=', recipient.first_name] | join", f"https://example.org/?n={ENCODED}"),
        ("['https://example.org', recipient.first_name] | join('/')", f"https://example.org/{ENCODED}"),
        ("('https://example.org/?n=' ~ recipient.first_name) | trim", f"https://example.org/?n={ENCODED}"),
        ("('https://example.org/?n=' ~ recipient.first_name) ~ '&x=1'", f"https://example.org/?n={ENCODED}&x=1"),
        ("'https://example.org/?n=' ~ (recipient.first_name | urlencode)", f"https://example.org/?n={ENCODED}"),
        ("'https://example.org/?n=' ~ (recipient.first_name | urlencode | replace('%20', '+'))",
         f"https://example.org/?n={ENCODED.replace('%20', '+')}"),
        ("'https://example.org/?u=' ~ (('https://example.net/?n=' ~ recipient.first_name) | urlencode)",
         f"https://example.org/?u=https%3A%2F%2Fexample.net%2F%3Fn%3D{ENCODED}"),
        ("'https://example.org/?n=' ~ (recipient.first_name | upper)", f"https://example.org/?n={quote(ODD.first_name.upper(), safe='')}"),
        ("'https://example.org/a b?n=' ~ recipient.first_name", f"https://example.org/a%20b?n={ENCODED}"),
        ("'mailto:' ~ recipient.email", "mailto:a%2Bb@example.org"),
        ("'tel:' ~ recipient.zip", "tel:97212"),
    ],
)  # fmt: skip
def test_each_part_of_a_components_address_has_its_own_context(url, expected):
    for body in (
        f'{{{{ button("Sign", {url}) }}}}',
        f"{{% call petition({url}) %}}\nWe ask.\n{{% endcall %}}",
        f'{{{{ image("https://example.org/p.jpg", alt="A river", link={url}) }}}}',
        f'{{{{ share("Read this:", {url}, ["@mayor"]) }}}}\n\n[Sign]({{{{ {url} }}}})',
        f"{{{{ donate([7], url={url}) }}}}",
        f"{{% set address = {url} %}}\n[Sign]({{{{ address }}}}) now.",
        f'<p><a href="{{{{ {url} }}}}">Sign</a></p>',
    ):
        in_html, in_text = links(merge_real(body, ODD))
        assert expected in in_html, body
        assert expected in in_text or "tel:" in expected or "<p>" in body, body


@pytest.mark.parametrize(
    "component", ['share("Read:", {})', 'button("Go", {})', "donate([7], url={})"]
)
def test_a_component_leads_to_the_same_places_in_both_parts(component):
    call = component.format('"https://example.org/?n=" ~ recipient.first_name')
    in_html, in_text = links(merge_real(f"Hello.\n\n{{{{ {call} }}}}", ODD))
    of_component = {url for url in in_html if ENCODED in unquote(url) or ENCODED in url}
    assert of_component
    assert of_component <= in_text


def test_an_address_joined_of_parts_is_tagged_as_any_other():
    body = '{{ button("Sign", "https://www.example.org/sign?e=" ~ recipient.email) }}'
    merged = merge_real(body, ANA, front="tags:\n  utm_source: news\n")
    for found in links(merged):
        assert "https://www.example.org/sign?e=ana%40example.org&utm_source=news" in found


def test_a_joined_text_is_one_value_where_it_is_read():
    merged = make_merger('{{ "A & B, *" ~ recipient.first_name ~ "*" }}').merge(ODD)
    assert "A &amp; B, *A&amp;b=c #d?e/f+g%h*" in merged.html
    assert merged.text.strip() == "A & B, *A&b=c #d?e/f+g%h*"


def test_urlencode_is_honored_where_a_person_reads_it():
    assert (
        make_merger("{{ recipient.email | urlencode }}").merge(ODD).text.strip()
        == "a%2Bb%40example.org"
    )


def test_asking_for_what_the_writer_wrote_makes_no_variant():
    body = '{% if "?" in ("https://example.org/?e=" ~ recipient.email) %}yes{% endif %}'
    merger = make_merger(body)
    assert merger.merge(ANA).text.strip() == "yes"


@pytest.mark.parametrize(
    "argument", ['" https://example.org/a "', 'url="https://example.org/a\\n"']
)
def test_blanks_around_an_address_are_no_part_of_it(argument):
    for found in links(merge_real(f'{{{{ button("Sign", {argument}) }}}}', ANA)):
        assert "https://example.org/a" in found
