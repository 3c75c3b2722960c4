"""Links: do they lead anywhere, is that safe, and do their words say where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailer import hosts
from mailer.checks import urls
from mailer.checks.finding import Finding, Severity
from mailer.checks.html_text import Link
from mailer.checks.rendered_mail import place_of
from mailer.checks.rules import footnotes, unfinished
from mailer.errors import Place
from mailer.links import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.rendered_mail import RenderedMail

UNCLOSED = "link-unclosed"
BARE = "link-bare"
EMPTY_TEXT = "link-text-empty"
VAGUE_TEXT = "link-text-vague"
SAME_TEXT = "link-text-same"
OTHER_ADDRESS = "link-text-other-address"

_UNCLOSED = re.compile(
    r"\[[^\]\[]{0,80}\](?:\s?\((?:https?:|mailto:|tel:|www\.)|\([a-z][a-z0-9+.-]{1,20}:)\S*",
    re.IGNORECASE,
)
_NO_REFERENCE = re.compile(r"\[([^\]\[\n]{1,80})\]\[([^\]\[\n]{0,40})\](?![(\[])")
_BARE = re.compile(r"(?:https?://|\bwww\.[\w-]+\.)[^\s<>]*[\w/]", re.IGNORECASE)
_IN_TEXT = re.compile(r"<((?:https?|mailto|tel):[^<>\n]*)>", re.IGNORECASE)
_VAGUE = frozenset([
    "click", "click here", "click this", "go", "here", "information", "learn more", "link", "more",
    "more here", "more info", "more information", "read more", "right here", "see more", "start",
    "tap here", "this", "this link", "this page",
])  # fmt: skip
"""Link texts that say nothing, from Lighthouse, and a few that mail uses."""
_NO_ADDRESS = {"", "mailto:", "tel:"}
_SHOWN_HOST = re.compile(
    r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,24})(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE
)
_FILE = re.compile(r"\.(?:csv|docx?|html?|jpe?g|md|pdf|png|pptx?|txt|xlsx?|zip)", re.IGNORECASE)
_SHOWN_MAILBOX = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[a-z]{2,24}", re.IGNORECASE)
_SHOWN_NUMBER = re.compile(r"\+?\d[\d\s().-]{6,}\d")


def links(mail: RenderedMail) -> Iterator[Finding]:
    """Each page once, whatever follows it behind a "?", then each link's words."""
    reading = mail.reading
    yield from _unlinked(mail)
    outward = [link for link in reading.links if _is_authors(link, mail)]
    outward += [link for link in mail.neutral_reading.links if link.url in _NO_ADDRESS]
    in_text = [link for link in _of_the_text(mail.text) if _is_authors(link, mail)]
    checked: set[tuple[str, str]] = set()
    for link in outward + in_text:
        for finding in _address(link, mail):
            key = (finding.code, finding.spot or link.name)
            if key not in checked:
                checked.add(key)
                yield finding
    worded = [link for link in outward if not link.url.startswith("#")]
    for link in worded:
        yield from _link_text(link, mail)
    yield from _same_text(worded, mail)


def _unlinked(mail: RenderedMail) -> Iterator[Finding]:
    """What was meant to be a link."""
    text = mail.reading.unlinked
    for match in _UNCLOSED.finditer(text):
        yield Finding(
            UNCLOSED,
            Severity.ERROR,
            f"this is no link, readers see it as it stands: {match[0][:60]}",
            "Write [words](https://…) with no blank inside the address, and close both brackets.",
            mail.place(match[0][:30]),
            spot=match[0],
        )
    for match in _NO_REFERENCE.finditer(text):
        name = match[2] or match[1]
        yield Finding(
            UNCLOSED,
            Severity.ERROR,
            f"this is no link, readers see it as it stands: {match[0][:60]}",
            f"Write [{match[1]}](https://…), or say below where it leads: [{name}]: https://…",
            mail.place(match[0]),
            spot=match[0],
        )
    for match in _BARE.finditer(_UNCLOSED.sub(" ", text)):
        yield Finding(
            BARE,
            Severity.WARNING,
            f"{match[0]} is only text: many mail programs do not make a link of it",
            "Put it into angle brackets, <https://…>, or link words, [our plan](https://…).",
            mail.place(match[0]),
            spot=match[0],
        )


def _of_the_text(text: str) -> Iterator[Link]:
    """Addresses of the text part: the same, but that a blank in them was not mended."""
    for match in _IN_TEXT.finditer(text):
        yield Link(match[1], text="", name="", shown=True, described=True)


def _is_authors(link: Link, mail: RenderedMail) -> bool:
    """Whether a link leads neither to one of the recipient's own pages nor to a value they lack.

    The pages are ours to keep in order; the rules about the audience count who lacks the value.
    """
    return link.url not in _NO_ADDRESS and not Site(mail.snapshot.content.site.base_url).owns(
        link.url
    )


def _address(link: Link, mail: RenderedMail) -> Iterator[Finding]:
    if link.url.startswith("#"):
        if link.url[1:] not in mail.reading.anchors:
            yield Finding(
                urls.BROKEN,
                Severity.ERROR,
                f'{_called(link)} leads to "{link.url}", which is nowhere in the mail',
                "Write a whole address, https://…",
                _place(mail, link, f'"{link.url}"', f"({link.url})"),
                spot=link.url,
            )
        return
    host = urls.host_of(link.url)
    if urls.is_example(host) and not urls.is_example(
        urls.host_of(mail.snapshot.content.brand.website)
    ):
        yield Finding(
            unfinished.PLACEHOLDER,
            Severity.WARNING,
            f"{_called(link)} leads to {host}, a name that is kept for examples",
            "Write the address that is meant.",
            _place(mail, link),
            spot=urls.page(link.url),
        )
    fault = urls.fault(link.url)
    if fault:
        yield Finding(
            fault.code,
            fault.severity,
            f"{_called(link)} {fault.what}",
            fault.hint,
            _place(mail, link),
            spot=urls.page(link.url),
        )


def _link_text(link: Link, mail: RenderedMail) -> Iterator[Finding]:
    if not link.name:
        if link.described:
            yield Finding(
                EMPTY_TEXT,
                Severity.WARNING,
                f"the link to {urls.page(link.url)} has no words",
                "Write the words between [ and ], or describe the linked image with alt=.",
                _place(mail, link),
                spot=urls.page(link.url),
            )
    elif _plain(link.name) in _VAGUE:
        yield Finding(
            VAGUE_TEXT,
            Severity.WARNING,
            f"{_called(link)} does not say where it leads",
            "Link the words that do, as in: read [our report on the river](https://…).",
            _place(mail, link, f"[{link.text}]"),
            spot=link.text,
        )
    shown = _other_address(link)
    if shown:
        yield Finding(
            OTHER_ADDRESS,
            Severity.WARNING,
            f'a link shows "{shown}" but leads to {urls.page(link.url)}',
            "Show where it leads, or write words instead: filters take this for phishing.",
            _place(mail, link),
            spot=link.text,
        )


def _same_text(links: list[Link], mail: RenderedMail) -> Iterator[Finding]:
    """Links of the same text to two places; footnotes apart, where a date is told apart by the words before it."""
    notes = footnotes.notes(mail.snapshot.parsed)
    cited = {urls.page(url) for note in notes for url in note.targets}
    first: dict[str, Link] = {}
    for link in links:
        if not link.name or urls.page(link.url) in cited or _plain(link.name) in _VAGUE:
            continue
        earlier = first.setdefault(_plain(link.name), link)
        if _page(earlier) != _page(link):
            yield Finding(
                SAME_TEXT,
                Severity.WARNING,
                f'"{link.name}" leads to {urls.page(earlier.url)} and to {urls.page(link.url)}',
                "If both are meant, say in the words what is different.",
                _place(mail, link),
                spot=urls.page(link.url),
            )


def _other_address(link: Link) -> str:
    """The address or number that a link shows, where it leads to another; "" otherwise."""
    shown = link.text.strip()
    scheme, _, rest = link.url.partition(":")
    host = _SHOWN_HOST.fullmatch(shown)
    if scheme in {"http", "https"} and host and not _is_file(shown):
        return "" if hosts.same_owner(host[1], urls.host_of(link.url)) else shown
    if scheme == "mailto" and _SHOWN_MAILBOX.fullmatch(shown):
        return "" if shown.casefold() in rest.casefold() else shown
    number = _SHOWN_NUMBER.search(shown)
    if scheme == "tel" and number:
        displayed, dialled = (
            re.sub(r"\D", "", text) for text in (number[0], rest.partition(";")[0])
        )
        return "" if displayed in dialled or dialled in displayed else number[0]
    return ""


def _is_file(shown: str) -> bool:
    """A file's name, not a host's: report.pdf."""
    return "/" not in shown and bool(_FILE.search(shown, len(shown) - 5))


def _page(link: Link) -> str:
    page = urls.page(link.url).rstrip("/").casefold()
    return re.sub(r"[-.()]", "", page) if page.startswith("tel:") else page


def _called(link: Link) -> str:
    return f'the link "{link.name[:60]}"' if link.name else f"the link to {urls.page(link.url)}"


def _plain(name: str) -> str:
    """Words alone: no arrows, no full stop."""
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))


def _place(mail: RenderedMail, link: Link, *marks: str) -> Place:
    return place_of_link(mail.snapshot, link.url, link.text, *marks)


def place_of_link(snapshot: Snapshot, url: str, text: str, *marks: str) -> Place:
    """Where a link was written: by what marks it most, its address, that without tags, or its words."""
    brand = snapshot.content.brand
    page = urls.page(url)
    if page in {brand.website, brand.donate, *(social.url for social in brand.social)}:
        # an address is often the beginning of another
        written = re.search(rf"{re.escape(page)}(?![\w/?#&=%-])", snapshot.files[snapshot.path])
        if not written:
            return Place("mailer.toml")
    ended = [f"{start}{end}" for start in (url, page) for end in ")\">'" if start]
    return place_of(snapshot, *marks, *ended, url, page, text)
