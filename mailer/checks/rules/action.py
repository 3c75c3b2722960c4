"""A petition or an alert gives its readers something to do, and they can do it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailer import links
from mailer.campaigns.petition import Tally
from mailer.checks import urls
from mailer.checks.finding import Finding, Severity
from mailer.checks.rules import footnotes
from mailer.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.rendered_mail import RenderedMail

NOTHING_TO_DO = "nothing-to-do"
PETITION_CLOSED = "petition-closed"

_LAYOUTS = {"alert", "petition"}
"""Layouts that are made to ask for something."""


def nothing_to_do(mail: RenderedMail) -> Iterator[Finding]:
    """A link of the campaign's own counts: to sign, to call, to write, to come."""
    layout = mail.snapshot.parsed.front.layout
    signs = any(slot.text.startswith(f"links.{links.SIGN}") for slot in mail.merged.variant.slots)
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


def closed_petitions(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """The button of a petition leads to a form, not to a page that says it is too late, or too early."""
    source = snapshot.files[snapshot.path]
    for name, petition in snapshot.petitions.items():
        shown = re.search(rf"\bpetition\s*\(\s*[\"']{name}[\"']", source)
        front, closed = petition.front, snapshot.tallies.get(name, Tally()).closed
        ended = closed or (front.closes is not None and front.closes < today)
        early = front.opens is not None and today < front.opens
        if shown and (ended or early):
            yield Finding(
                PETITION_CLOSED,
                Severity.ERROR,
                f'the petition "{name}" {"is closed" if ended else f"opens on {front.opens}"}: nobody '
                "can sign it",
                "Take it out of the mail, or correct opens: and closes: in its file.",
                Place(snapshot.path, source.count("\n", 0, shown.start()) + 1),
            )


def _is_action(url: str, mail: RenderedMail) -> bool:
    """Whether a link is neither part of the layout nor a source."""
    brand, site = mail.snapshot.content.brand, links.Site(mail.snapshot.content.site.base_url)
    sources = {
        urls.page(url) for note in footnotes.notes(mail.snapshot.parsed) for url in note.targets
    }
    layout = {brand.website, *(social.url for social in brand.social)}
    elsewhere = bool(url) and not url.startswith("#") and not site.owns(url)
    return elsewhere and urls.page(url) not in sources | layout
