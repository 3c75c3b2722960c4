"""Footnotes as sources: each leads somewhere, and no two are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.campaigns.footnotes import FOOTNOTE
from mailer.checks.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from mailer.campaigns.campaign import Campaign
    from mailer.campaigns.snapshot import Snapshot
    from mailer.errors import Place

NO_LINK = "footnote-no-link"
SAME_SOURCE = "footnote-same-source"

_TARGET = re.compile(
    r"\]\(\s*<?([^)\s>]+)|<((?:https?|mailto):[^>\s]+)>|href\s*=\s*[\"']([^\"']+)", re.IGNORECASE
)
_BARE = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_LOCATOR = re.compile(
    r"(?:\bpp?\.|\bpages?|\btables?|\bfig(?:ures?|s?\.)|\bchapters?|\bch\.|\bsections?|\bsec\.|§+"
    r"|\bitems?|\bparagraphs?|\bpara\.|\bno\.|\bminute)\s*([\w\u2013-]+)",
    re.IGNORECASE,
)
"""A place within a source: two of them make two notes."""


@dataclass(frozen=True, slots=True)
class Note:
    label: str
    text: str
    """The text as it is written, its lines joined."""
    place: Place

    @property
    def targets(self) -> list[str]:
        """Where it links to, personal values as they are written."""
        return ["".join(groups) for groups in _TARGET.findall(self.text)]

    @property
    def source(self) -> tuple[str, frozenset[str]]:
        """What is cited, and where in it."""
        target = self.targets[0].rstrip("/") if self.targets else " ".join(_words(self.text))
        return target.casefold(), frozenset(map(str.casefold, _LOCATOR.findall(self.text)))


def notes(campaign: Campaign) -> list[Note]:
    """The notes of a campaign, in the order of their lines."""
    lines = campaign.body.split("\n")
    return [
        Note(label, _text(lines, number), campaign.place(line=number))
        for label, number in campaign.notes.items()
    ]


def footnotes(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """Notes that lead nowhere, and notes that say the same."""
    del today
    firsts: dict[tuple[str, frozenset[str]], Note] = {}
    for note in notes(snapshot.parsed):
        if not note.targets and "{{" not in note.text:
            yield _no_link(note)
        first = firsts.setdefault(note.source, note)
        if first is not note:
            yield Finding(
                SAME_SOURCE,
                Severity.WARNING,
                f"the footnotes [^{first.label}] and [^{note.label}] are the same source",
                f"Write [^{first.label}] in both places and take [^{note.label}] out: the same number "
                "may stand twice in the text. Or add the pages.",
                note.place,
                spot=note.targets[0] if note.targets else "",
            )


def _no_link(note: Note) -> Finding:
    if _BARE.search(note.text):
        hint = "Put the address into angle brackets, <https://…>: without them it is only text."
    else:
        hint = "Link the title or the date, [March 3](https://…), so that readers can look it up."
    return Finding(
        NO_LINK, Severity.WARNING, f"the footnote [^{note.label}] has no link", hint, note.place
    )


def _text(lines: list[str], number: int) -> str:
    """A note from its line on, with the lines that belong to it."""
    definition = FOOTNOTE.match(lines[number - 1])
    parts = [definition[2] if definition else ""]
    for line in lines[number:]:
        ended = not parts[-1] and not line.startswith("    ")
        if (line.strip() and ended) or FOOTNOTE.match(line):
            break
        parts.append(line.strip())
    return " ".join(" ".join(parts).split())


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
