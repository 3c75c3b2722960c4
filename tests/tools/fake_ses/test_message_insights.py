"""Message insights and their export."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.ses_requests import error, mail
from tools.fake_ses import FakeSes

pytestmark = pytest.mark.slow


def export(client, *addresses, **source):
    now = datetime.now(UTC)
    source = {"StartDate": now - timedelta(hours=1), "EndDate": now + timedelta(hours=1), **source}
    job = client.create_export_job(
        ExportDataSource={
            "MessageInsightsDataSource": {**source, "Include": {"Destination": [*addresses]}}
        },
        ExportDestination={"DataFormat": "JSON"},
    )
    states = [client.get_export_job(JobId=job["JobId"]) for _ in range(2)]
    assert [state["JobStatus"] for state in states] == ["PROCESSING", "COMPLETED"]
    with urllib.request.urlopen(states[1]["ExportDestination"]["S3Url"]) as response:
        return [row["MessageId"] for row in json.load(response)]


def test_message_insights_tell_of_messages_and_their_tags(connect):
    with FakeSes(setup="message-insights") as ses:
        client = connect(ses.endpoint)
        address = "success@simulator.amazonses.com"
        tags = [{"Name": "delivery", "Value": "7"}]
        message_id = client.send_email(**mail(address, EmailTags=tags))["MessageId"]
        assert export(client, address) == [message_id]
        assert export(client, "other@example.com") == []
        assert export(client, address, EndDate=datetime(2020, 1, 1, tzinfo=UTC)) == []
        record = client.get_message_insights(MessageId=message_id)
        assert record["EmailTags"] == tags
        (insight,) = record["Insights"]
        assert insight["Destination"] == address
        assert [event["Type"] for event in insight["Events"]] == ["SEND"]
        code, _, _ = error(lambda: export(client, *["a@example.org"] * 6))
        assert code == "BadRequestException"
        code, _, _ = error(lambda: client.get_export_job(JobId="export-99"))
        assert code == "NotFoundException"


def test_an_account_without_vdm_has_no_message_insights(ses, connect):
    client = connect(ses.endpoint)
    code, _, text = error(lambda: export(client, "a@example.org"))
    assert (code, "not enabled" in text) == ("BadRequestException", True)
