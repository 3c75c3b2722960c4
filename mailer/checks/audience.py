"""Rules about the audience: what is wrong for some of those who get a mail, and for how many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from mailer.checks.census import CLIP, NEAR
from mailer.checks.finding import Finding, Severity
from mailer.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mailer.checks.census import Census
    from mailer.errors import Place
    from mailer.personalize import Guard
    from mailer.sources import Sources

    Asked = Iterable[tuple[Guard, list[Any]]]
    """Guards, with the answers that the audience gave."""

BLANK_VALUE = "blank-value"
BLANK_LINK = "blank-link"
NO_ROW = "lookup-no-row"
ODD_NAME = "odd-name"
UNKNOWN_ZIP = "unknown-zip"
UNSEEN = "unseen-branch"
CLIPPED = "size-clipped"
NEARLY_CLIPPED = "size-nearly-clipped"

_ROWS = re.compile(r"the length of recipient\.lookups\.(\w+)")


def findings(census: Census, asked: Asked) -> Iterator[Finding]:
    """Every finding about those who were counted."""
    guards = list(asked)
    yield from _sizes(census)
    yield from _holes(census)
    yield from _rows(census, guards)
    yield from _values(census)
    yield from _unseen(census, guards)


def _sizes(census: Census) -> Iterator[Finding]:
    groups = census.groups.values()
    largest = max(groups, key=lambda group: group.largest, default=None)
    if largest is None or largest.largest <= NEAR:
        return
    told = (
        f"the largest mail has {largest.largest / 1000:.1f} kB of HTML, for {largest.largest_for}"
    )
    hint = "Shorten the mail, or leave part of it to a web page that it links to."
    for code, severity, some, what in (
        (
            CLIPPED,
            Severity.ERROR,
            census.over,
            "Gmail cuts off the end, the unsubscribe link included,",
        ),
        (
            NEARLY_CLIPPED,
            Severity.WARNING,
            census.near,
            f"little is missing to the {CLIP / 1000:.0f} kB that Gmail shows",
        ),
    ):
        if some.number:
            yield Finding(
                code,
                severity,
                f"{what} for {some}: {told}",
                hint,
                some.place,
                recipients=some.number,
            )


def _holes(census: Census) -> Iterator[Finding]:
    for text, some in census.astray.items():
        yield Finding(
            BLANK_LINK,
            Severity.ERROR,
            f"the link {{{{ {text} }}}} leads nowhere for {some}: it is blank, or no address",
            "Leave it out for them: {% if … %} around it. A web address begins with https://.",
            some.place,
            recipients=some.number,
        )
    for text, some in census.blank.items():
        yield Finding(
            BLANK_VALUE,
            Severity.WARNING,
            f"{{{{ {text} }}}} comes out blank for {some}",
            f'Say what stands there instead: {{{{ {text} | default("…") }}}}.',
            some.place,
            recipients=some.number,
        )


def _rows(census: Census, guards: list[tuple[Guard, list[Any]]]) -> Iterator[Finding]:
    for name, some in census.rowless.items():
        yield _no_row(name, str(some), some.place, some.number)
    for guard, answers in guards:
        rows = _ROWS.fullmatch(guard.text)
        if not rows or 0 not in answers or _has_else(census.words, guard.place):
            continue
        empty = f"{guard.text} = 0"
        groups = [group for group in census.groups.values() if empty in group.merged.variant.guards]
        number = sum(group.recipients for group in groups)
        if number:
            who = f"{number:,} people, such as {groups[0].example.email}"
            yield _no_row(rows[1], who, guard.place, number)


def _no_row(lookup: str, who: str, place: Place, number: int) -> Finding:
    return Finding(
        NO_ROW,
        Severity.WARNING,
        f'the look-up "{lookup}" has no row for {who}: something is missing from their mail',
        f"Say what they get instead, with {{% if recipient.lookups.{lookup} %}} and {{% else %}}, or "
        "add the rows.",
        place,
        recipients=number,
    )


def _has_else(words: Sources, place: Place) -> bool:
    """Whether the loop on this line says what stands there when it has nothing to go through."""
    campaign = words.parsed
    source = campaign.body if place.path == campaign.path else words.files.get(place.path, "")
    loops = Environment().parse(source).find_all(nodes.For)
    return any(loop.else_ for loop in loops if loop.lineno == place.line)


def _values(census: Census) -> Iterator[Finding]:
    for (name, oddity), some in census.odd.items():
        is_zip = name == "zip"
        what = "the ZIP code" if is_zip else f"recipient.{name}"
        yield Finding(
            UNKNOWN_ZIP if is_zip else ODD_NAME,
            Severity.WARNING,
            f"{what} {oddity} for {some}",
            "Correct the list and import it again.",
            some.place,
            recipients=some.number,
        )


def _unseen(census: Census, guards: list[tuple[Guard, list[Any]]]) -> Iterator[Finding]:
    """Of the campaign's own questions: a template is written for other audiences, too."""
    answers: dict[tuple[str, Place], set[Any]] = {}
    for guard, given in guards:
        if guard.place.path == census.words.path:
            answers.setdefault((guard.text, guard.place), set()).update(given)
    for (text, place), said in answers.items():
        if all(answer is False for answer in said):
            yield Finding(
                UNSEEN,
                Severity.WARNING,
                f"nobody sees what depends on {text}: it is true of none of {census.recipients:,} people",
                "Look for a slip in the spelling. Else take the lines out, or widen the audience.",
                place,
            )
