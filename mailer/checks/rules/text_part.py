"""The text part says what the HTML says, and leads where it leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailer.checks import urls
from mailer.checks.finding import Finding, Severity
from mailer.checks.rules.links import place_of_link
from mailer.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.checks.html_text import Link
    from mailer.checks.rendered_mail import RenderedMail

BODY_BLANK = "body-blank"
TEXT_MISSING = "text-missing"
TEXT_DIFFERENT = "text-different"
TEXT_LINKS = "text-links"

_MESSAGE = Place("templates/message.txt")
_WORD = re.compile(r"[^\W_]{4,}")
"""Shorter ones are in any text."""
_LEAST = 0.8
"""The share of the HTML's words that the text part has to have: the samples have 0.98 and more."""
_FEW = 10
"""Words below which a few missing ones would be a large share."""
_ADDRESS = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
_LINK = re.compile(r"<(https?://[^\s<>]+)>", re.IGNORECASE)
_BEHIND = ".,;:!?)"
"""Marks behind an address that is not in angle brackets."""


def blank_body(mail: RenderedMail) -> Iterator[Finding]:
    """Check that something is left of the campaign's text for everybody."""
    if mail.merged.variant.is_blank:
        parsed = mail.snapshot.parsed
        yield Finding(
            BODY_BLANK,
            Severity.ERROR,
            "the mail says nothing: there is no text between its subject and its footer",
            "Write the text below the front matter. If all of it stands inside {% if %}, add an "
            "{% else %}, or mail only those who get it with audience:.",
            Place(parsed.path, parsed.front_ends + 1),
        )


def text_of_both_parts(mail: RenderedMail) -> Iterator[Finding]:
    """Check that the text part has the words of the HTML part."""
    expected = _vocabulary(mail.reading.text)
    present = _vocabulary(mail.text)
    missing = [word for word in expected if word not in present]
    if expected and not present:
        yield Finding(
            TEXT_MISSING,
            Severity.ERROR,
            "the text part is empty",
            "Let templates/message.txt show {{ body }}.",
            _MESSAGE,
        )
    elif len(missing) > max(_FEW, (1 - _LEAST) * len(expected)):
        yield Finding(
            TEXT_DIFFERENT,
            Severity.WARNING,
            f"the text part lacks {len(missing)} of the {len(expected)} words of the mail, such as "
            f'"{" ".join(missing[:5])}"',
            "Give each component in templates/components.txt the words it has in components.mjml: "
            "some people read only the text, and spam filters compare the two.",
            _MESSAGE,
        )


def links_of_both_parts(mail: RenderedMail) -> Iterator[Finding]:
    """Whether both parts lead to the same places; one finding for each address."""
    # the organization's name at the top leads to its web site; text shows the name alone
    links = {
        link.url: link
        for link in mail.neutral_reading.links
        if urls.page(link.url) != mail.snapshot.content.brand.website
    }
    shown = {url.rstrip(_BEHIND) for url in _ADDRESS.findall(mail.neutral_text)}
    for url, link in links.items():
        if not _is_shown(link, shown, mail.neutral_text):
            yield Finding(
                TEXT_LINKS,
                Severity.WARNING,
                f"the link to {urls.page(url)} is missing from the text part",
                "Write it as a link in Markdown, [words](https://…), or give the component in "
                "templates/components.txt the address.",
                place_of_link(mail.snapshot, url, link.text),
                urls.page(url),
            )
    html_urls = {link.url.rstrip(_BEHIND) for link in mail.neutral_reading.links}
    for url in dict.fromkeys(_LINK.findall(mail.neutral_text)):
        if url.rstrip(_BEHIND) in html_urls:
            continue
        yield Finding(
            TEXT_LINKS,
            Severity.WARNING,
            f"the text part leads to {urls.page(url)}, and the HTML does not",
            "Let the component in templates/components.mjml link to it as well.",
            mail.place(url, urls.page(url)),
        )


def _is_shown(link: Link, shown: set[str], text: str) -> bool:
    scheme, _, rest = link.url.partition(":")
    match scheme.lower():
        case "http" | "https":
            return link.url.rstrip(_BEHIND) in shown
        case "mailto":
            return all(box in text for box in rest.partition("?")[0].split(","))
        case "tel" | "sms":
            number = re.sub(r"\D", "", rest.partition("?")[0])
            return number[-7:] in re.sub(r"\D", "", text)
    return True  # within the mail, or an address that another rule judges


def _vocabulary(text: str) -> dict[str, None]:
    """The different words, in the order of the text."""
    return dict.fromkeys(_WORD.findall(text.casefold()))
