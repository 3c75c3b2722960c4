"""The account's own suppression list: addresses that SES accepts mail for and does not deliver to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mailer.errors import TransportError
from mailer.lists.membership import SuppressionReason
from mailer.transports.ses import error_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.config import Ses

# one call for each address, and SES limits how many a second: adaptive goes as fast as it lets us
_PATIENTLY = Config(
    retries={"mode": "adaptive", "total_max_attempts": 8}, connect_timeout=5, read_timeout=20
)
_NAMES = {SuppressionReason.BOUNCED: "BOUNCE", SuppressionReason.COMPLAINED: "COMPLAINT"}
_REASONS = {name: reason for reason, name in _NAMES.items()}
REASONS = tuple(_NAMES)
"""SES knows no others. Whoever has unsubscribed may still get other mail of the account's."""


class SuppressionList:
    def __init__(self, settings: Ses) -> None:
        try:
            session = boto3.session.Session(region_name=settings.region or None)
            self._client = session.client("sesv2", config=_PATIENTLY)
        except BotoCoreError as err:
            raise _trouble(err) from err

    def addresses(self) -> Iterator[tuple[str, SuppressionReason]]:
        """All of them, as SES writes them."""
        page = {"NextToken": ""}
        while "NextToken" in page:
            page = self._page(page["NextToken"])
            for each in page["SuppressedDestinationSummaries"]:
                yield (
                    each["EmailAddress"],
                    _REASONS.get(each["Reason"], SuppressionReason.BOUNCED),
                )

    def _page(self, token: str) -> Any:
        more = {"NextToken": token} if token else {}
        try:
            return self._client.list_suppressed_destinations(PageSize=1000, **more)
        except (BotoCoreError, ClientError) as err:
            raise _trouble(err) from err

    def add(self, address: str, reason: SuppressionReason) -> None:
        try:
            self._client.put_suppressed_destination(EmailAddress=address, Reason=_NAMES[reason])
        except (BotoCoreError, ClientError) as err:
            raise _trouble(err) from err


def _trouble(err: BotoCoreError | ClientError) -> TransportError:
    found = error_mapping.of_error(err)
    return TransportError(
        f"the suppression list of Amazon SES cannot be used: {err}",
        hint=found.hint or "Try again in a few minutes.",
    )
