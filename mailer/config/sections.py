"""Sections about how mail is sent, and about the lists, pages and pictures around it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailer.config.values import BaseAddress, EmailAddress, SmtpServer, TimeZone, WebAddress
from mailer.schema import Section


class SendSettings(Section):
    transport: Literal["outbox", "ses"] = "outbox"
    rate: Annotated[float, Field(gt=0)] | None = None
    """Messages a second, at most; None leaves it to the transport."""
    timezone: TimeZone = ""
    """The time zone of a time without one, and of recipients without a ZIP code."""
    most_bounces: Annotated[float, Field(gt=0, le=100)] = 5.0
    """Percent of the mail whose outcome is known; above it, the send pauses itself."""
    most_complaints: Annotated[float, Field(gt=0, le=100)] = 0.1
    """Percent, as `most_bounces`, of complaints."""
    judge_after: Annotated[int, Field(ge=1)] = 500
    """Outcomes that have to be known before bounces and complaints are judged."""
    approvals: Annotated[int, Field(ge=0, le=2)] = 0
    """How many people have to approve a campaign before it goes out."""
    quiet_hours: Annotated[float, Field(ge=0, le=8760)] = 0
    """Hours after one campaign in which a person gets no other."""


_IMPLICIT_TLS, _SUBMISSION = 465, 587
"""Ports (RFC 8314, RFC 6409)."""


class MailTestSettings(Section):
    """How test mail is sent, where it is not sent as campaigns are."""

    smtp: SmtpServer = ""
    """The office's server, perhaps with a port; "" sends test mail as campaigns are sent."""
    user: str = ""
    """The name to log in with; "" does not log in. The password is in the environment."""
    security: Literal["auto", "starttls", "tls", "none"] = "auto"

    @property
    def host(self) -> str:
        return self.smtp.partition(":")[0]

    @property
    def port(self) -> int:
        """Submission's own (RFC 6409), where none is named."""
        return int(
            self.smtp.partition(":")[2]
            or (_IMPLICIT_TLS if self.security == "tls" else _SUBMISSION)
        )

    @property
    def encryption(self) -> Literal["starttls", "tls", "none"]:
        """The encryption that `security` stands for: port 465 is encrypted from the first byte (RFC 8314)."""
        if self.security != "auto":
            return self.security
        return "tls" if self.port == _IMPLICIT_TLS else "starttls"


class Ses(Section):
    """Amazon SES. Credentials come from boto3's own environment, never from here."""

    region: str = ""
    """Such as us-west-2; "" leaves it to the environment."""
    configuration_set: str = ""
    method: Literal["auto", "raw", "bulk"] = "auto"
    """`SendEmail` for each recipient, `SendBulkEmail` for up to 50, or whichever the rate needs."""
    tenant: str = ""
    """The SES tenant that the mail counts for (multi-tenancy); "" is the account itself."""
    endpoint_id: str = ""
    """The id of a multi-region endpoint; boto3 signs for it with awscrt."""
    identity_arn: str = ""
    """The ARN of the sending identity, when another account owns it."""
    return_path: EmailAddress | Literal[""] = ""
    """Where bounces go by mail; "" leaves them to the configuration set's events."""
    queue_url: WebAddress | Literal[""] = ""
    """The SQS queue that events come in through."""
    reserve: Annotated[int, Field(ge=0)] = 0
    """Messages of the daily quota that are left to the account's other mail."""


class Bounces(Section):
    """When addresses that bounce are suppressed."""

    days: Annotated[int, Field(ge=1)] = 3
    """Transient bounces on this many days, without a delivery between them, suppress an address."""


class PublicList(Section):
    """A list that people may join and leave on the pages."""

    name: str
    label: str
    """What its readers call it."""
    about: str = ""


class Pages(Section):
    """The recipients' pages."""

    lists: tuple[PublicList, ...] = ()
    """Without any, the pages have no sign-up form."""
    public_versions: bool = False
    """Whether anybody may read a campaign that does not say `public` itself."""
    confirmations_per_hour: Annotated[int, Field(ge=1)] = 1000
    """Mails that the pages send because a stranger asked for them."""
    confirmations_per_domain: Annotated[int, Field(ge=1)] = 200
    """The same, to addresses of one domain."""
    proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose X-Forwarded-For is believed."""


class ImageSettings(Section):
    """Where the pictures of campaigns are published."""

    bucket: str = ""
    """An S3 bucket; "" leaves them to `mailer serve`."""
    prefix: str = ""
    """Put before each name in the bucket, such as "newsletter/"."""
    region: str = ""
    """The bucket's region; "" leaves it to the environment."""
    base_url: BaseAddress | Literal[""] = ""
    """The address of published pictures; "" is /i below [site] base_url."""


class ListSettings(Section):
    """Who mail to one list comes from, where the campaign does not say so itself."""

    sender: str = ""
    """One of [senders]; "" is [sender]."""
    brand: str = ""
    """One of [brands]; "" is [brand]."""
