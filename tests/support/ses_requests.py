"""Requests to SES in the shapes of boto3, and what their answers say."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.fake_ses import FakeSes


ROOT = Path(__file__).parents[2]
FROM = "Juniper Street Action <news@example.org>"
TO = "ana@example.com"
RAW = (
    b"From: Juniper Street Action\r\n <news@example.org>\r\nTo: ana@example.com\r\n"
    b"Subject: Tuesday\r\nMIME-Version: 1.0\r\n\r\nThe vote is Tuesday.\r\n"
)


def mail(to: str = TO, data: bytes = RAW, **changes: Any) -> dict[str, Any]:
    request = {"Destination": {"ToAddresses": [to]}, "Content": {"Raw": {"Data": data}}}
    return request | changes


def templated(**content: Any) -> dict[str, Any]:
    return {
        "TemplateContent": {"Subject": "Hello {{s0}}", "Html": "<p>{{s0}}</p>"} | content,
        "TemplateData": "{}",
    }


def entry(to: str = TO, data: Any = None, **changes: Any) -> dict[str, Any]:
    text = data if isinstance(data, str) else json.dumps({"s0": "Ana"} if data is None else data)
    content = {"ReplacementTemplate": {"ReplacementTemplateData": text}}
    return {
        "Destination": {"ToAddresses": [to]},
        "ReplacementEmailContent": content,
        **changes,
    }


def bulk(*entries: dict[str, Any], template: dict[str, Any] | None = None, **changes: Any):
    return {
        "FromEmailAddress": FROM,
        "DefaultContent": {"Template": template or templated()},
        "BulkEmailEntries": list(entries) or [entry()],
        **changes,
    }


def results(answer: dict[str, Any]) -> list[str]:
    return [result["Status"] for result in answer["BulkEmailEntryResults"]]


def error(call: Callable[[], Any]) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], status, answer["Error"]["Message"]


def wire_to(ses: FakeSes) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(ses.endpoint.rpartition(":")[2])), timeout=10)


def in_threads(work: Callable[[int], None], workers: int) -> None:
    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def parts(data: bytes) -> dict[str, str]:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert not message.defects
    return {
        part.get_content_type(): part.get_content().replace("\r\n", "\n")
        for part in message.walk()
        if not part.is_multipart()
    }
