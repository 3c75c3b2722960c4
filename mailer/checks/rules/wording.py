"""Subject and preheader, and years that are past."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from mailer.checks.finding import Finding, Severity
from mailer.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from mailer.campaigns.campaign import Campaign
    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.rendered_mail import RenderedMail

SUBJECT_MISSING = "subject-missing"
SUBJECT_LONG = "subject-long"
SUBJECT_CAPITALS = "subject-capitals"
SUBJECT_REPLY = "subject-reply"
PREHEADER_MISSING = "preheader-missing"
PREHEADER_LONG = "preheader-long"
PREHEADER_CAPITALS = "preheader-capitals"
OLD_YEAR = "old-year"
DEAR_FRIEND = "dear-friend"

_ON_A_TELEPHONE = 40
_ON_A_DESKTOP = 70
"""Characters of a subject that show, roughly; docs/checks.md says where they were counted."""
_OF_A_PREHEADER = 140
"""The longest that any client shows beside or below a subject."""
_VALUE = 8
"""Characters that a personal value counts: a long name is not the author's doing."""
_A_NAME = 6
"""Capitals that may be a name, such as UNESCO; more of them shout."""
_YEARS = 3
"""A year so long past is history, not a copy of an older mail."""

_SETTINGS = Place("mailer.toml")
_DEAR = re.compile(r"(?:^|\n)[ \t]*dear\s*$", re.IGNORECASE)
_FRIEND = re.compile(r"\|d(?:efault)?\(\s*['\"]friend\b", re.IGNORECASE)
_DEAR_FRIEND = re.compile(r"^[ \t]*dear\s+friend\b", re.IGNORECASE | re.MULTILINE)
"""As SpamAssassin's DEAR_FRIEND has it: "my dear friend Ana" is no matter."""
_REPLY = re.compile(r"\s*(?:re|fw|fwd|aw|wg)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_YEAR = re.compile(r"(?<![\w$€£#.,/-])20\d\d(?![\w%]|[.,-]\d)")
_COPYRIGHT = re.compile(
    r"(?:©|&copy;|&#169;|\(c\)|\bcopyright\b)\s*(?:©\s*)?(?:\d{4}\s*[-\u2013\u2014]\s*)?(20\d\d)\b",
    re.IGNORECASE,
)


def front(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """Check the rest of the front matter, and years that are past."""
    parsed = snapshot.parsed
    place = parsed.place("preheader")
    preheader = _outside(parsed.front.preheader)
    if not parsed.front.preheader.strip():
        yield Finding(
            PREHEADER_MISSING,
            Severity.WARNING,
            "there is no preheader: inboxes show the words of the mail that come first",
            'Write "preheader: …" below the subject: one sentence that adds to it.',
            parsed.place("subject"),
        )
    elif "{%" not in parsed.front.preheader and len(preheader) > _OF_A_PREHEADER:
        yield Finding(
            PREHEADER_LONG,
            Severity.WARNING,
            f"the preheader is {len(preheader)} characters long, and no inbox shows more than "
            f"about {_OF_A_PREHEADER}",
            "Say it in one short sentence.",
            place,
            spot=preheader[:_ON_A_TELEPHONE],
        )
    if _shouts(preheader):
        yield _capitals(PREHEADER_CAPITALS, "preheader", place, preheader)
    yield from _old_years(snapshot, today.year)


def subject(mail: RenderedMail) -> Iterator[Finding]:
    """The subject, as one recipient gets it."""
    cut = mail.merged.variant.subject
    text = cut.fill(mail.merged.values)
    written = "…".join(cut.static)
    spot = max(cut.static, key=len).strip()
    place = _place_of_subject(mail.snapshot.parsed, spot)
    if not text.strip():
        yield Finding(
            SUBJECT_MISSING,
            Severity.ERROR,
            "the subject is blank for some recipients",
            'Say with | default("…") what stands there for those whose details are not known.',
            place,
        )
    width = sum(map(_width, cut.static)) + _VALUE * len(cut.places)
    if width > _ON_A_DESKTOP:
        yield Finding(
            SUBJECT_LONG,
            Severity.WARNING,
            f"the subject is {width} characters long; inboxes show about {_ON_A_DESKTOP} on a desktop "
            f"and {_ON_A_TELEPHONE} on a telephone",
            f"Shorten it. A telephone shows: {written[:_ON_A_TELEPHONE].strip()}…",
            place,
            spot=spot,
        )
    if _shouts(written):
        yield _capitals(SUBJECT_CAPITALS, "subject", place, spot)
    if _REPLY.match(text):
        yield Finding(
            SUBJECT_REPLY,
            Severity.WARNING,
            f'the subject begins with "{text.partition(":")[0].strip()}:", as if the reader had '
            "written first",
            "Take it out: a misleading subject is against the law (CAN-SPAM), and readers report it "
            "as spam.",
            place,
            spot=spot,
        )


def dear_friend(mail: RenderedMail) -> Iterator[Finding]:
    """A greeting that spam filters know from fraud, for everybody or for those without a name."""
    text = mail.merged.variant.text
    slots = mail.merged.variant.slots
    by_default = any(
        _DEAR.search(before) and _FRIEND.search(slots[slot].text.replace(" ", ""))
        for before, (slot, _) in zip(text.static, text.places, strict=False)
    )
    if by_default or _DEAR_FRIEND.search("\n".join(text.static)):
        yield Finding(
            DEAR_FRIEND,
            Severity.WARNING,
            "some readers are greeted with “Dear friend”, which spam filters count",
            'Write another word for those whose name is not known, default("neighbor"), or "Hello,".',
            mail.place(
                'Dear {{ recipient.first_name | default("friend")', "Dear friend", "Dear {{"
            ),
            "Dear",
        )


# ---------------------------------------------------------------- how


def _old_years(snapshot: Snapshot, this_year: int) -> Iterator[Finding]:
    parsed, brand = snapshot.parsed, snapshot.content.brand
    for key in (*_subjects(parsed), "preheader", "headline"):
        for match in _YEAR.finditer(_outside(parsed.front.text(key))):
            if this_year - _YEARS <= int(match[0]) < this_year:
                where = f"the {'subject' if 'subject' in key else key}"
                yield _old_year(match[0], where, parsed.place(key), match[0])
    tables = {lookup.file for lookup in snapshot.content.lookups.values()}
    for path in sorted(set(snapshot.files) - tables):
        text = snapshot.files[path]
        for match in _COPYRIGHT.finditer(text):
            if int(match[1]) < this_year:
                place = Place(path, text.count("\n", 0, match.start()) + 1)
                yield _old_year(match[1], "the copyright notice", place, match[0])
    for match in _COPYRIGHT.finditer(f"{brand.legal}\n{brand.about}"):
        if int(match[1]) < this_year:
            yield _old_year(match[1], "the copyright notice", _SETTINGS, match[0])


def _old_year(year: str, where: str, place: Place, spot: str) -> Finding:
    return Finding(
        OLD_YEAR,
        Severity.WARNING,
        f"{where} says {year}",
        "Correct it if the text was taken over from an older mail.",
        place,
        spot=spot,
    )


def _subjects(parsed: Campaign) -> list[str]:
    """The keys of the subject, or of the several that are tested."""
    return [f"subjects.{n}" for n in range(1, len(parsed.front.subjects) + 1)] or ["subject"]


def _place_of_subject(parsed: Campaign, text: str) -> Place:
    keys = _subjects(parsed)
    return parsed.place(next((key for key in keys if text in parsed.front.text(key)), keys[0]))


def _capitals(code: str, what: str, place: Place, spot: str) -> Finding:
    return Finding(
        code,
        Severity.WARNING,
        f"the {what} is all in capitals",
        "Write it as a sentence: capitals read as shouting, to spam filters too.",
        place,
        spot=spot,
    )


def _outside(text: str) -> str:
    """A text of the front matter with a blank in place of what Jinja works out."""
    return " ".join(_JINJA.sub(" ", text).split())


def _shouts(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return len(letters) > _A_NAME and all(char.isupper() for char in letters)


def _width(text: str) -> int:
    """Columns: an ideograph and most emoji take two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
