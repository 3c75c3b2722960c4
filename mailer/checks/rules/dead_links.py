"""Dead links, by asking: only where it is wanted, and never a recipient's own pages."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from lxml import html

from mailer import hosts
from mailer.checks import html_text, urls
from mailer.checks.finding import Finding, Severity
from mailer.checks.rendered_mail import has_value, neutral
from mailer.checks.rules.links import place_of_link
from mailer.http_probe import Deadline, HttpProbe, NoAnswer
from mailer.links import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mailer.campaigns.snapshot import Snapshot
    from mailer.compiler.compile import Variant

DEAD = "link-dead"
UNANSWERED = "link-unanswered"
REDIRECTED = "link-redirected"

_AT_ONCE = 8
_HOPS = 5
_SECONDS = 10.0
_LONG = 80
"""Characters of an address that can be read at a glance."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    url: str
    """Where redirects ended."""


if TYPE_CHECKING:
    Fetch = Callable[[str], Answer | NoAnswer]
    Watch = Callable[
        [Iterable[tuple[str, Answer | NoAnswer]], int], Iterable[tuple[str, Answer | NoAnswer]]
    ]


def dead_links(
    snapshot: Snapshot, variants: Iterable[Variant], fetch: Fetch, watch: Watch
) -> Iterator[Finding]:
    """Ask once for each address that is the same for everybody, several at a time.

    Args:
        snapshot: the campaign.
        variants: those with recipients.
        fetch: as `client` makes one.
        watch: lets a person see how far it is.
    """
    named = addresses(snapshot, variants)
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="links")
    try:
        answers = dict(watch(zip(named, pool.map(fetch, named), strict=True), len(named)))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if len(answers) > 1 and not any(isinstance(answer, Answer) for answer in answers.values()):
        yield _offline(len(answers))
        return
    for url, answer in answers.items():
        yield from _judge(snapshot, url, named[url], answer)


def _offline(number: int) -> Finding:
    return Finding(
        UNANSWERED,
        Severity.WARNING,
        f"none of the {number} links answered",
        "Is this computer connected to the internet? Then ask again.",
    )


def addresses(snapshot: Snapshot, variants: Iterable[Variant]) -> dict[str, str]:
    """Address → the words of a link to it, of all that may be asked for.

    An address with a recipient's value in it is left alone: asking for it could unsubscribe, sign or
    tell others about a reader who has clicked nothing.
    """
    site = Site(snapshot.content.site.base_url)
    local = hosts.is_loopback(urls.host_of(site.base_url))
    names: dict[str, str] = {}
    for variant in variants:
        tree = html.document_fromstring(neutral(variant.html))
        for link in html_text.read_html(tree).links:
            url = urldefrag(link.url).url
            if not site.owns(url) and not has_value(url) and _may_be_asked(url, local=local):
                names.setdefault(url, link.name)
    return names


def _may_be_asked(url: str, *, local: bool) -> bool:
    fault = urls.fault(url)
    if not url.lower().startswith(("http://", "https://")):
        return False
    if fault and fault.code == urls.PRIVATE:
        return local
    return fault is None or fault.severity is Severity.WARNING


def _judge(snapshot: Snapshot, url: str, name: str, answer: Answer | NoAnswer) -> Iterator[Finding]:
    tell = partial(Finding, place=place_of_link(snapshot, url, name), spot=url)
    link = f'the link "{name[:60]}" to {url if len(url) <= _LONG else urls.page(url)}'
    look = "Open it in your browser: it may be for people only, or be back in an hour."
    mend = "Correct the address, or take the link out."
    if isinstance(answer, NoAnswer):
        code, severity = (
            (DEAD, Severity.ERROR) if answer.lasting else (UNANSWERED, Severity.WARNING)
        )
        yield tell(code, severity, f"{link}: {answer.reason}", mend if answer.lasting else look)
    elif answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        yield tell(DEAD, Severity.ERROR, f"{link}: there is no such page ({answer.status})", mend)
    elif answer.status >= HTTPStatus.BAD_REQUEST:
        what = f"{link}: the site refuses the page ({answer.status})"
        yield tell(UNANSWERED, Severity.WARNING, what, look)
    elif _elsewhere(url, answer.url):
        yield tell(
            REDIRECTED,
            Severity.WARNING,
            f"{link} is redirected to {answer.url}",
            "Look whether that is the page you mean, and link to it directly.",
        )


def _elsewhere(asked: str, ended: str) -> bool:
    """Whether a link ends on another site, or on the home page, as for pages that are gone."""
    if not hosts.same_owner(urls.host_of(asked), urls.host_of(ended)):
        return True
    return urlsplit(ended).path in {"", "/"} and urlsplit(asked).path not in {"", "/"}


# ---------------------------------------------------------------- the network


@contextlib.contextmanager
def client(*, local: bool, seconds: float = _SECONDS) -> Iterator[Fetch]:
    """Yields a function that asks for an address: HEAD, then GET where that is refused.

    Args:
        local: whether this machine and its network may be asked, too.
        seconds: that one address may take in all, redirects included.
    """
    with contextlib.closing(HttpProbe(public=not local)) as probe:
        yield partial(_fetch, probe, seconds=seconds)


def _fetch(probe: HttpProbe, url: str, *, seconds: float) -> Answer | NoAnswer:
    deadline = Deadline(seconds)
    answer = _follow(probe, "HEAD", url, deadline)
    refused = isinstance(answer, Answer) and answer.status >= HTTPStatus.BAD_REQUEST
    dropped = isinstance(answer, NoAnswer) and not answer.lasting and deadline.left
    return _follow(probe, "GET", url, deadline) if refused or dropped else answer


def _follow(probe: HttpProbe, method: str, url: str, deadline: Deadline) -> Answer | NoAnswer:
    for _ in range(_HOPS):
        answer = probe.request(method, url, deadline)
        if isinstance(answer, NoAnswer):
            return answer
        if not answer.location:
            return Answer(answer.status, url)
        url = urljoin(url, answer.location)
    return NoAnswer("it is redirected again and again", lasting=True)
