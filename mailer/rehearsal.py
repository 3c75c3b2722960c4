"""Who will get a campaign, who will not and why; and their mail, made before the first goes out."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mailer.merge import Merged
    from mailer.store.base import Membership, Reason
    from mailer.subscriber import Subscriber

Choice = tuple["Subscriber", str]
"""A subscriber, and why they are left out: "" for those who get it."""


def choose(
    members: Iterable[tuple[Subscriber, Membership, Reason | None]],
    delivered: Iterable[int],
    wanted: Callable[[Subscriber], bool],
) -> Iterator[Choice]:
    """Go through a list.

    Args:
        members: of the list, in the order of their ids.
        delivered: ids of those who have the campaign already, ascending.
        wanted: whether the audience's expression is true of a subscriber.
    """
    done = iter(delivered)
    reached = next(done, None)
    for subscriber, membership, suppression in members:
        while reached is not None and reached < subscriber.id:
            reached = next(done, None)
        if reached == subscriber.id:
            yield subscriber, "already in this campaign"
        elif membership.status != "subscribed":
            yield subscriber, "unsubscribed"
        elif suppression:
            yield subscriber, str(suppression)
        else:
            yield subscriber, "" if wanted(subscriber) else "not in the segment"


@dataclass(slots=True)
class Rehearsal:
    """What was found by merging everybody."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    """Of those who get it; 8 bytes each, so a million fit."""
    left_out: Counter[str] = field(default_factory=Counter)
    example: Merged | None = None
    """The first recipient's mail."""


def rehearse(choices: Iterable[Choice], merge: Callable[[Subscriber], Merged]) -> Rehearsal:
    """Merge everybody who gets it.

    Raises:
        CampaignError: somebody's mail cannot be made.
    """
    found = Rehearsal()
    for subscriber, left_out in choices:
        if left_out:
            found.left_out[left_out] += 1
            continue
        merged = merge(subscriber)
        found.ids.append(subscriber.id)
        found.example = found.example or merged
    return found
