"""Message insights of Virtual Deliverability Manager: what SES has on record of single messages.

An export finds the messages to some addresses (`CreateExportJob`, `GetExportJob`), and each message's
own record (`GetMessageInsights`) has the tags with which it was sent. The format of the export's file is
not documented: only the ids of messages are read from it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from mailer.errors import TransportError
from mailer.transports.ses import error_mapping
from mailer.transports.ses.client import AwsClients, AwsError, Purpose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mailer.config import Ses

ADDRESSES = 5
"""Addresses in one export: the most that a filter takes."""
MOST_JOBS = 10
"""Exports under way at once. How many SES allows is not documented."""
MOST_RESULTS = 10_000
"""Messages in one export, at most."""
PAUSE = 1.0
"""Seconds between calls: each of these may be called once a second."""
PATIENCE = 600.0
"""Seconds to wait for one export."""
_FAILED = {"FAILED", "CANCELLED"}
_NEVER_SENT = {"REJECT": "Reject", "RENDERING_FAILURE": "Rendering Failure"}
_HINT = (
    "It needs Virtual Deliverability Manager, and the actions that docs/amazon-ses.md names under "
    "Message insights."
)


class MessageInsights:
    """Reads message insights.

    Args:
        settings: [ses] of mailer.toml.
        wait: waits for so many seconds.
    """

    def __init__(self, settings: Ses, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._wait = wait
        try:
            self._client = AwsClients(settings.region).client(Purpose.INSIGHTS)
        except AwsError as err:
            raise _unreadable(err) from err

    def events(
        self, addresses: Iterable[str], *, since: datetime, until: datetime
    ) -> Iterator[str]:
        """For each message to these addresses, an event in JSON, in the shape that SES publishes.

        Raises:
            TransportError: the account has no message insights, or they cannot be read.
        """
        try:
            for message_id in self._message_ids(addresses, since, until):
                self._wait(PAUSE)
                yield from self._events_of(message_id)
        except AwsError as err:
            raise _unreadable(err) from err

    def _events_of(self, message_id: str) -> Iterator[str]:
        try:
            yield from _events(self._client.get_message_insights(MessageId=message_id))
        except self._client.exceptions.NotFoundException:
            return  # listed, and not yet on record by itself

    def _message_ids(
        self, addresses: Iterable[str], since: datetime, until: datetime
    ) -> Iterator[str]:
        everybody = sorted(addresses)
        parts = [everybody[i : i + ADDRESSES] for i in range(0, len(everybody), ADDRESSES)]
        to_ask, jobs = deque(parts), deque[str]()
        while to_ask or jobs:
            if to_ask and len(jobs) < MOST_JOBS:
                jobs.append(self._start(to_ask.popleft(), since, until))
            else:
                yield from sorted(message_ids(_download(self._url(jobs.popleft()))))

    def _start(self, addresses: list[str], since: datetime, until: datetime) -> str:
        """Start an export; return its id."""
        self._wait(PAUSE)
        source = {
            "StartDate": since,
            "EndDate": until,
            "Include": {"Destination": [re.sub(r"([*\\])", r"\\\1", a) for a in addresses]},
            "MaxResults": MOST_RESULTS,
        }
        job = self._client.create_export_job(
            ExportDataSource={"MessageInsightsDataSource": source},
            ExportDestination={"DataFormat": "JSON"},
        )
        job_id: str = job["JobId"]
        return job_id

    def _url(self, job_id: str) -> str:
        """Wait for an export; return the address of its file, which is valid for five minutes."""
        waited = 0.0
        while waited < PATIENCE:
            job = self._client.get_export_job(JobId=job_id)
            status = job["JobStatus"]
            if status == "COMPLETED":
                url: str = job["ExportDestination"]["S3Url"]
                return url
            if status in _FAILED:
                reason = job.get("FailureInfo", {}).get("ErrorMessage") or status.lower()
                raise TransportError(
                    f"Amazon SES could not export its message insights: {reason}",
                    hint="Try again in a few minutes.",
                )
            self._wait(2 * PAUSE)
            waited += 2 * PAUSE
        raise TransportError(
            f"Amazon SES has not exported its message insights within {PATIENCE / 60:.0f} minutes",
            hint="Try again later.",
        )


def least_time(addresses: int) -> float:
    """Seconds that asking about so many addresses takes at least."""
    exports = math.ceil(addresses / ADDRESSES)
    return PAUSE * (addresses + 2 * exports)


def _download(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise TransportError(f"the export of message insights is not at a web address: {url}")
    session = URLLib3Session(proxies=get_environ_proxies(url), timeout=60)
    try:
        response = session.send(AWSRequest("GET", url).prepare())
        content: bytes = response.content
    finally:
        session.close()
    if response.status_code != 200:  # noqa: PLR2004 - HTTP's own number
        raise TransportError(
            f"the export of message insights could not be fetched: HTTP {response.status_code}",
            hint="Try again in a few minutes.",
        )
    return content


# ---------------------------------------------------------------- the file


def message_ids(content: bytes) -> set[str]:
    """The ids of all messages in an export: JSON, lines of JSON, or CSV with headings.

    Raises:
        TransportError: it has records, but no ids of messages.
    """
    text = _text(content)
    try:
        records = _json_records(text)
        if records is None:
            records = _csv_records(text)
        ids = {_bare(value) for record in records for value in _ids_in(record)}
    except (csv.Error, RecursionError):
        records, ids = ["unreadable"], set()
    if records and not ids:
        raise TransportError(
            "the export of message insights has no ids of messages that mailer recognizes",
            hint="Please report the headings of a message insights export from the SES console.",
        )
    return ids


def _text(content: bytes) -> str:
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError) as err:
            raise TransportError(
                "the export of message insights is cut short", hint="Try again in a few minutes."
            ) from err
    return content.decode("utf-8-sig", "replace").replace("\0", "")


def _json_records(text: str) -> list[Any] | None:
    """The values of a JSON document, or of one a line; None where it is no JSON."""
    try:
        values = [json.loads(text)] if text.strip() else []
    except (ValueError, RecursionError):
        try:
            values = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            return None
    return [value for value in values if value not in ([], {}, None)]


def _csv_records(text: str) -> list[Any]:
    """The rows; where no heading names an id, the headings, which have none either."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    headings = list(rows.fieldnames or ())
    return list(rows) if any(map(_is_message_id, headings)) else headings


def _is_message_id(name: object) -> bool:
    return re.sub("[^a-z]", "", str(name).lower()) == "messageid"


def _ids_in(value: object) -> Iterator[str]:
    """The values under a heading "MessageId", however it is spelled."""
    if isinstance(value, list):
        for entry in value:
            yield from _ids_in(entry)
    elif isinstance(value, dict):
        for name, entry in value.items():
            if not _is_message_id(name):
                yield from _ids_in(entry)
            elif isinstance(entry, str) and _bare(entry):
                yield entry


def _bare(message_id: str) -> str:
    """An id without the brackets and the domain that it has in a Message-ID header."""
    return message_id.strip().lstrip("<").partition("@")[0].rstrip(">")


# ---------------------------------------------------------------- one message


def _events(message: dict[str, Any]) -> Iterator[str]:
    """The record of a message as events: sent, or accepted and not sent."""
    tags = {tag["Name"]: [tag["Value"]] for tag in message.get("EmailTags", ())}
    for insight in message.get("Insights", ()):
        reported = {event["Type"]: event.get("Timestamp") for event in insight.get("Events", ())}
        kind = next((name for type_, name in _NEVER_SENT.items() if type_ in reported), "Send")
        at = next(filter(None, reported.values()), datetime.now(UTC))
        mail = {
            "messageId": message["MessageId"],
            "timestamp": at.isoformat(),
            "destination": [insight["Destination"]],
            "tags": tags,
        }
        yield json.dumps({"eventType": kind, "mail": mail})


def _unreadable(err: Exception) -> TransportError:
    return error_mapping.of_question(
        err, "the message insights of Amazon SES cannot be read", hint=_HINT
    )
