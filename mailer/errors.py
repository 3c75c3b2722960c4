"""Everything that can go wrong in a way staff can act on.

    MailerError                 exit code 2
    ├── UsageError              a wrong argument: unknown list, address, campaign
    ├── ConfigError             mailer.toml or the environment
    ├── CampaignError           a campaign file, template or look-up that cannot be compiled
    ├── ImportFileError         a subscriber file that cannot be read at all
    ├── StoreError              the database cannot be opened, read or written
    │   ├── DatabaseReplacedError   exit code 3: its file was replaced or deleted
    │   ├── StoreUnreachableError   its server does not answer: another try may succeed
    │   └── ClaimLostError          deliveries are no longer this process's to record
    ├── TransportError          mail cannot be handed over: unwritable outbox, refused credentials
    ├── FindingsError           exit code 1: checks or deliveries failed
    ├── SendStopped             exit code 3: stopped before the end, can be resumed
    │   └── StaleLedger             the ledger may not know of everything that was sent
    └── Interrupted             exit code 130: Ctrl-C, everything is recorded

Only `mailer.cli` prints these or exits.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is wrong: a path as the user would type it, and a line counted from 1."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


class MailerError(Exception):
    """A problem to show as `path:line: what is wrong`, then a hint that can be acted on."""

    exit_code = 2

    def __init__(
        self, message: str, *, place: Place | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class UsageError(MailerError):
    pass


class ConfigError(MailerError):
    pass


class CampaignError(MailerError):
    pass


class ImportFileError(MailerError):
    pass


class StoreError(MailerError):
    pass


class DatabaseReplacedError(StoreError):
    exit_code = 3


class StoreUnreachableError(StoreError):
    """The server of the store does not answer, or the connection to it was lost."""


class ClaimLostError(StoreError):
    """Deliveries are no longer this process's to record."""


class TransportError(MailerError):
    pass


class FindingsError(MailerError):
    exit_code = 1


class SendStopped(MailerError):
    exit_code = 3


class StaleLedger(SendStopped):
    pass


class Interrupted(MailerError):
    exit_code = 130


def suggest(word: str, candidates: Iterable[str]) -> str:
    """'Did you mean …?' for a near miss, else all candidates; '' when there are none."""
    names = sorted(candidates)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f'Did you mean "{close[0]}"?'
    return f"Known: {', '.join(names)}." if names else ""
