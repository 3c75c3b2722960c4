"""Events that the fake SES publishes."""

from __future__ import annotations

import pytest

from tests.support.ses_requests import mail

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("local", "types"),
    [
        ("success", ["Send", "Delivery"]),
        ("bounce", ["Send", "Bounce"]),
        ("bounce+label", ["Send", "Bounce"]),
        ("complaint", ["Send", "Delivery", "Complaint"]),
        ("suppressionlist", ["Send", "Bounce"]),
        ("ooto", ["Send", "Delivery", "Bounce"]),
    ],
)
def test_simulator_addresses_have_their_events(ses, client, local, types):
    address = f"{local}@simulator.amazonses.com"
    tags = [{"Name": "delivery", "Value": "7"}]
    sent = client.send_email(**mail(address, EmailTags=tags, ConfigurationSetName="mailer"))
    assert [event["eventType"] for event in ses.events] == types
    for event in ses.events:
        assert event["mail"]["messageId"] == sent["MessageId"]
        assert event["mail"]["destination"] == [address]
        assert event["mail"]["tags"]["delivery"] == ["7"]
        assert event["mail"]["tags"]["ses:configuration-set"] == ["mailer"]
        assert event["mail"]["commonHeaders"]["subject"] == "Tuesday"


def test_bounces_and_complaints_name_the_recipient(ses, client):
    ses.change(outcomes={"ana@example.com": "bounce", "bo@example.com": "complaint"})
    client.put_suppressed_destination(EmailAddress="cy@example.com", Reason="BOUNCE")
    for name in ("ana", "bo", "cy"):
        client.send_email(**mail(f"{name}@example.com"))
    bounce, suppressed = (e["bounce"] for e in ses.events if e["eventType"] == "Bounce")
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", "General")
    [bounced] = bounce["bouncedRecipients"]
    assert (bounced["emailAddress"], bounced["status"]) == ("ana@example.com", "5.1.1")
    assert suppressed["bounceSubType"] == "OnAccountSuppressionList"
    [complaint] = (e["complaint"] for e in ses.events if e["eventType"] == "Complaint")
    assert complaint["complainedRecipients"] == [{"emailAddress": "bo@example.com"}]
    assert complaint["complaintFeedbackType"] == "abuse"
    assert len({bounce["feedbackId"], suppressed["feedbackId"], complaint["feedbackId"]}) == 3
