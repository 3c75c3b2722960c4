"""What `mailer doctor` asks of Amazon SES: calls that read and change nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import exceptions as boto

from mailer.doctor.facts import Account, Destination, ErrorKind, Identity, Refused, SesFacts
from mailer.hosts import with_parents
from mailer.transports.ses.client import AwsClients, AwsError, Purpose
from mailer.transports.ses.error_mapping import CREDENTIAL_ERRORS, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailer.config import Settings

_NETWORK = (
    boto.ConnectionError,
    boto.HTTPClientError,
    boto.EndpointProviderError,
    boto.InvalidRegionError,
)
_CODES = {
    "AccessDenied": ErrorKind.DENIED,
    "AccessDeniedException": ErrorKind.DENIED,
    "NotFoundException": ErrorKind.MISSING,
    # SES and the services that hand out credentials have different codes for unknown credentials
    "ExpiredToken": ErrorKind.BAD_CREDENTIALS,
    "ExpiredTokenException": ErrorKind.BAD_CREDENTIALS,
    "IncompleteSignature": ErrorKind.BAD_CREDENTIALS,
    "InvalidAccessKeyId": ErrorKind.BAD_CREDENTIALS,
    "InvalidClientTokenId": ErrorKind.BAD_CREDENTIALS,
    "InvalidSignatureException": ErrorKind.BAD_CREDENTIALS,
    "MissingAuthenticationTokenException": ErrorKind.BAD_CREDENTIALS,
    "SignatureDoesNotMatch": ErrorKind.BAD_CREDENTIALS,
    "UnrecognizedClientException": ErrorKind.BAD_CREDENTIALS,
}
_NOWHERE = "00000000-0000-0000-0000-000000000000"
T = TypeVar("T")


def inspect(settings: Settings) -> SesFacts:
    """Ask for everything that the judgements need; errors are part of the result."""
    try:
        clients = AwsClients(settings.ses.region)
        client = clients.client(Purpose.PROBING)
    except boto.BotoCoreError as err:
        return SesFacts(settings.ses.region, _refusal(err))
    region: str = client.meta.region_name
    regions = frozenset(clients.session.get_available_regions("sesv2"))
    account = _ask(lambda: _account(client.get_account()))
    if isinstance(account, Refused) and account.why is not ErrorKind.DENIED:
        return SesFacts(region, account, known_regions=regions)
    name = settings.ses.configuration_set
    allowed = _ask(partial(_configuration_set, client, name)) if name else None
    ours, bounces = not settings.ses.identity_arn, settings.ses.return_path
    return SesFacts(
        region,
        account,
        _identity(client, settings.sender.email) if ours else None,
        allowed[0] if isinstance(allowed, tuple) else allowed,
        allowed[1] if isinstance(allowed, tuple) else None,
        _ask(lambda: _destinations(client, name)) if name else (),
        _identity(client, bounces) if ours and bounces else None,
        isinstance(account, Account) and account.vdm and _insights(client),
        regions,
    )


def _ask(question: Callable[[], T]) -> T | Refused:
    try:
        return question()
    except AwsError as err:
        return _refusal(err)


def _refusal(err: Exception) -> Refused:
    if isinstance(err, boto.ClientError):
        error = err.response["Error"]
        code, message = str(error.get("Code")), readable(error.get("Message"))
        return Refused(_CODES.get(code, ErrorKind.OTHER), f"{message} ({code})")
    return Refused(_trouble(err), str(err))


def _trouble(err: Exception) -> ErrorKind:
    if isinstance(err, boto.NoRegionError):
        return ErrorKind.NO_REGION
    if isinstance(err, boto.NoCredentialsError):
        return ErrorKind.NO_CREDENTIALS
    if isinstance(err, CREDENTIAL_ERRORS):
        return ErrorKind.BAD_CREDENTIALS
    return ErrorKind.UNREACHABLE if isinstance(err, _NETWORK) else ErrorKind.OTHER


def _account(answer: dict[str, Any]) -> Account:
    quota = answer["SendQuota"]
    return Account(
        production=answer["ProductionAccessEnabled"],
        sending=answer["SendingEnabled"],
        enforcement=answer["EnforcementStatus"],
        quota=quota["Max24HourSend"],
        sent=quota["SentLast24Hours"],
        rate=quota["MaxSendRate"],
        vdm=answer.get("VdmAttributes", {}).get("VdmEnabled") == "ENABLED",
        validation=_threshold(
            answer.get("SuppressionAttributes", {}).get("ValidationAttributes", {})
        ),
    )


def _insights(client: Any) -> bool | Refused:
    """Ask about an export and a message that do not exist: a policy refuses the question itself."""
    questions = (
        partial(client.get_export_job, JobId=_NOWHERE),
        partial(client.get_message_insights, MessageId=_NOWHERE),
    )
    answers = (_ask(question) for question in questions)
    refusals = (answer for answer in answers if isinstance(answer, Refused))
    return next((refusal for refusal in refusals if refusal.why is ErrorKind.DENIED), True)


def _identity(client: Any, sender: str) -> Identity | Refused:
    """The identity that SES sends as: the first that is verified, else the first that is there."""
    answers: list[Identity | Refused] = []
    for name in _candidates(sender):
        answer = _ask(partial(_read, client, name))
        if isinstance(answer, Identity) and answer.verified:
            return answer
        answers.append(answer)
    return min(answers, key=_says_least)


def _says_least(answer: Identity | Refused) -> int:
    if isinstance(answer, Identity):
        return 0
    return 2 if answer.why is ErrorKind.MISSING else 1


def _candidates(sender: str) -> Iterator[str]:
    """The address, its domain, and the domains above, which cover it too."""
    domain = sender.lower().rpartition("@")[2]
    yield sender.lower()
    yield from with_parents(domain)


def _read(client: Any, name: str) -> Identity:
    answer = client.get_email_identity(EmailIdentity=name)
    dkim, mail_from = answer["DkimAttributes"], answer["MailFromAttributes"]
    return Identity(
        name,
        verified=answer["VerifiedForSendingStatus"],
        verification=answer.get("VerificationStatus", "PENDING"),
        dkim_signing=dkim["SigningEnabled"],
        dkim_status=dkim["Status"],
        dkim_tokens=tuple(dkim.get("Tokens", ())),
        dkim_zone=dkim.get("SigningHostedZone", "dkim.amazonses.com"),
        own_key=dkim.get("SigningAttributesOrigin") == "EXTERNAL",
        mail_from=mail_from.get("MailFromDomain", "").lower(),
        mail_from_status=mail_from.get("MailFromDomainStatus", ""),
        mail_from_required=mail_from.get("BehaviorOnMxFailure") == "REJECT_MESSAGE",
    )


def _configuration_set(client: Any, name: str) -> tuple[bool, str | None]:
    """Whether it may send, and its own Auto Validation."""
    answer = client.get_configuration_set(ConfigurationSetName=name)
    options = answer.get("SuppressionOptions", {}).get("ValidationOptions")
    allowed: bool = answer.get("SendingOptions", {}).get("SendingEnabled", True)
    return allowed, _threshold(options) if options else None


def _threshold(attributes: dict[str, Any]) -> str:
    condition = attributes.get("ConditionThreshold", {})
    if condition.get("ConditionThresholdEnabled") != "ENABLED":
        return ""
    threshold: str = condition.get("OverallConfidenceThreshold", {}).get(
        "ConfidenceVerdictThreshold", "MANAGED"
    )
    return threshold


def _destinations(client: Any, name: str) -> tuple[Destination, ...]:
    answer = client.get_configuration_set_event_destinations(ConfigurationSetName=name)
    return tuple(
        Destination(
            destination["Name"],
            enabled=destination.get("Enabled", False),
            kinds=frozenset(destination["MatchingEventTypes"]),
            topic=destination.get("SnsDestination", {}).get("TopicArn", ""),
        )
        for destination in answer.get("EventDestinations", ())
    )
