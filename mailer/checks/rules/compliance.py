"""What laws and mailbox providers demand of bulk mail: unsubscribing, an address, an honest sender."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailer import hosts
from mailer.checks import urls
from mailer.checks.finding import Finding, Severity
from mailer.errors import Place
from mailer.mail.message import Envelope, list_headers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.rendered_mail import RenderedMail
    from mailer.config import Sender

UNSUBSCRIBE_MISSING = "unsubscribe-missing"
UNSUBSCRIBE_HIDDEN = "unsubscribe-hidden"
ADDRESS_MISSING = "postal-address-missing"
ONE_CLICK = "one-click"
SITE_LOCAL = "site-local"
FREE_MAIL = "sender-free-mail"
NO_REPLY = "sender-no-reply"

_FREE_MAIL = frozenset([
    "aim.com", "aol.com", "att.net", "bellsouth.net", "comcast.net", "cox.net", "earthlink.net",
    "fastmail.com", "gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com",
    "hotmail.co.uk", "icloud.com", "live.com", "mac.com", "mail.com", "me.com", "msn.com",
    "outlook.com", "pm.me", "proton.me", "protonmail.com", "rocketmail.com", "sbcglobal.net",
    "tutanota.com", "verizon.net", "web.de", "yahoo.ca", "yahoo.co.uk", "yahoo.com", "yandex.com",
    "ymail.com", "zohomail.com",
])  # fmt: skip
"""Domains of free mailboxes, in whose name no other program may send."""
_NO_REPLY = re.compile(r"(?:no|do-?not|dont)[-_.]?reply", re.IGNORECASE)
_SETTINGS = Place("mailer.toml")
_MESSAGE = Place("templates/message.txt")


def sender(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """What mailer.toml says about who writes."""
    del today
    for settings in snapshot.senders or (snapshot.content.sender,):
        yield from _sender(settings)
    yield from _site(snapshot)


def _sender(settings: Sender) -> Iterator[Finding]:
    if _domain(settings.email) in _FREE_MAIL:
        yield Finding(
            FREE_MAIL,
            Severity.ERROR,
            f"the mail is from {settings.email}, at a domain that is not yours",
            "Send from your own domain, email under [sender]: what others send in their name, Gmail, "
            "Yahoo and Outlook turn away (DMARC).",
            _SETTINGS,
        )
    elif _domain(settings.reply_to) in _FREE_MAIL:
        yield Finding(
            FREE_MAIL,
            Severity.WARNING,
            f"replies go to {settings.reply_to}, at another domain than the mail comes from",
            "Take replies at your own domain, reply_to under [sender]: spam filters know this "
            "pattern from fraud.",
            _SETTINGS,
        )
    answers = settings.reply_to or settings.email
    if _NO_REPLY.match(answers):
        yield Finding(
            NO_REPLY,
            Severity.WARNING,
            f"replies go to {answers}, a mailbox that looks unread",
            "Name a mailbox that a person reads, reply_to under [sender]: some readers unsubscribe "
            "by answering.",
            _SETTINGS,
        )


def _site(snapshot: Snapshot) -> Iterator[Finding]:
    url = snapshot.content.site.base_url
    host = urls.host_of(url)
    if hosts.is_private(host):
        local = hosts.is_loopback(host)
        yield Finding(
            SITE_LOCAL,
            Severity.WARNING if local else Severity.ERROR,
            f"the links to unsubscribe and the like lead to {host}, which only "
            + ("this computer can reach" if local else "your own network can reach"),
            "Right for a trial. Before real readers get it, write the public address of mailer serve "
            "into base_url under [site].",
            _SETTINGS,
        )


def one_click(mail: RenderedMail) -> Iterator[Finding]:
    """The headers behind the button "unsubscribe" of mail programs (RFC 8058)."""
    snapshot = mail.snapshot
    envelope = Envelope.of(
        snapshot.content, list_name=snapshot.shown_lists, senders=snapshot.senders
    )
    headers = list_headers(mail.merged, envelope)
    uris = re.findall(r"<([^>]*)>", headers.get("List-Unsubscribe", ""))
    secure = [uri for uri in uris if uri.startswith("https://")]
    trial = hosts.is_loopback(urls.host_of(snapshot.content.site.base_url))
    if (len(secure) != 1 or "List-Unsubscribe-Post" not in headers) and not trial:
        yield Finding(
            ONE_CLICK,
            Severity.ERROR,
            "mail programs cannot offer one-click unsubscribing, as Gmail and Yahoo ask of every list",
            "Write an address that begins with https:// into base_url under [site].",
            _SETTINGS,
        )


def unsubscribe_link(mail: RenderedMail) -> Iterator[Finding]:
    """The link to unsubscribe, in both parts, where readers see it."""
    url = mail.merged.links.unsubscribe
    links = [link for link in mail.reading.links if link.url == url]
    if not any(link.shown and link.text for link in links):
        yield Finding(
            UNSUBSCRIBE_HIDDEN if links else UNSUBSCRIBE_MISSING,
            Severity.ERROR,
            "the link to unsubscribe is "
            + ("in the mail, but hidden" if links else "missing from the mail"),
            "Let the layout show {{ links.unsubscribe }}, as templates/partials/footer.mjml does.",
            mail.place("links.unsubscribe") if links else _layout(mail),
        )
    if url not in mail.text:
        yield Finding(
            UNSUBSCRIBE_MISSING,
            Severity.ERROR,
            "the link to unsubscribe is missing from the text part",
            "Write <{{ links.unsubscribe }}> into templates/message.txt.",
            _MESSAGE,
        )


def postal_address(mail: RenderedMail) -> Iterator[Finding]:
    """The postal address is missing in a part; the law of most countries asks for it (CAN-SPAM: 16 CFR 316)."""
    address = _letters(mail.snapshot.content.brand.address)
    if not address:
        yield Finding(
            ADDRESS_MISSING,
            Severity.ERROR,
            "there is no postal address",
            "Write it into mailer.toml, address under [brand]: the law asks for it in every mail.",
            _SETTINGS,
        )
        return
    parts = (("mail", mail.reading.text, _layout(mail)), ("text part", mail.text, _MESSAGE))
    for part, text, place in parts:
        if address not in _letters(text):
            yield Finding(
                ADDRESS_MISSING,
                Severity.ERROR,
                f"your postal address is missing from the {part}",
                f"Let {place} show {{{{ brand.address }}}}: the law asks for it in every mail.",
                place,
            )


def _layout(mail: RenderedMail) -> Place:
    return Place(f"templates/{mail.snapshot.parsed.front.layout}.mjml")


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()


def _letters(text: str) -> str:
    """Letters and digits alone: line breaks and commas differ from part to part."""
    return "".join(re.findall(r"[^\W_]+", text.casefold()))
