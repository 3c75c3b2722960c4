"""Amazon SES, API v2: one `SendEmail` for each recipient, or one `SendBulkEmail` for up to 50.

SES knows no idempotency token: a call whose answer is lost may have been carried out, so nothing is
ever called twice. `error_mapping` interprets answers; docs/amazon-ses.md says what has been checked against
a real account.
"""

from __future__ import annotations

import json
import math
import threading
from binascii import b2a_base64
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailer.errors import TransportError
from mailer.ledger.delivery import DeliveryState, Result
from mailer.ledger.event import delivery_tag
from mailer.mail import message
from mailer.transports.base import Allowance, BatchResult
from mailer.transports.in_flight import Progress
from mailer.transports.ses import bulk, error_mapping
from mailer.transports.ses.client import READ_TIMEOUT, AwsClients, AwsError, Purpose
from mailer.transports.ses.error_mapping import SesOutcome, SesOutcomeKind
from mailer.transports.ses.quota_reserve import QuotaReserve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mailer.config import Ses
    from mailer.ledger.delivery import Claim
    from mailer.mail.merge import Merged
    from mailer.mail.message import Envelope
    from mailer.transports.base import OutgoingMessage
    from mailer.transports.in_flight import InFlightMarks

MARGIN = 0.95
"""Share of the account's rate: SES counts by its own clock, and refuses messages above it."""
RAW_REACH = 300
"""Messages a second up to which raw calls keep up with ease: one takes 1 ms of CPU."""
_DAY = timedelta(hours=24)
_ANSWERED = (
    ({DeliveryState.ACCEPTED}, Progress.ACCEPTED),
    ({DeliveryState.PENDING, DeliveryState.FAILED}, Progress.REFUSED),
)
_UNKNOWN = (
    DeliveryState.UNCERTAIN,
    "the program or the machine ended before the answer of Amazon SES was on record: it may have been sent",
)
_SETTLED = {
    Progress.UNKNOWN: _UNKNOWN,
    Progress.CLAIMED: (DeliveryState.PENDING, ""),
    Progress.LEFT: (
        DeliveryState.UNCERTAIN,
        "the program ended between the request to Amazon SES and its answer: it was most likely sent",
    ),
    Progress.REFUSED: (DeliveryState.PENDING, ""),
    Progress.ACCEPTED: (
        DeliveryState.ACCEPTED,
        "Amazon SES had accepted it when the program ended",
    ),
}
_STATES = {
    SesOutcomeKind.UNSENT: DeliveryState.PENDING,
    SesOutcomeKind.QUOTA: DeliveryState.PENDING,
    SesOutcomeKind.STOP: DeliveryState.PENDING,
    SesOutcomeKind.REFUSED: DeliveryState.FAILED,
    SesOutcomeKind.UNCERTAIN: DeliveryState.UNCERTAIN,
}


_NO_TRACKING = {
    "Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"},
}
"""Overrides the configuration set: SES would add a picture to the mail, and rewrite its links."""


class SesTransport:
    """See `transports.base.Transport`.

    Args:
        settings: [ses] of mailer.toml; credentials come from boto3's own environment.
        campaign: its name.
        list_name: of the list it goes to.
        envelope: of the send.
        clock: aware time, for the Date header and for when the quota is free again.
        marks: of the deliveries; None for mail that is in no ledger.
        read_timeout: seconds to wait for an answer.
    """

    name = "ses"
    connections = 64

    def __init__(
        self,
        settings: Ses,
        *,
        campaign: str,
        list_name: str,
        envelope: Envelope,
        clock: Callable[[], datetime],
        marks: InFlightMarks | None = None,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self._settings = settings
        self._campaign = campaign
        self._shared_tags = [
            {"Name": "campaign", "Value": delivery_tag(campaign)},
            {"Name": "ses:feedback-id-a", "Value": delivery_tag(campaign)},
            {"Name": "ses:feedback-id-b", "Value": delivery_tag(list_name) or "none"},
        ]
        self._envelope = envelope
        self._clock = clock
        self._clients = AwsClients(
            settings.region,
            connections=self.connections,
            read_timeout=read_timeout,
            before_call=self._put_body,
            before_send=self._mark_as_left,
        )
        self._marks = marks
        self._calling = threading.local()
        self._reserve = QuotaReserve(settings.reserve)

    def allowance(self) -> Allowance:
        try:
            account = self._clients.client(Purpose.READING).get_account()
            enabled, quota = account["SendingEnabled"], account["SendQuota"]
            daily, used = int(quota["Max24HourSend"]), int(quota["SentLast24Hours"])
            rate = float(quota["MaxSendRate"]) * MARGIN
            if not 0 < rate < math.inf:
                raise ValueError(rate)
        except AwsError as err:
            raise _cannot_ask(err) from err
        if not enabled:
            status = account.get("EnforcementStatus", "disabled")
            raise TransportError(
                f"Amazon SES does not let this account send (it is {status})",
                hint="See why in the SES console, and with: mailer doctor",
            )
        left = max(0, daily - used - self._settings.reserve)
        limits = {} if daily < 0 else {"daily": daily, "left": left}
        self._reserve.know(limits.get("left"))
        return Allowance(rate=rate, sent=used, **limits)

    def batch_size(self, rate: float | None) -> int:
        if self._settings.method == "auto":
            return bulk.MOST if rate is None or rate > RAW_REACH else 1
        return bulk.MOST if self._settings.method == "bulk" else 1

    def batches(
        self, messages: Sequence[OutgoingMessage], size: int
    ) -> Sequence[Sequence[OutgoingMessage]]:
        """Messages of one variant go together; one that cannot go in a template goes alone."""
        if size == 1 or not bulk.headers_fit(messages[0].merged, self._envelope):
            return [[outgoing] for outgoing in messages]
        alone: list[list[OutgoingMessage]] = []
        alike: dict[object, list[OutgoingMessage]] = defaultdict(list)
        for outgoing in messages:
            if bulk.fits(outgoing.merged):
                alike[outgoing.merged.variant, outgoing.merged.mark].append(outgoing)
            else:
                alone.append([outgoing])
        return alone + [
            group[i : i + size] for group in alike.values() for i in range(0, len(group), size)
        ]

    def deliver(self, batch: Sequence[OutgoingMessage]) -> BatchResult:
        try:
            self._reserve.take(len(batch), self.allowance)
        except TransportError as err:
            return BatchResult.unsent(batch, stop=err)
        if len(batch) > 1 or self._goes_by_template(batch[0].merged):
            return self._bulk(batch)
        return self._raw(batch[0])

    def expect(self, claims: Sequence[Claim]) -> None:
        if self._marks:
            self._marks.claim(claim.delivery_id for claim in claims)

    def settle(self, claims: Sequence[Claim]) -> list[Result]:
        return [self._settled(claim.delivery_id) for claim in claims]

    def _settled(self, delivery_id: int) -> Result:
        """Results that the marks prove; none for an earlier boot of this machine."""
        progress = self._marks.get(delivery_id) if self._marks else Progress.UNKNOWN
        state, detail = _SETTLED[progress]
        return Result(delivery_id, state, detail=detail)

    # ---------------------------------------------------------------- one call

    def _goes_by_template(self, merged: Merged) -> bool:
        wanted = self._settings.method == "bulk"
        return wanted and bulk.headers_fit(merged, self._envelope) and bulk.fits(merged)

    def _raw(self, outgoing: OutgoingMessage) -> BatchResult:
        data = message.encode(
            outgoing.merged,
            self._envelope,
            message_id=message.message_id(self._campaign, outgoing.delivery_id),
            date=self._clock(),
        )
        request = {
            "Destination": {"ToAddresses": [outgoing.merged.email]},
            "EmailTags": self._tags(outgoing),
        }
        # as octets: to look through base64 for what JSON escapes takes a tenth of the CPU of a call
        rest = self._json(request)[1:]
        content = b2a_base64(data, newline=False)
        body = b'{"Content": {"Raw": {"Data": "%b"}}, %b' % (content, rest)
        answer = self._call("send_email", body, [outgoing])
        if not isinstance(answer, SesOutcome):
            answer = _message_id(answer)
        return self._receipt({outgoing.delivery_id: answer})

    def _bulk(self, batch: Sequence[OutgoingMessage]) -> BatchResult:
        request = bulk.request(
            [outgoing.merged for outgoing in batch],
            self._envelope,
            [self._tags(outgoing) for outgoing in batch],
        )
        if request is None:
            return self._one_by_one(batch)
        answer = self._call("send_bulk_email", self._json(request), batch)
        if not isinstance(answer, SesOutcome):
            answers = [_of_entry(entry) for entry in answer.get("BulkEmailEntryResults") or ()]
            if len(answers) == len(batch):
                return self._receipt(
                    {
                        outgoing.delivery_id: entry_result
                        for outgoing, entry_result in zip(batch, answers, strict=True)
                    }
                )
            answer = error_mapping.INCOMPLETE
        return self._receipt(dict.fromkeys((outgoing.delivery_id for outgoing in batch), answer))

    def _one_by_one(self, batch: Sequence[OutgoingMessage]) -> BatchResult:
        receipts: list[BatchResult] = []
        for outgoing in batch:
            receipts.append(self._raw(outgoing))
            if receipts[-1].stop:
                break
        results = [result for batch_result in receipts for result in batch_result.results]
        results += BatchResult.unsent(batch[len(results) :]).results
        slow_down = next(
            (batch_result.slow_down for batch_result in receipts if batch_result.slow_down), ""
        )
        return BatchResult(results, slow_down, receipts[-1].stop)

    def _json(self, request: dict[str, Any]) -> bytes:
        return json.dumps({**request, **self._options()}).encode()

    def _call(self, operation: str, body: bytes, batch: Sequence[OutgoingMessage]) -> Any:
        """The answer, or the outcome of the error in its place."""
        self._calling.body = body
        self._calling.ids = [outgoing.delivery_id for outgoing in batch]
        try:
            call = getattr(self._clients.client(Purpose.SENDING), operation)
            # an argument, so that boto3 calls it JSON
            return call(ConfigurationSetName="", **self._endpoint)
        except Exception as err:  # noqa: BLE001 - whatever it is, what became of the message must be said
            return error_mapping.of_error(err)

    def _put_body(self, params: dict[str, Any], **_: object) -> None:
        """Put in the request as JSON: boto3 writes it field by field, in a third of the CPU of a call."""
        params["body"] = self._calling.body

    def _mark_as_left(self, **_: object) -> None:
        """boto3 has signed the request, and writes it to the network next."""
        if self._marks:
            self._marks.set(self._calling.ids, Progress.LEFT)

    def _options(self) -> dict[str, Any]:
        settings = self._settings
        options = {
            "ConfigurationSetName": settings.configuration_set,
            "ConfigurationOverrides": _NO_TRACKING if settings.configuration_set else None,
            "TenantName": settings.tenant,
            "EndpointId": settings.endpoint_id,
            "FromEmailAddressIdentityArn": settings.identity_arn,
            "FeedbackForwardingEmailAddress": settings.return_path,
        }
        return {name: value for name, value in options.items() if value}

    @property
    def _endpoint(self) -> dict[str, str]:
        """The argument of SES that boto3 itself acts on: it decides the host."""
        return {"EndpointId": self._settings.endpoint_id} if self._settings.endpoint_id else {}

    def _tags(self, outgoing: OutgoingMessage) -> list[dict[str, str]]:
        """Tags, which come back with every event, and in Gmail's feedback loop; ids only, no address."""
        return [*self._shared_tags, {"Name": "delivery", "Value": str(outgoing.delivery_id)}]

    # ---------------------------------------------------------------- its answer

    def _receipt(self, answers: dict[int, str | SesOutcome]) -> BatchResult:
        """Build the result from a message id or an outcome for each delivery."""
        results = [_result(delivery_id, answer) for delivery_id, answer in answers.items()]
        self._mark_answers(results)
        verdicts = [answer for answer in answers.values() if isinstance(answer, SesOutcome)]
        unsent = (outcome.message for outcome in verdicts if outcome.kind is SesOutcomeKind.UNSENT)
        stops = (
            outcome
            for outcome in verdicts
            if outcome.kind in {SesOutcomeKind.QUOTA, SesOutcomeKind.STOP}
        )
        stop = next(stops, None)
        return BatchResult(results, next(unsent, ""), self._stop(stop) if stop else None)

    def _mark_answers(self, results: Sequence[Result]) -> None:
        if not self._marks:
            return
        for states, progress in _ANSWERED:
            ids = [result.delivery_id for result in results if result.state in states]
            self._marks.set(ids, progress)

    def _stop(self, why: SesOutcome) -> TransportError:
        if why.kind is SesOutcomeKind.STOP:
            return TransportError(why.message, hint=why.hint)
        free = (self._clock() + _DAY).astimezone()
        return TransportError(
            f"the daily quota of Amazon SES is used up; it can go on at the latest on "
            f"{free:%A, %B} {free.day}, {free:%H:%M %Z} ({why.message})",
            hint="SES counts the last 24 hours, so a part is free again sooner. A higher quota can be "
            "asked for in the SES console.",
        )


def _of_entry(entry: object) -> str | SesOutcome:
    if not isinstance(entry, dict):
        return error_mapping.INCOMPLETE
    status = entry.get("Status", "")
    if status in ("SUCCESS", ""):
        return _message_id(entry)
    return error_mapping.of_status(status, entry.get("Error"))


def _message_id(answer: Mapping[str, Any]) -> str | SesOutcome:
    """The message id, if the answer has one: an answer may be cut, empty, or the page of a proxy."""
    message_id = answer.get("MessageId")
    if not isinstance(message_id, str):
        return error_mapping.INCOMPLETE
    return error_mapping.readable(message_id) or error_mapping.INCOMPLETE


def _result(delivery_id: int, answer: str | SesOutcome) -> Result:
    if isinstance(answer, str):
        return Result(delivery_id, DeliveryState.ACCEPTED, message_id=answer)
    state = _STATES[answer.kind]
    detail = "" if state is DeliveryState.PENDING else answer.message
    return Result(delivery_id, state, detail=detail)


def _cannot_ask(err: Exception) -> TransportError:
    return error_mapping.of_question(err, "Amazon SES cannot be asked what this account may send")
