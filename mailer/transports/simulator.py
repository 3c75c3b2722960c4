"""The mailbox simulator of Amazon SES: addresses that bounce, complain or accept on demand.

The events have the shape that SES publishes them in (SES developer guide, "Examples of event data").
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ADDRESS = re.compile(
    r"(success|bounce|complaint|ooto|suppressionlist)(\+[^@]*)?@simulator\.amazonses\.com"
)


def event(email: str, *, message_id: str, tags: Mapping[str, str], now: datetime) -> str | None:
    """The event that mail to this address causes, as a line of JSON; None for any other address."""
    match = _ADDRESS.fullmatch(email)
    if match is None:
        return None
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kind, detail = _DETAILS[match[1]](email, at)
    mail = {
        "timestamp": at,
        "messageId": message_id,
        "destination": [email],
        "tags": {name: [value] for name, value in tags.items()},
    }
    return json.dumps({"eventType": kind, "mail": mail, kind.lower(): detail})


def _delivery(email: str, at: str) -> tuple[str, dict[str, Any]]:
    return "Delivery", {"timestamp": at, "recipients": [email]}


def _bounce(email: str, at: str, subtype: str = "General") -> tuple[str, dict[str, Any]]:
    recipient = {
        "emailAddress": email,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    }
    return "Bounce", {
        "timestamp": at,
        "bounceType": "Permanent",
        "bounceSubType": subtype,
        "bouncedRecipients": [recipient],
        "feedbackId": f"simulated-{email}-{at}",
    }


def _suppressed(email: str, at: str) -> tuple[str, dict[str, Any]]:
    return _bounce(email, at, subtype="Suppressed")


def _complaint(email: str, at: str) -> tuple[str, dict[str, Any]]:
    return "Complaint", {
        "timestamp": at,
        "complainedRecipients": [{"emailAddress": email}],
        "complaintFeedbackType": "abuse",
        "feedbackId": f"simulated-{email}-{at}",
    }


# ooto: an out-of-office reply goes to the sender; SES itself reports a delivery
_DETAILS = {
    "success": _delivery,
    "ooto": _delivery,
    "bounce": _bounce,
    "suppressionlist": _suppressed,
    "complaint": _complaint,
}
