"""The worked example of docs/adding-a-transport.md: mail through Postmark's batch API.

Source: Postmark developer documentation, "Email API" and "API error codes". Tried against a server that
answers as documented there, never against Postmark itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from mailer.errors import TransportError
from mailer.ledger.delivery import DeliveryState, Result
from mailer.mail.message import list_headers
from mailer.transports.base import Allowance, BatchResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.ledger.delivery import Claim
    from mailer.mail.message import Envelope
    from mailer.transports.base import OutgoingMessage

_MOST = 500
"""Messages in one call, by the API's limit."""
_OK, _REFUSED_REQUEST, _TOO_MANY, _SERVER_ERROR = 200, {401, 403}, 429, 500
_NEVER_LEFT = (NameResolutionError, NewConnectionError)
"""Raised before anything was written."""


class PostmarkTransport:
    """See `mailer.transports.base.Transport`.

    Args:
        token: of the Postmark server.
        campaign: its name, for Postmark's statistics.
        envelope: of the send.
        endpoint: of the API.
    """

    name = "postmark"
    connections = 8

    def __init__(
        self,
        token: str,
        *,
        campaign: str,
        envelope: Envelope,
        endpoint: str = "https://api.postmarkapp.com",
    ) -> None:
        self._campaign = campaign
        self._envelope = envelope
        self._endpoint = endpoint
        self._headers = {"X-Postmark-Server-Token": token, "Accept": "application/json"}
        # no retries: a request whose answer was lost may have been carried out
        self._http = urllib3.PoolManager(
            maxsize=self.connections, retries=False, timeout=urllib3.Timeout(connect=5, read=60)
        )

    def allowance(self) -> Allowance:
        return Allowance()

    def batch_size(self, rate: float | None) -> int:
        del rate
        return _MOST

    def batches(
        self, messages: Sequence[OutgoingMessage], size: int
    ) -> Sequence[Sequence[OutgoingMessage]]:
        return [messages[i : i + size] for i in range(0, len(messages), size)]

    def expect(self, claims: Sequence[Claim]) -> None:
        """Nothing is noted, so nothing can be proven after a crash: see `settle`."""

    def settle(self, claims: Sequence[Claim]) -> list[Result]:
        detail = "the program ended before the answer of Postmark was on record"
        return [Result(c.delivery_id, DeliveryState.UNCERTAIN, detail=detail) for c in claims]

    # ---------------------------------------------------------------- pure → network → pure

    def deliver(self, batch: Sequence[OutgoingMessage]) -> BatchResult:
        payload = [self._payload(message) for message in batch]
        try:
            response = self._http.request(
                "POST", f"{self._endpoint}/email/batch", json=payload, headers=self._headers
            )
        except _NEVER_LEFT as err:
            return BatchResult(BatchResult.unsent(batch).results, slow_down=str(err))
        except HTTPError as err:
            return _all(batch, DeliveryState.UNCERTAIN, f"there was no answer: {err}")
        return _batch_result(batch, response.status, response.data)

    def _payload(self, message: OutgoingMessage) -> dict[str, Any]:
        merged = message.merged
        headers = list_headers(merged, self._envelope)
        return {
            "From": self._envelope.sender,
            "To": merged.email,
            "Subject": merged.subject,
            "HtmlBody": merged.html,
            "TextBody": merged.text,
            "ReplyTo": self._envelope.reply_to or None,
            "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
            "Tag": self._campaign,
            "Metadata": {"delivery": str(message.delivery_id)},
            "MessageStream": "broadcast",
        }


def _batch_result(batch: Sequence[OutgoingMessage], status: int, body: bytes) -> BatchResult:
    """What Postmark's answer says about each message."""
    if status == _TOO_MANY:
        return BatchResult(BatchResult.unsent(batch).results, slow_down="Postmark asks for less")
    if status in _REFUSED_REQUEST:
        stop = TransportError("Postmark refuses the token", hint="Check [postmark] in mailer.toml.")
        return BatchResult.unsent(batch, stop)
    if status >= _SERVER_ERROR:
        return _all(batch, DeliveryState.UNCERTAIN, f"Postmark is in trouble ({status})")
    try:
        answers = json.loads(body)
        whole = isinstance(answers, list) and len(answers) == len(batch)
    except ValueError:
        whole = False
    if status != _OK or not whole:
        return _all(batch, DeliveryState.UNCERTAIN, "the answer was incomplete")
    return BatchResult([_result(m, answer) for m, answer in zip(batch, answers, strict=True)])


def _result(message: OutgoingMessage, answer: dict[str, Any]) -> Result:
    code, message_id = answer.get("ErrorCode"), answer.get("MessageID", "")
    if code == 0 and message_id:
        return Result(message.delivery_id, DeliveryState.ACCEPTED, message_id)
    if code:
        detail = f"{answer.get('Message', 'no reason was given')} ({code})"
        return Result(message.delivery_id, DeliveryState.FAILED, detail=detail)
    return Result(message.delivery_id, DeliveryState.UNCERTAIN, detail="the answer was incomplete")


def _all(batch: Sequence[OutgoingMessage], state: DeliveryState, detail: str) -> BatchResult:
    return BatchResult([Result(message.delivery_id, state, detail=detail) for message in batch])
