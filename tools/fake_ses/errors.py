"""The errors of SES API v2: code, HTTP status, and the status each has in a SendBulkEmail answer."""

from __future__ import annotations

STATUS = {
    "AccountSuspendedException": 400,
    "BadRequestException": 400,
    "LimitExceededException": 400,
    "MailFromDomainNotVerifiedException": 400,
    "MessageRejected": 400,
    "NotFoundException": 404,
    "SendingPausedException": 400,
    "TooManyRequestsException": 429,
    # Common to all of AWS, so not in the model of SES.
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "InternalFailure": 500,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "SerializationException": 400,
    "ServiceUnavailable": 503,
    "ThrottlingException": 400,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
}

BULK_STATUS = {
    "AccountSuspendedException": "ACCOUNT_SUSPENDED",
    "BadRequestException": "INVALID_PARAMETER",
    "InternalFailure": "TRANSIENT_FAILURE",
    "MailFromDomainNotVerifiedException": "MAIL_FROM_DOMAIN_NOT_VERIFIED",
    "MessageRejected": "MESSAGE_REJECTED",
    "NotFoundException": "CONFIGURATION_SET_NOT_FOUND",
    "SendingPausedException": "ACCOUNT_SENDING_PAUSED",
    "ServiceUnavailable": "TRANSIENT_FAILURE",
    "ThrottlingException": "ACCOUNT_THROTTLED",
    "TooManyRequestsException": "ACCOUNT_THROTTLED",
}

DEFAULT_MESSAGE = {
    "AccountSuspendedException": "Sending suspended for this account. For more information, please "
    "check the inbox of the email address associated with your AWS account.",
    "MailFromDomainNotVerifiedException": "The MAIL FROM domain isn't verified.",
    "MessageRejected": "Message rejected: it contains a virus.",
    "NotFoundException": "Configuration set does not exist.",
    "SendingPausedException": "Sending paused for this account. For more information, please "
    "check the inbox of the email address associated with your AWS account.",
    "ThrottlingException": "Maximum sending rate exceeded.",
    "TooManyRequestsException": "Maximum sending rate exceeded.",
}


class ApiError(Exception):
    """An answer that is not a success.

    Args:
        code: the error's name, a key of STATUS.
        message: what SES says.
        bulk: the entry's status in a bulk answer, where it does not follow from the code.
    """

    def __init__(self, code: str, message: str = "", *, bulk: str = "") -> None:
        self.code = code
        self.message = message or DEFAULT_MESSAGE.get(code, "The request is refused.")
        self.status = STATUS[code]
        self.bulk = bulk or BULK_STATUS.get(code, "FAILED")
        super().__init__(f"{code}: {self.message}")


def bad_request(message: str) -> ApiError:
    return ApiError("BadRequestException", message)
