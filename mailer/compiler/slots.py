"""What a variant leaves open, and what it comes to for a recipient.

A million people have few different first names, and working an expression out takes longer than
looking its value up. So the slots that the same columns decide make a *facet*, which is filled once
for everybody who has the same in these columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from mailer.compiler.escaping import Context
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Hashable,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from mailer.campaigns.lookups import LookupTable, Row
    from mailer.errors import Place
    from mailer.links import Links
    from mailer.lists.subscriber import Subscriber

MOST = 50_000
"""Different contents of columns, of which one facet or guard is remembered: there are 42,000 ZIP codes."""
LETTERS = 4_000_000
"""Of values that one facet remembers, some 20 MB with what is made of them: a look-up may hold essays."""
_UNIQUE = {"email"}
"""What no two recipients have in common."""


@dataclass(slots=True)
class Recipient:
    """What the expressions of a campaign are evaluated on, for one subscriber."""

    subscriber: Subscriber
    tables: Mapping[str, LookupTable]
    links: Links | None
    arm: int = 1
    """The number of the subject they get, where there are several."""
    _found: dict[int, list[Row]] | None = None

    def rows(self, table: LookupTable) -> list[Row]:
        """Of a look-up, found once: a campaign may ask for ten facts about the same row."""
        if self._found is None:
            self._found = {}
        rows = self._found.get(id(table))
        if rows is None:
            rows = self._found[id(table)] = table.find(self.subscriber)
        return rows


@dataclass(frozen=True, slots=True)
class Slot:
    """A place to fill: the expression as written, and its value for a recipient."""

    text: str
    evaluate: Callable[[Recipient], str]
    """Cleaned, not yet escaped. Raises CampaignError."""
    reads: frozenset[str] | None
    """The subscriber's columns that alone decide its value; None when it takes more."""
    place: Place
    parts: tuple[Any, ...] = ()
    """What its value is joined of: the writer's own words, and symbols."""
    is_encoded: bool = False
    """Whether its value is percent-encoded already."""

    def context(self, place: Context) -> Context:
        """How its value is escaped at a place."""
        return Context.ENCODED if self.is_encoded and place is Context.URL_PART else place


@dataclass(frozen=True, slots=True)
class Guard:
    """A question to a recipient that decides which variant it gets."""

    text: str
    evaluate: Callable[[Recipient], Hashable]
    """Raises CampaignError."""
    place: Place


class FilledGroup:
    """What a facet came to."""

    __slots__ = ("encoded", "facet", "kept", "values", "variables", "weight")

    def __init__(self, facet: SlotGroup, values: Sequence[str]) -> None:
        self.facet = facet
        self.values = values
        """By slot of the facet."""
        self.encoded: Sequence[bytes] = ()
        """By form of the facet but a header's, once a message was made of it."""
        self.kept = ""
        """As it is kept of a message that was sent."""
        self.variables = ""
        """As a template takes it, of a message that was sent in bulk."""
        self.weight: Any = None
        """What `checks/weight.py` found, and by which scale."""


class SlotGroup:
    """Slots of a variant that the same columns decide.

    Args:
        slots: these.
        forms: the ways in which they are written, slot by slot: (its index, how it is escaped).
        number: no other facet of the campaign has it.
    """

    def __init__(
        self, slots: Sequence[Slot], forms: Sequence[tuple[int, Context]], number: int
    ) -> None:
        self.slots = slots
        self.forms = forms
        self.number = number
        self._evaluate = [slot.evaluate for slot in slots]
        self._read = _reader(slots[0].reads)
        self._known: dict[Hashable, FilledGroup] = {}
        self._letters = 0

    @property
    def is_shared(self) -> bool:
        """Whether what it comes to is remembered."""
        return self._read is not None

    def fill(self, recipient: Recipient) -> FilledGroup:
        """The values for a recipient.

        Raises:
            CampaignError: one cannot be worked out.
        """
        if self._read is None:
            return FilledGroup(self, [evaluate(recipient) for evaluate in self._evaluate])
        key = self._read(recipient)
        filling = self._known.get(key)
        if filling is None:
            filling = FilledGroup(self, [evaluate(recipient) for evaluate in self._evaluate])
            self._letters += sum(map(len, filling.values))
            if len(self._known) >= MOST or self._letters > LETTERS:
                self._known.clear()
                self._letters = 0
            self._known[key] = filling
        return filling


class AnswerCache:
    """What guards were answered, by what they read of a recipient."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, dict[Hashable, Any]] = {}

    def remembered(
        self,
        question: Hashable,
        evaluate: Callable[[Recipient], Any],
        reads: frozenset[str] | None,
    ) -> Callable[[Recipient], Any]:
        """The same function, which looks its answers up where these columns decide them."""
        read = _reader(reads)
        if read is None:
            return evaluate
        known = self._answers.setdefault(question, {})

        def look_up(recipient: Recipient) -> Any:
            key = read(recipient)
            try:
                return known[key]
            except KeyError:
                if len(known) >= MOST:
                    known.clear()
                answer = known[key] = evaluate(recipient)
                return answer

        return look_up


def group_by_columns(slots: Iterable[Slot], written: Collection[int]) -> Iterator[list[int]]:
    """The indexes of slots that make a facet, of those that are written."""
    found: dict[frozenset[str] | None, list[int]] = {}
    for index, slot in enumerate(slots):
        if index in written:
            found.setdefault(slot.reads, []).append(index)
    yield from found.values()


def column(name: str) -> Callable[[Recipient], Any]:
    """A subscriber's own column, or `fields.` and one of the further ones that lists bring."""
    field = name.removeprefix("fields.")
    if field == name:
        return attrgetter(f"subscriber.{name}")
    return lambda recipient: recipient.subscriber.fields.get(field, "")


def _reader(names: frozenset[str] | None) -> Callable[[Recipient], Hashable] | None:
    """What two recipients must have in common to be remembered as one; None where none can."""
    if names is None or _UNIQUE & names:
        return None
    if not names:
        return lambda _: None
    if names <= _OWN:
        return attrgetter(*(f"subscriber.{name}" for name in sorted(names)))
    getters = [column(name) for name in sorted(names)]
    return getters[0] if len(getters) == 1 else lambda r: tuple([get(r) for get in getters])


_OWN = {*COLUMNS, "tags"}
