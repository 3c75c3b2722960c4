"""Test mail: example recipients of each variant, and mail to colleagues before a send.

Test mail is marked [TEST] and is not in the ledger.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from mailer.errors import TransportError, UsageError
from mailer.ledger.delivery import DeliveryState
from mailer.lists.address import BadAddressError, normalize
from mailer.lists.subscriber import Subscriber
from mailer.mail.merge import Merger
from mailer.sending.audience import everybody
from mailer.transports.base import OutgoingMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mailer.campaigns.snapshot import Snapshot
    from mailer.links import Keys
    from mailer.mail.merge import Merged
    from mailer.store import Store
    from mailer.transports.base import Transport

FOLDER = "tests"
"""Folder of test mail inside the campaign's outbox."""

SAMPLE_SUBSCRIBER = Subscriber(
    0, "reader@example.org", "Alex", "Reader", "97212", "Portland", "OR", "Multnomah County"
)
_MARK = "[TEST] "


def subscriber(store: Store, address: str) -> Subscriber:
    """Raises UsageError when no subscriber has this address."""
    history = store.subscribers.history(address.strip().lower())
    if history is None or history.subscriber is None:
        raise UsageError(
            f"there is no subscriber {address}",
            hint="Look for the address with: mailer lists export LIST",
        )
    return history.subscriber


def example(store: Store, snapshot: Snapshot) -> Subscriber:
    """The first recipient of the campaign, or else an invented one."""
    known = {summary.name for summary in store.subscribers.lists()}
    if not snapshot.lists or not known.issuperset(snapshot.lists):
        return SAMPLE_SUBSCRIBER
    selections, _ = everybody(store, snapshot, snapshot.lists)
    recipients = (subscriber for subscriber, left_out in selections if not left_out)
    return next(recipients, SAMPLE_SUBSCRIBER)


def make_test_mails(
    store: Store,
    keys: Keys,
    snapshot: Snapshot,
    addresses: Iterable[str],
    *,
    arm: int = 1,
    person: Subscriber | None = None,
) -> list[Merged]:
    """Make a test mail for each address.

    Args:
        store: of the subscribers.
        keys: that sign the links.
        snapshot: the campaign.
        addresses: of colleagues.
        arm: the number of the variant, in a test.
        person: whose mail each of them gets; None for their own, or that of an example.

    Raises:
        UsageError: an address that cannot be one.
        CampaignError: the campaign does not compile.
    """
    wanted = [_normalized(address) for address in addresses]
    merger = Merger(snapshot, fields=store.subscribers.field_names(), keys=keys, send_id=0)
    mails = {
        # without their id: no link in a test mail acts for another person
        address: merger.merge(
            replace(person, id=0) if person else _colleague(store, snapshot, address), arm
        )
        for address in wanted
    }
    return [mail._replace(email=address, mark=_MARK) for address, mail in mails.items()]


def _normalized(address: str) -> str:
    try:
        return normalize(address)
    except BadAddressError as err:
        raise UsageError(
            f'"{address}" is not an e-mail address: {err}',
            hint="Write addresses as in ana@example.org.",
        ) from err


def examples_by_variant(
    store: Store, keys: Keys, snapshot: Snapshot
) -> dict[int, tuple[Subscriber, int]]:
    """A recipient for each variant, by its number, with what they get in a test.

    The variants have the numbers that the checks give them.

    Raises:
        UsageError: there is no such list.
        CampaignError: the campaign does not compile.
    """
    merger = Merger(snapshot, fields=store.subscribers.field_names(), keys=keys, send_id=0)
    recipients, _ = everybody(store, snapshot, snapshot.lists)
    examples: dict[int, tuple[Subscriber, int]] = {}
    for subscriber, left_out in recipients:
        if not left_out:
            arm = merger.arm(subscriber.id)
            examples.setdefault(merger.merge(subscriber, arm).variant.number, (subscriber, arm))
    return examples


def _colleague(store: Store, snapshot: Snapshot, address: str) -> Subscriber:
    """A colleague who subscribes gets their own mail; others get the mail of an example recipient."""
    history = store.subscribers.history(address)
    if history is not None and history.subscriber is not None:
        return history.subscriber
    return replace(example(store, snapshot), id=0, email=address)


def deliver(
    store: Store, transport: Transport, test_mails: Sequence[Merged], clock: Callable[[], float]
) -> Iterator[Merged]:
    """Send test mails one by one, within the rate shared with sends.

    Args:
        store: keeps the rate.
        transport: that takes the mail, into `FOLDER` where it has folders.
        test_mails: from `make_test_mails`.
        clock: seconds, the same for all processes.

    Yields:
        Each test mail that was accepted.

    Raises:
        TransportError: a test mail was not accepted.
    """
    rate = transport.allowance().rate
    messages = [OutgoingMessage(0, test_mail) for test_mail in test_mails]
    for batch in transport.batches(messages, 1):
        if rate:
            turn = store.throttle.reserve(transport.name, 1, rate=rate, burst=1, clock=clock)
            time.sleep(turn.wait)
        batch_result = transport.deliver(batch)
        (result,) = batch_result.results
        (outgoing,) = batch
        if result.state is not DeliveryState.ACCEPTED:
            raise batch_result.stop or TransportError(
                f"{outgoing.merged.email}: {result.detail or batch_result.slow_down}"
            )
        yield outgoing.merged
