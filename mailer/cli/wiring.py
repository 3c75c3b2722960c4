"""How a send's mail is put on its way, by `mailer send` and by `mailer worker` alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mailer.cli.common import Session, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.campaigns.snapshot import Snapshot
    from mailer.ledger.delivery import Send
    from mailer.mail.click_tracking import ClickTracker
    from mailer.mail.merge import Merger
    from mailer.sending.loop import Sender, SendProgress
    from mailer.sending.reputation import ReputationLimits
    from mailer.stop import StopSignal
    from mailer.store import Store
    from mailer.transports.base import Transport


@dataclass(frozen=True)
class SendContext:
    """What a send needs besides its ledger."""

    words: Snapshot
    transport: Transport
    merger: Merger


def send_context(run: Session, store: Store, send: Send) -> SendContext:
    """Of a send's own words, whatever the files say by now."""
    from mailer.campaigns.snapshot import Snapshot
    from mailer.cli.transports import open_transport
    from mailer.mail.merge import Merger

    words = Snapshot.from_bytes(send.snapshot)
    merger = Merger(words, fields=store.subscribers.field_names(), keys=run.keys, send_id=send.id)
    return SendContext(words, open_transport(run, send.transport, words, send.list_name), merger)


def cap_of(run: Session, asked: float | None = None) -> float | None:
    """Messages a second at most, by order or by mailer.toml."""
    rates = (asked, run.project.settings.send.rate)
    return min((rate for rate in rates if rate), default=None)


def sender(
    run: Session,
    store: Store,
    send: Send,
    means: SendContext,
    *,
    rate: float | None,
    stop: StopSignal,
    on_progress: Callable[[SendProgress], None] = lambda _: None,
    by_hand: bool = True,
) -> Sender:
    """What sends it; for the arguments see `send.Sender`."""
    from mailer.sending.loop import Sender

    return Sender(
        store,
        means.transport,
        means.merger.for_send(send.id, _redirects(run, store, send, means.words)),
        rate=rate,
        stop=stop,
        clock=now,
        limits=_limits_of(run),
        on_progress=on_progress,
        by_hand=by_hand,
    )


def _limits_of(run: Session) -> ReputationLimits:
    from mailer.sending.reputation import ReputationLimits

    settings = run.project.settings.send
    return ReputationLimits(settings.most_bounces, settings.most_complaints, settings.judge_after)


def _redirects(run: Session, store: Store, send: Send, words: Snapshot) -> ClickTracker | None:
    """For the counting of clicks, where that is wanted."""
    from mailer.mail.click_tracking import ClickTracker

    if not words.content.links.redirects:
        return None
    base_url = words.content.site.base_url
    return ClickTracker(base_url, run.keys, send.id, partial(store.clicks.link, send.id))
