"""How a send's mail is put on its way, by `mailer send` and by `mailer worker` alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.cli.common import Session, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.merge import Merger
    from mailer.reputation import Limits
    from mailer.send import Brake, Sender, Tally
    from mailer.store.base import Send, Store
    from mailer.transports.base import Transport


def way_out(run: Session, send: Send) -> Transport:
    """The transport that a send was started with."""
    from mailer.cli.ways import open_transport
    from mailer.sources import Sources

    words = Sources.from_bytes(send.snapshot)
    return open_transport(run, send.transport, words, send.list_name)


def merger_of(run: Session, store: Store, send: Send) -> Merger:
    """Of a send's own sources, whatever the files say by now."""
    from mailer.merge import Merger
    from mailer.sources import Sources

    words = Sources.from_bytes(send.snapshot)
    fields = store.field_names()
    return Merger(words, fields=fields, keys=run.keys, send_id=send.id)


def cap_of(run: Session, asked: float | None = None) -> float | None:
    """Messages a second at most, by order or by mailer.toml."""
    rates = (asked, run.project.settings.send.rate)
    return min((rate for rate in rates if rate), default=None)


def limits_of(run: Session) -> Limits:
    """Of bounces and complaints, above which a send pauses itself."""
    from mailer.reputation import Limits

    settings = run.project.settings.send
    return Limits(settings.most_bounces, settings.most_complaints, settings.judge_after)


def sender(
    store: Store,
    transport: Transport,
    merger: Merger,
    *,
    rate: float | None,
    brake: Brake,
    limits: Limits,
    on_progress: Callable[[Tally], None] = lambda _: None,
    pauses: bool = True,
) -> Sender:
    from mailer.send import Sender

    return Sender(
        store,
        transport,
        merger,
        rate=rate,
        brake=brake,
        clock=now,
        limits=limits,
        on_progress=on_progress,
        pauses=pauses,
    )
