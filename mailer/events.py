"""SES event JSON → what it proves about a delivery.

The shapes are those of "Examples of event data" in the SES developer guide. New kinds and fields may
appear at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailer.store.base import DeliveryState, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEVER_SENT = {
    "Reject": "Amazon SES rejected it after accepting it",
    "Rendering Failure": "Amazon SES could not render it",
}


def proof(event: Mapping[str, Any], campaign: str) -> Result | None:
    """What became of a delivery of this campaign; None when the event is about something else.

    Whatever SES reports about a message, even that it bounced, it has taken the message.
    """
    match event:
        case {"mail": {"tags": {"campaign": [name], "delivery": [str(delivery)]}} as mail} if (
            name == campaign and delivery.isdecimal()
        ):
            said = _NEVER_SENT.get(event.get("eventType", ""), "")
            state = DeliveryState.FAILED if said else DeliveryState.ACCEPTED
            return Result(int(delivery), state, str(mail.get("messageId", "")), said)
    return None
