"""What was accepted: append-only, and independent of the clients' lives."""

from __future__ import annotations

import base64
import json
import os
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Call:
    """One call, for measuring rates and counting refusals."""

    at: float
    operation: str
    recipients: int
    """Recipients that were accepted."""
    status: int
    """HTTP status; 0 when no answer was given."""
    code: str = ""
    """The error's code, or the kind of the fault that took the answer away."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One message that SES gave a MessageId."""

    message_id: str
    to: tuple[str, ...]
    source: str
    tags: Mapping[str, str]
    at: float
    operation: str
    configuration_set: str
    render: Callable[[], bytes]
    missing: str = ""
    """The variable without a value: the message was not accepted, only an event tells."""

    @property
    def mime(self) -> bytes:
        """The whole message: as it came (raw), or as SES builds it from the template."""
        return self.render()

    def as_json(self, *, mime: bool) -> dict[str, Any]:
        shown = {
            "message_id": self.message_id,
            "to": self.to,
            "source": self.source,
            "tags": self.tags,
            "at": self.at,
            "operation": self.operation,
            "configuration_set": self.configuration_set,
            "missing": self.missing,
        }
        if mime and not self.missing:
            shown["mime"] = base64.b64encode(self.mime).decode()
        return shown


class Record:
    """Messages and calls in memory; raw messages in an unnamed file, bulk ones as their values.

    20,000 messages of 40 KB would take 800 MB otherwise.

    Args:
        path: a file that gets a JSON line for each message as well, MIME in base64.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.kept: list[Kept] = []
        self.accepted: list[Kept] = []
        self.calls: list[Call] = []
        self.recipients = 0
        self._spool, name = tempfile.mkstemp()
        Path(name).unlink()
        # Not closed before: the messages may be looked at after the server has stopped.
        weakref.finalize(self, os.close, self._spool)
        self._end = 0
        self._lines = path.open("ab", buffering=0) if path else None

    def spool(self, data: bytes) -> Callable[[], bytes]:
        """Put a message away; what gets it back."""
        start, length = self._end, len(data)
        os.write(self._spool, data)
        self._end += length
        return lambda: os.pread(self._spool, length, start)

    def keep(self, message: Kept) -> None:
        self.kept.append(message)
        if not message.missing:
            self.accepted.append(message)
            self.recipients += len(message.to)
        if self._lines:
            self._lines.write(json.dumps(message.as_json(mime=True)).encode() + b"\n")

    def close(self) -> None:
        """Ends the lines; the messages can still be read."""
        if self._lines:
            self._lines.close()
