"""The SQS queue of SES's events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailer.events.ingest import FULL, Message
from mailer.transports.ses import error_mapping
from mailer.transports.ses.client import AwsClients, AwsError, Purpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.errors import TransportError


class EventQueue:
    """See `mailer.events.ingest.Queue`.

    Args:
        url: of the queue.
        region: of the queue, if its URL does not name one.
    """

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        match = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.", url)
        try:
            self._client = AwsClients(match[1] if match else region).client(Purpose.QUEUE)
        except AwsError as err:
            raise _unreadable(err) from err

    def receive(self, *, seconds: int) -> list[Message]:
        try:
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=FULL, WaitTimeSeconds=seconds
            )
            return [
                Message(message["Body"], message["ReceiptHandle"])
                for message in answer.get("Messages", ())
            ]
        except AwsError as err:
            raise _unreadable(err) from err

    def delete(self, messages: Sequence[Message]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": message.receipt}
            for number, message in enumerate(messages)
        ]
        try:
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        except AwsError as err:
            raise _unreadable(err) from err


def _unreadable(err: Exception) -> TransportError:
    return error_mapping.of_question(
        err,
        "the queue of events cannot be read",
        hint="Check queue_url and region under [ses] in mailer.toml, and this machine's network.",
    )
