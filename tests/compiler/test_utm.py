"""Links to the organisation's own site carry its tags; every other link is as it was written."""

import html
import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compiler.utm import UtmTagger
from mailer.config import Content, parse
from mailer.errors import ConfigError
from mailer.links import Site
from tests.support.campaigns import ANA, BO, CONTENT, make_merger, make_sources
from tools.projects.project import SETTINGS

TAGGER = UtmTagger(
    (("utm_source", "news"), ("source", "a%20b")),
    ("example.org",),
    Site("https://mail.example.org"),
)
MARKS = "utm_source=news&source=a%20b"
FRONT = "tags:\n  utm_source: news\n  utm_campaign: '{campaign}'\n"


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://example.org", f"https://example.org?{MARKS}"),
        ("https://example.org/", f"https://example.org/?{MARKS}"),
        ("https://www.example.org/p", f"https://www.example.org/p?{MARKS}"),
        ("HTTP://WWW.EXAMPLE.ORG/p", f"HTTP://WWW.EXAMPLE.ORG/p?{MARKS}"),
        ("https://example.org:8443/p", f"https://example.org:8443/p?{MARKS}"),
        ("https://example.org/p?", f"https://example.org/p?{MARKS}"),
        ("https://example.org/p?a=1", f"https://example.org/p?a=1&{MARKS}"),
        ("https://example.org/p#top", f"https://example.org/p?{MARKS}#top"),
        ("https://example.org/p?a=1#a?b", f"https://example.org/p?a=1&{MARKS}#a?b"),
        ("https://example.org/p?source=mine", "https://example.org/p?source=mine&utm_source=news"),
        ("https://example.org/p?sourc%65=mine", "https://example.org/p?sourc%65=mine&utm_source=news"),
        ("https://example.org/zqs0001qz?z=zqs0002qz", f"https://example.org/zqs0001qz?z=zqs0002qz&{MARKS}"),
        ("https://example.org/p#zqs0001qz", f"https://example.org/p?{MARKS}#zqs0001qz"),
    ],
)  # fmt: skip
def test_tags_go_between_query_and_fragment(url, tagged):
    assert TAGGER.text(f"See <{url}>.") == f"See <{tagged}>."
    link = f'<a class="x" href="{html.escape(url)}">go</a>'
    assert TAGGER.html(link) == f'<a class="x" href="{html.escape(tagged)}">go</a>'


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/p",
        "https://notexample.org/p",
        "https://example.org.example.com/",
        "https://www.example.org@example.com/",
        "https://mail.example.org/u/token",
        "https://mail.example.org",
        "mailto:hello@example.org",
        "tel:+15035550101",
        "zqs0001qz",
        "zqs0001qz?a=b",
        "#fn-1",
        "/p",
        "",
    ],
)
def test_every_other_link_is_left_alone(url):
    for source in (f'<a href="{url}">x</a>', f"<{url}>"):
        assert TAGGER.html(source) == source
        assert TAGGER.text(source) == source


def test_the_pages_of_the_organisation_are_told_by_their_path_too():
    tagger = replace(TAGGER, site=Site("https://www.example.org/mail"))
    assert "?" not in tagger.text("<https://www.example.org/mail/u/token>")
    assert "?" in tagger.text("<https://www.example.org/mailbox>")


def test_only_links_are_tagged():
    source = (
        '<!doctype html><link href="https://example.org/a.css"><img src="https://example.org/a.png">'
        '<p title="https://example.org/">https://example.org/ &lt;https://example.org/&gt;</p>'
    )
    assert TAGGER.html(source) == source
    assert (
        TAGGER.text("https://example.org/ in running text")
        == "https://example.org/ in running text"
    )


def test_a_link_is_found_behind_other_attributes_and_in_outlooks_comments():
    tagged = TAGGER.html(
        "<!--[if mso]><a title=\"1 > 0\" data-x='\"' href='https://example.org/'>x</a><![endif]-->"
    )
    assert f"href='https://example.org/?{html.escape(MARKS)}'" in tagged


# ---------------------------------------------------------------- in a mail


def links_of(mail):
    return [html.unescape(url) for url in re.findall(r'href="([^"]*)"', mail.html)]


BODY = (
    "Go [to {{ recipient.first_name }}](https://www.example.org/p/{{ recipient.zip }}?a=1#x), "
    "[elsewhere](https://example.net/), [leave]({{ links.unsubscribe }}).\n\n"
    '{{ button("Act", "https://example.org/act") }}\n'
)


def test_both_parts_carry_the_same_tags_and_personal_values_stand_where_they_stood():
    mail = make_merger(BODY, front=FRONT).merge(ANA)
    marks = "utm_source=news&utm_campaign=sample"
    own = f"https://www.example.org/p/97212?a=1&{marks}#x"
    act = f"https://example.org/act?{marks}"
    assert links_of(mail) == [own, "https://example.net/", mail.links.unsubscribe, act]
    for url in (own, "https://example.net/", mail.links.unsubscribe, act):
        assert f"<{url}>" in mail.text.replace("\n", "")


def test_tags_are_the_same_for_everybody():
    merger = make_merger(BODY, front=FRONT)
    tags = [
        [pair for url in links_of(merger.merge(person)) for pair in parse_qsl(urlsplit(url).query)]
        for person in (ANA, BO)
    ]
    assert tags[0] == tags[1]


def test_a_campaigns_own_tag_takes_the_place_of_the_projects_and_an_empty_one_removes_it():
    links = {"tags": {"utm_source": "letter", "utm_medium": "email", "source": "{campaign}-mail"}}
    content = Content.model_validate({**CONTENT, "links": links})
    sources = replace(
        make_sources("x", front="tags:\n  utm_source: alert\n  utm_medium: ''\n"), content=content
    )
    assert UtmTagger.of(sources).tags == (("utm_source", "alert"), ("source", "sample-mail"))


def test_the_hosts_of_mailer_toml_take_the_place_of_the_brands():
    content = Content.model_validate({**CONTENT, "links": {"hosts": ["example.com"]}})
    assert UtmTagger.of(replace(make_sources("x"), content=content)).hosts == ("example.com",)
    assert UtmTagger.of(make_sources("x")).hosts == ("example.org",)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('tags = { source = "ana@example.org" }', "must not hold an address"),
        ('tags = { source = "{email}" }', 'can hold "{campaign}"'),
        ('tags = { "utm source" = "x" }', 'must be a name such as "utm_source"'),
        ('hosts = ["https://example.org"]', 'must be a domain such as "example.org"'),
    ],
)
def test_what_cannot_be_a_tag_is_an_error_at_its_line(line, says):
    text = f"{SETTINGS}\n[links]\n{line}\n"
    with pytest.raises(ConfigError) as err:
        parse(text)
    assert says in err.value.message
    assert text.splitlines()[err.value.place.line - 1] in {line, "[links]"}


@given(st.text("abc?#&=/%;:@.-\"'", max_size=25))
def test_whatever_the_address_only_the_tags_are_added(path):
    url = f"https://example.org/{path}"
    (found,) = re.findall('href="([^"]*)"', TAGGER.html(f'<a href="{html.escape(url)}">'))
    before, after = urlsplit(url), urlsplit(html.unescape(found))
    assert after[:3] == before[:3]
    assert after.fragment == before.fragment
    given_already = before.query.split("&") if before.query else []
    names = {name for name, _ in parse_qsl(before.query, keep_blank_values=True)}
    added = [mark for mark in MARKS.split("&") if mark.partition("=")[0] not in names]
    assert after.query.split("&") == given_already + added
