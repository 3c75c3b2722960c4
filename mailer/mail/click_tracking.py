"""Links over the recipients' pages, so that clicks can be counted: by link, never by person.

Everybody who gets a variant has the same address behind a link. Where it leads stands in the store,
not in the address, so that nobody can make one that leads elsewhere.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from mailer.compiler.compile import CutText
from mailer.compiler.escaping import SLOT
from mailer.links import Site, address

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.compiler.compile import Variant
    from mailer.links import Keys

_ATTRIBUTES = r"""(?:[^>"']|"[^"]*"|'[^']*')*?"""
# Words that look like an address must not lead to another one: that is what fraud looks like.
_LINK = re.compile(
    rf"""(<a\b{_ATTRIBUTES}\shref=)("[^"]*"|'[^']*')(?={_ATTRIBUTES}>(?!\s*(?:https?://|www\.)))""",
    re.IGNORECASE,
)


class ClickTracker:
    """Rewrites the variants of one send, each once.

    Args:
        base_url: of the recipients' pages.
        keys: that sign the addresses.
        send_id: of the send.
        number: gives a link its number: (the number of the subject, where it leads) → id.
    """

    def __init__(
        self, base_url: str, keys: Keys, send_id: int, number: Callable[[int, str], int]
    ) -> None:
        self._site = Site(base_url)
        self._keys = keys
        self._send_id = send_id
        self._number = number
        self._variants: dict[tuple[Variant, int], Variant] = {}

    def variant(self, variant: Variant, arm: int) -> Variant:
        key = (variant, arm)
        if key not in self._variants:
            self._variants[key] = replace(variant, html=self._rewritten(variant.html, arm))
        return self._variants[key]

    def _rewritten(self, cut: CutText, arm: int) -> CutText:
        tokens = [f"zqs{slot:04d}qz" for slot, _ in cut.places]
        source = "".join(map("".join, zip(cut.static, [*tokens, ""], strict=True)))

        def change(match: re.Match[str]) -> str:
            url = html.unescape(match[2][1:-1])
            return (
                f'{match[1]}"{self._over_the_pages(url, arm)}"' if self._counts(url) else match[0]
            )

        return CutText(tuple(SLOT.split(_LINK.sub(change, source))[::2]), cut.places)

    def _counts(self, url: str) -> bool:
        """Whether clicks are counted: not on a recipient's own links, and not on the pages themselves."""
        return (
            re.match(r"https?://", url, re.IGNORECASE) is not None
            and not SLOT.search(url)
            and not self._site.owns(url)
        )

    def _over_the_pages(self, url: str, arm: int) -> str:
        token = self._keys.token("click", self._number(arm, url), self._send_id)
        return address(self._site.base_url, "click", token)
