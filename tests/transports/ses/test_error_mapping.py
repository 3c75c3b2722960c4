"""What each error of boto3, and each status of a bulk answer, means for a recipient."""

from __future__ import annotations

import ssl

import botocore.exceptions as boto
import pytest
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError

from mailer.transports.ses.error_mapping import Kind, of_error, of_status

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
        (boto.EndpointConnectionError(**ENDPOINT), Kind.UNSENT),
        (boto.ConnectTimeoutError(**ENDPOINT), Kind.UNSENT),
        (boto.ProxyConnectionError(proxy_url="http://proxy", error="no"), Kind.UNSENT),
        # refused for its speed, or for the day
        *[
            (answer(code, status, text), kind)
            for code, status in (
                ("TooManyRequestsException", 429),
                ("ThrottlingException", 400),
                ("LimitExceededException", 400),
            )
            for text, kind in (
                (RATE, Kind.UNSENT),
                (QUOTA, Kind.QUOTA),
                (QUOTA.upper(), Kind.QUOTA),
            )
        ],
        # nothing will be sent before somebody has done something
        (answer("AccountSuspendedException"), Kind.STOP),
        (answer("SendingPausedException"), Kind.STOP),
        (answer("MailFromDomainNotVerifiedException"), Kind.STOP),
        (answer("NotFoundException", 404), Kind.STOP),
        (answer("MessageRejected", 400, UNVERIFIED), Kind.STOP),
        (answer("UnrecognizedClientException", 403), Kind.STOP),
        (answer("InvalidSignatureException", 403), Kind.STOP),
        (answer("ExpiredTokenException", 403), Kind.STOP),
        (answer("AccessDeniedException", 403), Kind.STOP),
        (answer("SomethingNew", 401), Kind.STOP),
        (boto.NoCredentialsError(), Kind.STOP),
        (boto.PartialCredentialsError(provider="env", cred_var="key"), Kind.STOP),
        (boto.CredentialRetrievalError(provider="role", error_msg="no"), Kind.STOP),
        (boto.UnauthorizedSSOTokenError(), Kind.STOP),
        (boto.NoRegionError(), Kind.STOP),
        (boto.ParamValidationError(report="no"), Kind.STOP),
        (broken_tls(ssl.SSLCertVerificationError(1, "self-signed")), Kind.STOP),
        # this recipient, or this content
        (answer("BadRequestException", 400, "Domain contains illegal character"), Kind.REFUSED),
        (answer("MessageRejected", 400, "It contains a virus."), Kind.REFUSED),
        (answer("SomethingNew", 400), Kind.REFUSED),
        # nobody knows
        (boto.ReadTimeoutError(**ENDPOINT), Kind.UNCERTAIN),
        (boto.ConnectionClosedError(**ENDPOINT), Kind.UNCERTAIN),
        (boto.HTTPClientError(error="broken pipe"), Kind.UNCERTAIN),
        (boto.ResponseStreamingError(error="cut"), Kind.UNCERTAIN),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), Kind.UNCERTAIN),
        (broken_tls(ssl.SSLEOFError(8, "EOF occurred")), Kind.UNCERTAIN),
        (broken_tls("no cause"), Kind.UNCERTAIN),
        (ResponseParserError("not JSON"), Kind.UNCERTAIN),
        (answer("InternalFailure", 500), Kind.UNCERTAIN),
        (answer("ServiceUnavailable", 503), Kind.UNCERTAIN),
        (answer("NotFoundException", 0), Kind.STOP),
        (answer("SomethingNew", 502), Kind.UNCERTAIN),
        (answer("SomethingNew", 0), Kind.UNCERTAIN),
        (boto.BotoCoreError(), Kind.UNCERTAIN),
        (OSError("the socket is gone"), Kind.UNCERTAIN),
        # the service that hands out credentials, inside the call: nothing was sent
        (answer("InternalFailure", 500, operation="AssumeRole"), Kind.UNSENT),
        (answer("AccessDenied", 403, operation="AssumeRole"), Kind.STOP),
    ],
    ids=lambda value: f"{type(value).__name__} {value}" if isinstance(value, Exception) else "",
)
def test_an_error_means(err, kind):
    found = of_error(err)
    assert found.kind is kind
    assert found.said


STATUSES = {
    "ACCOUNT_THROTTLED": Kind.UNSENT,
    "TRANSIENT_FAILURE": Kind.UNSENT,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": Kind.QUOTA,
    "ACCOUNT_SUSPENDED": Kind.STOP,
    "ACCOUNT_SENDING_PAUSED": Kind.STOP,
    "CONFIGURATION_SET_SENDING_PAUSED": Kind.STOP,
    "CONFIGURATION_SET_NOT_FOUND": Kind.STOP,
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": Kind.STOP,
    "TEMPLATE_NOT_FOUND": Kind.STOP,
    "INVALID_SENDING_POOL_NAME": Kind.STOP,
    "INVALID_PARAMETER": Kind.REFUSED,
    "MESSAGE_REJECTED": Kind.REFUSED,
    "FAILED": Kind.REFUSED,
}


@pytest.mark.parametrize("status", STATUSES)
def test_a_bulk_status_means(status):
    found = of_status(status, "Because.")
    assert found.kind is STATUSES[status]
    assert "Because." in found.said


def test_a_status_that_nobody_knows_proves_nothing():
    assert of_status("SOMETHING_NEW", "").kind is Kind.UNCERTAIN


def test_a_bulk_entry_for_an_unverified_address_stops():
    assert of_status("MESSAGE_REJECTED", UNVERIFIED).kind is Kind.STOP


def test_every_status_of_the_api_model_is_known():
    model = Loader().load_service_model("sesv2", "service-2")
    assert {*STATUSES, "SUCCESS"} == set(model["shapes"]["BulkEmailStatus"]["enum"])


@pytest.mark.parametrize("code", [
    "AccountSuspendedException", "SendingPausedException", "MailFromDomainNotVerifiedException",
    "NotFoundException", "UnrecognizedClientException",
])  # fmt: skip
def test_whatever_stops_a_send_says_what_to_do_and_keeps_the_words_of_ses(code):
    found = of_error(answer(code, 403 if code.startswith("Unr") else 400, "In SES's own words."))
    assert found.hint
    assert "In SES's own words." in found.said
