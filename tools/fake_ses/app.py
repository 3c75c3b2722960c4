"""One call from request to answer: faults, authentication, operation, log."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

from tools.fake_ses import insights, reading
from tools.fake_ses.errors import ApiError
from tools.fake_ses.events import events_of
from tools.fake_ses.faults import GARBLED, Faults
from tools.fake_ses.record import Call, Record
from tools.fake_ses.sending import SendApi
from tools.fake_ses.wire import Hangup, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tools.fake_ses.account import Account
    from tools.fake_ses.faults import Fault

ROUTES = [
    (method, re.compile(f"/v2/email/{path}"), operation)
    for method, path, operation in (
        ("POST", "outbound-emails", "SendEmail"),
        ("POST", "outbound-bulk-emails", "SendBulkEmail"),
        ("GET", "account", "GetAccount"),
        ("GET", "identities/(.+)", "GetEmailIdentity"),
        ("GET", "configuration-sets/([^/]+)", "GetConfigurationSet"),
        (
            "GET",
            "configuration-sets/([^/]+)/event-destinations",
            "GetConfigurationSetEventDestinations",
        ),
        ("PUT", "suppression/addresses", "PutSuppressedDestination"),
        ("GET", "suppression/addresses", "ListSuppressedDestinations"),
        ("DELETE", "suppression/addresses/(.+)", "DeleteSuppressedDestination"),
        ("POST", "export-jobs", "CreateExportJob"),
        ("GET", "export-jobs/([^/]+)", "GetExportJob"),
        ("GET", "insights/([^/]+)/", "GetMessageInsights"),
    )
]


class App:
    """The service behind the wire.

    Args:
        clock: seconds since the epoch.
        shut: by kind of fault, shuts out new connections for some seconds.
    """

    def __init__(
        self,
        account: Account,
        *,
        record: Path | None,
        clock: Callable[[], float],
        nonce: int,
        shut: Mapping[str, Callable[[float], None]],
    ) -> None:
        self.record = Record(record)
        self.faults = Faults()
        self.suppressed = reading.Suppressed()
        self.insights = insights.Insights()
        self.send_api = SendApi(account, self.record, self.faults, nonce)
        self._clock = clock
        self._shut = shut

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """What SES would have published of the messages from number `after` on."""
        addresses = self.suppressed.addresses()
        kept = self.record.kept[after:]
        return [e for message in kept for e in events_of(message, self.send_api.account, addresses)]

    async def answer(self, request: Request) -> Response:
        operation, name = _route(request)
        delay, fault = self.faults.strike(operation)
        if delay:
            await asyncio.sleep(delay)
        before = self.record.recipients
        response = self._handle(operation, name, request, fault)
        accepted = self.record.recipients - before
        lost = fault is not None and fault.kind in {"hang", "drop", "drop-before"}
        self.record.calls.append(
            Call(
                self._clock(),
                operation,
                accepted,
                0 if lost else response.status,
                fault.kind if fault and lost else response.error,
            )
        )
        if fault:
            await self._interfere(fault)
        return response

    async def _interfere(self, fault: Fault) -> None:
        if fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        if fault.kind in {"hang", "drop", "drop-before"}:
            raise Hangup
        if fault.kind in self._shut:
            self._shut[fault.kind](fault.seconds)

    def _handle(self, operation: str, name: str, request: Request, fault: Fault | None) -> Response:
        try:
            self._authenticate(operation, request)
            if fault and fault.spares_nothing:
                raise fault.error()
            result = self._operate(operation, name, request, fault)
            if fault and fault.accepted:
                raise fault.error()
        except ApiError as err:
            body = json.dumps({"message": err.message}).encode()
            return Response(err.status, body, error=err.code)
        body = json.dumps(result).encode()
        return Response(200, fault.garbled(body) if fault and fault.kind in GARBLED else body)

    def _authenticate(self, operation: str, request: Request) -> None:
        """Any key will do: the signature's presence is checked, not the signature."""
        account = self.send_api.account
        if not operation:
            raise ApiError("UnknownOperationException", f"No operation at {request.path}")
        authorization = request.headers.get("authorization", "")
        if not re.match(r"AWS4-HMAC-SHA256 Credential=[^ ]+/ses/aws4_request", authorization):
            raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
        if account.credentials:
            raise ApiError(account.credentials, _CREDENTIALS[account.credentials])
        if operation in account.denied or "*" in account.denied:
            user = f"arn:aws:iam::{account.number}:user/mailer"
            raise ApiError(
                "AccessDeniedException",
                f"User: {user} is not authorized to perform: ses:{operation}",
            )

    def _operate(self, operation: str, name: str, request: Request, fault: Fault | None) -> Any:
        now = self._clock()
        if operation == "SendEmail":
            return self.send_api.send_email(_json(request), size=len(request.body), now=now)
        if operation == "SendBulkEmail":
            partial = fault if fault and fault.kind == "partial" else None
            return self.send_api.send_bulk_email(
                _json(request), size=len(request.body), now=now, partial=partial
            )
        account, suppressed = self.send_api.account, self.suppressed
        kept = self.record.kept
        others: dict[str, Callable[[], dict[str, Any]]] = {
            "GetAccount": lambda: reading.get_account(account, self.record.recipients),
            "GetEmailIdentity": lambda: reading.get_email_identity(account, name),
            "GetConfigurationSet": lambda: reading.get_configuration_set(account, name),
            "GetConfigurationSetEventDestinations": lambda: reading.get_event_destinations(
                account, name
            ),
            "PutSuppressedDestination": lambda: suppressed.put(_json(request), now),
            "ListSuppressedDestinations": lambda: suppressed.list(request.query),
            "DeleteSuppressedDestination": lambda: suppressed.delete(name),
            "CreateExportJob": lambda: self.insights.create(account, kept, _json(request)),
            "GetExportJob": lambda: self.insights.get(account, name, request.headers["host"]),
            "GetMessageInsights": lambda: insights.of_message(account, kept, name),
        }
        return others[operation]()


_CREDENTIALS = {
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "ExpiredTokenException": "The security token included in the request is expired.",
    "InvalidSignatureException": "The request signature we calculated does not match the signature "
    "you provided. Check your AWS Secret Access Key and signing method.",
}


def _route(request: Request) -> tuple[str, str]:
    """The operation and the name in its path."""
    for method, path, operation in ROUTES:
        if request.method == method and (match := path.fullmatch(request.path)):
            return operation, match[1] if match.re.groups else ""
    return "", ""


def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError("SerializationException", "The body is not a JSON object.")
    return body
