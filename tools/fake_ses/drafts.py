"""The content of a request → a message that has no MessageId yet, or the refusal of it."""

from __future__ import annotations

import binascii
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.fake_ses import limits, mime, template
from tools.fake_ses.errors import ApiError, bad_request

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Draft:
    source: str
    to: list[str]
    render: Callable[[str, str, float], bytes]
    """(message id, its domain, time) → the whole message."""
    raw: bytes | None = None
    """The message itself, where it came whole."""
    missing: str = ""
    """The variable without a value."""


def from_request(request: dict[str, Any], *, size: int) -> Draft:
    """The message of a SendEmail request of `size` octets."""
    content = {kind: value for kind, value in request["Content"].items() if value}
    if len(content) != 1:
        raise bad_request("Exactly one of Simple, Raw and Template is required.")
    if request.get("ListManagementOptions"):
        raise bad_request("This fake server has no contact lists.")
    if "Raw" in content:
        return _raw(request, content["Raw"]["Data"])
    if "Simple" in content:
        return _simple(request, content["Simple"])
    given = content["Template"]
    template.check_length(given.get("TemplateData"))
    templates = inline_templates(given, size=size)
    values = template.parse_data(given.get("TemplateData"))
    headers = limits.headers(given.get("Headers"))
    return _templated(request, destination(request), templates, values, headers)


def from_entry(
    request: dict[str, Any], entry: dict[str, Any], templates: template.Templates
) -> Draft:
    """The message of one entry of a SendBulkEmail request."""
    given = request["DefaultContent"]["Template"]
    headers = limits.headers(given.get("Headers"))
    headers |= limits.headers(entry.get("ReplacementHeaders"))
    if len(headers) > limits.HEADERS:
        raise bad_request(f"Header count exceeds {limits.HEADERS}.")
    values = template.parse_data(given.get("TemplateData") or "{}")
    # Required here: users report that SES refuses an entry without it, even where it would be empty.
    values |= template.parse_data(replacement(entry))
    return _templated(request, entry["Destination"], templates, values, headers)


def inline_templates(given: dict[str, Any], *, size: int) -> template.Templates:
    _no_attachments(given)
    if name := given.get("TemplateName") or given.get("TemplateArn"):
        raise ApiError("NotFoundException", f"Template {name} does not exist.")
    if not given.get("TemplateContent"):
        raise bad_request("One of TemplateName, TemplateArn and TemplateContent is required.")
    if size > limits.INLINE_REQUEST:
        raise bad_request(
            f"A request with an inline template may have {limits.INLINE_REQUEST} bytes."
        )
    return template.parse_content(given["TemplateContent"])


def source(request: dict[str, Any]) -> str:
    if not request.get("FromEmailAddress"):
        raise bad_request("FromEmailAddress is required.")
    return str(request["FromEmailAddress"])


def destination(request: dict[str, Any]) -> dict[str, Any]:
    if not request.get("Destination"):
        raise bad_request("Destination is required.")
    return dict(request["Destination"])


def replacement(entry: dict[str, Any]) -> str | None:
    content = entry.get("ReplacementEmailContent") or {}
    data: str | None = (content.get("ReplacementTemplate") or {}).get("ReplacementTemplateData")
    return data


def _raw(request: dict[str, Any], data: str) -> Draft:
    if len(data) > limits.MESSAGE:
        raise bad_request(
            f"Message length is more than {limits.MESSAGE} bytes long: '{len(data)}'."
        )
    try:
        raw = binascii.a2b_base64(data)
    except binascii.Error as err:
        raise ApiError("SerializationException", "Raw.Data is not base64.") from err
    found = limits.raw_headers(raw)
    recipient = request.get("Destination")
    to = limits.recipients(recipient) if recipient else limits.raw_recipients(found)
    return Draft(found["from"][0], to, lambda _id, _domain, _at: raw, raw=raw)


def _simple(request: dict[str, Any], simple: dict[str, Any]) -> Draft:
    _no_attachments(simple)
    body = {part: value["Data"] for part, value in simple["Body"].items()}
    content = mime.Content(simple["Subject"]["Data"], body.get("Text"), body.get("Html"))
    headers = limits.headers(simple.get("Headers"))
    return _composed(request, destination(request), headers, lambda: content)


def _templated(
    request: dict[str, Any],
    to: dict[str, Any],
    templates: template.Templates,
    values: dict[str, str],
    headers: dict[str, tuple[str, str]],
) -> Draft:
    missing = templates.missing(values)
    if not missing:
        _check_subject(templates.subject.render(values))
    draft = _composed(request, to, headers, lambda: mime.Content(*templates.render(values)))
    return dataclasses.replace(draft, missing=missing)


def _composed(
    request: dict[str, Any],
    to: dict[str, Any],
    headers: dict[str, tuple[str, str]],
    content: Callable[[], mime.Content],
) -> Draft:
    """A message whose MIME is made when it is first read."""
    envelope = mime.envelope(source(request), request, to)
    lines = list(headers.values())

    def render(message_id: str, domain: str, at: float) -> bytes:
        return mime.build(envelope, content(), lines, message_id=f"{message_id}@{domain}", at=at)

    return Draft(envelope.source, limits.recipients(to), render)


def _check_subject(subject: str) -> None:
    """Stricter than what is documented: a line break would end the header."""
    if any(ord(character) < ord(" ") for character in subject):
        raise bad_request("The subject contains control characters.")


def _no_attachments(given: dict[str, Any]) -> None:
    if given.get("Attachments"):
        raise bad_request("This fake server takes attachments in raw messages only.")
