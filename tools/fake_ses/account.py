"""The account that is pretended: healthy unless something is said to be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Account:
    """Every switch is plain data, so that it can be set over /_fake/ too."""

    rate: float = 14.0
    """MaxSendRate: recipients a second."""
    burst: float = 1.1
    """How much may be sent at once after a pause, in seconds' worth of the rate (at least one
    recipient). SES tolerates short bursts without saying how long; a little over one second admits a
    bulk call of `rate` entries every second with some jitter, and nothing faster for long."""
    quota: float = 50_000.0
    """Max24HourSend: recipients; -1 is unlimited."""
    sent: float = 0.0
    """What counted toward the quota before this server started."""
    production: bool = True
    """False is the sandbox: only verified recipients, and the mailbox simulator."""
    sending: bool = True
    enforcement: str = "HEALTHY"

    identities: tuple[str, ...] = ("example.org",)
    """Domains and addresses. A domain covers its addresses and its subdomains."""
    verified: bool = True
    dkim_status: str = "SUCCESS"
    dkim_signing: bool = True
    mail_from: str = "bounce"
    """The custom MAIL FROM domain, as a name below the identity; "" is none."""
    mail_from_status: str = "SUCCESS"
    mail_from_required: bool = False
    """BehaviorOnMxFailure REJECT_MESSAGE: no sending while the MAIL FROM domain is not verified."""

    vdm: bool = False
    """Virtual Deliverability Manager: message insights."""
    configuration_sets: tuple[str, ...] = ("mailer",)
    configuration_set_sending: bool = True
    event_types: tuple[str, ...] = (
        "SEND",
        "REJECT",
        "BOUNCE",
        "COMPLAINT",
        "DELIVERY",
        "RENDERING_FAILURE",
        "DELIVERY_DELAY",
    )
    """What the event destination gets; empty: there is no destination."""

    credentials: str = ""
    """The error that every call gets: UnrecognizedClientException, ExpiredTokenException…"""
    denied: tuple[str, ...] = ()
    """Operations that the policy does not allow (AccessDeniedException); "*" is all."""
    rate_error: str = "TooManyRequestsException"
    quota_error: str = "TooManyRequestsException"
    """The developer guide says ThrottlingException, the API model has TooManyRequestsException and
    LimitExceededException; only the text is sure."""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    """Address → bounce, complaint, suppressionlist or ooto, as for the mailbox simulator."""
    region: str = "us-east-1"
    number: str = "123456789012"

    def identity(self, address: str) -> str:
        """The identity that covers an address or a domain, or ""."""
        domain = address.rpartition("@")[2].lower()
        for name in (address.lower(), domain, *_parents(domain)):
            if name in self.identities:
                return name
        return ""

    def may_send_as(self, address: str) -> bool:
        return self.verified and bool(self.identity(address))


SETUPS: Mapping[str, Mapping[str, Any]] = {
    "healthy": {},
    "sandbox": {"production": False, "rate": 1.0, "quota": 200.0},
    "sending-disabled": {"sending": False},
    "probation": {"enforcement": "PROBATION"},
    "shutdown": {"enforcement": "SHUTDOWN", "sending": False},
    "identity-unverified": {"verified": False, "dkim_status": "PENDING"},
    "identity-missing": {"identities": ()},
    "dkim-pending": {"dkim_status": "PENDING"},
    "dkim-failed": {"dkim_status": "FAILED"},
    "dkim-unsigned": {"dkim_signing": False},
    "mail-from-unset": {"mail_from": ""},
    "mail-from-failed": {"mail_from_status": "FAILED"},
    "mail-from-required": {"mail_from_status": "FAILED", "mail_from_required": True},
    "configuration-set-missing": {"configuration_sets": ()},
    "configuration-set-paused": {"configuration_set_sending": False},
    "no-event-destination": {"event_types": ()},
    "quota-nearly-used": {"quota": 50_000.0, "sent": 49_990.0},
    "message-insights": {"vdm": True},
    "bad-credentials": {"credentials": "UnrecognizedClientException"},
    "expired-credentials": {"credentials": "ExpiredTokenException"},
    "access-denied": {"denied": ("*",)},
    "access-denied-to-read": {
        "denied": (
            "GetAccount",
            "GetEmailIdentity",
            "GetConfigurationSet",
            "GetConfigurationSetEventDestinations",
        )
    },
}
"""Accounts by what is wrong with them: changes to a healthy one."""


def _parents(domain: str) -> list[str]:
    labels = domain.split(".")
    return [".".join(labels[i:]) for i in range(1, len(labels) - 1)]
