"""The queue (SQS) that SES's events wait in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mailer.errors import TransportError
from mailer.events.ingest import FULL, Message
from mailer.transports.ses import error_mapping

if TYPE_CHECKING:
    from collections.abc import Sequence

_AT_ONCE = 8
_PATIENTLY = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=5,
    read_timeout=20,  # well above what a call waits for a message
    max_pool_connections=_AT_ONCE,
)


class EventQueue:
    """See `mailer.events.ingest.Queue`.

    Args:
        url: of the queue.
        region: where it is, if its URL does not say so.
    """

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        said = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.", url)
        try:
            session = boto3.session.Session(region_name=said[1] if said else region or None)
            self._client = session.client("sqs", config=_PATIENTLY)
        except BotoCoreError as err:
            raise _trouble(err) from err

    def receive(self, *, seconds: int) -> list[Message]:
        try:
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=FULL, WaitTimeSeconds=seconds
            )
        except (BotoCoreError, ClientError) as err:
            raise _trouble(err) from err
        return [Message(each["Body"], each["ReceiptHandle"]) for each in answer.get("Messages", ())]

    def delete(self, messages: Sequence[Message]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": message.receipt}
            for number, message in enumerate(messages)
        ]
        try:
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        except (BotoCoreError, ClientError) as err:
            raise _trouble(err) from err


def _trouble(err: BotoCoreError | ClientError) -> TransportError:
    found = error_mapping.of_error(err)
    said = (
        f"{err.response['Error']['Message']} ({err.response['Error']['Code']})"
        if isinstance(err, ClientError)
        else str(err)
    )
    return TransportError(
        f"the queue of events cannot be read: {said}",
        hint=found.hint
        or "Check queue_url and region under [ses] in mailer.toml, and this machine's network.",
    )
