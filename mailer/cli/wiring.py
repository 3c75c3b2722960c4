"""Builds the services that commands call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.cli.common import Session, now

if TYPE_CHECKING:
    from mailer.sending.service import SendService


def send_service(run: Session) -> SendService:
    from mailer.sending.service import SendService

    return SendService(run.project, run.store, run.keys, clock=now)
