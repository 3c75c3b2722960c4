"""Merged → RFC 5322 bytes and headers.

The parts of a variant that are the same for everybody are quoted-printable encoded once; a value is
encoded for its recipient and stands between two soft line breaks. Each variant has a function of its
own, which is generated the first time a message of it is written.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailer.compiler.escaping import ESCAPES, Context
from mailer.compiler.slots import MOST
from mailer.links import address
from mailer.mail import headers, quoted_printable
from mailer.mail.writer import Join, before_token
from mailer.sealed_ids import LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.compiler.compile import Variant
    from mailer.compiler.slots import FilledGroup, SlotGroup
    from mailer.config import Content, Sender
    from mailer.links import Purpose
    from mailer.mail.merge import Merged

    Form = tuple[int, Context]
    """A slot of a variant, and how its value is escaped."""

_FOLD = ">,\r\n <"
"""Between the URIs of a header (RFC 5322, 2.2.3)."""


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """The headers that all messages of a send share."""

    sender: str
    """From, encoded, on one line."""
    address: str
    """The sender's address, without the name."""
    reply_to: str
    list_id: str
    unsubscribe_email: str
    arms: tuple[Envelope, ...] = ()
    """One for each variant of a test of senders, else none."""

    @classmethod
    def of(cls, content: Content, *, list_name: str, senders: Sequence[Sender] = ()) -> Envelope:
        """The envelope of a campaign.

        Args:
            content: the campaign's settings.
            list_name: of the list it goes to.
            senders: those who are tested, in the order of the variants.
        """
        sender = content.sender
        arms = [content.model_copy(update={"sender": tested}) for tested in senders]
        host = urlsplit(content.site.base_url).hostname or ""
        phrase = f"{content.brand.name} {list_name}"
        return cls(
            sender=headers.mailbox(sender.name, sender.email),
            address=headers.address(sender.email),
            reply_to=headers.address(sender.reply_to),
            list_id=headers.list_id(phrase, list_name, host),
            unsubscribe_email=headers.address(sender.unsubscribe_email),
            arms=tuple(cls.of(arm, list_name=list_name) for arm in arms),
        )

    @property
    def domain(self) -> str:
        """The domain of the sender: the right side of Message-ID."""
        return self.address.rpartition("@")[2]

    def for_variant(self, variant: Variant) -> Envelope:
        """The envelope of the variant's own sender, in a test of senders; else this one."""
        return self.arms[variant.arm - 1] if self.arms else self


def message_id(campaign: str, delivery_id: int) -> str:
    """The left side of Message-ID: the same at each try of a delivery.

    A hash, so that two of them do not tell how many mails are between them.
    """
    return hashlib.blake2b(f"{campaign}.{delivery_id}".encode(), digest_size=16).hexdigest()


def encode(merged: Merged, envelope: Envelope, *, message_id: str, date: datetime) -> bytes:
    """The finished message, CRLF line ends.

    Args:
        merged: the recipient's message.
        envelope: of the send.
        message_id: the left side of Message-ID; unique.
        date: aware; for the Date header.
    """
    write = _writer(merged.variant, envelope, merged.links.base_url)
    return write(merged, message_id, _date(int(date.timestamp())))


@lru_cache(maxsize=1024)
def _writer(
    variant: Variant, envelope: Envelope, base_url: str
) -> Callable[[Merged, str, bytes], bytes]:
    """The function that writes the messages of a variant."""
    return source(variant, envelope, base_url).function()


def source(variant: Variant, envelope: Envelope, base_url: str) -> Join:
    """The source of that function."""
    subjects = _subjects(variant.subject.static)
    helpers = {
        "piece": quoted_printable.piece,
        "rest": quoted_printable.rest,
        "known_subject": subjects.known.get,
        "remember_subject": subjects.remember,
    }
    join = Join(variant, "merged, message_id, date", helpers)
    boundary = _boundary(variant)
    _add_headers(join, variant, envelope, boundary, base_url)
    values = _values(join, variant, base_url)
    for kind, cut in (("plain", variant.text), ("html", variant.html)):
        lead = (
            f"--{boundary}\r\n"
            f"Content-Type: text/{kind}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        )
        join.add(lead.encode())
        *before, last = map(quoted_printable.quoted, cut.static)
        for static, place in zip(before, cut.places, strict=True):
            join.add(quoted_printable.open_ended(static), *values[place])
        join.add(last + b"\r\n")
    join.add(f"--{boundary}--\r\n".encode())
    return join


def _add_headers(
    join: Join, variant: Variant, envelope: Envelope, boundary: str, base_url: str
) -> None:
    sender = envelope.for_variant(variant)
    first, last = _shared(sender, boundary)
    values = [
        f"filling{number}.values[{index}]"
        for number, facet in enumerate(variant.facets)
        for index in range(len(facet.slots))
    ]
    subject = ", ".join(["mark", *(values[slot] for slot, _ in variant.subject.places)])
    join.line(f"key = ({subject},)")
    join.add(f"{first}To: ".encode(), 'email.encode("ascii")')
    join.add(
        b"\r\nSubject: ", "known_subject(key) or remember_subject(*key)", b"\r\nDate: ", "date"
    )
    join.add(b"\r\nMessage-ID: <", "message_id.encode()", f"@{envelope.domain}>\r\n".encode())
    if envelope.list_id:
        first_uri, *more = _unsubscribe_uris(sender, base_url)
        join.add(f"List-Unsubscribe: <{first_uri}".encode(), join.token("unsubscribe"))
        for uri in more:
            join.add(f"{_FOLD}{uri}".encode(), join.token("unsubscribe"))
        join.add(b">\r\n")
    join.add(last.encode())


def _values(join: Join, variant: Variant, base_url: str) -> dict[Form, tuple[bytes | str, ...]]:
    """The parts that are joined for each form but a header's."""
    parts: list[tuple[bytes | str, ...]] = []
    for number, facet in enumerate(variant.facets):
        filling = f"filling{number}"
        forms = [form for form in facet.forms if form[1] is not Context.HEADER]
        purposes = [facet.slots[slot].purpose for slot, _ in forms]
        names = [f"value{number}_{index}" for index in range(len(forms))]
        if names and not facet.is_signed:
            encode = join.name(_encoder(facet), f"encode{number}")
            join.line(f"{', '.join(names)}, = {filling}.encoded or {encode}({filling})")
        for name, purpose, (slot, context) in zip(names, purposes, forms, strict=True):
            value = f"{filling}.values[{slot}]"
            parts.append(_link(join, purpose, context, base_url, value) if purpose else (name,))
    forms = [form for form in variant.forms if form[1] is not Context.HEADER]
    return dict(zip(forms, parts, strict=True))


def _link(
    join: Join, purpose: Purpose, context: Context, base_url: str, value: str
) -> tuple[bytes | str, ...]:
    """A personal link, escaped: all but its token is known before."""
    before = before_token(purpose, context, base_url)
    if before is None or not quoted_printable.is_plain(before):
        return (f"piece({join.name(ESCAPES[context])}({value}))",)
    token = join.token(purpose)
    if len(before) + LENGTH > quoted_printable.ROOM:
        token = f"rest({join.name(before)}, {token})"
    return before.encode(), token, quoted_printable.SOFT_BREAK


def list_headers(merged: Merged, envelope: Envelope) -> dict[str, str]:
    """What tells mail programs that this is a list, and how to leave it; ASCII, not folded.

    Or, where the envelope names no list, that a program answers a person's request (RFC 3834).
    """
    shared = _of_list(envelope)
    if not envelope.list_id:
        return shared
    links = merged.links
    (token,) = links.keys.tokens(("unsubscribe",), links.subscriber_id, links.send_id)
    return {**shared, "List-Unsubscribe": list_unsubscribe(merged, envelope, token)}


def _of_list(envelope: Envelope) -> dict[str, str]:
    if not envelope.list_id:
        return {"Auto-Submitted": "auto-generated"}
    return {
        "List-Id": envelope.list_id,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }


def list_unsubscribe(merged: Merged, envelope: Envelope, token: bytes) -> str:
    """The List-Unsubscribe header for this recipient, with their token."""
    uris = _unsubscribe_uris(envelope.for_variant(merged.variant), merged.links.base_url)
    return ", ".join([f"<{uri}{token.decode()}>" for uri in uris])


@lru_cache(maxsize=1024)
def _unsubscribe_uris(envelope: Envelope, base_url: str) -> tuple[str, ...]:
    """URIs to leave the list by, up to the recipient's token."""
    page = address(base_url, "unsubscribe", "")
    if not envelope.unsubscribe_email:
        return (page,)
    return page, f"mailto:{envelope.unsubscribe_email}?subject="


@lru_cache(maxsize=1024)
def _shared(envelope: Envelope, boundary: str) -> tuple[str, str]:
    """The headers that all messages of a variant share: (the first, the last)."""
    reply_to = {"Reply-To": envelope.reply_to} if envelope.reply_to else {}
    last = {
        **reply_to,
        **_of_list(envelope),
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    lines = "".join([headers.fold(name, value) for name, value in last.items()])
    return headers.fold("From", envelope.sender), f"{lines}\r\n"


@lru_cache(maxsize=8)
def _date(timestamp: int) -> bytes:
    return format_datetime(datetime.fromtimestamp(timestamp, UTC)).encode()


class _Subjects:
    """The folded subjects of variants with the same text; by mark and values.

    No lru_cache: to keep its order takes as long as to find a subject among thousands.
    """

    def __init__(self, static: tuple[str, ...]) -> None:
        self._first, *self._after = static
        self.known: dict[tuple[str, ...], bytes] = {}

    def remember(self, mark: str, *values: str) -> bytes:
        parts = chain(*zip(values, self._after, strict=True))
        subject = headers.subject("".join((mark, self._first, *parts)))
        if len(self.known) >= MOST:
            self.known.clear()
        self.known[mark, *values] = subject
        return subject


_subjects = lru_cache(maxsize=64)(_Subjects)


def _boundary(variant: Variant) -> str:
    digest = hashlib.sha256("".join((*variant.text.static, *variant.html.static)).encode())
    # "=_" cannot stand in quoted-printable text
    return f"=_{digest.hexdigest()[:32]}"


_SIMPLE = {Context.TEXT, Context.ATTRIBUTE, Context.PLAIN}
_PLAIN = re.compile(r"[A-Za-z0-9 ,.:@_-]{0,75}").fullmatch
"""What stands as it is, escaped for these contexts and encoded."""


@lru_cache(maxsize=1024)
def _encoder(facet: SlotGroup) -> Callable[[FilledGroup], tuple[bytes, ...]]:
    """The function that escapes and encodes each form but a header's, to stand between two constants."""
    forms = [(slot, ESCAPES[how]) for slot, how in facet.forms if how is not Context.HEADER]

    def encode(filling: FilledGroup) -> tuple[bytes, ...]:
        texts = [escape(filling.values[slot]) for slot, escape in forms]
        # what is alike in several forms is one object: half the memory to go through
        pieces = {text: quoted_printable.piece(text) for text in texts}
        filling.encoded = tuple(map(pieces.__getitem__, texts))
        return filling.encoded

    def encode_simple(filling: FilledGroup) -> tuple[bytes, ...]:
        """Such as an address, which no two recipients share: a third of the time."""
        value = filling.values[0]
        if not _PLAIN(value):
            return encode(filling)
        filling.encoded = (value.encode() + quoted_printable.SOFT_BREAK,) * len(forms)
        return filling.encoded

    contexts = {how for _, how in facet.forms} - {Context.HEADER}
    return encode_simple if len(facet.slots) == 1 and contexts <= _SIMPLE else encode
