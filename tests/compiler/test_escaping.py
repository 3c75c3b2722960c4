from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compiler.escaping import (
    ESCAPES,
    Context,
    UnsafePlaceError,
    clean,
    places_in_header,
    places_in_html,
    places_in_plain_text,
)

A, B = "zqs0000qz", "zqs0001qz"


@pytest.mark.parametrize(
    ("source", "context"),
    [
        (f"<p>Dear {A}</p>", Context.TEXT),
        (f"<title>{A}</title>", Context.TEXT),
        (f'<img alt="Map of {A}">', Context.ATTRIBUTE),
        (f"<td title='{A}'>", Context.ATTRIBUTE),
        (f"<td aria-label={A}>", Context.ATTRIBUTE),
        (f'<a href="{A}">', Context.URL),
        (f'<img src="{A}?x=1"/>', Context.URL),
        (f'<a href="https://example.org/{A}">', Context.URL_PART),
        (f'<a href="https://example.org?zip={A}&amp;x">', Context.URL_PART),
        (f'<a href="https://example.org/#{A}">', Context.URL_PART),
        (f'<a href="mailto:{A}">', Context.MAILBOX),
        (f'<a href="mailto:x@example.org?body={A}">', Context.URL_PART),
        (f'<a href="tel:{A}">', Context.PHONE),
        (f"<!--[if mso]><td>{A}</td><![endif]-->", Context.TEXT),
        (f'<!--[if mso | IE]><v:rect href="{A}"><![endif]-->', Context.URL),
        (f"<!--[if !mso]><!--><b>{A}</b><!--<![endif]-->", Context.TEXT),
    ],
)
def test_each_place_has_its_context(source, context):
    assert places_in_html(source) == [(A, context)]


def test_places_come_in_the_order_of_the_text():
    source = f'<p>{A} <a href="https://example.org/{B}" title="{A}">{B}</a></p>'
    assert places_in_html(source) == [
        (A, Context.TEXT),
        (B, Context.URL_PART),
        (A, Context.ATTRIBUTE),
        (B, Context.TEXT),
    ]


@pytest.mark.parametrize(
    ("source", "where"),
    [
        (f"<style>a {{ color: {A} }}</style>", "inside <style>"),
        (f"<script>x({A})</script>", "inside <script>"),
        (f"<!--[if mso]><style>{A}</style><![endif]-->", "inside <style>"),
        (f"<!-- {A} -->", "inside an HTML comment"),
        (f'<a onclick="{A}">', "inside a onclick= attribute"),
        (f'<a style="width: {A}">', "inside a style= attribute"),
        (f'<a href="https://{A}.example.org/">', "in the host name of a link"),
        (f'<a href="https://{A}">', "in the host name of a link"),
        (f"<!doctype {A}>", "inside a declaration"),
    ],
)
def test_no_value_may_stand_where_it_cannot_be_made_safe(source, where):
    with pytest.raises(UnsafePlaceError, match=where):
        places_in_html(source)


def test_a_slot_in_broken_html_is_an_error():
    with pytest.raises(ValueError, match="broken HTML"):
        places_in_html(f"<p>x</p><a {A}>y</a>")


def test_plain_text_knows_a_url_by_its_brackets():
    source = f"Dear {A}, see <https://example.org/?q={A}> or <{B}>, or mail <mailto:{B}>. {B}"
    assert places_in_plain_text(source) == [
        (A, Context.PLAIN),
        (A, Context.URL_PART),
        (B, Context.PLAIN_URL),
        (B, Context.MAILBOX),
        (B, Context.PLAIN),
    ]


def test_a_header_has_one_context():
    assert places_in_header(f"{A}, hello {B}") == [(A, Context.HEADER), (B, Context.HEADER)]


VALUES = st.text() | st.sampled_from(
    ["javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "//example.net", '"><script>', "'"]
)


@given(VALUES)
def test_text_is_shown_and_adds_no_tag(value):
    escaped = ESCAPES[Context.TEXT](clean(value))
    assert html.unescape(escaped) == clean(value) or "&" in clean(value)
    assert "<" not in escaped
    assert ">" not in escaped


class Attributes(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, attrs))


@given(VALUES, st.sampled_from([Context.ATTRIBUTE, Context.URL, Context.URL_PART]))
def test_an_attribute_stays_one_attribute(value, context):
    parser = Attributes()
    parser.feed(f'<a title="{ESCAPES[context](clean(value))}">')
    parser.close()
    assert [(tag, [name for name, _ in attrs]) for tag, attrs in parser.seen] == [("a", ["title"])]


@given(VALUES)
def test_a_value_brings_no_url_scheme_but_the_four(value):
    for context in (Context.URL, Context.PLAIN_URL):
        url = html.unescape(ESCAPES[context](clean(value)))
        assert url == "" or url.lower().startswith(("http://", "https://", "mailto:", "tel:"))


@given(VALUES)
def test_a_part_of_a_url_stays_a_part(value):
    part = ESCAPES[Context.URL_PART](clean(value))
    assert not set(part) & set("/?#&=:@\"'<> \\")
    assert unquote(part) == clean(value)


@given(VALUES)
def test_a_cleaned_value_is_on_one_line(value):
    assert len(clean(value).splitlines()) <= 1
    assert not set(clean(value)) & set("\r\n\x00\u202e")


@pytest.mark.parametrize(
    "control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ud800"
)
def test_nothing_that_turns_the_direction_or_cannot_be_encoded_is_left(control):
    assert clean(f"a{control}b") == "ab"


@given(VALUES, VALUES)
def test_cleaning_is_the_same_before_and_after_joining(one, other):
    assert clean(one + other) == clean(one) + clean(other)


@given(VALUES)
def test_a_telephone_number_is_digits(value):
    assert not set(ESCAPES[Context.PHONE](clean(value))) - set("+0123456789")


@given(
    st.from_regex(r"\A(https?://|mailto:|tel:|HTTPS://|//|javascript:)?[ -~é☺]{0,30}\Z") | st.text()
)
def test_a_url_is_quoted_whether_or_not_it_needs_it(value):
    whole = re.match(r"(https?://[^\s/?#]|mailto:|tel:)", value, re.IGNORECASE)
    wanted = quote(value, safe="!#$%&'()*+,-./:;=?@_~") if whole else ""
    assert ESCAPES[Context.PLAIN_URL](value) == wanted
