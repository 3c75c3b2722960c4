"""What goes wrong on command: by chance with a seed, for the next calls, or for an address."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.fake_ses.errors import STATUS, ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

SENDING = ("SendEmail", "SendBulkEmail")

KINDS = {
    "throttle": "429 TooManyRequestsException, nothing accepted",
    "error": "500 InternalFailure, nothing accepted; with accepted=True after accepting",
    "unavailable": "503 ServiceUnavailable, likewise",
    "hang": "accept, stay silent for `seconds`, then close the socket",
    "drop": "accept, then close the socket without an answer",
    "drop-before": "close the socket without accepting",
    "cut": "accept, then send half of the answer",
    "empty": "accept, then answer 200 without a body",
    "foreign": "accept, then answer 200 with the page of a proxy",
    "refuse": "answer, then close the listener and idle connections for `seconds`",
    "ignore": "likewise, but new connections get no answer at all",
    "slow": "wait `seconds` before doing anything else; goes together with other faults",
    "partial": "bulk entries get `statuses`, by position, or by chance where `share` is given, and "
    "`message`",
    "exception": "the error `code`; only for the recipient `to` where it is given",
}

_ERRORS = {
    "throttle": "TooManyRequestsException",
    "error": "InternalFailure",
    "unavailable": "ServiceUnavailable",
    "drop-before": "InternalFailure",
    "exception": "",
}

GARBLED = ("cut", "empty", "foreign")
_PROXY_PAGE = b"<!doctype html><title>Sign in</title><p>Please sign in to use this network.</p>"

REJECT = {
    "account-suspended": "AccountSuspendedException",
    "bad-request": "BadRequestException",
    "internal": "InternalFailure",
    "mail-from-not-verified": "MailFromDomainNotVerifiedException",
    "message-rejected": "MessageRejected",
    "not-found": "NotFoundException",
    "sending-paused": "SendingPausedException",
    "throttled": "TooManyRequestsException",
    "unavailable": "ServiceUnavailable",
}
"""reject+NAME@any.domain gets this error, so that a list alone can rehearse it."""


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong.

    Args:
        times: how many calls it strikes at most; None is no end.
        probability: of striking a call, drawn from `seed`.
        operations: the calls it may strike; bulk ones alone for "partial".
    """

    kind: str
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    operations: Sequence[str] = SENDING
    seconds: float = 0.0
    accepted: bool = False
    code: str = ""
    message: str = ""
    to: str = ""
    statuses: Sequence[str] = ()
    share: float | None = None
    chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS or (self.kind == "exception" and self.code not in STATUS):
            raise ValueError(f"unknown fault {self.kind!r} {self.code!r}")
        if self.kind == "partial":
            self.operations = ("SendBulkEmail",)
        self.chance = random.Random(self.seed)

    def strikes(self) -> bool:
        if self.times == 0 or self.chance.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def spares_nothing(self) -> bool:
        """The call fails before anything is accepted."""
        return self.kind in _ERRORS and not self.accepted

    def garbled(self, body: bytes) -> bytes:
        """What arrives in place of an answer."""
        return {"cut": body[: len(body) // 2], "empty": b"", "foreign": _PROXY_PAGE}[self.kind]

    def error(self) -> ApiError:
        return ApiError(_ERRORS[self.kind] or self.code, self.message)

    def entry_status(self, position: int) -> str:
        """The forced status of a bulk entry, or ""."""
        if self.share is not None:
            return self.chance.choice(self.statuses) if self.chance.random() < self.share else ""
        status = self.statuses[position] if position < len(self.statuses) else ""
        return "" if status == "SUCCESS" else status


class Faults:
    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self.active.append(fault)

    def clear(self) -> None:
        self.active = []

    def strike(self, operation: str) -> tuple[float, Fault | None]:
        """Seconds to wait, and the first other fault that strikes this call."""
        candidates = [f for f in self.active if operation in f.operations and not f.to]
        delay = sum(f.seconds for f in candidates if f.kind == "slow" and f.strikes())
        return delay, next((f for f in candidates if f.kind != "slow" and f.strikes()), None)

    def refusal(self, address: str) -> ApiError | None:
        """The error for mail to this address."""
        for fault in self.active:
            if fault.to and fault.to.lower() == address.lower() and fault.strikes():
                return ApiError(fault.code, fault.message)
        local = address.partition("@")[0].lower()
        if local.startswith("reject+"):
            code = REJECT.get(local.removeprefix("reject+"), "MessageRejected")
            return ApiError(code, f"Refused as the address {address} asks.")
        return None
