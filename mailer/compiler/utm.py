"""Tags for web analytics (`utm_source` and the like) on a mail's links to the organization's own site.

They are the same for everybody who gets a variant: nothing of a recipient can get into one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus, urlsplit

from mailer.links import Site

if TYPE_CHECKING:
    from mailer.campaigns.snapshot import Snapshot

_IN_HTML = re.compile(
    r"""(<(?:a|area)\b(?:[^>"']|"[^"]*"|'[^']*')*?\shref=)("[^"]*"|'[^']*')""", re.IGNORECASE
)
_IN_TEXT = re.compile(r"(?<=<)https?://[^\s<>]+(?=>)", re.IGNORECASE)
_HASH = re.compile(r"(?<!&)#")
"""The beginning of a fragment, and not of a character reference."""


@dataclass(frozen=True)
class UtmTagger:
    """Tags the links of one campaign."""

    tags: tuple[tuple[str, str], ...]
    """Names and values, as they stand in a URL."""
    hosts: tuple[str, ...]
    """Where tagged links lead: these, and what is below them."""
    site: Site
    """The recipients' pages, which are not tagged."""

    @classmethod
    def of(cls, sources: Snapshot) -> UtmTagger:
        """What mailer.toml says, overruled by the campaign's own front matter."""
        links, brand = sources.content.links, sources.content.brand
        own = urlsplit(brand.website).hostname or ""
        tags = links.tags | sources.parsed.front.tags
        return cls(
            tuple((name, _value(text, sources.campaign)) for name, text in tags.items() if text),
            links.hosts or (own.removeprefix("www."),),
            Site(sources.content.site.base_url),
        )

    def html(self, source: str) -> str:
        """Links as they are, in the attributes of finished HTML."""
        return _IN_HTML.sub(self._in_attribute, source) if self.tags else source

    def _in_attribute(self, match: re.Match[str]) -> str:
        before, quoted = match.groups()
        mark = quoted[0]
        return f"{before}{mark}{self._tagged(quoted[1:-1], '&amp;')}{mark}"

    def text(self, source: str) -> str:
        """Tag the links of the text part, where URLs stand in angle brackets."""
        return _IN_TEXT.sub(lambda m: self._tagged(m[0], "&"), source) if self.tags else source

    def _tagged(self, url: str, ampersand: str) -> str:
        if not self._is_own(url):
            return url
        where = _HASH.search(url)
        address, fragment = (url[: where.start()], url[where.start() :]) if where else (url, "")
        address, _, query = address.partition("?")
        parts = query.split(ampersand) if query else []
        present = {unquote_plus(part.partition("=")[0]) for part in parts}
        parts += [f"{name}={value}" for name, value in self.tags if name not in present]
        return f"{address}?{ampersand.join(parts)}{fragment}"

    def _is_own(self, url: str) -> bool:
        beginning = re.match(r"https?://([^/?#:@]+)(?::\d+)?(?=[/?#]|$)", url, re.IGNORECASE)
        return bool(
            beginning
            and not self.site.owns(url)
            and any(_belongs(beginning[1].lower(), host) for host in self.hosts)
        )


def _belongs(host: str, to: str) -> bool:
    return host == to or host.endswith(f".{to}")


def _value(text: str, campaign: str) -> str:
    return quote(text.replace("{campaign}", campaign), safe="")
