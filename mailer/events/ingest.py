"""Events on their way into the store: out of the queue or a file, what is none of them set aside.

A message is deleted from the queue only after the commit, so whatever dies in between, it comes again;
and what comes again is known.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mailer.atomic import append
from mailer.errors import MailerError, StoreError
from mailer.events import unsubscribe_mail
from mailer.events.ses import parse
from mailer.events.unsubscribe_mail import UnsubscribeResult
from mailer.ledger.event import IngestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from mailer.ledger.event import Event
    from mailer.links import Keys
    from mailer.stop import StopSignal
    from mailer.store import Store

FULL = 10
"""Messages that a queue hands out, or deletes, at once: the limit of SQS."""
_LANES = 8
"""Calls under way at once while the queue is full. One has about 20 ms to wait for its answer."""
_SECONDS_IDLE = 5
"""To wait for a message: so long, at most, does it take to stop."""
_SECONDS_BUSY = 1
"""Not 0, which would ask only some of the queue's servers and may find nothing where something is."""
_TRY_AGAIN = 30.0
"""Seconds, after the queue or the disk refused."""


@dataclass(frozen=True, slots=True)
class Message:
    """What the queue handed out, and what it wants to hear to delete it."""

    body: str
    receipt: str


class Queue(Protocol):
    def receive(self, *, seconds: int) -> Sequence[Message]:
        """Up to ten messages, after waiting so long for the first; TransportError when it fails."""
        ...

    def delete(self, messages: Sequence[Message]) -> None:
        """Up to ten messages. Those it fails to delete come again."""
        ...


@dataclass(slots=True)
class Ingestor:
    """Takes in whatever comes, and counts it."""

    store: Store
    junk_file: Path
    patience: int
    """See `Feedback.take_in`."""
    clock: Callable[[], datetime]
    keys: Keys | None = None
    """That signed the links; without them, no mail unsubscribes anybody."""
    total: IngestResult = field(default_factory=IngestResult)
    by_mail: UnsubscribeResult = field(default_factory=UnsubscribeResult)
    junk: int = 0

    def take(self, bodies: Iterable[str]) -> IngestResult:
        """When this returns, everything is on disk: the events in the store, the rest in its file."""
        events: list[Event] = []
        lines: list[str] = []
        for body in bodies:
            parsed, rejected = parse(body)
            events += parsed
            lines += [self._line(part.body, part.why) for part in rejected]
            for mail in unsubscribe_mail.received(body):
                lines += self._unsubscribe(mail)
        self._set_aside(lines)
        result = self.store.events.ingest(events, patience=self.patience, now=self.clock())
        self.total = self.total.plus(result)
        return result

    def take_mail(self, mails: Iterable[bytes]) -> None:
        """Take in mail that people wrote to the address of List-Unsubscribe."""
        for mail in mails:
            self._set_aside(self._unsubscribe(mail))

    def _unsubscribe(self, mail: bytes | str) -> list[str]:
        """Unsubscribe whoever a mail names; return the lines of what is set aside."""
        if isinstance(mail, str):
            return [self._line("", mail)]
        if self.keys is None:
            return []
        result = unsubscribe_mail.take(mail, self.store, self.keys, now=self.clock())
        self.by_mail = self.by_mail.plus(result)
        return [self._line(body, why) for body, why in result.unreadable]

    def _line(self, body: str, why: str) -> str:
        at = self.clock().isoformat(timespec="seconds")
        return json.dumps({"at": at, "why": why, "body": body}) + "\n"

    def _set_aside(self, lines: list[str]) -> None:
        if not lines:
            return
        try:
            append(self.junk_file, "".join(lines).encode())
        except OSError as err:
            raise StoreError(
                f"{self.junk_file} cannot be written: {err.strerror}",
                hint="What is no event goes there. Check its permissions, and that the disk is not full.",
            ) from err
        self.junk += len(lines)


class QueueConsumer:
    """Empties a queue, until it is empty or somebody pulls the stop.

    Args:
        queue: of events.
        clerk: who takes them in.
        stop: looked at between rounds.
        on_round: told what each round brought.
        on_trouble: told what went wrong when it is tried again.
    """

    def __init__(
        self,
        queue: Queue,
        clerk: Ingestor,
        *,
        stop: StopSignal,
        on_round: Callable[[IngestResult], None],
        on_trouble: Callable[[MailerError], None],
    ) -> None:
        self._queue = queue
        self._clerk = clerk
        self._stop = stop
        self._on_round = on_round
        self._on_trouble = on_trouble

    def run(self, *, once: bool) -> None:
        """With `once` until nothing is there.

        Raises:
            MailerError: it cannot begin, or, with `once`, cannot go on. Otherwise it tries again.
        """
        with ThreadPoolExecutor(_LANES) as pool:
            lanes, begun = 1, False
            while not self._stop.requested:
                try:
                    received = self._round(pool, lanes, once=once)
                except MailerError as err:
                    if once or not begun:
                        raise
                    self._on_trouble(err)
                    self._stop.wait(_TRY_AGAIN)
                    lanes = 1
                    continue
                if once and not received:
                    return
                begun, lanes = True, _LANES if received >= lanes * FULL else 1

    def _round(self, pool: ThreadPoolExecutor, lanes: int, *, once: bool) -> int:
        """How many messages there were."""
        seconds = _SECONDS_BUSY if once or lanes > 1 else _SECONDS_IDLE
        batches = pool.map(lambda _: self._queue.receive(seconds=seconds), range(lanes))
        messages = [message for batch in batches for message in batch]
        if messages:
            result = self._clerk.take(message.body for message in messages)
            self._on_round(result)
            parts = [messages[i : i + FULL] for i in range(0, len(messages), FULL)]
            list(pool.map(self._queue.delete, parts))
        return len(messages)
