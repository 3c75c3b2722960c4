"""A petition or an alert gives its readers something to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.checks import urls
from mailer.checks.finding import Finding, Severity
from mailer.checks.rules import footnotes
from mailer.links import SIGN, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.checks.rendered_mail import RenderedMail

NOTHING_TO_DO = "nothing-to-do"

_LAYOUTS = {"alert", "petition"}
"""Those that are made to ask for something."""


def nothing_to_do(mail: RenderedMail) -> Iterator[Finding]:
    """A link of the campaign's own counts: to sign, to call, to write, to come."""
    layout = mail.snapshot.parsed.front.layout
    signs = any(slot.text.startswith(f"links.{SIGN}") for slot in mail.merged.variant.slots)
    if (
        layout not in _LAYOUTS
        or signs
        or any(_is_action(link.url, mail) for link in mail.reading.links)
    ):
        return
    yield Finding(
        NOTHING_TO_DO,
        Severity.WARNING,
        f"this is {'an' if layout == 'alert' else 'a'} {layout}, and there is nothing to press: no button, "
        "no link, no number to call",
        'Add what readers are to do, {{ button("Sign the petition", "https://…") }}, or write '
        '"layout: newsletter".',
        mail.snapshot.parsed.place("layout"),
    )


def _is_action(url: str, mail: RenderedMail) -> bool:
    """Whether a link is neither part of the layout nor a source."""
    brand, site = mail.snapshot.content.brand, Site(mail.snapshot.content.site.base_url)
    sources = {
        urls.page(url) for note in footnotes.notes(mail.snapshot.parsed) for url in note.targets
    }
    layout = {brand.website, *(social.url for social in brand.social)}
    elsewhere = bool(url) and not url.startswith("#") and not site.owns(url)
    return elsewhere and urls.page(url) not in sources | layout
