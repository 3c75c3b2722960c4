"""Transports by the names that mailer.toml and --transport have for them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from mailer.errors import UsageError, suggest
from mailer.mail.message import Envelope

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from mailer.campaigns.snapshot import Snapshot
    from mailer.config import Project
    from mailer.transports.base import Transport
    from mailer.transports.in_flight import InFlightMarks

OUTBOX, SES = "outbox", "ses"
CONFIRMATIONS = "confirmations"
"""Folder in the outbox, and tag at SES, of mail from the recipients' pages."""


def open_transport(
    project: Project,
    name: str,
    snapshot: Snapshot,
    list_name: str,
    *,
    clock: Callable[[], datetime],
    marks: InFlightMarks | None = None,
    folder: str = "",
) -> Transport:
    """Open the transport for one campaign to one list.

    Args:
        project: whose settings it takes.
        name: of the transport.
        snapshot: of the campaign.
        list_name: of the list.
        clock: aware UTC time.
        marks: of deliveries in flight; None for mail that is in no ledger, or in one that other
            machines send from, too.
        folder: inside the campaign's outbox.

    Raises:
        UsageError: no transport has this name.
        TransportError: the outbox cannot be written.
    """
    envelope = Envelope.of(snapshot.content, list_name=list_name, senders=snapshot.senders)
    if name == SES:
        from mailer.transports.ses.transport import SesTransport  # noqa: PLC0415 - boto3 takes 0.2 s

        return SesTransport(
            project.settings.ses,
            campaign=snapshot.campaign,
            list_name=list_name,
            envelope=envelope,
            clock=clock,
            marks=marks,
        )
    if name == OUTBOX:
        from mailer.transports.outbox import Outbox  # noqa: PLC0415 - as above

        path = outbox_folder(project, snapshot.campaign) / folder
        return Outbox(
            path,
            campaign=snapshot.campaign,
            envelope=envelope,
            clock=clock,
            alone=marks is not None,
        )
    raise UsageError(f'there is no transport "{name}"', hint=suggest(name, (OUTBOX, SES)))


def open_test_transport(
    project: Project, snapshot: Snapshot, *, clock: Callable[[], datetime], folder: str
) -> Transport:
    """Open the transport for a campaign's test mail: the office's SMTP server, or that of sends.

    Args:
        project: whose settings it takes.
        snapshot: of the campaign.
        clock: aware UTC time.
        folder: inside the campaign's outbox.

    Raises:
        ConfigError: there is no password for the server.
        TransportError: the outbox cannot be written.
    """
    settings, list_name = project.settings, snapshot.shown_lists
    if not settings.test.smtp:
        return open_transport(
            project, settings.send.transport, snapshot, list_name, clock=clock, folder=folder
        )
    from mailer.transports import smtp  # noqa: PLC0415 - as above

    return smtp.SmtpTransport(
        settings.test,
        campaign=snapshot.campaign,
        envelope=Envelope.of(snapshot.content, list_name=list_name, senders=snapshot.senders),
        clock=clock,
        password=os.environ.get(smtp.PASSWORD, ""),
    )


def open_confirmation_transport(project: Project, *, clock: Callable[[], datetime]) -> Transport:
    """Open the transport of mail from the recipients' pages: single mails, without list headers.

    Each sender has an envelope of its own: a confirmation comes from the sender of the campaign.

    Args:
        project: whose settings it takes.
        clock: aware UTC time.

    Raises:
        TransportError: the outbox cannot be written.
    """
    settings = project.settings
    senders = (settings.sender, *settings.senders.values())
    envelope = Envelope.of(settings.content, list_name="", senders=senders)
    arms = tuple(replace(arm, list_id="") for arm in envelope.arms)
    envelope = replace(envelope, list_id="", arms=arms)
    if settings.send.transport == SES:
        from mailer.transports.ses.transport import SesTransport  # noqa: PLC0415 - as above

        # the quota's reserve is kept for such mail
        unreserved = settings.ses.model_copy(update={"reserve": 0})
        return SesTransport(
            unreserved, campaign=CONFIRMATIONS, list_name="", envelope=envelope, clock=clock
        )
    from mailer.transports.outbox import Outbox  # noqa: PLC0415 - as above

    folder = project.outbox / CONFIRMATIONS
    return Outbox(folder, campaign=CONFIRMATIONS, envelope=envelope, clock=clock)


def outbox_folder(project: Project, campaign: str) -> Path:
    return project.outbox / campaign


def destination(project: Project, name: str, campaign: str) -> str:
    """The destination of a campaign's mail: `outbox/vote/`, or `Amazon SES in us-west-2`."""
    if name == OUTBOX:
        return f"{project.show(outbox_folder(project, campaign))}/"
    region = project.settings.ses.region
    return f"Amazon SES in {region}" if region else "Amazon SES"
