"""What each error of boto3, and each status of a bulk answer, means for a recipient."""

from __future__ import annotations

import ssl

import botocore.exceptions as boto
import pytest
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError

from mailer.transports.ses.error_mapping import SesOutcomeKind, of_error, of_status

ENDPOINT = {"endpoint_url": "https://email.us-east-1.amazonaws.com"}
RATE, QUOTA = "Maximum sending rate exceeded.", "Daily message quota exceeded."
UNVERIFIED = "Email address is not verified. The following identities failed the check: a@b.org"


def answer(code, status=400, message="No.", operation="SendEmail"):
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return boto.ClientError(response, operation)


def broken_tls(cause):
    return boto.SSLError(**ENDPOINT, error=OSError(cause))


@pytest.mark.parametrize(
    ("err", "kind"),
    [
        # nothing was written
        (boto.EndpointConnectionError(**ENDPOINT), SesOutcomeKind.UNSENT),
        (boto.ConnectTimeoutError(**ENDPOINT), SesOutcomeKind.UNSENT),
        (boto.ProxyConnectionError(proxy_url="http://proxy", error="no"), SesOutcomeKind.UNSENT),
        # refused for its speed, or for the day
        *[
            (answer(code, status, text), kind)
            for code, status in (
                ("TooManyRequestsException", 429),
                ("ThrottlingException", 400),
                ("LimitExceededException", 400),
            )
            for text, kind in (
                (RATE, SesOutcomeKind.UNSENT),
                (QUOTA, SesOutcomeKind.QUOTA),
                (QUOTA.upper(), SesOutcomeKind.QUOTA),
            )
        ],
        # nothing will be sent before somebody has done something
        (answer("AccountSuspendedException"), SesOutcomeKind.STOP),
        (answer("SendingPausedException"), SesOutcomeKind.STOP),
        (answer("MailFromDomainNotVerifiedException"), SesOutcomeKind.STOP),
        (answer("NotFoundException", 404), SesOutcomeKind.STOP),
        (answer("MessageRejected", 400, UNVERIFIED), SesOutcomeKind.STOP),
        (answer("UnrecognizedClientException", 403), SesOutcomeKind.STOP),
        (answer("InvalidSignatureException", 403), SesOutcomeKind.STOP),
        (answer("ExpiredTokenException", 403), SesOutcomeKind.STOP),
        (answer("AccessDeniedException", 403), SesOutcomeKind.STOP),
        (answer("SomethingNew", 401), SesOutcomeKind.STOP),
        (boto.NoCredentialsError(), SesOutcomeKind.STOP),
        (boto.PartialCredentialsError(provider="env", cred_var="key"), SesOutcomeKind.STOP),
        (boto.CredentialRetrievalError(provider="role", error_msg="no"), SesOutcomeKind.STOP),
        (boto.UnauthorizedSSOTokenError(), SesOutcomeKind.STOP),
        (boto.NoRegionError(), SesOutcomeKind.STOP),
        (boto.ParamValidationError(report="no"), SesOutcomeKind.STOP),
        (broken_tls(ssl.SSLCertVerificationError(1, "self-signed")), SesOutcomeKind.STOP),
        # this recipient, or this content
        (
            answer("BadRequestException", 400, "Domain contains illegal character"),
            SesOutcomeKind.REFUSED,
        ),
        (answer("MessageRejected", 400, "It contains a virus."), SesOutcomeKind.REFUSED),
        (answer("SomethingNew", 400), SesOutcomeKind.REFUSED),
        # nobody knows
        (boto.ReadTimeoutError(**ENDPOINT), SesOutcomeKind.UNCERTAIN),
        (boto.ConnectionClosedError(**ENDPOINT), SesOutcomeKind.UNCERTAIN),
        (boto.HTTPClientError(error="broken pipe"), SesOutcomeKind.UNCERTAIN),
        (boto.ResponseStreamingError(error="cut"), SesOutcomeKind.UNCERTAIN),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), SesOutcomeKind.UNCERTAIN),
        (broken_tls(ssl.SSLEOFError(8, "EOF occurred")), SesOutcomeKind.UNCERTAIN),
        (broken_tls("no cause"), SesOutcomeKind.UNCERTAIN),
        (ResponseParserError("not JSON"), SesOutcomeKind.UNCERTAIN),
        (answer("InternalFailure", 500), SesOutcomeKind.UNCERTAIN),
        (answer("ServiceUnavailable", 503), SesOutcomeKind.UNCERTAIN),
        (answer("NotFoundException", 0), SesOutcomeKind.STOP),
        (answer("SomethingNew", 502), SesOutcomeKind.UNCERTAIN),
        (answer("SomethingNew", 0), SesOutcomeKind.UNCERTAIN),
        (boto.BotoCoreError(), SesOutcomeKind.UNCERTAIN),
        (OSError("the socket is gone"), SesOutcomeKind.UNCERTAIN),
        # the service that hands out credentials, inside the call: nothing was sent
        (answer("InternalFailure", 500, operation="AssumeRole"), SesOutcomeKind.UNSENT),
        (answer("AccessDenied", 403, operation="AssumeRole"), SesOutcomeKind.STOP),
    ],
    ids=lambda value: f"{type(value).__name__} {value}" if isinstance(value, Exception) else "",
)
def test_an_error_means(err, kind):
    outcome = of_error(err)
    assert outcome.kind is kind
    assert outcome.message


STATUSES = {
    "ACCOUNT_THROTTLED": SesOutcomeKind.UNSENT,
    "TRANSIENT_FAILURE": SesOutcomeKind.UNSENT,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": SesOutcomeKind.QUOTA,
    "ACCOUNT_SUSPENDED": SesOutcomeKind.STOP,
    "ACCOUNT_SENDING_PAUSED": SesOutcomeKind.STOP,
    "CONFIGURATION_SET_SENDING_PAUSED": SesOutcomeKind.STOP,
    "CONFIGURATION_SET_NOT_FOUND": SesOutcomeKind.STOP,
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": SesOutcomeKind.STOP,
    "TEMPLATE_NOT_FOUND": SesOutcomeKind.STOP,
    "INVALID_SENDING_POOL_NAME": SesOutcomeKind.STOP,
    "INVALID_PARAMETER": SesOutcomeKind.REFUSED,
    "MESSAGE_REJECTED": SesOutcomeKind.REFUSED,
    "FAILED": SesOutcomeKind.REFUSED,
}


@pytest.mark.parametrize("status", STATUSES)
def test_a_bulk_status_means(status):
    outcome = of_status(status, "Because.")
    assert outcome.kind is STATUSES[status]
    assert "Because." in outcome.message


def test_a_status_that_nobody_knows_proves_nothing():
    assert of_status("SOMETHING_NEW", "").kind is SesOutcomeKind.UNCERTAIN


def test_a_bulk_entry_for_an_unverified_address_stops():
    assert of_status("MESSAGE_REJECTED", UNVERIFIED).kind is SesOutcomeKind.STOP


def test_every_status_of_the_api_model_is_known():
    model = Loader().load_service_model("sesv2", "service-2")
    assert {*STATUSES, "SUCCESS"} == set(model["shapes"]["BulkEmailStatus"]["enum"])


@pytest.mark.parametrize("code", [
    "AccountSuspendedException", "SendingPausedException", "MailFromDomainNotVerifiedException",
    "NotFoundException", "UnrecognizedClientException",
])  # fmt: skip
def test_whatever_stops_a_send_says_what_to_do_and_keeps_the_words_of_ses(code):
    outcome = of_error(answer(code, 403 if code.startswith("Unr") else 400, "In SES's own words."))
    assert outcome.hint
    assert "In SES's own words." in outcome.message
