"""Message insights: exports of what was sent, and the record of single messages.

Amazon documents the requests and answers, not the export's file. Its keys here are guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tools.fake_ses.errors import ApiError, bad_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.fake_ses.account import Account
    from tools.fake_ses.record import Kept

PATH = "exports/"
"""Of the files, below the control commands."""
_ADDRESSES = 5
_MOST = 10_000


class Insights:
    """Exports are ready when they are first asked about for the second time."""

    def __init__(self) -> None:
        self._files: list[list[dict[str, Any]]] = []
        self._asked: set[int] = set()

    def create(
        self, account: Account, kept: Sequence[Kept], request: dict[str, Any]
    ) -> dict[str, str]:
        _check_vdm(account)
        if request["ExportDestination"].keys() != {"DataFormat"}:
            raise bad_request("S3Url must not be specified.")
        source = request["ExportDataSource"]["MessageInsightsDataSource"]
        patterns = source.get("Include", {}).get("Destination", [])
        if len(patterns) > _ADDRESSES:
            raise bad_request(f"Destination must have at most {_ADDRESSES} values.")
        if not 1 <= source.get("MaxResults", 1000) <= _MOST:
            raise bad_request(f"MaxResults must be between 1 and {_MOST}.")
        addresses = {re.sub(r"\\(.)", r"\1", pattern) for pattern in patterns}
        rows = [
            {"MessageId": message.message_id, "Destination": address}
            for message in kept
            for address in message.to
            if address in addresses and source["StartDate"] <= message.at <= source["EndDate"]
        ]
        self._files.append(rows[: source.get("MaxResults", 1000)])
        return {"JobId": f"export-{len(self._files) - 1}"}

    def get(self, account: Account, job_id: str, host: str) -> dict[str, Any]:
        _check_vdm(account)
        match = re.fullmatch(r"export-(\d+)", job_id)
        if match is None or int(match[1]) >= len(self._files):
            raise ApiError("NotFoundException", f"Export job {job_id} does not exist.")
        number = int(match[1])
        job = {"JobId": job_id, "ExportSourceType": "MESSAGE_INSIGHTS"}
        destination = {"DataFormat": "JSON"}
        if number not in self._asked:
            self._asked.add(number)
            return {**job, "JobStatus": "PROCESSING", "ExportDestination": destination}
        url = f"http://{host}/_fake/{PATH}{number}"
        return {
            **job,
            "JobStatus": "COMPLETED",
            "ExportDestination": {**destination, "S3Url": url},
        }

    def file(self, number: int) -> list[dict[str, Any]]:
        return self._files[number]


def of_message(account: Account, kept: Sequence[Kept], message_id: str) -> dict[str, Any]:
    """GetMessageInsights."""
    _check_vdm(account)
    for message in kept:
        if message.message_id == message_id:
            kind = "RENDERING_FAILURE" if message.missing else "SEND"
            events = [{"Type": kind, "Timestamp": message.at}]
            return {
                "MessageId": message_id,
                "FromEmailAddress": message.source,
                "EmailTags": [{"Name": n, "Value": v} for n, v in message.tags.items()],
                "Insights": [{"Destination": to, "Events": events} for to in message.to],
            }
    raise ApiError("NotFoundException", f"Message {message_id} does not exist.")


def _check_vdm(account: Account) -> None:
    # The error of an account without it is not documented.
    if not account.vdm:
        raise bad_request("Virtual Deliverability Manager is not enabled for this account.")
