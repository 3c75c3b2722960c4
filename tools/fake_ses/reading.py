"""What the account says of itself, and its suppression list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.fake_ses import limits
from tools.fake_ses.errors import ApiError, bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.fake_ses.account import Account


def get_account(account: Account, sent: float) -> dict[str, Any]:
    return {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": account.enforcement,
        "ProductionAccessEnabled": account.production,
        "SendQuota": {
            "Max24HourSend": account.quota,
            "MaxSendRate": account.rate,
            "SentLast24Hours": account.sent + sent,
        },
        "SendingEnabled": account.sending,
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        "VdmAttributes": {"VdmEnabled": "ENABLED" if account.vdm else "DISABLED"},
    }


def get_email_identity(account: Account, name: str) -> dict[str, Any]:
    if name.lower() not in account.identities:
        raise ApiError("NotFoundException", f"Email identity {name} does not exist.")
    return {
        "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
        "FeedbackForwardingStatus": True,
        "VerifiedForSendingStatus": account.verified,
        "VerificationStatus": "SUCCESS" if account.verified else "PENDING",
        "DkimAttributes": {
            "SigningEnabled": account.dkim_signing,
            "Status": account.dkim_status,
            "Tokens": ["fakeses1", "fakeses2", "fakeses3"],
            "SigningAttributesOrigin": "AWS_SES",
            "CurrentSigningKeyLength": "RSA_2048_BIT",
        },
        "MailFromAttributes": _mail_from(account, name),
        "Policies": {},
        "Tags": [],
    }


def _mail_from(account: Account, name: str) -> dict[str, str]:
    behavior = {
        "BehaviorOnMxFailure": "REJECT_MESSAGE"
        if account.mail_from_required
        else "USE_DEFAULT_VALUE"
    }
    if not account.mail_from:
        return behavior
    return {
        "MailFromDomain": f"{account.mail_from}.{name.rpartition('@')[2]}",
        "MailFromDomainStatus": account.mail_from_status,
        **behavior,
    }


def get_configuration_set(account: Account, name: str) -> dict[str, Any]:
    _check_configuration_set(account, name)
    return {
        "ConfigurationSetName": name,
        "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SendingOptions": {"SendingEnabled": account.configuration_set_sending},
        "Tags": [],
    }


def get_event_destinations(account: Account, name: str) -> dict[str, Any]:
    _check_configuration_set(account, name)
    if not account.event_types:
        return {"EventDestinations": []}
    topic = f"arn:aws:sns:{account.region}:{account.number}:{name}-events"
    destination = {
        "Name": f"{name}-events",
        "Enabled": True,
        "MatchingEventTypes": list(account.event_types),
        "SnsDestination": {"TopicArn": topic},
    }
    return {"EventDestinations": [destination]}


def _check_configuration_set(account: Account, name: str) -> None:
    if name not in account.configuration_sets:
        raise ApiError("NotFoundException", f"Configuration set <{name}> does not exist.")


class Suppressed:
    """The account's suppression list: mail to these is accepted, then bounces."""

    PAGE = 1000

    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, float]] = {}

    def addresses(self) -> frozenset[str]:
        return frozenset(self._rows)

    def put(self, request: dict[str, str], now: float) -> dict[str, Any]:
        if request["Reason"] not in {"BOUNCE", "COMPLAINT"}:
            raise bad_request("Reason must be BOUNCE or COMPLAINT.")
        self._rows[limits.address(request["EmailAddress"]).lower()] = (request["Reason"], now)
        return {}

    def delete(self, address: str) -> dict[str, Any]:
        if self._rows.pop(address.lower(), None) is None:
            raise ApiError("NotFoundException", f"Email address {address} is not suppressed.")
        return {}

    def list(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        start = int(query.get("NextToken", ["0"])[0])
        size = min(int(query.get("PageSize", [str(self.PAGE)])[0]), self.PAGE)
        reasons = query.get("Reason")
        rows = [
            {"EmailAddress": address, "Reason": reason, "LastUpdateTime": at}
            for address, (reason, at) in self._rows.items()
            if not reasons or reason in reasons
        ]
        page = {"SuppressedDestinationSummaries": rows[start : start + size]}
        return page if start + size >= len(rows) else {**page, "NextToken": str(start + size)}
