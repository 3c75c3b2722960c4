"""The ways out, by the names that settings and --transport have for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.cli.common import Session, now
from mailer.errors import UsageError, suggest

if TYPE_CHECKING:
    from pathlib import Path

    from mailer.campaigns.snapshot import Snapshot
    from mailer.transports.base import Transport

OUTBOX, SES = "outbox", "ses"


def open_transport(
    run: Session, way: str, words: Snapshot, list_name: str, *, folder: str = ""
) -> Transport:
    """The transport for one campaign to one list; `folder` is inside its outbox."""
    from mailer.mail.message import Envelope

    envelope = Envelope.of(words.content, list_name=list_name)
    if way == SES:
        from mailer.transports.ses.transport import SesTransport

        return SesTransport(
            run.project.settings.ses,
            campaign=words.campaign,
            list_name=list_name,
            envelope=envelope,
            clock=now,
        )
    if way == OUTBOX:
        from mailer.transports.outbox import Outbox

        place = outbox_of(run, words.campaign) / folder
        return Outbox(place, campaign=words.campaign, envelope=envelope, clock=now)
    raise UsageError(f'there is no transport "{way}"', hint=suggest(way, (OUTBOX, SES)))


def outbox_of(run: Session, campaign: str) -> Path:
    return run.project.outbox / campaign


def place_of(run: Session, way: str, campaign: str) -> str:
    """Where the mails are, or went: `outbox/vote/`, or `Amazon SES in us-west-2`."""
    if way == OUTBOX:
        return f"{run.project.show(outbox_of(run, campaign))}/"
    region = run.project.settings.ses.region
    return f"Amazon SES in {region}" if region else "Amazon SES"
