"""Everybody who gets a mail, counted while each mail is merged: microseconds and no memory for each.

Nothing is kept of a recipient but a number, and a few addresses so that staff can find an example.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from mailer.checks import oddities
from mailer.checks.weight import Scales, Use, bare, uses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mailer.checks.weight import Weigh
    from mailer.compile import Variant
    from mailer.errors import Place
    from mailer.merge import Merged
    from mailer.sources import Sources
    from mailer.subscriber import Subscriber

CLIP = 102_000
"""Bytes of HTML that Gmail shows; the rest, with the unsubscribe link, it hides behind a link."""
NEAR = 91_800
"""Nine tenths of it."""
_EXAMPLES = 3

LOOKUP = re.compile(r"recipient\.lookups\.(\w+)")
_NAME = re.compile(r"recipient\.(first_name|last_name)\b")
_ZIP = re.compile(r"recipient\.zip\b")
_RECASED = re.compile(r"\|(?:title|capitalize|upper|lower)\b")


@dataclass(slots=True)
class Some:
    """So many people, the first few of them, and where in the files it was first met."""

    place: Place
    number: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, email: str, number: int = 1) -> None:
        self.number += number
        if len(self.examples) < _EXAMPLES:
            self.examples.append(email)

    def __str__(self) -> str:
        *first, last = self.examples
        known = f"{', '.join(first)} and {last}" if first else last
        return known if self.number == len(self.examples) else f"people such as {known}"


class Watched(NamedTuple):
    """A subscriber's field that a variant shows or asks for, and what may be odd about it."""

    name: str
    place: Place
    read: Callable[[Subscriber], str]
    judge: Callable[[str], str]


@dataclass(slots=True)
class Group:
    """Those who get one variant."""

    example: Subscriber
    merged: Merged
    """The example's mail."""
    uses: list[Use]
    scales: list[Weigh]
    bare: int
    watched: list[Watched]
    recipients: int = 0
    largest: int = 0
    """Bytes of HTML."""
    largest_for: str = ""


class Census:
    """Counts everybody who gets a campaign, by variant and by what is wrong.

    Args:
        words: the campaign.
    """

    def __init__(self, words: Sources) -> None:
        self.words = words
        self.groups: dict[Variant, Group] = {}
        self.over, self.near = Some(self._here), Some(self._here)
        """Whose mail Gmail clips, and whose it nearly does."""
        self.blank: dict[str, Some] = {}
        """Who gets nothing where something is written, by expression."""
        self.astray: dict[str, Some] = {}
        """Whose link leads nowhere, by expression."""
        self.rowless: dict[str, Some] = {}
        """Who gets nothing because they have no row in a look-up, by look-up."""
        self.odd: dict[tuple[str, str], Some] = {}
        """Whose field is odd, by field and by what is odd about it."""
        self._scales = Scales()

    @property
    def _here(self) -> Place:
        return self.words.parsed.place()

    @property
    def recipients(self) -> int:
        return sum(group.recipients for group in self.groups.values())

    def of_whom(self, answer: str, place: Place) -> Some:
        """Those whose variant was made for this answer to a guard, one of each as an example."""
        found = Some(place)
        for group in self.groups.values():
            if answer in group.merged.variant.guards:
                found.add(group.example.email, group.recipients)
        return found

    def count(self, subscriber: Subscriber, merged: Merged) -> None:
        group = self.groups.get(merged.variant) or self._begin(subscriber, merged)
        group.recipients += 1
        weights = [weigh(value) for weigh, value in zip(group.scales, merged.values, strict=True)]
        if min(weights, default=0) < 0:
            self._count_holes(subscriber, group.uses, weights)
            weights = [max(weight, ~weight) for weight in weights]
        self._count_size(group, merged.email, group.bare + sum(weights))
        for name, place, read, judge in group.watched:
            oddity = judge(read(subscriber))
            if oddity:
                self.odd.setdefault((name, oddity), Some(place)).add(merged.email)

    def _begin(self, subscriber: Subscriber, merged: Merged) -> Group:
        used = uses(merged.variant)
        group = Group(
            subscriber,
            merged,
            used,
            [self._scales.of(use) for use in used],
            bare(merged.variant),
            list(self._watched(used, merged.variant.guards)),
        )
        self.groups[merged.variant] = group
        return group

    def _watched(self, used: Sequence[Use], guards: Sequence[str]) -> Iterable[Watched]:
        asked = [(use.slot.text, use.slot.place) for use in used]
        asked += [(guard, self._here) for guard in guards]
        found: dict[str, Watched] = {}
        for text, place in asked:
            recased = _RECASED.search(text)
            judge = oddities.of_name if recased else oddities.of_name_as_written
            for name in _NAME.findall(text):
                found.setdefault(name, Watched(name, place, attrgetter(name), judge))
            if self._asks_zip(text):
                found.setdefault("zip", Watched("zip", place, attrgetter("zip"), oddities.of_zip))
        return found.values()

    def _asks_zip(self, expression: str) -> bool:
        """The code itself, or a look-up that it is the key of."""
        keys = [
            table.key
            for name, table in self.words.tables.items()
            if name in LOOKUP.findall(expression)
        ]
        return bool(_ZIP.search(expression)) or any("zip" in key for key in keys)

    def _count_size(self, group: Group, email: str, size: int) -> None:
        if size > group.largest:
            group.largest, group.largest_for = size, email
        if size > NEAR:
            (self.over if size > CLIP else self.near).add(email)

    def _count_holes(
        self, subscriber: Subscriber, used: Sequence[Use], weights: Sequence[int]
    ) -> None:
        rowless: dict[str, Place] = {}
        for use, weight in zip(used, weights, strict=True):
            if weight >= 0:
                continue
            text, place = use.slot.text, use.slot.place
            lookup = self._missing_row(subscriber, text)
            if use.leads:
                self.astray.setdefault(text, Some(place)).add(subscriber.email)
            elif lookup:
                rowless.setdefault(lookup, place)
            else:
                self.blank.setdefault(text, Some(place)).add(subscriber.email)
        for lookup, place in rowless.items():
            self.rowless.setdefault(lookup, Some(place)).add(subscriber.email)

    def _missing_row(self, subscriber: Subscriber, expression: str) -> str:
        """The look-up in which the expression finds nothing for this subscriber."""
        for name in LOOKUP.findall(expression):
            table = self.words.tables.get(name)
            if table and not table.find(subscriber):
                return str(name)
        return ""
