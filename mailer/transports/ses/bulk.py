"""`SendBulkEmail`: an inline template for a variant, and each recipient's values for it.

SES substitutes `{{s0x0}}` and nothing else, and escapes nothing: so each slot is a variable for each
context in which it stands, escaped here. Text that SES could read as a template is sent raw.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mailer.compiler.escaping import ESCAPES
from mailer.mail import message
from mailer.mail.writer import Join, before_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailer.compiler.compile import CutText, Variant
    from mailer.compiler.escaping import Context
    from mailer.compiler.slots import FilledGroup, SlotGroup
    from mailer.mail.merge import Merged
    from mailer.mail.message import Envelope

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
    octets: int
    """Octets of a request."""


def data(merged: Merged) -> str:
    """TemplateData: every variable, always; SES drops a message that lacks one, silently."""
    return _data_and_token(merged)[0].decode()


def _data_and_token(merged: Merged) -> tuple[bytes, bytes]:
    """TemplateData, and the token in its links that unsubscribe."""
    return _writer(merged.variant, merged.links.base_url)(merged)


@lru_cache(maxsize=1024)
def _writer(variant: Variant, base_url: str) -> Callable[[Merged], tuple[bytes, bytes]]:
    """The function that writes the TemplateData of a variant, and seals the token once for its header, too."""
    join = Join(variant, "merged", {"encode": _variables, "quoted": _quoted})
    join.add(b"{")
    for number, facet in enumerate(variant.facets):
        join.add(b", " if number else b"")
        if facet.is_signed:
            _add_links(join, number, facet, base_url)
        else:
            join.add(f"filling{number}.variables or encode(filling{number})")
    join.add(b"}")
    join.give_besides(join.token("unsubscribe"))
    return join.function()


def _add_links(join: Join, number: int, facet: SlotGroup, base_url: str) -> None:
    for index, (name, slot, context) in enumerate(_named(facet)):
        join.add(f'{", " if index else ""}"{name}": '.encode())
        purpose = facet.slots[slot].purpose
        before = before_token(purpose, context, base_url) if purpose else None
        if purpose and before is not None:
            join.add(_quoted(before)[:-1], join.token(purpose), b'"')
        else:
            join.add(f"quoted({join.name(ESCAPES[context])}(filling{number}.values[{slot}]))")


def _variables(filling: FilledGroup) -> bytes:
    filling.variables = b", ".join([
        b'"%b": %b' % (name.encode(), _quoted(ESCAPES[context](filling.values[slot])))
        for name, slot, context in _named(filling.facet)
    ])  # fmt: skip
    return filling.variables


def _quoted(text: str) -> bytes:
    """The text as JSON in ASCII."""
    return _to_json(text).encode()


_to_json = json.JSONEncoder().encode


@lru_cache(maxsize=1024)
def _named(facet: SlotGroup) -> list[tuple[str, int, Context]]:
    """The variable for each form of a facet, with its slot, and how a value is escaped there."""
    return [
        (f"s{facet.number}x{index}", slot, context)
        for index, (slot, context) in enumerate(facet.forms)
    ]


@lru_cache(maxsize=1024)
def template(variant: Variant, mark: str) -> Template | None:
    """None when the variant can only go raw."""
    names = [name for facet in variant.facets for name, *_ in _named(facet)]
    variables = dict(zip(variant.forms, names, strict=True))
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
    return Template(content, octets)


def headers_fit(merged: Merged, envelope: Envelope) -> bool:
    """Whether a campaign's headers can go in bulk calls, judged by any one of its messages.

    Mail without a list, such as a confirmation, is for one person and goes raw.
    """
    headers = message.list_headers(merged, envelope)
    return "List-Unsubscribe" in headers and all(map(_HEADER.fullmatch, headers.values()))


def fits(merged: Merged) -> bool:
    """Whether a message is the same in a bulk call as raw."""
    # raw encodes what looks like an encoded word; SES is not known to
    return template(merged.variant, merged.mark) is not None and "=?" not in merged.subject


def request(
    batch: list[Merged], envelope: Envelope, tags: list[list[dict[str, str]]]
) -> dict[str, Any] | None:
    """The arguments of `send_bulk_email`: messages of one variant, and the tags of each.

    None when their values are too long for one call.
    """
    first = batch[0]
    inline_template = template(first.variant, first.mark)
    assert inline_template is not None
    written = list(map(_data_and_token, batch))
    lengths = [len(values) for values, _ in written]
    octets = inline_template.octets + sum(
        _ESCAPED * length + _ADDRESS_AND_HEADERS for length in lengths
    )
    if octets > _REQUEST or max(lengths) > _DATA:
        return None
    headers = message.list_headers(first, envelope)
    del headers["List-Unsubscribe"]
    sender = envelope.for_variant(first.variant)
    return {
        "FromEmailAddress": sender.sender,
        **({"ReplyToAddresses": [sender.reply_to]} if sender.reply_to else {}),
        "DefaultContent": {
            "Template": {
                "TemplateContent": inline_template.content,
                "TemplateData": "{}",
                "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
            }
        },
        "BulkEmailEntries": [
            _entry(merged, values, message.list_unsubscribe(merged, envelope, token), own_tags)
            for merged, (values, token), own_tags in zip(batch, written, tags, strict=True)
        ],
    }


def _entry(
    merged: Merged, data: bytes, list_unsubscribe: str, tags: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "Destination": {"ToAddresses": [merged.email]},
        "ReplacementTags": tags,
        "ReplacementHeaders": [{"Name": "List-Unsubscribe", "Value": list_unsubscribe}],
        "ReplacementEmailContent": {
            "ReplacementTemplate": {"ReplacementTemplateData": data.decode()}
        },
    }


def _source(cut: CutText, variables: Mapping[tuple[int, Context], str], lead: str) -> str:
    """A cut with variables in place of its slots."""
    parts = [lead + cut.static[0]]
    for place, static in zip(cut.places, cut.static[1:], strict=True):
        parts += ("{{", variables[place], "}}", static)
    return "".join(parts)


def _is_plain(cut: CutText) -> bool:
    """No author's text is, or together with a variable becomes, anything that templates know."""
    before, after = cut.static[:-1], cut.static[1:]
    return (
        not any("{{" in static for static in cut.static)
        and not any(static.endswith(("{", "\\")) for static in before)
        and not any(static.startswith("}") for static in after)
    )
