"""Footnotes of a campaign or a petition: each reference has one note, and each note a reference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailer.errors import CampaignError, Place, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator

FOOTNOTE = re.compile(r"[\s>]*\[\^([^\]\s]{1,200})\]:(.*)")
"""A line that begins the note of a footnote: its label, and its words on this line."""
_REFERENCE = re.compile(r"\[\^([^\]\s]{1,200})\]")
_NOT_PROSE = re.compile(
    r"^[ \t]*```.*?(?:^[ \t]*```|\Z)|`[^`\n]*`|\{#.*?(?:#\}|\Z)", re.DOTALL | re.MULTILINE
)


def read_footnotes(path: str, body: str) -> dict[str, int]:
    """Label → line of its note, in order.

    They are looked for in the source, so that a branch nobody takes is held to the same.

    Raises:
        CampaignError: a reference has no note, two, or an empty one; a note is never referred to; or a
            footnote is written in a form that Markdown would show as it stands.
    """
    lines = _NOT_PROSE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), body).split("\n")
    _refuse_loose_footnotes(path, lines)
    notes = _notes(path, lines)
    references = _references(lines)
    for label, number in references.items():
        if label not in notes:
            raise CampaignError(
                f"the footnote [^{label}] is not defined",
                place=Place(path, number),
                hint=suggest(label, notes) or f'Add a line "[^{label}]: the source".',
            )
    for label, number in notes.items():
        if label not in references:
            raise CampaignError(
                f"the footnote [^{label}] is never referred to",
                place=Place(path, number),
                hint=f"Put [^{label}] after the words it supports, or take the note out.",
            )
    return notes


def _notes(path: str, lines: list[str]) -> dict[str, int]:
    """Label → line of the note."""
    notes: dict[str, int] = {}
    for number, label, content in _definitions(lines):
        if label in notes:
            raise CampaignError(
                f"the footnote [^{label}] is defined twice",
                place=Place(path, number),
                hint=f"It is first on line {notes[label]}. Give one of them another name.",
            )
        if not content:
            raise CampaignError(
                f"the footnote [^{label}] is empty",
                place=Place(path, number),
                hint="Write the source after the colon.",
            )
        notes[label] = number
    return notes


def _references(lines: list[str]) -> dict[str, int]:
    """Label → line of the first reference."""
    references: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        definition = FOOTNOTE.match(line)
        for label in _REFERENCE.findall(definition[2] if definition else line):
            references.setdefault(label, number)
    return references


_LOOSE_FORMS = [
    (
        re.compile(
            r"\[\^\s{0,20}"
            r"([^\]\s^]{1,200}\s[^\]\n]{0,500}?|[^\]\s]{1,200}\s{1,20}|\s{1,20}[^\]\s]{1,200})\]"
        ),
        "holds a blank",
    ),
    (re.compile(r"\^\[([^\]\n]{0,200})\]"), "stands inside the text"),
    (re.compile(r"\[\s{1,20}\^([^\]\s]{1,200})\]"), "holds a blank"),
    (re.compile(r"\[\^(\s{0,20})\]"), "has no name"),
]
"""Forms of footnotes that other programs know, or that a slip makes. Each repetition has a bound: without one,
a line of 100,000 brackets took minutes."""


def _refuse_loose_footnotes(path: str, lines: list[str]) -> None:
    """A form that Markdown would show as it stands."""
    for number, line in enumerate(lines, 1):
        for form, problem in _LOOSE_FORMS:
            match = form.search(line)
            if match:
                name = re.sub(r"[^a-z0-9]+", "-", match[1].lower()).strip("-")[:20] or "source"
                raise CampaignError(
                    f'the footnote "{match[0]}" {problem}',
                    place=Place(path, number),
                    hint=f"Write [^{name}] here, and below: [^{name}]: the source.",
                )
        spaced = re.match(r"[\s>]*\[\^([^\]\s]{1,200})\]\s+:", line)
        if spaced:
            raise CampaignError(
                f"the footnote [^{spaced[1]}] has a blank before its colon",
                place=Place(path, number),
                hint=f"Write [^{spaced[1]}]: the source.",
            )


def _definitions(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(lines, 1):
        definition = FOOTNOTE.match(line)
        if definition:
            following = lines[number] if number < len(lines) else ""
            continued = following.startswith("    ") and following.strip()
            yield number, definition[1], definition[2].strip() or continued or ""
