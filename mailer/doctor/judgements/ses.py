"""The Amazon account: permission to send, quota, and where bounces are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.doctor.facts import Account, Destination, ErrorKind, Refused, SesFacts
from mailer.doctor.finding import PAGE
from mailer.doctor.judgements import identity
from mailer.doctor.judgements.identity import AREA, unread
from mailer.errors import suggest

if TYPE_CHECKING:
    from mailer.config import Settings
    from mailer.doctor.finding import Diagnosis

KINDS = frozenset(["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE"])
"""Event kinds that must be published: without them the outcome of mail stays unknown."""
_NEARLY_USED = 0.1
_SILENT = frozenset(
    [ErrorKind.NO_CREDENTIALS, ErrorKind.BAD_CREDENTIALS, ErrorKind.UNREACHABLE, ErrorKind.OTHER]
)
"""Errors after which no further calls were made."""


def judge(facts: SesFacts, settings: Settings) -> list[Diagnosis]:
    account = facts.account
    if isinstance(account, Refused):
        if account.why is ErrorKind.NO_REGION:
            return [_no_region()]
        if account.why in _SILENT:
            return [_region(facts), _shut_out(account)]
    return [
        _region(facts),
        AREA.ok("credentials", "accepted"),
        *_account(account),
        *identity.judge(facts.identity, settings, facts.region),
        *identity.judge_return_path(facts.return_path, settings),
        _configuration_set(facts, settings.ses.configuration_set),
        *_events(facts, settings.ses.configuration_set),
        *_auto_validation(facts),
        *_insights(facts),
        _queue(settings.ses.queue_url),
    ]


def not_used() -> Diagnosis:
    return AREA.skipped(
        "account", 'not used: mail goes to the outbox while [send] transport is "outbox"'
    )


# ---------------------------------------------------------------- getting there


def _no_region() -> Diagnosis:
    return AREA.error(
        "region",
        "none is set",
        'Write it into mailer.toml, under [ses]: region = "us-west-2".',
    )


def _region(facts: SesFacts) -> Diagnosis:
    unreachable = isinstance(facts.account, Refused) and facts.account.why is ErrorKind.UNREACHABLE
    if unreachable and facts.known_regions and facts.region not in facts.known_regions:
        return AREA.error(
            "region",
            f'"{facts.region}" is not a region of Amazon SES',
            f"{suggest(facts.region, facts.known_regions)} Correct region = … under [ses].",
        )
    return AREA.ok("region", facts.region or "not known")


def _shut_out(refused: Refused) -> Diagnosis:
    match refused.why:
        case ErrorKind.NO_CREDENTIALS:
            return AREA.error(
                "credentials",
                "none were found",
                f"Set AWS_PROFILE, or the two keys, as {PAGE} says under Credentials.",
            )
        case ErrorKind.BAD_CREDENTIALS:
            return AREA.error(
                "credentials",
                f"refused: {refused.message}",
                "Log in again or make a new key. If the key is right, check AWS_PROFILE and this "
                "machine's clock.",
            )
        case ErrorKind.UNREACHABLE:
            return AREA.error(
                "account",
                f"no answer: {refused.message}",
                "Check this machine's network and the region, then run mailer doctor again.",
            )
    return AREA.error("account", refused.message, f"Look it up in {PAGE} under Errors.")


# ---------------------------------------------------------------- the account


def _account(account: Account | Refused) -> list[Diagnosis]:
    if isinstance(account, Refused):
        return [unread("account", account, "GetAccount")]
    return [_production(account), _sending(account), _enforcement(account), _quota(account)]


def _production(account: Account) -> Diagnosis:
    if account.production:
        return AREA.ok("production access", "granted")
    return AREA.error(
        "production access",
        "the account is in the sandbox: 200 mails a day, to verified addresses only",
        f"Ask Amazon for production access: {PAGE}, Production access.",
    )


def _sending(account: Account) -> Diagnosis:
    if account.sending:
        return AREA.ok("sending", "enabled")
    return AREA.error(
        "sending",
        "Amazon has switched sending off for this account",
        "Read the mail that Amazon sent to the account's owner, and answer it in the Support Center.",
    )


def _enforcement(account: Account) -> Diagnosis:
    if account.enforcement == "HEALTHY":
        return AREA.ok("reputation", "healthy")
    if account.enforcement == "PROBATION":
        return AREA.warning(
            "reputation",
            "the account is under review, for bounces or complaints",
            "Send nothing large until it is over: see Account dashboard in the SES console.",
        )
    return AREA.error(
        "reputation",
        f"Amazon has stopped this account ({account.enforcement})",
        "Answer Amazon's mail in the Support Center: why it happened, and what you changed.",
    )


def _quota(account: Account) -> Diagnosis:
    rate = f"{account.rate:,.10g} a second"
    if account.quota < 0:
        return AREA.ok("quota", f"no daily limit, {rate}")
    left = max(0.0, account.quota - account.sent)
    quota = f"{left:,.0f} of {account.quota:,.0f} left in these 24 hours, {rate}"
    if left <= account.quota * _NEARLY_USED:
        todo = "Send later, or ask for more: Service Quotas, Amazon SES, in the AWS console."
        return AREA.warning("quota", quota, todo) if left else AREA.error("quota", quota, todo)
    return AREA.ok("quota", quota)


# ---------------------------------------------------------------- who hears of it


def _configuration_set(facts: SesFacts, name: str) -> Diagnosis:
    configuration_set = facts.configuration_set
    if configuration_set is None:
        return AREA.warning(
            "configuration set",
            "none is named in mailer.toml: bounces, complaints and lost replies stay unknown",
            f'{PAGE}, Events; then configuration_set = "mailer" under [ses].',
        )
    if isinstance(configuration_set, Refused):
        if configuration_set.why is not ErrorKind.MISSING:
            return unread("configuration set", configuration_set, "GetConfigurationSet")
        return AREA.error(
            "configuration set",
            f"{facts.region} has none called {name}: SES would refuse every mail",
            f"aws sesv2 create-configuration-set --configuration-set-name {name}",
        )
    if not configuration_set:
        return AREA.error(
            "configuration set",
            f"sending is switched off for {name}",
            "aws sesv2 put-configuration-set-sending-options --sending-enabled "
            f"--configuration-set-name {name}",
        )
    return AREA.ok("configuration set", name)


def _events(facts: SesFacts, name: str) -> list[Diagnosis]:
    if not isinstance(facts.configuration_set, bool) and not _isunread(facts.configuration_set):
        return []
    if isinstance(facts.destinations, Refused):
        return [unread("events", facts.destinations, "GetConfigurationSetEventDestinations")]
    return [_destinations(facts.destinations, name)]


def _isunread(answer: Refused | None) -> bool:
    return answer is not None and answer.why is ErrorKind.DENIED


def _destinations(destinations: tuple[Destination, ...], name: str) -> Diagnosis:
    topics = [
        destination for destination in destinations if destination.enabled and destination.topic
    ]
    if not topics:
        return AREA.warning(
            "events",
            f"{name} tells nobody of bounces and complaints: "
            + (
                "none of its destinations is an SNS topic in use"
                if destinations
                else "no destination"
            ),
            f"Wire it to a topic and a queue: {PAGE}, Events.",
        )
    missing = KINDS.difference(*(destination.kinds for destination in topics))
    if missing:
        return AREA.warning(
            "events",
            f"not published: {', '.join(sorted(missing))}",
            f"Add them to the destination {topics[0].name}: {PAGE}, Events.",
        )
    return AREA.ok(
        "events", f"published to {', '.join(destination.topic for destination in topics)}"
    )


def _auto_validation(facts: SesFacts) -> list[Diagnosis]:
    """Whether SES leaves out addresses that it takes for dead; nothing where that is not known."""
    if isinstance(facts.account, Refused):
        return []
    own = facts.validation
    threshold = facts.account.validation if own is None else own
    where = "for the account" if own is None else "by the configuration set"
    if not threshold:
        return [AREA.ok("auto validation", "off: SES tries every address")]
    todo = "Those mails count as not tried, and nobody is suppressed for it: docs/events.md."
    setting = f"on ({threshold}, {where}): SES does not try addresses that it takes for dead"
    return [AREA.ok("auto validation", setting, todo)]


def _insights(facts: SesFacts) -> list[Diagnosis]:
    """Whether `mailer reconcile --insights` can be used; nothing where that is not known."""
    if isinstance(facts.account, Refused):
        return []
    if isinstance(facts.insights, Refused):
        return [
            AREA.warning(
                "message insights",
                f"the account has them, and mailer may not read them: {facts.insights.message}",
                f"Allow what {PAGE} names under Message insights, or do without them.",
            )
        ]
    if not facts.insights:
        return [AREA.ok("message insights", "none: Virtual Deliverability Manager is off")]
    use = "mailer reconcile CAMPAIGN --insights asks them about uncertain mail"
    return [AREA.ok("message insights", f"can be read: {use}")]


def _queue(url: str) -> Diagnosis:
    if url:
        return AREA.ok("queue", url)
    return AREA.warning(
        "queue",
        "none is named in mailer.toml: mailer events pull brings nothing in, so that bounces and "
        "complaints suppress nobody",
        f'{PAGE}, Events; then queue_url = "https://sqs.…" under [ses].',
    )
