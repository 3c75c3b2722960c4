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
    kind, detail = _DETAILS[match[1]](email)
    mail = {
        "timestamp": at,
        "messageId": message_id,
        "destination": [email],
        "tags": {name: [value] for name, value in tags.items()},
    }
    # by this readers know an event that was reported twice
    identity = {} if kind == "Delivery" else {"feedbackId": f"simulated-{message_id.strip('<>')}"}
    return json.dumps(
        {"eventType": kind, "mail": mail, kind.lower(): {"timestamp": at, **detail, **identity}}
    )


def _delivery(email: str) -> tuple[str, dict[str, Any]]:
    return "Delivery", {"recipients": [email]}


def _bounce(email: str, subtype: str = "General") -> tuple[str, dict[str, Any]]:
    recipient = {
        "emailAddress": email,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    }
    return "Bounce", {
        "bounceType": "Permanent",
        "bounceSubType": subtype,
        "bouncedRecipients": [recipient],
    }


def _suppressed(email: str) -> tuple[str, dict[str, Any]]:
    return _bounce(email, subtype="Suppressed")


def _complaint(email: str) -> tuple[str, dict[str, Any]]:
    return "Complaint", {
        "complainedRecipients": [{"emailAddress": email}],
        "complaintFeedbackType": "abuse",
    }


# ooto: an out-of-office reply goes to the sender; SES itself reports a delivery
_DETAILS = {
    "success": _delivery,
    "ooto": _delivery,
    "bounce": _bounce,
    "suppressionlist": _suppressed,
    "complaint": _complaint,
}
