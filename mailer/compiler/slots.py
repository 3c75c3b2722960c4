"""What a variant leaves open, and what it comes to for a recipient.

A million people have few different first names, and working an expression out takes longer than
looking its value up. So the slots that the same columns decide make a *facet*, which is filled once
for everybody who has the same in these columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mailer.campaigns.test_variants import letter
from mailer.compiler.escaping import Context, clean
from mailer.links import PERSONAL, is_link

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
    from types import CodeType

    from mailer.campaigns.lookups import LookupTable, Row
    from mailer.errors import Place
    from mailer.links import Links, Purpose
    from mailer.lists.subscriber import Subscriber

MOST = 50_000
"""Contents of columns whose answers a facet or guard remembers: there are 42,000 ZIP codes."""
LETTERS = 4_000_000
"""Letters of values that one facet remembers, some 20 MB with what is made of them: a look-up may hold essays."""
EMAIL = "recipient.email"
"""The expression of a recipient's own address."""
_UNIQUE = {"email"}
"""What no two recipients have in common."""
_TEXT_PART = {Context.PLAIN, Context.PLAIN_URL}
"""Contexts of the text part alone."""
_LINK = re.compile(r"links\.([\w.-]+)")
_SIGNED = {f"links.{name}": name for name in PERSONAL}


@dataclass(slots=True)
class Recipient:
    """What the expressions of a campaign are evaluated on, for one subscriber."""

    subscriber: Subscriber
    tables: Mapping[str, LookupTable]
    links: Links | None
    arm: int = 1
    """The number of the variant that they get in a test."""
    _found: dict[int, list[Row]] | None = None

    @property
    def variant(self) -> str:
        """The letter that a campaign has for `arm`."""
        return letter(self.arm)

    def rows(self, table: LookupTable) -> list[Row]:
        """Rows of a look-up, found once: a campaign may ask for ten facts about the same row."""
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

    @property
    def link(self) -> str:
        """The name of the link in `links.NAME`; "" for any other expression."""
        match = _LINK.fullmatch(self.text)
        return match[1] if match and is_link(match[1]) else ""

    @property
    def is_known(self) -> bool:
        """Whether its value can be had again at any time: a link is signed anew, an address never changes."""
        return bool(self.link) or self.text == EMAIL

    @property
    def purpose(self) -> Purpose | None:
        """The purpose of its token, if its value is one of a recipient's own links and nothing else."""
        return _SIGNED.get(self.text)

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


_NO_WEIGHTS: Mapping[int, int] = MappingProxyType({})


class FilledGroup:
    """What a facet came to."""

    __slots__ = ("encoded", "facet", "kept", "shared", "uses", "values", "variables", "weights")

    def __init__(self, facet: SlotGroup, values: Sequence[str]) -> None:
        self.facet = facet
        self.values = values
        """Values by slot of the facet."""
        self.encoded: tuple[bytes, ...] = ()
        """Encoded forms of the facet without a header's, once a message was made of it."""
        self.kept = ""
        """The form that is kept of a message that was sent."""
        self.shared: tuple[str, str] | None = None
        """What `kept` refers to: its digest and content, once enough messages were sent with it."""
        self.uses = 0
        """Messages that were sent with it, counted as long as that may decide what is kept."""
        self.variables = b""
        """The form that a template takes, for a message that was sent in bulk."""
        self.weights: Mapping[int, int] = _NO_WEIGHTS
        """Bytes of it in the HTML, by the number of the scale in `checks/message_size.py`."""


class FilledLinks:
    """A recipient's own links: signed when they are read, because most only count or weigh them."""

    __slots__ = ("facet", "links")

    def __init__(self, facet: SlotGroup, links: Links) -> None:
        self.facet = facet
        self.links = links

    @property
    def values(self) -> list[str]:
        """Values by slot of the facet."""
        return [clean(getattr(self.links, slot.link)) for slot in self.facet.slots]


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
        shown = {slot for slot, context in forms if context not in _TEXT_PART}
        self.kept = [index in shown and not slot.is_known for index, slot in enumerate(slots)]
        """By slot, whether its value is kept of a message that was sent, for the web version."""
        self.is_signed = slots[0].purpose is not None
        """Whether its slots are the recipient's own links."""
        self.key = _key(slots[0].reads)
        """Python source of what subscribers `s` with the same filling have in common; "" where none share one."""
        self.known: dict[Hashable, FilledGroup] = {}
        """The fillings so far, by key."""
        self._evaluate = [slot.evaluate for slot in slots]
        self._letters = 0

    @property
    def is_shared(self) -> bool:
        """Whether what it comes to is remembered."""
        return bool(self.key)

    def fill(self, recipient: Recipient) -> FilledGroup:
        """The values for a recipient.

        Raises:
            CampaignError: one cannot be worked out.
        """
        return FilledGroup(self, [evaluate(recipient) for evaluate in self._evaluate])

    def remember(self, key: Hashable, recipient: Recipient) -> FilledGroup:
        """The values for everybody with this key."""
        filling = self.fill(recipient)
        self._letters += sum(map(len, filling.values))
        if len(self.known) >= MOST or self._letters > LETTERS:
            self.known.clear()
            self._letters = 0
        self.known[key] = filling
        return filling


Fillings = tuple[FilledGroup | FilledLinks, ...]


def filler(facets: Sequence[SlotGroup]) -> Callable[[Recipient], Fillings]:
    """Generate the function that fills all facets of a variant: a look-up for each.

    A loop over them takes three times as long, for each of a million.
    """
    names: dict[str, Any] = {"FilledGroup": FilledGroup, "FilledLinks": FilledLinks}
    lines, fillings = ["s = r.subscriber"], []
    for number, facet in enumerate(facets):
        names |= {
            f"facet{number}": facet,
            f"known{number}": facet.known.get,
            f"remember{number}": facet.remember,
        }
        fillings.append(f"filling{number}")
        if facet.is_signed:
            lines.append(f"filling{number} = FilledLinks(facet{number}, r.links)")
        elif facet.is_shared:
            lines += [
                f"key = {facet.key}",
                f"filling{number} = known{number}(key) or remember{number}(key, r)",
            ]
        else:
            evaluations = {
                f"evaluate{number}_{i}": slot.evaluate for i, slot in enumerate(facet.slots)
            }
            names |= evaluations
            values = ", ".join(f"{name}(r)" for name in evaluations)
            lines.append(f"filling{number} = FilledGroup(facet{number}, [{values}])")
    lines.append(f"return ({''.join(f'{name}, ' for name in fillings)})")
    return generate("fill(r)", lines, names)


def generate(signature: str, lines: Iterable[str], names: dict[str, Any]) -> Callable[..., Any]:
    """Compile a function of these lines.

    Args:
        signature: its name and arguments.
        lines: its body.
        names: what the body reads besides its arguments; all text of a writer is in here.
    """
    source = "\n    ".join([f"def {signature}:", *lines])
    exec(_code(source), names)  # noqa: S102 - of our own source alone: texts and names of columns are constants
    function: Callable[..., Any] = names[signature.partition("(")[0]]
    return function


@lru_cache(maxsize=1024)
def _code(source: str) -> CodeType:
    return compile(source, "<generated>", "exec")


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
        """The function with a memory of its answers, where these columns decide them."""
        source = _key(reads)
        if not source:
            return evaluate
        known = self._answers.setdefault(question, {})

        def remember(key: Hashable, recipient: Recipient) -> Any:
            if len(known) >= MOST:
                known.clear()
            answer = known[key] = evaluate(recipient)
            return answer

        lines = [
            "s = r.subscriber",
            f"key = {source}",
            "try:",
            "    return known[key]",
            "except KeyError:",
            "    return remember(key, r)",
        ]
        return generate("look_up(r)", lines, {"known": known, "remember": remember})


def group_by_columns(slots: Iterable[Slot], written: Collection[int]) -> Iterator[list[int]]:
    """The indexes of slots that make a facet, of those that are written."""
    groups: dict[tuple[frozenset[str] | None, bool], list[int]] = {}
    for index, slot in enumerate(slots):
        if index in written:
            groups.setdefault((slot.reads, slot.purpose is None), []).append(index)
    yield from groups.values()


def column(name: str) -> Callable[[Recipient], Any]:
    """A subscriber's own column, or `fields.` and one of the further ones that lists bring."""
    field = name.removeprefix("fields.")
    if field == name:
        return attrgetter(f"subscriber.{name}")
    return lambda recipient: recipient.subscriber.fields.get(field, "")


def _key(names: frozenset[str] | None) -> str:
    """What two recipients must have in common to be remembered as one, as Python source of a subscriber `s`.

    "" where none can be.
    """
    if names is None or _UNIQUE & names:
        return ""
    if not names:
        return "None"
    columns = [_column_source(name) for name in sorted(names)]
    return columns[0] if len(columns) == 1 else f"({', '.join(columns)})"


def _column_source(name: str) -> str:
    field = name.removeprefix("fields.")
    if field == name:
        return f"s.{name}"
    return f"s.fields.get({field!r}, '')"
