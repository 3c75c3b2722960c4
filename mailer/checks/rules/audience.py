"""Rules about the audience: what is wrong for some of those who get a mail, and for how many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from mailer.checks.audience_stats import CLIP
from mailer.checks.finding import Finding, Severity
from mailer.compiler.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.audience_stats import AffectedRecipients, AudienceStats
    from mailer.compiler.slots import Guard
    from mailer.errors import Place

    Asked = Sequence[tuple[Guard, list[Any]]]
    """Guards, with the answers that the audience gave."""

BLANK_VALUE = "blank-value"
BLANK_LINK = "blank-link"
NO_ROW = "lookup-no-row"
ODD_NAME = "odd-name"
UNKNOWN_ZIP = "unknown-zip"
UNSEEN = "unseen-branch"
CLIPPED = "size-clipped"
NEARLY_CLIPPED = "size-nearly-clipped"

_CONDITION = re.compile(r"\{[{%].*\b(?:if|elif|and|or|not|in)\b")
_ROWS = re.compile(r"the length of recipient\.lookups\.(\w+)")


def findings(stats: AudienceStats, guards: Asked) -> Iterator[Finding]:
    """What is wrong for some of those who were counted."""
    yield from _sizes(stats)
    yield from _holes(stats)
    yield from _rows(stats, guards)
    yield from _values(stats)


def _sizes(stats: AudienceStats) -> Iterator[Finding]:
    if not (stats.over.number or stats.near.number):
        return
    largest = max(stats.groups.values(), key=lambda group: group.largest)
    size = (
        f"the largest mail has {largest.largest / 1000:.1f} kB of HTML, for {largest.largest_for}"
    )
    hint = "Shorten the mail, or leave a part of it to a web page that it links to."
    if stats.over.number:
        what = f"Gmail cuts the mail off before its unsubscribe link: {size}"
        yield _about(stats.over, CLIPPED, Severity.ERROR, what, hint)
    if stats.near.number:
        what = f"it is nearly too long for Gmail, which shows {CLIP / 1000:.0f} kB: {size}"
        yield _about(stats.near, NEARLY_CLIPPED, Severity.WARNING, what, hint)


def _holes(stats: AudienceStats) -> Iterator[Finding]:
    for text, some in stats.astray.items():
        what = (
            f"the link {{{{ {text} }}}} leads nowhere for {some}: it is blank, or no whole address"
        )
        hint = "Leave it out for them, with {% if … %} around it. An address begins with https://."
        yield _about(some, BLANK_LINK, Severity.ERROR, what, hint)
    for text, some in stats.blank.items():
        what = f"{{{{ {text} }}}} comes out blank for {some}"
        hint = f'Say what stands there instead: {{{{ {text} | default("…") }}}}.'
        yield _about(some, BLANK_VALUE, Severity.WARNING, what, hint)


def _rows(stats: AudienceStats, guards: Asked) -> Iterator[Finding]:
    for name, some in stats.rowless.items():
        yield _no_row(name, some)
    for guard, answers in guards:
        rows = _ROWS.fullmatch(guard.text)
        if rows and 0 in answers and not _has_else(stats.snapshot, guard.place):
            some = stats.with_answer(f"{guard.text} = 0", guard.place)
            if some.number:
                yield _no_row(rows[1], some)


def _no_row(lookup: str, some: AffectedRecipients) -> Finding:
    what = f'the look-up "{lookup}" has no row for {some}: something is missing from their mail'
    hint = (
        f"Say what they get instead, with {{% if recipient.lookups.{lookup} %}} and {{% else %}}, "
        "or add the rows."
    )
    return _about(some, NO_ROW, Severity.WARNING, what, hint)


def _about(
    some: AffectedRecipients, code: str, severity: Severity, message: str, hint: str
) -> Finding:
    return Finding(code, severity, message, hint, some.place, recipients=some.number)


def _has_else(snapshot: Snapshot, place: Place) -> bool:
    """Whether the loop on this line says what stands there when it has nothing to go through."""
    campaign = snapshot.parsed
    source = campaign.body if place.path == campaign.path else snapshot.files.get(place.path, "")
    loops = Environment().parse(source).find_all(nodes.For)
    return any(loop.else_ for loop in loops if loop.lineno == place.line)


def _values(stats: AudienceStats) -> Iterator[Finding]:
    for (name, oddity), some in stats.odd.items():
        code, what = (
            (UNKNOWN_ZIP, "the ZIP code") if name == "zip" else (ODD_NAME, f"recipient.{name}")
        )
        hint = "Correct it in your file and import that again."
        yield _about(some, code, Severity.WARNING, f"{what} {oddity} for {some}", hint)


def unseen(stats: AudienceStats, guards: Asked) -> Iterator[Finding]:
    """Conditions of the campaign that are true for nobody: for a whole audience, a slip.

    Conditions in templates are written for other campaigns, too, and do not count.
    """
    results: dict[tuple[str, Place], set[Any]] = {}
    for guard, answers in guards:
        # counts of signatures grow, and are none in the first mail about a petition
        if "petitions" not in guard.text and _is_in_the_campaign(stats.snapshot, guard.place):
            results.setdefault((guard.text, guard.place), set()).update(answers)
    for (text, place), seen in results.items():
        if all(answer is False for answer in seen):
            yield Finding(
                UNSEEN,
                Severity.WARNING,
                f"nobody sees what depends on {text}: it is true for none of {stats.recipients:,} people",
                "Look for a slip in the spelling. Else take the lines out, or widen the audience.",
                place,
            )


def _is_in_the_campaign(snapshot: Snapshot, place: Place) -> bool:
    """Whether the writer asks there; a component that asks has the place where it is called."""
    if place.path != snapshot.path or place.line is None:
        return False
    line = snapshot.files[place.path].splitlines()[place.line - 1]
    return bool(_CONDITION.search(line))
