"""What SES publishes about a message, in the shape of the developer guide's event records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tools.fake_ses import mime

if TYPE_CHECKING:
    from tools.fake_ses.account import Account
    from tools.fake_ses.record import Kept

SIMULATOR = "simulator.amazonses.com"

_BOUNCES = {
    "bounce": ("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
    "suppressionlist": (
        "Permanent",
        "Suppressed",
        "5.1.1",
        "Amazon SES has suppressed sending to this address: it bounced recently.",
    ),
    "account-suppression": (
        "Permanent",
        "OnAccountSuppressionList",
        "5.1.1",
        "Amazon SES did not send to this address: it is on your account's suppression list.",
    ),
    "ooto": ("Transient", "General", "", ""),
}
_DELIVERED = frozenset({"success", "complaint", "ooto"})


def events_of(message: Kept, account: Account, suppressed: frozenset[str]) -> list[dict[str, Any]]:
    """The events of one message, in the order in which they happen."""
    mail = _mail(message, account)
    if message.missing:
        error = f"Attribute '{message.missing}' is not present in the rendering data."
        failure = {"errorMessage": error, "templateName": ""}
        return [{"eventType": "Rendering Failure", "mail": mail, "failure": failure}]
    found: list[dict[str, Any]] = [{"eventType": "Send", "mail": mail, "send": {}}]
    for number, address in enumerate(message.to):
        outcome = outcome_of(address, account, suppressed)
        feedback = f"{message.message_id[:-6]}{number:06d}"
        found += [{**event, "mail": mail} for event in _fate(outcome, address, feedback, mail)]
    return found


def outcome_of(address: str, account: Account, suppressed: frozenset[str]) -> str:
    """The simulator's local part (a +label is ignored), or what the account says of an address."""
    local, _, domain = address.lower().rpartition("@")
    if domain == SIMULATOR:
        return local.partition("+")[0]
    if address.lower() in suppressed:
        return "account-suppression"
    return account.outcomes.get(address.lower(), "success")


def _fate(outcome: str, address: str, feedback: str, mail: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if outcome in _DELIVERED:
        found.append({"eventType": "Delivery", "delivery": _delivery(address, mail)})
    if outcome in _BOUNCES:
        found.append({"eventType": "Bounce", "bounce": _bounce(outcome, address, feedback, mail)})
    if outcome == "complaint":
        found.append({"eventType": "Complaint", "complaint": _complaint(address, feedback, mail)})
    return found


def _mail(message: Kept, account: Account) -> dict[str, Any]:
    domain = message.source.rpartition("@")[2].rstrip(">")
    tags = {
        "ses:operation": [message.operation],
        "ses:source-ip": ["192.0.2.1"],
        "ses:from-domain": [domain],
        "ses:caller-identity": ["mailer"],
        **({"ses:configuration-set": [s]} if (s := message.configuration_set) else {}),
        **{name: [value] for name, value in message.tags.items()},
    }
    mail = {
        "timestamp": _timestamp(message.at),
        "source": message.source,
        "sourceArn": f"arn:aws:ses:{account.region}:{account.number}:identity/{domain}",
        "sendingAccountId": account.number,
        "messageId": message.message_id,
        "destination": list(message.to),
        "headersTruncated": False,
        "tags": tags,
    }
    return mail if message.missing else {**mail, **_headers(message)}


def _headers(message: Kept) -> dict[str, Any]:
    fields = mime.fields(message.mime)
    first = {name.lower(): value for name, value in reversed(fields)}
    common = {
        "from": [first["from"]],
        "to": list(message.to),
        "messageId": message.message_id,
        "subject": first.get("subject", ""),
    }
    headers = [{"name": name, "value": value} for name, value in fields]
    return {"headers": headers, "commonHeaders": common}


def _bounce(outcome: str, address: str, feedback: str, mail: dict[str, Any]) -> dict[str, Any]:
    kind, sub, status, diagnostic = _BOUNCES[outcome]
    detail = {"action": "failed", "status": status, "diagnosticCode": diagnostic} if status else {}
    return {
        "bounceType": kind,
        "bounceSubType": sub,
        "bouncedRecipients": [{"emailAddress": address, **detail}],
        "timestamp": mail["timestamp"],
        "feedbackId": feedback,
        "reportingMTA": "dns; amazonses.com",
    }


def _complaint(address: str, feedback: str, mail: dict[str, Any]) -> dict[str, Any]:
    return {
        "complainedRecipients": [{"emailAddress": address}],
        "timestamp": mail["timestamp"],
        "feedbackId": feedback,
        "complaintSubType": None,
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
        "arrivalDate": mail["timestamp"],
    }


def _delivery(address: str, mail: dict[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": mail["timestamp"],
        "processingTimeMillis": 500,
        "recipients": [address],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "a1-1.smtp-out.amazonses.com",
    }


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
