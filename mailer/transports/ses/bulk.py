"""`SendBulkEmail`: an inline template made of a variant, and each recipient's values for it.

SES substitutes `{{s0}}` and nothing else, and escapes nothing: so each slot is a variable for each
context that it stands in, escaped here. What SES could take for more than that is sent raw.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mailer import message
from mailer.escaping import ESCAPES, Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.compile import Cut, Variant
    from mailer.merge import Merged
    from mailer.message import Envelope

MOST = 50
"""Entries of one call, by the API's limit."""
_REQUEST = 1_000_000
"""Octets of a request with an inline template; the limit is 1 MB."""
_DATA = 262_144
"""Characters of one recipient's values, by the API's limit."""
_ADDRESS_AND_HEADERS = 2_000
"""Octets of an entry besides its values, amply."""
_HEADER = re.compile(r"[ -~]{1,900}")
"""SES takes 995; the rest is for tokens that are longer than this recipient's."""
_ESCAPED = 2
"""Octets of a request for each of its values' JSON, which is text within JSON: at most."""


@dataclass(frozen=True, slots=True)
class Template:
    """A variant as SES takes it."""

    content: dict[str, str]
    variables: tuple[tuple[str, int, Callable[[str], str]], ...]
    """Each with its slot, and how a value is escaped there."""
    octets: int
    """Of a request."""

    def data(self, merged: Merged) -> str:
        """TemplateData: every variable, always; SES drops a message that lacks one, silently."""
        values = merged.values
        return json.dumps({name: escape(values[slot]) for name, slot, escape in self.variables})


@lru_cache(maxsize=1024)
def template(variant: Variant, mark: str) -> Template | None:
    """None when the variant can only go raw."""
    variables: dict[tuple[int, Context], str] = {}
    content = {
        part: _source(cut, variables, lead)
        for part, cut, lead in (
            ("Subject", variant.subject, mark),
            ("Text", variant.text, ""),
            ("Html", variant.html, ""),
        )
    }
    octets = len(json.dumps(content))
    cuts = (variant.subject, variant.text, variant.html)
    if octets > _REQUEST // 2 or not all(map(_is_plain, cuts)):
        return None
    named = ((name, slot, ESCAPES[context]) for (slot, context), name in variables.items())
    return Template(content, tuple(named), octets)


def headers_fit(merged: Merged, envelope: Envelope) -> bool:
    """Whether a campaign's headers can go in bulk calls: those of any of its messages will tell.

    What is no list's mail, as a confirmation, is for one person: it goes raw.
    """
    headers = message.list_headers(merged, envelope)
    return "List-Unsubscribe" in headers and all(map(_HEADER.fullmatch, headers.values()))


def fits(merged: Merged) -> bool:
    """Whether a message is the same in a bulk call as raw."""
    # raw encodes what looks like an encoded word; SES is not known to
    return template(merged.variant, merged.mark) is not None and "=?" not in merged.subject


def request(
    parcel: list[Merged], envelope: Envelope, tags: list[list[dict[str, str]]]
) -> dict[str, Any] | None:
    """What `send_bulk_email` is called with: messages of one variant, and the tags of each.

    None when their values are too long for one call.
    """
    first = parcel[0]
    made = template(first.variant, first.mark)
    assert made is not None
    data = [made.data(merged) for merged in parcel]
    octets = made.octets + sum(_ESCAPED * len(each) + _ADDRESS_AND_HEADERS for each in data)
    if octets > _REQUEST or max(map(len, data)) > _DATA:
        return None
    headers = message.list_headers(first, envelope)
    del headers["List-Unsubscribe"]
    return {
        "FromEmailAddress": envelope.sender,
        **({"ReplyToAddresses": [envelope.reply_to]} if envelope.reply_to else {}),
        "DefaultContent": {
            "Template": {
                "TemplateContent": made.content,
                "TemplateData": "{}",
                "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
            }
        },
        "BulkEmailEntries": [
            _entry(merged, values, envelope, own)
            for merged, values, own in zip(parcel, data, tags, strict=True)
        ],
    }


def _entry(
    merged: Merged, data: str, envelope: Envelope, tags: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "Destination": {"ToAddresses": [merged.email]},
        "ReplacementTags": tags,
        "ReplacementHeaders": [
            {"Name": "List-Unsubscribe", "Value": message.list_unsubscribe(merged, envelope)}
        ],
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
    }


def _source(cut: Cut, variables: dict[tuple[int, Context], str], lead: str) -> str:
    """A cut with variables in place of its slots; names new places in `variables`."""
    parts = [lead + cut.static[0]]
    for place, static in zip(cut.places, cut.static[1:], strict=True):
        name = variables.setdefault(place, f"s{len(variables)}")
        parts += ("{{", name, "}}", static)
    return "".join(parts)


def _is_plain(cut: Cut) -> bool:
    """No author's text is, or together with a variable becomes, anything that templates know."""
    before, after = cut.static[:-1], cut.static[1:]
    return (
        not any("{{" in static for static in cut.static)
        and not any(static.endswith(("{", "\\")) for static in before)
        and not any(static.startswith("}") for static in after)
    )
