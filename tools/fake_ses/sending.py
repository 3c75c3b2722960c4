"""SendEmail and SendBulkEmail: refuse what SES refuses, keep the rest."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tools.fake_ses import drafts, limits, template
from tools.fake_ses.bucket import Bucket
from tools.fake_ses.errors import ApiError, bad_request
from tools.fake_ses.events import SIMULATOR
from tools.fake_ses.record import Kept, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.fake_ses.account import Account
    from tools.fake_ses.drafts import Draft
    from tools.fake_ses.faults import Fault, Faults

RATE = "Maximum sending rate exceeded."
QUOTA = "Daily message quota exceeded."


@dataclass(frozen=True, slots=True)
class Context:
    """What the messages of one call share."""

    operation: str
    configuration_set: str
    now: float


class SendApi:
    """The operations that send mail, for one account.

    Args:
        nonce: what keeps the message ids of two servers apart.
    """

    def __init__(self, account: Account, record: Record, faults: Faults, nonce: int) -> None:
        self.account = account
        self.record = record
        self.faults = faults
        self._bucket = Bucket()
        self._nonce = nonce

    def send_email(self, request: dict[str, Any], *, size: int, now: float) -> dict[str, str]:
        context = self._context("SendEmail", request, now)
        tags = limits.tags(request.get("EmailTags"))
        draft = drafts.from_request(request, size=size)
        self._check_source(draft.source, request.get("FromEmailAddress"))
        self._check_recipients(draft.to)
        self._take(len(draft.to), now)
        return {"MessageId": self._keep(draft, tags, context)}

    def send_bulk_email(
        self, request: dict[str, Any], *, size: int, now: float, partial: Fault | None = None
    ) -> dict[str, list[dict[str, str]]]:
        """The call is refused for what is wrong with all of it, each entry for its own faults.

        When nothing at all fits the rate or the quota the call is refused, else the entries that do
        not fit: the documentation names both answers, and not when each is given.
        """
        context = self._context("SendBulkEmail", request, now)
        tags = limits.tags(request.get("DefaultEmailTags"))
        given = request["DefaultContent"].get("Template") or {}
        entries = request["BulkEmailEntries"]
        _check_entries(entries, given)
        templates = drafts.inline_templates(given, size=size)
        self._check_source(drafts.source(request))
        self._check_capacity(1, now)
        results: list[dict[str, str]] = []
        for position, entry in enumerate(entries):
            if partial and (status := partial.entry_status(position)):
                said = partial.message or "Refused on command."
                results.append({"Status": status, "Error": said})
                continue
            try:
                draft = drafts.from_entry(request, entry, templates)
                own = tags | limits.tags(entry.get("ReplacementTags"))
                self._check_recipients(draft.to)
                self._take(len(draft.to), now)
            except ApiError as err:
                results.append({"Status": err.bulk, "Error": err.message})
            else:
                message_id = self._keep(draft, own, context)
                results.append({"Status": "SUCCESS", "MessageId": message_id})
        return {"BulkEmailEntryResults": results}

    def _context(self, operation: str, request: dict[str, Any], now: float) -> Context:
        """May this account send at all, and with this configuration set?"""
        name = request.get("ConfigurationSetName") or ""
        if self.account.enforcement == "SHUTDOWN":
            raise ApiError("AccountSuspendedException")
        if not self.account.sending:
            raise ApiError("SendingPausedException")
        if name and name not in self.account.configuration_sets:
            raise ApiError("NotFoundException", f"Configuration set <{name}> does not exist.")
        if name and not self.account.configuration_set_sending:
            raise ApiError(
                "SendingPausedException", f"Sending paused for configuration set <{name}>."
            )
        return Context(operation, name, now)

    def _check_source(self, *sources: str | None) -> None:
        self._check_verified(limits.address(source) for source in sources if source)
        failed = not self.account.mail_from or self.account.mail_from_status != "SUCCESS"
        if self.account.mail_from_required and failed:
            raise ApiError("MailFromDomainNotVerifiedException")

    def _check_recipients(self, to: list[str]) -> None:
        for address in to:
            if refusal := self.faults.refusal(address):
                raise refusal
        if not self.account.production:
            self._check_verified(a for a in to if not a.lower().endswith(f"@{SIMULATOR}"))

    def _check_verified(self, addresses: Iterable[str]) -> None:
        if failed := [a for a in addresses if not self.account.may_send_as(a)]:
            raise ApiError(
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in "
                f"region {self.account.region.upper()}: {', '.join(failed)}",
            )

    def _check_capacity(self, recipients: int, now: float) -> None:
        account = self.account
        left = account.quota - account.sent - self.record.recipients
        if account.quota >= 0 and recipients > left:
            raise ApiError(account.quota_error, QUOTA, bulk="ACCOUNT_DAILY_QUOTA_EXCEEDED")
        if not self._bucket.fits(recipients, rate=account.rate, burst=account.burst, now=now):
            raise ApiError(account.rate_error, RATE, bulk="ACCOUNT_THROTTLED")

    def _take(self, recipients: int, now: float) -> None:
        self._check_capacity(recipients, now)
        self._bucket.take(recipients)

    def _keep(self, draft: Draft, tags: dict[str, str], context: Context) -> str:
        number = self._nonce + len(self.record.kept)
        message_id = f"0100{int(context.now * 1000):012x}-{UUID(int=number)}-000000"
        region = self.account.region
        domain = "email" if region == "us-east-1" else region
        if draft.raw is not None:
            render = self.record.spool(draft.raw)
        else:
            render = functools.partial(
                draft.render, message_id, f"{domain}.amazonses.com", context.now
            )
        self.record.keep(
            Kept(
                message_id=message_id,
                to=tuple(draft.to),
                source=draft.source,
                tags=tags,
                at=context.now,
                operation=context.operation,
                configuration_set=context.configuration_set,
                render=render,
                missing=draft.missing,
            )
        )
        return message_id


def _check_entries(entries: list[dict[str, Any]], given: dict[str, Any]) -> None:
    """The API model's own limits, which refuse the whole call."""
    if not 0 < len(entries) <= limits.ENTRIES:
        raise bad_request(f"The number of entries must be 1 to {limits.ENTRIES}.")
    template.check_length(given.get("TemplateData"))
    limits.headers(given.get("Headers"))
    for entry in entries:
        template.check_length(drafts.replacement(entry))
        limits.headers(entry.get("ReplacementHeaders"))
