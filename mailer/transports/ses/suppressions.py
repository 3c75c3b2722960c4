"""The account's own suppression list: SES accepts mail to these addresses and does not deliver it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.lists.membership import SuppressionReason
from mailer.transports.ses import error_mapping
from mailer.transports.ses.client import AwsClients, AwsError, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.config import Ses
    from mailer.errors import TransportError

_NAMES = {SuppressionReason.BOUNCED: "BOUNCE", SuppressionReason.COMPLAINED: "COMPLAINT"}
_REASONS = {name: reason for reason, name in _NAMES.items()}
REASONS = tuple(_NAMES)
"""The reasons that SES knows. People who unsubscribed may still get other mail of the account."""


class SuppressionList:
    def __init__(self, settings: Ses) -> None:
        try:
            self._client = AwsClients(settings.region).client(Purpose.SUPPRESSIONS)
        except AwsError as err:
            raise _unusable(err) from err

    def addresses(self) -> Iterator[tuple[str, SuppressionReason]]:
        """Every address on the list, as SES writes it."""
        token: str | None = ""
        while token is not None:
            addresses, token = self._page(token)
            yield from addresses

    def _page(self, token: str) -> tuple[list[tuple[str, SuppressionReason]], str | None]:
        """A page of addresses, and the token of the next page."""
        more = {"NextToken": token} if token else {}
        try:
            page = self._client.list_suppressed_destinations(PageSize=1000, **more)
            addresses = [
                (entry["EmailAddress"], _REASONS.get(entry["Reason"], SuppressionReason.BOUNCED))
                for entry in page["SuppressedDestinationSummaries"]
            ]
            return addresses, page.get("NextToken")
        except AwsError as err:
            raise _unusable(err) from err

    def add(self, address: str, reason: SuppressionReason) -> None:
        try:
            self._client.put_suppressed_destination(EmailAddress=address, Reason=_NAMES[reason])
        except AwsError as err:
            raise _unusable(err) from err


def _unusable(err: Exception) -> TransportError:
    return error_mapping.of_question(err, "the suppression list of Amazon SES cannot be used")
