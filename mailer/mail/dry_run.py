"""Who will get a campaign, who will not and why; and their mail, made before the first goes out."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailer.ledger.delivery import HELD_BACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mailer.lists.membership import Membership, SuppressionReason
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.merge import Merged

Selection = tuple["Subscriber", str]
"""A subscriber, and why they are left out: "" for those who get it."""
Exclusion = tuple[str, "Callable[[Subscriber], bool]"]


def select_recipients(
    members: Iterable[tuple[Subscriber, Membership, SuppressionReason | None]],
    delivered: Iterable[int],
    wanted: Callable[[Subscriber], bool],
    lately: Iterable[int],
    exclusions: Sequence[Exclusion] = (),
) -> Iterator[Selection]:
    """Go through the members of a list, or of several.

    Args:
        members: of the list, in the order of their ids.
        delivered: ids of those who have the campaign already, ascending.
        wanted: whether the audience's expression is true of a subscriber.
        lately: ids of those who are left alone for now, ascending.
        exclusions: each reason for leaving people out, and whether it is true of a subscriber.
    """
    has_it, is_held = among(delivered), among(lately)
    for subscriber, membership, suppression in members:
        if has_it(subscriber.id):
            yield subscriber, "already in this campaign"
        elif membership.status != "subscribed":
            yield subscriber, "unsubscribed"
        elif suppression:
            yield subscriber, str(suppression)
        elif not wanted(subscriber):
            yield subscriber, "not in the segment"
        else:
            reason = next((why for why, excludes in exclusions if excludes(subscriber)), "")
            yield subscriber, reason or (HELD_BACK if is_held(subscriber.id) else "")


def among(ascending: Iterable[int]) -> Callable[[int], bool]:
    """Whether an id is among these; to be asked for one id after another, ascending, too."""
    ids = iter(ascending)
    reached = next(ids, None)

    def is_among(wanted: int) -> bool:
        nonlocal reached
        while reached is not None and reached < wanted:
            reached = next(ids, None)
        return reached == wanted

    return is_among


@dataclass(slots=True)
class DryRun:
    """The result of merging every recipient."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    """Ids of the recipients; 8 bytes each, so a million fit."""
    left_out: Counter[str] = field(default_factory=Counter)
    zones: Counter[str] = field(default_factory=Counter)
    """How many of them there are of each time zone, "" where none is known."""
    held_zones: Counter[str] = field(default_factory=Counter)
    """Recipients in their quiet period by time zone: they may get it when it is due."""
    example: Merged | None = None
    """The first recipient's mail."""


def merge_all(choices: Iterable[Selection], merge: Callable[[Subscriber], Merged]) -> DryRun:
    """Merge the mail of every recipient.

    Raises:
        CampaignError: one recipient's mail cannot be merged.
    """
    dry_run = DryRun()
    for subscriber, left_out in choices:
        if left_out:
            dry_run.left_out[left_out] += 1
            if left_out == HELD_BACK:
                dry_run.held_zones[subscriber.timezone] += 1
            continue
        merged = merge(subscriber)
        dry_run.ids.append(subscriber.id)
        dry_run.zones[subscriber.timezone] += 1
        dry_run.example = dry_run.example or merged
    return dry_run
