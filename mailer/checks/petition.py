"""Findings about a petition, before anybody signs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailer.checks import page_language, urls
from mailer.checks.finding import Finding, Severity
from mailer.compiler import language as languages
from mailer.errors import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from mailer.campaigns.petition import Petition
    from mailer.compiler.petition_text import PetitionText
    from mailer.ledger.signature import SignatureCounts

LONG = "petition-long"
LONG_TITLE = "petition-title"
NO_WHY = "petition-no-why"
ENDED = "petition-ended"
CHANGED = "petition-changed"
NO_LIST = "petition-list"
TODO = "placeholder"

_WORDS = 120
"""Words of a statement, which people read before they sign."""
_TITLE = 90
"""Characters of a title that previews of a shared link show."""
_LINK = re.compile(r"""href="([^"#][^"]*)\"""")
_UNFINISHED = re.compile(r"\b(TODO|TBD|XXX|FIXME|lorem ipsum)\b", re.IGNORECASE)


def check(
    petition: Petition,
    text: PetitionText,
    *,
    available: Sequence[str],
    lists: Collection[str],
    counts: SignatureCounts,
    other_wording: int,
    today: date,
) -> list[Finding]:
    """Check a petition.

    Args:
        petition: as its file says.
        text: the same, rendered.
        available: the languages that pages have words for.
        lists: names of the lists that there are.
        counts: of its signatures so far.
        other_wording: how many signed another wording.
        today: the day at the organization.
    """
    findings = [
        *_unfinished(petition),
        *_links(petition, text),
        *_wording(petition, text),
        *_language(petition, available),
        *_audience(petition, lists),
        *_times(petition, counts, today),
    ]
    if other_wording:
        findings.append(
            Finding(
                CHANGED,
                Severity.WARNING,
                f"{other_wording:,} people signed other words than these",
                "Put title, targets and statement back as they were, or start a new petition.",
                petition.place(),
            )
        )
    return sorted(findings, key=lambda finding: finding.severity is Severity.WARNING)


def _unfinished(petition: Petition) -> Iterator[Finding]:
    front = petition.front
    texts = {"title": front.title, "to": " ".join(front.to), "consent": front.consent}
    for key, text in (*texts.items(), (None, petition.statement), (None, petition.why)):
        match = _UNFINISHED.search(text)
        if match:
            line = None if key else _line(petition, match[0])
            yield Finding(
                TODO,
                Severity.ERROR,
                f'"{match[0]}" is still to be written',
                "Write what is meant, or delete it.",
                petition.place(key, line),
            )


def _links(petition: Petition, text: PetitionText) -> Iterator[Finding]:
    sources = "".join(source.html for source in text.sources)
    for escaped in dict.fromkeys(_LINK.findall(text.statement + text.why + sources)):
        url = escaped.replace("&amp;", "&")
        fault = urls.fault(url)
        if fault:
            yield Finding(
                fault.code,
                fault.severity,
                f'the link to "{url}" {fault.what}',
                fault.hint,
                petition.place(line=_line(petition, url)),
            )


def _line(petition: Petition, text: str) -> int | None:
    """The line of the statement, or of what follows it, that has a text first."""
    for part, first in ((petition.statement, petition.statement_line), (petition.why, 1)):
        start = part.find(text)
        if start >= 0:
            return first + part.count("\n", 0, start)
    return None


def _wording(petition: Petition, text: PetitionText) -> Iterator[Finding]:
    words = len(text.statement_words.split())
    if words > _WORDS:
        yield Finding(
            LONG,
            Severity.WARNING,
            f"the statement has {words} words, and people sign what they have read",
            "Say what is asked in a few sentences, and explain it below the first heading.",
            petition.place(),
        )
    if len(petition.front.title) > _TITLE:
        yield Finding(
            LONG_TITLE,
            Severity.WARNING,
            f"the title has {len(petition.front.title)} characters; shared links show {_TITLE}",
            "Shorten it.",
            petition.place("title"),
        )
    if not petition.why.strip():
        yield Finding(
            NO_WHY,
            Severity.WARNING,
            "nothing explains the petition",
            'Add a heading such as "## Why is this important?" and a few paragraphs.',
            petition.place(),
        )


def _language(petition: Petition, available: Sequence[str]) -> Iterator[Finding]:
    front = petition.front
    text = f"{front.title}\n{petition.statement}\n{petition.why}"
    code = front.language or languages.guessed(text)
    yield from page_language.check([code] if code else [], available, petition.place("language"))


def _audience(petition: Petition, lists: Collection[str]) -> Iterator[Finding]:
    name = petition.front.list
    if name and name not in lists:
        yield Finding(
            NO_LIST,
            Severity.WARNING,
            f'there is no list "{name}" yet: the first person who joins will make it',
            "Check the name for typing mistakes.",
            petition.place("list"),
        )


def _times(petition: Petition, counts: SignatureCounts, today: date) -> Iterator[Finding]:
    closes = petition.front.closes
    if counts.closed or (closes and closes < today):
        when = counts.closed[:10] or str(closes)
        yield Finding(
            ENDED,
            Severity.WARNING,
            f"the petition has been closed since {when}: nobody can sign",
            "Leave it out of new mail.",
            petition.place("closes") if closes else Place(petition.path),
        )
