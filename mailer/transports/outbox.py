"""A folder of .eml files, one for each recipient: a whole send without an account.

A file's name begins with its delivery's id, and the file appears whole or not at all: so after a crash
its presence proves that the message was written. Files are not forced to disk one by one, which takes
milliseconds each; after a power cut the last few may be empty.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from mailer.atomic import private_folder, private_opener
from mailer.errors import TransportError
from mailer.ledger.delivery import DeliveryState, Result
from mailer.mail import message
from mailer.mail.message import message_id
from mailer.transports import simulator
from mailer.transports.base import MAX_IN_FLIGHT, Allowance, BatchResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from mailer.ledger.delivery import Claim
    from mailer.mail.message import Envelope
    from mailer.transports.base import OutgoingMessage

EVENTS = ".events.jsonl"
"""File beside the mails: the events of SES's simulator addresses, oldest first."""


class Outbox:
    """See `transports.base.Transport`.

    Args:
        folder: of this campaign; created if missing.
        campaign: its name.
        envelope: of the send.
        clock: aware time, for the Date header.
        alone: whether no other machine sends from the ledger, into a folder of its own.

    Raises:
        TransportError: the folder cannot be written.
    """

    name = "outbox"
    connections = 1

    def __init__(
        self,
        folder: Path,
        *,
        campaign: str,
        envelope: Envelope,
        clock: Callable[[], datetime],
        alone: bool = True,
    ) -> None:
        self.folder = folder
        self._alone = alone
        self._campaign = campaign
        self._envelope = envelope
        self._clock = clock
        try:
            private_folder(folder)
            probe = folder / f".{os.getpid()}.part"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as err:
            raise self._unwritable(err) from err

    def allowance(self) -> Allowance:
        return Allowance()

    def batch_size(self, rate: float | None) -> int:
        del rate
        return MAX_IN_FLIGHT

    def batches(
        self, messages: Sequence[OutgoingMessage], size: int
    ) -> Sequence[Sequence[OutgoingMessage]]:
        return [messages[i : i + size] for i in range(0, len(messages), size)]

    def expect(self, claims: Sequence[Claim]) -> None:
        """Nothing to note: the files themselves are the record."""

    def deliver(self, batch: Sequence[OutgoingMessage]) -> BatchResult:
        results: list[Result] = []
        for outgoing in batch:
            try:
                results.append(self._write(outgoing))
            except OSError as err:
                with contextlib.suppress(OSError):
                    self._part(outgoing.delivery_id).unlink(missing_ok=True)
                unwritten = (message.delivery_id for message in batch[len(results) :])
                results += [Result(delivery_id, DeliveryState.PENDING) for delivery_id in unwritten]
                return BatchResult(results, stop=self._unwritable(err))
        return BatchResult(results)

    def _write(self, outgoing: OutgoingMessage) -> Result:
        now = self._clock()
        accepted = self._accepted(outgoing.delivery_id)
        part = self._part(outgoing.delivery_id)
        mail = message.encode(
            outgoing.merged,
            self._envelope,
            message_id=message_id(self._campaign, outgoing.delivery_id),
            date=now,
        )
        with open(part, "wb", opener=private_opener) as file:
            file.write(mail)
        # The event before the file: a crash between them repeats an event, which readers of events
        # must expect anyway, and loses none.
        self._report(outgoing, accepted.message_id, now)
        part.replace(self.folder / f"{outgoing.delivery_id:08d}-{_safe(outgoing.merged.email)}.eml")
        return accepted

    def _report(self, outgoing: OutgoingMessage, message_id: str, now: datetime) -> None:
        tags = {"campaign": self._campaign, "delivery": str(outgoing.delivery_id)}
        line = simulator.event(outgoing.merged.email, message_id=message_id, tags=tags, now=now)
        if line:
            path = self.folder / EVENTS
            with open(path, "a", encoding="utf-8", opener=private_opener) as events:
                events.write(line + "\n")

    def settle(self, claims: Sequence[Claim]) -> list[Result]:
        """Accepted when the file is there, else pending; uncertain if it may lie on another machine."""
        try:
            for claim in claims:
                self._part(claim.delivery_id).unlink(missing_ok=True)
            # by number, not by name: the address may have been erased since
            with os.scandir(self.folder) as entries:
                written = {entry.name.partition("-")[0] for entry in entries}
        except OSError as err:
            raise self._unwritable(err) from err
        return [
            self._accepted(claim.delivery_id)
            if f"{claim.delivery_id:08d}" in written
            else self._missing(claim.delivery_id)
            for claim in claims
        ]

    def _missing(self, delivery_id: int) -> Result:
        if self._alone:
            return Result(delivery_id, DeliveryState.PENDING)
        return Result(
            delivery_id,
            DeliveryState.UNCERTAIN,
            detail="its file is not here, and may lie in the outbox of another machine",
        )

    def _accepted(self, delivery_id: int) -> Result:
        name = f"<{message_id(self._campaign, delivery_id)}@{self._envelope.domain}>"
        return Result(delivery_id, DeliveryState.ACCEPTED, message_id=name)

    def _part(self, delivery_id: int) -> Path:
        return self.folder / f".{delivery_id:08d}.part"

    def _unwritable(self, err: OSError) -> TransportError:
        return TransportError(
            f"the outbox {self.folder} cannot be written: {err.strerror}",
            hint="Check that it is a folder you may write to and that the disk is not full.",
        )


def _safe(email: str) -> str:
    return re.sub(r"[^A-Za-z0-9@._+-]", "_", email)[:120]
