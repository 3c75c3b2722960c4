"""How many bytes of HTML a value becomes, and where its absence leaves a hole.

The size of everybody's mail is known without making it: what a variant has of its own, and what its
values add, worked out once for each value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple

from mailer.checks.expressions import may_be_blank
from mailer.compiler.escaping import ESCAPES, Context
from mailer.compiler.slots import generate
from mailer.links import address
from mailer.sealed_ids import LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from mailer.compiler.compile import Variant
    from mailer.compiler.slots import FilledGroup, Fillings, Slot, SlotGroup
    from mailer.lists.subscriber import Subscriber

    Weigh = Callable[[Any], tuple[int, Sequence[int]]]
    """FilledGroup or FilledLinks → bytes, and which of the facet's slots leave a hole."""
    _Weigh = Callable[[str], int]
    """Bytes; less than zero, `~bytes`, for a value that leaves a hole."""

_LEADING = {Context.URL, Context.PLAIN_URL, Context.MAILBOX, Context.PHONE}
"""Contexts of whole links: without a value, the link leads nowhere."""
_SIMPLE = {Context.TEXT, Context.ATTRIBUTE, Context.URL}
"""Where an ordinary word or web address stands as it is."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,:/@_-]*")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.,:/@_-]*")


@dataclass(frozen=True, slots=True)
class SlotUse:
    """How a variant uses one of its slots."""

    slot: Slot
    contexts: tuple[Context, ...]
    """The contexts of its places in the HTML."""
    leads: bool
    """Some link begins with it."""
    shows: bool
    """A blank would show: not one that is meant, nor one in `?zip=` of a link."""


def uses(variant: Variant) -> list[SlotUse]:
    """The use of each slot."""
    contexts: list[list[Context]] = [[] for _ in variant.slots]
    leads, shows = set(), set()
    for cut in (variant.subject, variant.html, variant.text):
        for before, (slot, context) in zip(cut.static, cut.places, strict=False):
            if cut is variant.html:
                contexts[slot].append(context)
            if context in _LEADING:
                leads.add(slot)
            if context is not Context.URL_PART or not before.endswith("="):
                shows.add(slot)
    return [
        SlotUse(slot, tuple(used), i in leads, i in shows and not may_be_blank(slot.text))
        for i, (slot, used) in enumerate(zip(variant.slots, contexts, strict=True))
    ]


def bare(variant: Variant) -> int:
    """Bytes of a variant's HTML before any value is filled in."""
    return sum(len(static.encode()) for static in variant.html.static)


class Sign(NamedTuple):
    """What a subscriber is looked at more closely for, because it may be wrong in their mail."""

    name: Hashable
    """No two of a facet's are named alike."""
    shows: Callable[[Subscriber], object]


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Weighs a facet where variants use its slots in the same way."""

    number: int
    """No other scale has it."""
    weigh: Weigh
    signs: Sequence[Sign]
    """The signs that the facet's columns decide."""

    def remember(self, filling: FilledGroup, subscriber: Subscriber) -> None:
        """Keep the weight with the filling, for all who share it: the weight goes with it."""
        if self.number not in filling.weights:
            size, holes = self.weigh(filling)
            is_odd = holes or any(sign.shows(subscriber) for sign in self.signs)
            filling.weights = {**filling.weights, self.number: _ODD if is_odd else size}


_ODD = -1_000_000_000
"""The weight of a filling that is to be looked at: no sum with it is above zero."""


class SizeMeter:
    """Weighs what facets came to. Variants that use a facet alike share what was weighed.

    Args:
        base_url: what recipients' own links begin with.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._has_plain_links = bool(_PLAIN_URL.fullmatch(base_url))
        self._scales: dict[Hashable, Scale] = {}

    def scale(self, facet: SlotGroup, used: Sequence[SlotUse], signs: Sequence[Sign]) -> Scale:
        """The scale for a facet, for how a variant uses its slots, and for what may be wrong with them."""
        uses_ = tuple((use.contexts, use.leads, use.shows) for use in used)
        key = (facet, uses_, tuple(sign.name for sign in signs))
        if key not in self._scales:
            if facet.is_signed and self._has_plain_links and _stand_as_they_are(used):
                weigh = _measuring(used, self._base_url)
            else:
                weigh = _weighing([_of_slot(use) for use in used])
            self._scales[key] = Scale(len(self._scales), weigh, signs)
        return self._scales[key]


def weigher(
    variant: Variant, scales: Sequence[Scale], signs: Sequence[Sign]
) -> Callable[[Fillings, Subscriber], int]:
    """Generate the function that weighs the mails of a variant.

    It returns the bytes of HTML, less than zero for a mail that is to be looked at. What many share is
    one look-up in it.

    Args:
        variant: of the mails.
        scales: by facet.
        signs: those that no facet's columns decide.
    """
    names: dict[str, Any] = {f"shows{i}": sign.shows for i, sign in enumerate(signs)}
    lines = [f"({''.join(f'filling{i}, ' for i in range(len(scales)))}) = fillings"]
    lines += [f"if shows{i}(s): return {_ODD}" for i in range(len(signs))]
    shared, sizes = [], [str(bare(variant))]
    for i, (facet, scale) in enumerate(zip(variant.facets, scales, strict=True)):
        names |= {f"weigh{i}": scale.weigh, f"remember{i}": scale.remember}
        if facet.is_shared:
            shared.append(f"remember{i}(filling{i}, s)")
            sizes.append(f"filling{i}.weights[{scale.number}]")
        else:
            lines += [f"size{i}, holes = weigh{i}(filling{i})", f"if holes: return {_ODD}"]
            sizes.append(f"size{i}")
    total = f"    return {' + '.join(sizes)}"
    lines += ["try:", total, "except KeyError:", *(f"    {line}" for line in shared), total]
    return generate("weigh(fillings, s)", lines, names)


def _stand_as_they_are(links: Iterable[SlotUse]) -> bool:
    """Tokens are of letters, digits, "-" and "_", and no escaping changes those."""
    return all(set(use.contexts) <= _SIMPLE for use in links)


def _measuring(links: Iterable[SlotUse], base_url: str) -> Weigh:
    """Measure a recipient's own links: the length of a token is known without signing it."""
    before = [len(address(base_url, use.slot.purpose, "")) for use in links if use.slot.purpose]
    times = [len(use.contexts) for use in links]
    size = sum(map(mul, before, times)) + LENGTH * sum(times)
    return lambda _: (size, ())


def _of_slot(use: SlotUse) -> _Weigh:
    weigh = _weigher(use.contexts, leads=use.leads, shows=use.shows)
    return _at_a_glance(weigh, use.contexts) if set(use.contexts) <= _SIMPLE else weigh


def _weighing(scales: Sequence[_Weigh]) -> Weigh:
    if len(scales) == 1:  # as of the address, which is weighed for each of a million
        (scale,) = scales

        def weigh_one(filling: FilledGroup) -> tuple[int, Sequence[int]]:
            weight = scale(filling.values[0])
            return (weight, ()) if weight >= 0 else (~weight, (0,))

        return weigh_one

    def weigh(filling: FilledGroup) -> tuple[int, Sequence[int]]:
        weights = [scale(value) for scale, value in zip(scales, filling.values, strict=True)]
        if min(weights) >= 0:
            return sum(weights), ()
        holes = tuple(index for index, weight in enumerate(weights) if weight < 0)
        return sum(max(weight, ~weight) for weight in weights), holes

    return weigh


def _weigher(contexts: tuple[Context, ...], *, leads: bool, shows: bool) -> _Weigh:
    escapes = [ESCAPES[context] for context in contexts]

    def weigh(value: str) -> int:
        weight = sum([len(escape(value).encode()) for escape in escapes])
        blank = not value.strip()
        astray = Context.URL in contexts and not ESCAPES[Context.URL](value)
        return ~weight if (shows and blank) or (leads and (blank or astray)) else weight

    return weigh


def _at_a_glance(weigh: _Weigh, contexts: tuple[Context, ...]) -> _Weigh:
    """The same, without escaping what no escaping changes: a fifth of the time."""
    plain = _PLAIN_URL if Context.URL in contexts else _PLAIN
    times = len(contexts)
    return lambda value: len(value) * times if plain.fullmatch(value) else weigh(value)
