"""The audience of a campaign: the people of its lists, less those that it excludes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.compiler.audience import condition
from mailer.errors import CampaignError, Place, UsageError, suggest
from mailer.mail.dry_run import among, select_recipients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mailer.campaigns.snapshot import Snapshot
    from mailer.lists.audience_facts import AudienceFacts
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.dry_run import Exclusion, Selection
    from mailer.store import Store


def everybody(
    store: Store, snapshot: Snapshot, lists: Sequence[str], where: str = ""
) -> tuple[Iterator[Selection], int]:
    """All recipients of a campaign, including those who have it already, and the size of its lists.

    Raises:
        UsageError: there is no such list.
        CampaignError: the audience's expression cannot be evaluated, or it excludes what is not there.
    """
    check_lists(store, snapshot, lists)
    wanted = audience_test(store, snapshot, lists, snapshot.audience, where)
    members = store.subscribers.members(*lists)
    selections = select_recipients(members, (), wanted, (), exclusions(store, snapshot, lists))
    return selections, size(store, lists)


def audience_test(
    store: Store, snapshot: Snapshot, lists: Sequence[str], expression: str, where: str
) -> Callable[[Subscriber], bool]:
    """A test of subscribers: the `audience:` of a campaign, and a further condition.

    Raises:
        CampaignError: one of them cannot be evaluated.
    """
    fields, facts = store.subscribers.field_names(), store.subscribers.facts(lists)
    place = snapshot.parsed.place("audience")
    first = condition(expression, snapshot, fields, place, facts=facts)
    second = condition(where, snapshot, fields, facts=facts)
    return lambda subscriber: first(subscriber) and second(subscriber)


def exclusions(store: Store, snapshot: Snapshot, lists: Sequence[str]) -> list[Exclusion]:
    """Who does not get a campaign by its `exclude:`, with the reason for staff.

    All people who are or were on an excluded list: a person who left it should not get more mail for that.

    Raises:
        CampaignError: a name is neither a list nor a segment, or is both.
    """
    facts = store.subscribers.facts(lists)
    return [_exclusion(store, snapshot, facts, name) for name in snapshot.parsed.front.exclude]


def _exclusion(store: Store, snapshot: Snapshot, facts: AudienceFacts, name: str) -> Exclusion:
    segments, known = snapshot.content.segments, facts.list_names()
    place = snapshot.parsed.place("exclude")
    if name in segments and name in known:
        raise CampaignError(
            f'exclude: "{name}" is a list and a segment',
            place=place,
            hint="Give the segment another name under [segments] in mailer.toml.",
        )
    if name in segments:
        fields = store.subscribers.field_names()
        return f"excluded by {name}", condition(name, snapshot, fields, place, facts=facts)
    if name not in known:
        raise CampaignError(
            f'exclude: there is no list or segment "{name}"',
            place=place,
            hint=suggest(name, [*known, *segments]),
        )
    is_on_it = among(store.subscribers.ids(name))
    return f"excluded: on {name}", lambda subscriber: is_on_it(subscriber.id)


def check_lists(store: Store, snapshot: Snapshot, lists: Sequence[str]) -> None:
    """Raises UsageError where there are none, or one does not exist."""
    known = [summary.name for summary in store.subscribers.lists()]
    if not lists:
        raise UsageError(
            f"{snapshot.campaign} does not say which list it goes to",
            place=Place(snapshot.path),
            hint="Write list: NAME in its front matter, or give --list NAME.",
        )
    for name in lists:
        if name not in known:
            raise UsageError(
                f'there is no list "{name}"',
                hint=suggest(name, known) or "Make one with: mailer lists import FILE --list NAME",
            )


def size(store: Store, lists: Sequence[str]) -> int:
    """The number of subscribed people on lists; people on several count several times."""
    return sum(summary.subscribed for summary in store.subscribers.lists() if summary.name in lists)
