"""Statistics over all recipients of a campaign, collected while their mail is merged.

Each recipient takes microseconds and no memory: only counts are kept, and a few example addresses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from mailer.checks import expressions, suspicious_values
from mailer.checks.message_size import Sign, SizeMeter, SlotUse, bare, uses, weigher
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mailer.campaigns.lookups import LookupTable
    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.message_size import Scale
    from mailer.compiler.compile import Variant
    from mailer.compiler.slots import Fillings
    from mailer.errors import Place
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.merge import Merged

CLIP = 102_000
"""Bytes of HTML that Gmail shows; the rest, with the unsubscribe link, it hides behind a link."""
NEAR = 91_800
"""Nine tenths of it."""
_EXAMPLES = 3


@dataclass(slots=True)
class AffectedRecipients:
    """The number of recipients with one problem, a few of their addresses, and its place in the files."""

    place: Place
    number: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, email: str, number: int = 1) -> None:
        self.number += number
        if len(self.examples) < _EXAMPLES:
            self.examples.append(email)

    def __str__(self) -> str:
        *first, last = self.examples
        listed = f"{', '.join(first)} and {last}" if first else last
        return listed if self.number == len(self.examples) else f"people such as {listed}"


class Watched(NamedTuple):
    """A value that a variant shows, and the function that judges it."""

    name: str
    place: Place
    read: Callable[[Subscriber], str]
    judge: Callable[[str], str]
    """Value → what is odd about it, "" for nothing."""


class Gap(NamedTuple):
    """A place that is blank for recipients without a value."""

    expression: str
    place: Place
    leads: bool
    """A link begins with it."""
    tables: tuple[tuple[str, LookupTable], ...]
    """The look-ups it reads, by name."""


class Part(NamedTuple):
    """What a slot joins to other text: the whole is not blank where this is."""

    gap: Gap
    slot: int
    read: Callable[[Subscriber], str]


@dataclass(slots=True)
class Group:
    """The recipients of one variant."""

    example: Subscriber
    merged: Merged
    """The example's mail."""
    scales: list[Scale]
    """One scale for each facet."""
    gaps: list[list[Gap]]
    """For each facet, the gaps that its slots may leave."""
    weigh: Callable[[Fillings, Subscriber], int]
    """Bytes of HTML; less than zero where something may be missing or odd."""
    bare: int
    watched: list[Watched]
    parts: list[Part]
    recipients: int = 0
    largest: int = 0
    """Bytes of HTML."""
    largest_for: str = ""


class AudienceStats:
    """Count the recipients of a campaign by variant and by problem.

    Args:
        snapshot: the campaign.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.groups: dict[Variant, Group] = {}
        self.over, self.near = AffectedRecipients(self._here), AffectedRecipients(self._here)
        """Recipients whose mail Gmail clips, and nearly clips."""
        self.blank: dict[str, AffectedRecipients] = {}
        """Recipients without a value, by expression."""
        self.astray: dict[str, AffectedRecipients] = {}
        """Recipients whose link leads nowhere, by expression."""
        self.rowless: dict[str, AffectedRecipients] = {}
        """Recipients without a row in a look-up, by look-up."""
        self.odd: dict[tuple[str, str], AffectedRecipients] = {}
        """Recipients with a suspicious value, by (field, reason)."""
        self._meter = SizeMeter(snapshot.content.site.base_url)

    @property
    def _here(self) -> Place:
        return self.snapshot.parsed.place()

    @property
    def recipients(self) -> int:
        return sum(group.recipients for group in self.groups.values())

    def with_answer(self, answer: str, place: Place) -> AffectedRecipients:
        """The recipients of the variants that gave this answer to a guard."""
        affected = AffectedRecipients(place)
        for group in self.groups.values():
            if answer in group.merged.variant.guards:
                affected.add(group.example.email, group.recipients)
        return affected

    def count(self, subscriber: Subscriber, merged: Merged) -> None:
        group = self.groups.get(merged.variant) or self._begin(subscriber, merged)
        group.recipients += 1
        size = group.weigh(merged.fillings, subscriber)
        if size < 0:
            size = self._look(group, subscriber, merged)
        if size > group.largest:
            group.largest, group.largest_for = size, merged.email
        if size > NEAR:
            (self.over if size > CLIP else self.near).add(merged.email)

    def _look(self, group: Group, subscriber: Subscriber, merged: Merged) -> int:
        """Count what is missing or odd in a mail; return its bytes of HTML."""
        size = group.bare
        missing = [part.gap for part in group.parts if not part.read(subscriber)]
        for scale, gaps, filling in zip(group.scales, group.gaps, merged.fillings, strict=True):
            weight, holes = scale.weigh(filling)
            size += weight
            missing += [gaps[index] for index in holes]
        if missing:
            self._count_missing(subscriber, missing)
        for name, place, read, judge in group.watched:
            oddity = judge(read(subscriber))
            if oddity:
                self.odd.setdefault((name, oddity), AffectedRecipients(place)).add(merged.email)
        return size

    def _begin(self, subscriber: Subscriber, merged: Merged) -> Group:
        variant = merged.variant
        used = uses(variant)
        watched = [*_names(used), *self._zip(used, variant.guards)]
        parts = list(self._parts(used))
        signs = _by_facet(variant, watched, parts)
        mine = list(_uses_by_facet(variant, used))
        scales = list(map(self._meter.scale, variant.facets, mine, signs))
        gaps = [
            [self._gap(use.slot.text, use.slot.place, leads=use.leads) for use in facet]
            for facet in mine
        ]
        weigh = weigher(variant, scales, signs[-1])
        group = Group(subscriber, merged, scales, gaps, weigh, bare(variant), watched, parts)
        self.groups[variant] = group
        return group

    def _zip(self, used: Sequence[SlotUse], guards: Sequence[str]) -> Iterator[Watched]:
        """The ZIP code, where it is written, decides, or is the key of a look-up that does."""
        asked = [(use.slot.text, use.slot.place) for use in used]
        asked += [(guard, self._here) for guard in guards]
        for text, place in asked:
            keys = [table.key for _, table in self._tables(text)]
            if expressions.reads_zip(text) or any("zip" in key for key in keys):
                yield Watched("zip", place, attrgetter("zip"), suspicious_values.of_zip)
                return

    def _parts(self, used: Sequence[SlotUse]) -> Iterator[Part]:
        whole = {use.slot.text for use in used}
        for slot, use in enumerate(used):
            for part in expressions.parts(use.slot.text):
                read = self._reader(part) if use.shows and part not in whole else None
                if read:
                    whole.add(part)
                    yield Part(self._gap(part, use.slot.place), slot, read)

    def _reader(self, part: str) -> Callable[[Subscriber], str] | None:
        """Return the reader of a field, column or look-up cell; None for any other expression."""
        _, root, *rest = part.split(".")
        if root in COLUMNS:
            return attrgetter(root)
        if root == "fields" and rest:
            return lambda subscriber: subscriber.fields.get(rest[0], "")
        table = self.snapshot.tables.get(rest[0]) if root == "lookups" and len(rest) > 1 else None
        if table is None or table.many:
            return None
        return lambda subscriber: "".join(row.get(rest[1], "") for row in table.find(subscriber))

    def _count_missing(self, subscriber: Subscriber, missing: Iterable[Gap]) -> None:
        rowless: dict[str, Place] = {}
        for gap in missing:
            lookup = next((name for name, t in gap.tables if not t.find(subscriber)), "")
            if gap.leads:
                self.astray.setdefault(gap.expression, AffectedRecipients(gap.place)).add(
                    subscriber.email
                )
            elif lookup:
                rowless.setdefault(lookup, gap.place)
            else:
                self.blank.setdefault(gap.expression, AffectedRecipients(gap.place)).add(
                    subscriber.email
                )
        for lookup, place in rowless.items():
            self.rowless.setdefault(lookup, AffectedRecipients(place)).add(subscriber.email)

    def _gap(self, expression: str, place: Place, *, leads: bool = False) -> Gap:
        return Gap(expression, place, leads, tuple(self._tables(expression)))

    def _tables(self, expression: str) -> Iterator[tuple[str, LookupTable]]:
        tables = self.snapshot.tables
        return ((name, tables[name]) for name in expressions.lookups(expression) if name in tables)


def _names(used: Sequence[SlotUse]) -> Iterator[Watched]:
    """Names that are shown; capitals matter where any place shows them as they are."""
    judges = {True: suspicious_values.of_name, False: suspicious_values.of_name_as_written}
    shown = [
        (name, expressions.is_recased(use.slot.text), use.slot.place)
        for use in used
        for name in expressions.names(use.slot.text)
    ]
    for name in dict.fromkeys(name for name, _, _ in shown):
        recased = all(is_recased for other, is_recased, _ in shown if other == name)
        place = next(place for other, _, place in shown if other == name)
        yield Watched(name, place, attrgetter(name), judges[recased])


def _uses_by_facet(variant: Variant, used: Sequence[SlotUse]) -> Iterator[list[SlotUse]]:
    left = iter(used)
    return (list(islice(left, len(facet.slots))) for facet in variant.facets)


def _by_facet(
    variant: Variant, watched: Iterable[Watched], parts: Iterable[Part]
) -> list[list[Sign]]:
    """What to look at by facet, where the facet's columns decide it; the rest at the end."""
    shared = {number: facet for number, facet in enumerate(variant.facets) if facet.is_shared}
    of_slot = [number for number, facet in enumerate(variant.facets) for _ in facet.slots]
    signs: list[list[Sign]] = [[] for _ in (*variant.facets, None)]
    for name, _, read, judge in watched:
        readers = (n for n, facet in shared.items() if name in (facet.slots[0].reads or ()))
        signs[next(readers, -1)].append(Sign((name, judge), _oddity(read, judge)))
    for part in parts:
        number = of_slot[part.slot] if of_slot[part.slot] in shared else -1
        signs[number].append(Sign(part.gap.expression, _is_blank(part.read)))
    return signs


def _oddity(
    read: Callable[[Subscriber], str], judge: Callable[[str], str]
) -> Callable[[Subscriber], object]:
    return lambda subscriber: judge(read(subscriber))


def _is_blank(read: Callable[[Subscriber], str]) -> Callable[[Subscriber], object]:
    return lambda subscriber: not read(subscriber)
