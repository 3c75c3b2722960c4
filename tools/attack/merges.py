"""Hostile values in every slot: no new tag, attribute, scheme, header or MIME part in any mail."""

from __future__ import annotations

import email
import random
import re
from datetime import UTC, datetime
from email import policy
from html.parser import HTMLParser

from mailer.lists.subscriber import Subscriber
from mailer.mail.message import Envelope, encode
from tests.support.campaigns import make_merger, make_sources
from tools.attack import Outcome

BODY = """Dear {{ recipient.first_name | default("friend") }} *{{ recipient.last_name }}*,

[mine {{ recipient.first_name }}]({{ recipient.fields.chapter }}) and [p](https://example.org/a/{{ recipient.last_name }}?q={{ recipient.first_name }}&z={{ recipient.zip }}#{{ recipient.city }}) [m](mailto:{{ recipient.fields.gifts }}?subject={{ recipient.first_name }}) [t](tel:{{ recipient.fields.gifts }})

{{ button(recipient.first_name, recipient.fields.chapter) }}

| a | b |
|---|---|
| {{ recipient.city }} | `{{ recipient.first_name }}` |

![pic {{ recipient.first_name }}](https://example.org/{{ recipient.city }}.png "t {{ recipient.last_name }}")

{{ recipient.first_name ~ recipient.last_name | upper }} {{ recipient.first_name | replace("a", "<b>") }} {{ recipient.last_name | e }} {{ recipient.city | title | truncate(30) }}

A note.[^n]

[^n]: By {{ recipient.first_name }}, [x](https://example.org/{{ recipient.first_name }})
"""
_PIECES = [
    "<script>alert(1)</script>", '"><img src=x onerror=a()>', "' onmouseover='a()", "{{7*7}}", "{%set x=1%}", "zqs0000qz",
    "javascript:alert(1)", "JaVaScRiPt:a", "java\nscript:a", "data:text/html,<x>", "vbscript:x", 'https://evil.example/"><x>',
    "http://a\\@b", "//evil.example", "\r\nBcc: x@evil.example", "\n\n<html>", "\x00", "\x0b", "\x1a", "\x85", "\u2028",
    "\u202eevil", "\u2066", "\ud800", "<!--", "-->", "]]>", "<![CDATA[", "<![endif]-->", "<mj-raw>", "</mj-text>",
    "</td></tr></table>", "&lt;", "&#x3c;", "&amp", "%0d%0aBcc:", "%s%n", "=?utf-8?q?x?=", "=\r\n", ".", "..", "../../",
    "--boundary", "\t=cmd|", "*b*", "[l](javascript:a)", "![i](x)", "`c`", "# h", "> q", "|", "[^n]", "\\", "😀" * 3, "é", "İ",
    "\u200b", "\ufeff", "A" * 2000, "日本" * 200, "__class__", "${7*7}", "<%=1%>", 'style="x"', "url(x)", "@import", "\0<", '"',
    "'", "<", ">", "&", "`", "=", "/",
]  # fmt: skip
_RANGES = [(0, 128), (0, 0x300), (0x2000, 0x2070), (0xD800, 0xE000), (0, 0x110000)]
_STARTS = ["https://ok.example/", "http://x", "mailto:", "tel:", "HTTPS://x?"]
_SCHEMES = {"", "http", "https", "mailto", "tel"}
_INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08]")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)|\x00")
_MAX_LINE = 998
_DATE = datetime(2026, 1, 1, tzinfo=UTC)


class Shape(HTMLParser):
    """The tags of a document with the names of their attributes, and the addresses in it."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.urls = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.urls += [
            value or "" for name, value in attrs if name in {"href", "src", "action", "background"}
        ]

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        self.tags.append("/" + tag)

    def handle_comment(self, data):
        self.tags.append("<!--")
        if data.startswith("[if"):  # what Outlook reads
            inner = Shape(data.partition("]>")[2].removesuffix("<![endif]"))
            self.tags += inner.tags
            self.urls += inner.urls

    def handle_decl(self, decl):
        self.tags.append("<!" + decl)

    def handle_pi(self, _data):
        self.tags.append("<?")

    def unknown_decl(self, data):
        self.tags.append("<![" + data[:9])


def run(tries: int, seed: int = 5) -> Outcome:
    rnd = random.Random(seed)
    merger = make_merger(BODY, subject="Hi {{ recipient.first_name }} {{ recipient.last_name }}")
    envelope = Envelope.of(make_sources(BODY).content, list_name="members")
    outcome = Outcome("hostile merges")

    def mail(number, values):
        merged = merger.merge(_person(number, values))
        return merged, encode(merged, envelope, message_id=str(number), date=_DATE)

    usual = _form(*mail(1, ["a"] * 5 + ["https://example.org/x", "b"]))
    for number in range(2, tries + 2):
        outcome.tries += 1
        values = [_value(rnd) for _ in range(7)]
        if rnd.random() < 0.3:
            values[5] = rnd.choice(_STARTS) + values[5]
        try:
            merged, data = mail(number, values)
            problems = [*_differences(usual, _form(merged, data)), *_faults(merged, data)]
        except Exception as err:  # noqa: BLE001 - any failure is what is looked for
            problems = [f"{type(err).__name__}: {err}"]
        outcome.successes += [f"{problem}: {values!r:.300}" for problem in problems]
    outcome.figures = f"{len(usual['tags'])} tags in the document"
    return outcome


def _person(number, values):
    first, last, code, city, county, chapter, gifts = values
    fields = {"chapter": chapter, "gifts": gifts}
    return Subscriber(
        number, f"r{number}@example.org", first, last, code, city, "OR", county, "", fields, ()
    )


def _value(rnd):
    kind = rnd.randrange(10)
    if kind < 6:
        return "".join(rnd.choice(_PIECES) for _ in range(rnd.randrange(1, 5)))
    if kind < 9:
        return "".join(
            chr(rnd.randrange(*rnd.choice(_RANGES))) for _ in range(rnd.randrange(1, 40))
        )
    return "".join(rnd.choice("<>\"'&;/= \n:#xaz") for _ in range(rnd.randrange(1, 30)))


def _form(merged, data):
    """What must be the same for everybody."""
    parsed = email.message_from_bytes(data, policy=policy.default)
    return {
        "tags": Shape(merged.html).tags,
        "headers": list(parsed.keys()),
        "parts": [part.get_content_type() for part in parsed.walk()],
    }


def _differences(usual, form):
    return [f"other {name}" for name in usual if usual[name] != form[name]]


def _faults(merged, data):
    parsed = email.message_from_bytes(data, policy=policy.default)
    html = parsed.get_body(("html",)).get_content().replace("\r\n", "\n").rstrip("\n")
    schemes = {_scheme(url) for url in Shape(merged.html).urls}
    if schemes - _SCHEMES:
        yield f"schemes {schemes - _SCHEMES}"
    if _BARE.search(data):
        yield "a bare CR, LF or NUL"
    if max(map(len, data.split(b"\r\n"))) > _MAX_LINE:
        yield "a line over 998 octets"
    if parsed.defects:
        yield f"defects {parsed.defects}"
    if html != merged.html.replace("\r\n", "\n").rstrip("\n"):
        yield "HTML that does not arrive as it was"
    if _INVISIBLE.search(merged.html + merged.subject + merged.text):
        yield "an invisible character"


def _scheme(url):
    scheme = re.match(r"[\s\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.\-]*):", url)
    return scheme[1].lower() if scheme else ""
