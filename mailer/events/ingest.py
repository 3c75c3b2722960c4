"""Ingest events from the queue or a file into the store; set aside messages that are no events.

A message is deleted from the queue only after the commit, so after a crash in between it is delivered
again, and recognized as a duplicate.
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
"""Seconds to wait for a message, and thus to stop, at most."""
_SECONDS_BUSY = 1
"""Seconds of polling; 0 would ask only some of the queue's servers and may miss messages."""
_TRY_AGAIN = 30.0
"""Seconds between tries after the queue or the disk failed."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the queue, and the receipt handle that deletes it."""

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
    """Ingests events and unsubscribe mail, and counts them."""

    store: Store
    junk_file: Path
    patience: int
    """See `Feedback.take_in`."""
    clock: Callable[[], datetime]
    keys: Keys | None = None
    """The keys that signed the links; without them, no mail unsubscribes a person."""
    total: IngestResult = field(default_factory=IngestResult)
    by_mail: UnsubscribeResult = field(default_factory=UnsubscribeResult)
    junk: int = 0

    def take(self, bodies: Iterable[str]) -> IngestResult:
        """Ingest messages. On return, everything is on disk: the events in the store, the rest in its file."""
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
        """Ingest mail to the address of List-Unsubscribe."""
        for mail in mails:
            self._set_aside(self._unsubscribe(mail))

    def _unsubscribe(self, mail: bytes | str) -> list[str]:
        """Unsubscribe the person that each mail names; return the lines of mail that is set aside."""
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
    """Consumes a queue, until it is empty or a stop is requested.

    Args:
        queue: of events.
        clerk: the ingestor of its messages.
        stop: checked between rounds.
        on_round: called with the result of each round.
        on_trouble: called with each error before the next try.
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
        """Consume the queue; with `once`, until it is empty.

        Raises:
            MailerError: the first round failed or, with `once`, any round. Other errors are tried again.
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
        """Run one round; return its number of messages."""
        seconds = _SECONDS_BUSY if once or lanes > 1 else _SECONDS_IDLE
        batches = pool.map(lambda _: self._queue.receive(seconds=seconds), range(lanes))
        messages = [message for batch in batches for message in batch]
        if messages:
            result = self._clerk.take(message.body for message in messages)
            self._on_round(result)
            parts = [messages[i : i + FULL] for i in range(0, len(messages), FULL)]
            list(pool.map(self._queue.delete, parts))
        return len(messages)
