"""What is wider than the mail in Outlook for Windows, which reads its own tables and no max-width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lxml import etree, html

from mailer.checks.finding import Finding, Severity
from mailer.checks.rendered_mail import reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.checks.rendered_mail import RenderedMail

WIDE = "wide-in-outlook"

_BODY = re.compile(r"<mj-body\b[^>]*\swidth=[\"'](\d+)")
_USUAL = 600
"""Pixels: the width of a mail in MJML."""
_CONDITIONAL = re.compile(r"<!--\[if (?!!mso)[^\]]*\]>(.*?)<!\[endif\]-->", re.DOTALL)
_WITHOUT_OUTLOOK = re.compile(r"<!--\[if !mso[^\]]*\]>.*?<!\[endif\]-->", re.DOTALL)
_PIXELS = re.compile(r"(\d+)(?:\.\d+)?(?:px)?")
_STYLE_WIDTH = re.compile(r"(?<![\w-])width\s*:\s*(\d+)(?:\.\d+)?px")


def wide_in_outlook(mail: RenderedMail) -> Iterator[Finding]:
    """The widest row of Outlook's tables, and pictures that it shows as large as their files."""
    limit = _width_of_the_mail(mail)
    widest = max(_widths(mail), default=0)
    if widest > limit:
        yield Finding(
            WIDE,
            Severity.WARNING,
            f"in Outlook for Windows a part of the mail is {widest} pixels wide, and the mail {limit}",
            'Look for a width that is too large, and for a padding with 0 in it: write "0px".',
            mail.place(f'width="{widest}px"', f'width="{widest}"', "<mj-body"),
            "<mj-body",
        )
    for image in _images(mail):
        address, width = (image.get("src") or "").strip(), image.get("width") or ""
        pixels = _PIXELS.fullmatch(width.strip())
        if not pixels or int(pixels[1]) > limit:
            how = "as large as its file" if not pixels else f"{pixels[1]} pixels wide"
            yield Finding(
                WIDE,
                Severity.WARNING,
                f"Outlook for Windows shows the picture {address[:80]} {how}, and the mail is {limit} wide",
                f'Write the width in pixels, width="{limit}" at most.',
                mail.place(address),
                address[:60],
            )


def _width_of_the_mail(mail: RenderedMail) -> int:
    """Pixels, as the layout says."""
    files = mail.snapshot.files
    match = next(filter(None, (_BODY.search(files[path]) for path in reached(mail.snapshot))), None)
    return int(match[1]) if match else _USUAL


def _widths(mail: RenderedMail) -> Iterator[int]:
    """Yield the width in pixels of each row of the tables that only Outlook sees."""
    tables = "".join(_CONDITIONAL.findall(mail.html))
    if not tables.strip():
        return
    for element in html.fragment_fromstring(tables, create_parent=True).iter("table", "tr"):
        if element.tag == "table":
            yield _pixels(element)
        else:
            yield sum(_pixels(cell) for cell in element.findall("td"))


def _pixels(element: Any) -> int:
    style = _STYLE_WIDTH.search(element.get("style") or "")
    attribute = _PIXELS.fullmatch(element.get("width") or "")
    return max(int(match[1]) if match else 0 for match in (style, attribute))


def _images(mail: RenderedMail) -> Iterator[Any]:
    """Pictures that Outlook sees; those without any width are reported as image-size."""
    try:
        tree = html.document_fromstring(_WITHOUT_OUTLOOK.sub("", mail.html))
    except etree.ParserError:
        return
    yield from (image for image in tree.iter("img") if image.get("width"))
