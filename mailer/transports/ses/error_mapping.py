"""Map answers of Amazon SES, and missing answers, to outcomes for the recipients of a call.

Nothing is guessed: only an error before the request was written, or an answer that refuses it, proves
that no one was mailed. Everything else is uncertain.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import Enum

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from mailer.errors import TransportError

UNREADABLE = (
    ResponseParserError,
    AttributeError,
    LookupError,
    OverflowError,
    TypeError,
    ValueError,
)
"""Exceptions for an answer that is cut, empty, or of another shape than Amazon's, beside those of boto3."""
_LONGEST = 300
"""Characters of another program's text that staff get to see: a proxy answers with whole pages."""


class SesOutcomeKind(Enum):
    UNSENT = "not sent: may be tried again, more slowly"
    QUOTA = "not sent, and nothing will be until the day's quota is free again"
    STOP = "not sent, and nothing will be until a person has acted"
    REFUSED = "this recipient was refused"
    UNCERTAIN = "perhaps sent: never tried again by itself"


@dataclass(frozen=True, slots=True)
class SesOutcome:
    kind: SesOutcomeKind
    message: str
    """The problem, with the message of SES, for staff."""
    hint: str = ""
    """The remedy."""


INCOMPLETE = SesOutcome(
    SesOutcomeKind.UNCERTAIN, "the answer was incomplete, it may have been sent"
)

_SERVER_ERROR = 500
_NOT_ALLOWED = {401, 403}

# TooManyRequestsException and LimitExceededException are in the API's model, ThrottlingException in
# the developer guide. Each may mean the rate or the quota; only the text tells.
_THROTTLING = {"TooManyRequestsException", "ThrottlingException", "LimitExceededException"}
_QUOTA = "daily message quota"
_NOT_VERIFIED = "not verified"

_CREDENTIALS = "Check the AWS credentials on this machine (profile, role or environment), then run: mailer doctor"
_NETWORK = "Check this machine's network, and region under [ses] in mailer.toml."
_UNVERIFIED = (
    "Verify the address or domain in the SES console. An account in the sandbox may send to verified "
    "addresses only: ask for production access."
)

_STOPS = {
    "AccountSuspendedException": (
        "Amazon SES has suspended this account",
        "Answer the case in the AWS Support Center; SES says there what is wrong.",
    ),
    "SendingPausedException": (
        "Sending is paused at Amazon SES",
        "See why in the SES console: account dashboard, or the configuration set.",
    ),
    "MailFromDomainNotVerifiedException": (
        "The MAIL FROM domain is not verified at Amazon SES",
        "Correct its MX and SPF records, or choose the default MAIL FROM domain in the SES console.",
    ),
    "NotFoundException": (
        "Amazon SES does not know something this send names",
        "Check configuration_set and region under [ses] in mailer.toml.",
    ),
}
_STATUS_STOPS = {
    "ACCOUNT_SUSPENDED": _STOPS["AccountSuspendedException"],
    "ACCOUNT_SENDING_PAUSED": _STOPS["SendingPausedException"],
    "CONFIGURATION_SET_SENDING_PAUSED": _STOPS["SendingPausedException"],
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": _STOPS["MailFromDomainNotVerifiedException"],
    "CONFIGURATION_SET_NOT_FOUND": _STOPS["NotFoundException"],
    "TEMPLATE_NOT_FOUND": _STOPS["NotFoundException"],
    "INVALID_SENDING_POOL_NAME": _STOPS["NotFoundException"],
}
_STATUS_KINDS = {
    "ACCOUNT_THROTTLED": SesOutcomeKind.UNSENT,
    "TRANSIENT_FAILURE": SesOutcomeKind.UNSENT,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": SesOutcomeKind.QUOTA,
    "INVALID_PARAMETER": SesOutcomeKind.REFUSED,
    "MESSAGE_REJECTED": SesOutcomeKind.REFUSED,
    "FAILED": SesOutcomeKind.REFUSED,
}

# boto3 raises these before it has a connection, or before it asks for one.
_NOT_CONNECTED = (
    boto.EndpointConnectionError,
    boto.ConnectTimeoutError,
    boto.ProxyConnectionError,
)
CREDENTIAL_ERRORS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.LoginError,
    boto.MetadataRetrievalError,
    boto.ProfileNotFound,
    boto.RefreshWithMFAUnsupportedError,
    boto.UnknownCredentialError,
)
_BAD_SETTINGS = (
    boto.BaseEndpointResolverError,
    boto.EndpointProviderError,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.InvalidConfigError,
    boto.InvalidProxiesConfigError,
    boto.InvalidRegionError,
    boto.InvalidRetryConfigurationError,
    boto.ParamValidationError,
)
_SENDING = {"SendEmail", "SendBulkEmail"}


def of_error(err: Exception) -> SesOutcome:
    """Map an exception of boto3 to the outcome for all recipients of the call."""
    if isinstance(err, boto.ClientError):
        return _of_answer(err)
    if isinstance(err, _NOT_CONNECTED):
        return SesOutcome(SesOutcomeKind.UNSENT, f"Amazon SES cannot be reached: {err}", _NETWORK)
    if isinstance(err, CREDENTIAL_ERRORS):
        return SesOutcome(SesOutcomeKind.STOP, f"There are no AWS credentials: {err}", _CREDENTIALS)
    if isinstance(err, _BAD_SETTINGS):
        return SesOutcome(
            SesOutcomeKind.STOP,
            f"Amazon SES cannot be called: {err}",
            "Check [ses] in mailer.toml.",
        )
    if isinstance(err, boto.SSLError) and _is_untrusted(err):
        return SesOutcome(
            SesOutcomeKind.STOP,
            f"Amazon SES cannot be trusted: {err}",
            "Check this machine's clock, its certificates, and the proxy that opens its encrypted traffic, if there is one.",
        )
    if _is_unreadable(err):
        return SesOutcome(
            SesOutcomeKind.UNCERTAIN,
            f"the answer could not be read, it may have been sent ({type(err).__name__})",
        )
    return SesOutcome(
        SesOutcomeKind.UNCERTAIN,
        f"there was no answer, it may have been sent: {readable(err)} ({type(err).__name__})",
    )


def of_question(err: Exception, problem: str, *, hint: str = "") -> TransportError:
    """Map an exception of boto3 on a read-only call to a TransportError.

    Args:
        err: of boto3.
        problem: what cannot be done.
        hint: where the error itself suggests nothing.
    """
    outcome = of_error(err)
    if outcome.kind is SesOutcomeKind.STOP and not isinstance(err, boto.ClientError):
        return TransportError(outcome.message, hint=outcome.hint)
    reason = _quoted(err) if isinstance(err, boto.ClientError) else str(err)
    if _is_unreadable(err):
        reason = "the answer was incomplete, or not Amazon's"
    return TransportError(
        f"{problem}: {reason}", hint=outcome.hint or hint or "Try again in a few minutes."
    )


def of_status(status: object, error: object) -> SesOutcome:
    """Map a status other than SUCCESS to the outcome for one entry of a bulk call."""
    status, error = readable(status), readable(error)
    message = f"{error or 'no reason was given'} ({status})"
    if status in _STATUS_STOPS:
        reason, hint = _STATUS_STOPS[status]
        return SesOutcome(SesOutcomeKind.STOP, f"{reason}: {message}", hint)
    kind = _STATUS_KINDS.get(status)
    if kind is None:
        return SesOutcome(
            SesOutcomeKind.UNCERTAIN, f"the answer is unknown, it may have been sent: {message}"
        )
    if kind is SesOutcomeKind.REFUSED and _NOT_VERIFIED in error.lower():
        return _unverified(message)
    return SesOutcome(kind, message)


def _of_answer(err: boto.ClientError) -> SesOutcome:
    code, text = _code_and_text(err)
    status = err.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = _quoted(err)
    if code in _THROTTLING:
        return SesOutcome(
            SesOutcomeKind.QUOTA if _QUOTA in text.lower() else SesOutcomeKind.UNSENT, message
        )
    if code in _STOPS:
        reason, hint = _STOPS[code]
        return SesOutcome(SesOutcomeKind.STOP, f"{reason}: {message}", hint)
    if (not code or code.isdecimal()) and status < _SERVER_ERROR:
        return _of_other_program(err, f"HTTP {status} {text}")
    if status in _NOT_ALLOWED:
        return SesOutcome(
            SesOutcomeKind.STOP, f"AWS does not let this machine send: {message}", _CREDENTIALS
        )
    if not 0 < status < _SERVER_ERROR:
        return _of_server_error(err, message)
    if code == "MessageRejected" and _NOT_VERIFIED in text.lower():
        return _unverified(message)
    return SesOutcome(SesOutcomeKind.REFUSED, message)


def _quoted(err: boto.ClientError) -> str:
    code, text = _code_and_text(err)
    return f"{text} ({code})"


def _code_and_text(err: boto.ClientError) -> tuple[str, str]:
    error = err.response.get("Error", {})
    code, text = readable(error.get("Code")), readable(error.get("Message"))
    return code, text or "no reason was given"


def readable(value: object) -> str:
    """Text of another program, as any database takes it, and cut to a readable length."""
    text = "" if value is None else str(value)[:_LONGEST]
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _is_unreadable(err: Exception) -> bool:
    return isinstance(err, UNREADABLE) and not isinstance(err, boto.BotoCoreError)


def _of_other_program(err: boto.ClientError, message: str) -> SesOutcome:
    """An answer without a code, such as a proxy's page: SES gives each refusal a code."""
    if err.operation_name not in _SENDING:
        return SesOutcome(SesOutcomeKind.UNSENT, f"the answer is not Amazon's: {message}")
    return SesOutcome(
        SesOutcomeKind.UNCERTAIN, f"the answer is not Amazon's, it may have been sent: {message}"
    )


def _of_server_error(err: boto.ClientError, message: str) -> SesOutcome:
    if err.operation_name not in _SENDING:
        # boto3 fetches credentials inside the call: it was their service that failed
        return SesOutcome(SesOutcomeKind.UNSENT, f"AWS is in trouble: {message}")
    return SesOutcome(
        SesOutcomeKind.UNCERTAIN, f"Amazon SES is in trouble, it may have been sent: {message}"
    )


def _unverified(message: str) -> SesOutcome:
    return SesOutcome(
        SesOutcomeKind.STOP, f"Amazon SES does not send for this address: {message}", _UNVERIFIED
    )


def _is_untrusted(err: boto.SSLError) -> bool:
    """Whether the call failed in the TLS handshake, before anything was written."""
    cause: object = err.kwargs.get("error")
    while isinstance(cause, BaseException):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.args[0] if cause.args else None
    return False
