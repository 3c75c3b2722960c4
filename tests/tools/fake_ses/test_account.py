"""The account's state: identities, configuration sets, destinations, credentials."""

from __future__ import annotations

import time

import pytest

from tests.support.ses_requests import bulk, entry, error, mail, wire_to
from tools.fake_ses import SETUPS, FakeSes

pytestmark = pytest.mark.slow


def account(client):
    return client.get_account()


def identity(client):
    return client.get_email_identity(EmailIdentity="example.org")


def configuration_set(client):
    return client.get_configuration_set(ConfigurationSetName="mailer")


def destinations(client):
    name = "mailer"
    answer = client.get_configuration_set_event_destinations(ConfigurationSetName=name)
    return answer["EventDestinations"]


SIGHT = {
    "healthy": lambda c: (
        account(c)["EnforcementStatus"] == "HEALTHY"
        and account(c)["ProductionAccessEnabled"]
        and account(c)["SendingEnabled"]
        and identity(c)["VerifiedForSendingStatus"]
        and identity(c)["DkimAttributes"]["Status"] == "SUCCESS"
        and identity(c)["DkimAttributes"]["SigningEnabled"]
        and identity(c)["MailFromAttributes"]["MailFromDomain"] == "bounce.example.org"
        and identity(c)["MailFromAttributes"]["MailFromDomainStatus"] == "SUCCESS"
        and configuration_set(c)["SendingOptions"]["SendingEnabled"]
        and "BOUNCE" in destinations(c)[0]["MatchingEventTypes"]
        and destinations(c)[0]["SnsDestination"]["TopicArn"].startswith("arn:aws:sns:")
    ),
    "sandbox": lambda c: (
        not account(c)["ProductionAccessEnabled"]
        and account(c)["SendQuota"]
        == {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
    ),
    "sending-disabled": lambda c: not account(c)["SendingEnabled"],
    "probation": lambda c: account(c)["EnforcementStatus"] == "PROBATION",
    "shutdown": lambda c: account(c)["EnforcementStatus"] == "SHUTDOWN",
    "identity-unverified": lambda c: identity(c)["VerificationStatus"] == "PENDING",
    "identity-missing": lambda c: error(lambda: identity(c))[:2] == ("NotFoundException", 404),
    "dkim-pending": lambda c: identity(c)["DkimAttributes"]["Status"] == "PENDING",
    "dkim-failed": lambda c: identity(c)["DkimAttributes"]["Status"] == "FAILED",
    "dkim-unsigned": lambda c: not identity(c)["DkimAttributes"]["SigningEnabled"],
    "mail-from-unset": lambda c: "MailFromDomain" not in identity(c)["MailFromAttributes"],
    "mail-from-failed": lambda c: (
        identity(c)["MailFromAttributes"]["MailFromDomainStatus"] == "FAILED"
    ),
    "mail-from-required": lambda c: (
        identity(c)["MailFromAttributes"]["BehaviorOnMxFailure"] == "REJECT_MESSAGE"
    ),
    "configuration-set-missing": lambda c: (
        error(lambda: configuration_set(c))[1] == error(lambda: destinations(c))[1] == 404
    ),
    "configuration-set-paused": lambda c: (
        not configuration_set(c)["SendingOptions"]["SendingEnabled"]
    ),
    "no-event-destination": lambda c: destinations(c) == [],
    "quota-nearly-used": lambda c: account(c)["SendQuota"]["SentLast24Hours"] == 49_990,
    "message-insights": lambda c: account(c)["VdmAttributes"]["VdmEnabled"] == "ENABLED",
    "bad-credentials": lambda c: (
        error(lambda: account(c))[:2] == ("UnrecognizedClientException", 403)
    ),
    "expired-credentials": lambda c: (
        error(lambda: account(c))[:2] == ("ExpiredTokenException", 403)
    ),
    "access-denied": lambda c: (
        error(lambda: c.send_email(**mail()))[:2] == ("AccessDeniedException", 403)
    ),
    "access-denied-to-read": lambda c: (
        error(lambda: account(c))[:2] == ("AccessDeniedException", 403)
        and c.send_email(**mail())["MessageId"]
    ),
}


@pytest.mark.parametrize("setup", SETUPS)
def test_every_set_up_can_be_seen(connect, setup):
    with FakeSes(setup=setup) as ses:
        assert SIGHT[setup](connect(ses.endpoint))


REFUSES_TO_SEND = {
    "sending-disabled": "SendingPausedException",
    "shutdown": "AccountSuspendedException",
    "identity-unverified": "MessageRejected",
    "identity-missing": "MessageRejected",
    "mail-from-required": "MailFromDomainNotVerifiedException",
    "configuration-set-missing": "NotFoundException",
    "configuration-set-paused": "SendingPausedException",
    "bad-credentials": "UnrecognizedClientException",
    "expired-credentials": "ExpiredTokenException",
    "access-denied": "AccessDeniedException",
}


@pytest.mark.parametrize("setup", SETUPS)
def test_set_ups_that_do_not_allow_it_refuse_to_send(connect, setup):
    single = mail("success@simulator.amazonses.com", ConfigurationSetName="mailer")
    many = bulk(entry("success@simulator.amazonses.com"), ConfigurationSetName="mailer")
    with FakeSes(setup=setup, rate=5) as ses:
        client = connect(ses.endpoint)
        if code := REFUSES_TO_SEND.get(setup):
            assert error(lambda: client.send_email(**single))[0] == code
            assert error(lambda: client.send_bulk_email(**many))[0] == code
            assert ses.accepted == []
        else:
            client.send_email(**single)
            client.send_bulk_email(**many)
            assert len(ses.accepted) == 2


def test_a_call_without_a_signature_is_refused(ses):
    with wire_to(ses) as wire:
        for _ in range(2):  # over one connection
            wire.sendall(b"GET /v2/email/account HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = wire.recv(4096)
            assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
            assert b"x-amzn-ErrorType: MissingAuthenticationTokenException" in answer


def test_an_operation_it_does_not_have_is_refused(client):
    refused = error(client.list_email_identities)
    assert refused[:2] == ("UnknownOperationException", 404)


def test_the_suppression_list_is_kept_and_paged(client):
    for name in ("ana", "bo", "cy"):
        client.put_suppressed_destination(EmailAddress=f"{name}@example.com", Reason="BOUNCE")
    client.put_suppressed_destination(EmailAddress="bo@example.com", Reason="COMPLAINT")
    first = client.list_suppressed_destinations(PageSize=2)
    rest = client.list_suppressed_destinations(PageSize=2, NextToken=first["NextToken"])
    found = [*first["SuppressedDestinationSummaries"], *rest["SuppressedDestinationSummaries"]]
    assert [row["EmailAddress"].partition("@")[0] for row in found] == ["ana", "bo", "cy"]
    assert found[0]["LastUpdateTime"].timestamp() == pytest.approx(time.time(), abs=60)
    assert "NextToken" not in rest
    [complained] = client.list_suppressed_destinations(Reasons=["COMPLAINT"])[
        "SuppressedDestinationSummaries"
    ]
    assert complained["EmailAddress"] == "bo@example.com"
    client.delete_suppressed_destination(EmailAddress="bo@example.com")
    missing = error(lambda: client.delete_suppressed_destination(EmailAddress="bo@example.com"))
    assert missing[0] == "NotFoundException"
