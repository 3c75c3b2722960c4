"""Pictures: where they come from, what stands for them, how large they are, and whether words remain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mailer.checks import urls
from mailer.checks.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.checks.rendered_mail import RenderedMail

SOURCE = "image-source"
NOT_HTTPS = "image-not-https"
EMBEDDED = "image-embedded"
ALT = "image-alt"
ALT_NAME = "image-alt-name"
SIZE = "image-size"
ONLY = "images-only"
MANY = "images-many"

_MOST = 20
"""Each is one more request, over a telephone's connection."""
_LEAST_WORDS = 30
"""Beside pictures, the footer's not counted. With fewer, a filter has nothing to judge by."""
_FILE_NAME = re.compile(r"\S+\.(?:apng|avif|bmp|gif|heic|jpe?g|png|svg|tiff?|webp)", re.IGNORECASE)
_SAYS_NOTHING = re.compile(
    r"(?:image|img|picture|photo|pic|dsc|screen ?shot|untitled|graphic|banner)?[\s_.-]*\d*",
    re.IGNORECASE,
)


def sources(mail: RenderedMail) -> Iterator[Finding]:
    for image in mail.tree.iter("img"):
        address = (image.get("src") or "").strip()
        spot = address[:60] or "<img"
        if address[:5].lower() == "data:":
            yield Finding(
                EMBEDDED,
                Severity.WARNING,
                f"a picture of {-(-len(address) // 1024)} KB is written into the mail itself: Gmail does not "
                "show it, and cuts off a mail over 102 KB",
                "Put the picture on your web site, and write its address.",
                mail.place(spot),
                spot,
            )
            continue
        fault = urls.fault(address)
        if fault:
            yield Finding(
                NOT_HTTPS if fault.code == urls.NOT_HTTPS else SOURCE,
                fault.severity,
                f"the address of a picture {fault.what}",
                fault.hint,
                mail.place(spot),
                spot,
            )


def descriptions(mail: RenderedMail) -> Iterator[Finding]:
    """What is read out, and shown while pictures are off. None at all, alt="", is right for ornament."""
    for image in mail.tree.iter("img"):
        alt, address = image.get("alt"), (image.get("src") or "").strip()
        if alt is None:
            code, message = ALT, f"the picture {_name(address)} has no description"
        elif alt.strip() and _is_name(alt.strip(), address):
            code, message = (
                ALT_NAME,
                f'the description of a picture is "{alt}", which describes nothing',
            )
        else:
            continue
        yield Finding(
            code,
            Severity.WARNING,
            message,
            'Write alt="…", what matters in the picture; alt="" for one that is only ornament.',
            mail.place(alt or address or "<img"),
            address[:60] or "<img",
        )


def sizes(mail: RenderedMail) -> Iterator[Finding]:
    """Outlook shows a picture of no size as large as its file; elsewhere the text jumps when it comes."""
    for image in mail.tree.iter("img"):
        own, address = mail.light[image].own, (image.get("src") or "").strip()
        missing = [name for name in ("width", "height") if not (image.get(name) or own.get(name))]
        if missing:
            yield Finding(
                SIZE,
                Severity.WARNING,
                f"the picture {_name(address)} has no {' and no '.join(missing)}",
                'Write width="…" in pixels, and height="…" or height="auto".',
                mail.place(address or "<img"),
                address[:60] or "<img",
            )


def amount(mail: RenderedMail) -> Iterator[Finding]:
    images = [image for image in mail.tree.iter("img") if mail.light[image].shown]
    own = [image for image in images if not _is_of_the_layout(image, mail)]
    first = ((own or images)[0].get("src") or "<img")[:60] if images else ""
    if own and _word_count(mail) < _LEAST_WORDS:
        yield Finding(
            ONLY,
            Severity.WARNING,
            f"the mail is all picture: beside it stand fewer than {_LEAST_WORDS} words",
            "Say in words what the picture says. Many people see no pictures, and filters read only words.",
            mail.place(first),
            first,
        )
    if len(images) > _MOST:
        yield Finding(
            MANY,
            Severity.WARNING,
            f"the mail has {len(images)} pictures",
            f"Leave some out: more than {_MOST} take long to load on a telephone.",
            mail.place(first),
            first,
        )


def _is_of_the_layout(image: Any, mail: RenderedMail) -> bool:
    """Whether a picture stands in every mail: the logo, or one that a template brings."""
    address = (image.get("src") or "").strip()
    written = mail.place(address) if address else None
    return address == mail.snapshot.content.brand.logo or bool(
        written and written.line and written.path.startswith("templates/")
    )


def _name(address: str) -> str:
    return unquote(urls.page(address).rpartition("/")[2])[:60] or "without an address"


def _is_name(alt: str, address: str) -> bool:
    file = _name(address)
    return bool(
        alt in {file, file.rpartition(".")[0]}
        or _FILE_NAME.fullmatch(alt)
        or _SAYS_NOTHING.fullmatch(alt)
    )


def _word_count(mail: RenderedMail) -> int:
    """How many words show that are neither a picture's description nor the footer's."""
    footer = _footer(mail)
    return sum(
        len(re.findall(r"\w+", text))
        for element, look in mail.light.items()
        if look.shown and element not in footer
        for text in (element.text or "", *(child.tail or "" for child in element))
    )


def _footer(mail: RenderedMail) -> set[Any]:
    """All around the link to unsubscribe, up to where a picture stands beside it."""
    elements: set[Any] = set()
    for link in mail.tree.iter("a"):
        if link.get("href") == mail.merged.links.unsubscribe:
            around = [link]
            around += (e for e in link.iterancestors() if e.find(".//img") is None)
            elements.update(around[-1].iter("*"))
    return elements
