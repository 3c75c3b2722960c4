"""Test mail through the office's own SMTP server (RFC 5321, RFC 6409), one message at a time.

Sends to an audience never go this way: an SMTP server says nothing of what became of a message whose
connection broke, and reports no bounces to mailer.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from mailer import hosts
from mailer.errors import ConfigError, Place, TransportError
from mailer.ledger.delivery import DeliveryState, Result
from mailer.mail import message
from mailer.transports.base import Allowance, BatchResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mailer.config import MailTestSettings
    from mailer.ledger.delivery import Claim
    from mailer.mail.message import Envelope
    from mailer.transports.base import OutgoingMessage

PASSWORD = "MAILER_SMTP_PASSWORD"  # noqa: S105 - the variable's name
"""The environment variable that holds the password."""
_SETTINGS = Place("mailer.toml")
_TIMEOUT = 20
"""Seconds for each answer."""


class SmtpTransport:
    """See `transports.base.Transport`.

    Args:
        settings: [test] of mailer.toml.
        campaign: its name.
        envelope: of the campaign.
        clock: aware time, for the Date header.
        password: for the settings' user; "" for none.

    Raises:
        ConfigError: there is a user without a password, or a password without encryption.
    """

    name = "smtp"
    connections = 1

    def __init__(
        self,
        settings: MailTestSettings,
        *,
        campaign: str,
        envelope: Envelope,
        clock: Callable[[], datetime],
        password: str,
    ) -> None:
        self._settings = settings
        self._campaign = campaign
        self._envelope = envelope
        self._clock = clock
        self._password = password
        if settings.user and not password:
            raise ConfigError(
                f"there is no password for {settings.user} at {settings.smtp}",
                place=_SETTINGS,
                hint=f"Put it into the environment variable {PASSWORD}, then try again.",
            )
        if settings.user and settings.encryption == "none" and not hosts.is_loopback(settings.host):
            raise ConfigError(
                f"the password for {settings.smtp} would be sent without encryption",
                place=_SETTINGS,
                hint='Write security = "starttls" or "tls" under [test].',
            )

    def allowance(self) -> Allowance:
        return Allowance()

    def batch_size(self, rate: float | None) -> int:
        del rate
        return 1

    def batches(
        self, messages: Sequence[OutgoingMessage], size: int
    ) -> Sequence[Sequence[OutgoingMessage]]:
        del size
        return [[outgoing] for outgoing in messages]

    def expect(self, claims: Sequence[Claim]) -> None:
        """Nothing to note: test mail is in no ledger."""

    def settle(self, claims: Sequence[Claim]) -> list[Result]:
        return [Result(claim.delivery_id, DeliveryState.UNCERTAIN) for claim in claims]

    def deliver(self, batch: Sequence[OutgoingMessage]) -> BatchResult:
        (outgoing,) = batch
        try:
            with self._explained(outgoing.merged.email), self._connected() as client:
                self._hand_over(client, outgoing)
        except TransportError as err:
            return BatchResult.unsent(batch, stop=err)
        return BatchResult([Result(outgoing.delivery_id, DeliveryState.ACCEPTED)])

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """An encrypted, authenticated connection, as the settings want it."""
        settings = self._settings
        trusted = ssl.create_default_context()
        own_name = self._envelope.domain  # the name of this computer is nobody's business
        client: smtplib.SMTP
        if settings.encryption == "tls":
            client = smtplib.SMTP_SSL(
                settings.host, settings.port, own_name, timeout=_TIMEOUT, context=trusted
            )
        else:
            client = smtplib.SMTP(settings.host, settings.port, own_name, timeout=_TIMEOUT)
        with client:
            if settings.encryption == "starttls":
                client.starttls(context=trusted)
            if settings.user:
                client.login(settings.user, self._password)
            yield client

    def _hand_over(self, client: smtplib.SMTP, outgoing: OutgoingMessage) -> None:
        merged = outgoing.merged
        data = message.encode(
            merged,
            self._envelope,
            # of its own: Gmail shows only the first of several messages with one Message-ID
            message_id=f"{self._campaign}.test-{uuid4().hex}",
            date=self._clock(),
        )
        sender = self._envelope.for_variant(merged.variant).address
        client.sendmail(sender, [merged.email], data)

    @contextmanager
    def _explained(self, email: str) -> Iterator[None]:
        """Turn what smtplib and the network raise into a TransportError for staff."""
        server, user = self._settings.smtp, self._settings.user
        try:
            yield
        except smtplib.SMTPRecipientsRefused as err:
            ((_, answer),) = err.recipients.values()
            raise TransportError(
                f"{server} does not take mail for {email}: {_text(answer)}",
                hint="Try the address of a colleague at your office.",
            ) from err
        except smtplib.SMTPSenderRefused as err:
            raise TransportError(
                f"{server} does not take mail from {err.sender}: {_text(err.smtp_error)}",
                hint="Ask who runs the server to let you send from this address.",
            ) from err
        except smtplib.SMTPAuthenticationError as err:
            raise TransportError(
                f"{server} refuses the password of {user}: {_text(err.smtp_error)}",
                hint=f"Check user under [test] in mailer.toml, and {PASSWORD}. Some servers want an "
                "app password.",
            ) from err
        except smtplib.SMTPNotSupportedError as err:
            raise TransportError(
                f"{server} does not offer what is needed: {err}",
                hint='Ask who runs the server for its port. For port 465, write security = "tls" '
                "under [test].",
            ) from err
        except smtplib.SMTPResponseException as err:
            raise TransportError(
                f"{server} does not take the mail: {err.smtp_code} {_text(err.smtp_error)}"
            ) from err
        except ssl.SSLCertVerificationError as err:
            raise TransportError(
                f"the certificate of {server} cannot be trusted: {err.verify_message}",
                hint="Check the name of the server under [test] in mailer.toml.",
            ) from err
        except ssl.SSLError as err:
            raise TransportError(
                f"{server} does not encrypt as expected",
                hint='Port 465 needs security = "tls", and port 587 security = "starttls".',
            ) from err
        except (smtplib.SMTPException, OSError) as err:
            raise TransportError(
                f"{server} cannot be reached, or ended the connection: {_reason(err)}",
                hint="Check smtp under [test] in mailer.toml, and your connection. If the mail was on "
                "its way, it may still arrive.",
            ) from err


def _text(answer: bytes | str) -> str:
    """A server's answer on one line."""
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())


def _reason(err: BaseException) -> str:
    if isinstance(err, TimeoutError):
        return f"no answer in {_TIMEOUT} seconds"
    return (isinstance(err, OSError) and err.strerror) or _text(str(err)) or type(err).__name__
