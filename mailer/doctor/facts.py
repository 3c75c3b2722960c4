"""Facts that the probes collect, as plain values: the inputs of every judgement."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

Records = tuple[str, ...]
"""DNS: the data of each record, host names in lower case without the final dot; none is ()."""

Question = tuple[str, str]
"""DNS: a name and a type such as TXT."""


# ---------------------------------------------------------------- Amazon SES


class ErrorKind(StrEnum):
    """An error of SES in place of an answer."""

    NO_REGION = "no region"
    NO_CREDENTIALS = "no credentials"
    BAD_CREDENTIALS = "bad credentials"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    MISSING = "missing"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refused:
    why: ErrorKind
    message: str
    """The message of Amazon or boto3."""


@dataclass(frozen=True, slots=True)
class Account:
    production: bool
    sending: bool
    enforcement: str
    """HEALTHY, PROBATION or SHUTDOWN."""
    quota: float
    """Recipients in 24 hours; -1 is no limit."""
    sent: float
    rate: float
    """Recipients a second."""
    vdm: bool = False
    """Virtual Deliverability Manager is on."""
    validation: str = ""
    """Auto Validation's threshold: MEDIUM, HIGH or MANAGED; "" while it is off."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The domain or address that SES may send as."""

    name: str
    verified: bool
    verification: str
    dkim_signing: bool
    dkim_status: str
    dkim_tokens: tuple[str, ...]
    dkim_zone: str = "dkim.amazonses.com"
    """What the DKIM records lead to, after the token; some regions have their own."""
    own_key: bool = False
    """DKIM with the customer's own key: the token is the selector, and a TXT record holds the key."""
    mail_from: str = ""
    mail_from_status: str = ""
    mail_from_required: bool = False
    """SES refuses mail while the MAIL FROM domain does not work, instead of using its own."""

    @property
    def domain(self) -> str:
        return self.name.rpartition("@")[2]

    @property
    def signs(self) -> bool:
        return self.dkim_signing and self.dkim_status == "SUCCESS"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a configuration set's events go."""

    name: str
    enabled: bool
    kinds: frozenset[str]
    topic: str
    """The SNS topic, or "" when they go elsewhere."""


@dataclass(frozen=True, slots=True)
class SesFacts:
    region: str
    account: Account | Refused
    identity: Identity | Refused | None = None
    """None: not asked for."""
    configuration_set: bool | Refused | None = None
    """Whether it may send; None: not asked for."""
    validation: str | None = None
    """The configuration set's own Auto Validation, as in `Account`; None leaves it to the account."""
    destinations: tuple[Destination, ...] | Refused = ()
    return_path: Identity | Refused | None = None
    """The identity of [ses] return_path; None: not asked for."""
    insights: bool | Refused = False
    """Whether message insights may be read; False: the account has none, or was not asked."""
    known_regions: frozenset[str] = field(default_factory=frozenset)
