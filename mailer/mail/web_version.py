"""A mail as it was sent, kept small enough to be kept for everybody, and shown again in a browser.

What a variant's recipients share is kept once for each send; of each recipient only the values that
were filled in and are shown, without the personal links, which are signed anew. Long values that many
recipients have in common, such as a representative's office, are kept once for all of them.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from mailer.compiler import escaping
from mailer.compiler.compile import Compiler, CutText
from mailer.compiler.escaping import Context
from mailer.compiler.slots import Recipient
from mailer.ledger.delivery import StoredMessage
from mailer.links import named, petition_page
from mailer.lists.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailer.campaigns.snapshot import Snapshot
    from mailer.compiler.compile import Variant
    from mailer.compiler.slots import FilledGroup
    from mailer.links import Links
    from mailer.mail.merge import Merged

ANONYMOUS = Subscriber(0, "our subscribers")
"""Reads well in the one place where every mail names its recipient: "This e-mail was sent to …"."""


_LONG = 60
"""Characters of a facet's kept values, from which on they are shared: a reference takes 25."""
_MANY = 20
"""Recipients from which on values are shared: what so many have in common tells nothing about one of them,
and may stay when they are erased."""


def store_message(merged: Merged) -> StoredMessage:
    digest, content, facets = _shared(merged.variant)
    fillings: list[FilledGroup] = [merged.fillings[number] for number in facets]  # type: ignore[misc] # no links
    own = ",".join([filling.kept or _kept(filling) for filling in fillings])
    shared = dict([filling.shared for filling in fillings if filling.shared])
    return StoredMessage(digest, content, f"[{own}]", shared, merged.email)


def _kept(filling: FilledGroup) -> str:
    own = ",".join(map(_to_json, compress(filling.values, filling.facet.kept)))
    filling.uses += 1
    if len(own) < _LONG:
        filling.kept = own
    elif filling.uses >= _MANY:
        digest = hashlib.blake2b(own.encode(), digest_size=8).hexdigest()
        filling.shared = digest, f"[{own}]"
        filling.kept = f'{{"is":"{digest}"}}'
    return filling.kept or own


_to_json: Callable[[str], str] = encode_basestring
"""A string in JSON: a hundredth of the time of `json.dumps`."""


@lru_cache(maxsize=1024)
def _shared(variant: Variant) -> tuple[str, bytes, list[int]]:
    """(digest, content, numbers of the facets of which values are kept)."""
    value = {
        "subject": _cut(variant.subject),
        "html": _cut(variant.html),
        "kept": [kept for facet in variant.facets for kept in facet.kept],
        "links": [slot.link for slot in variant.slots],
        "guards": variant.guards,
    }
    data = json.dumps(value, ensure_ascii=False).encode()
    facets = [number for number, facet in enumerate(variant.facets) if any(facet.kept)]
    return hashlib.sha256(data).hexdigest(), zlib.compress(data), facets


def guards(content: bytes) -> tuple[str, ...] | None:
    """What tells those who got a variant from others; None where it was not kept yet."""
    guards = json.loads(zlib.decompress(content)).get("guards")
    return None if guards is None else tuple(guards)


@lru_cache(maxsize=64)
def language(content: bytes) -> str:
    """The language of a kept variant, as its `<html lang>` says; "" where it says none."""
    return language_of(json.loads(zlib.decompress(content))["html"]["static"][0])


def language_of(html: str) -> str:
    """The language that the beginning of a mail names; "" for none."""
    match = re.search(r"""<html\b[^>]*\slang=["']?([\w-]+)""", html)
    return match[1] if match else ""


def _cut(cut: CutText) -> dict[str, Any]:
    return {
        "static": cut.static,
        "places": [[slot, context.value] for slot, context in cut.places],
    }


@dataclass(frozen=True, slots=True)
class WebVersion:
    subject: str
    html: str


def render(kept: StoredMessage, links: Links) -> WebVersion:
    """The mail, byte for byte as it was sent, as long as the signing key is the same."""
    value = json.loads(zlib.decompress(kept.content))
    own = iter(_values(kept))
    # before there was `kept`, each slot had a value, or null
    is_kept = value.get("kept") or [True] * len(value["links"])
    filled = []
    for link, is_own in zip(value["links"], is_kept, strict=True):
        text = next(own) if is_own else escaping.clean(kept.email)
        filled.append(escaping.clean(named(links, link)) if link else text)
    subject, html = (_uncut(value[part]).fill(filled) for part in ("subject", "html"))
    return WebVersion(subject, html)


def _values(kept: StoredMessage) -> Iterator[str]:
    for value in json.loads(kept.values):
        if isinstance(value, dict):
            yield from json.loads(kept.shared[value["is"]])
        else:
            yield value


def _uncut(cut: dict[str, Any]) -> CutText:
    places = ((slot, Context(context)) for slot, context in cut["places"])
    return CutText(tuple(cut["static"]), tuple(places))


@dataclass(frozen=True, slots=True)
class PublicLinks:
    """Targets of a mail's own links in the public version."""

    base_url: str
    campaign: str

    @property
    def unsubscribe(self) -> str:
        return f"{self.base_url}/unsubscribe"

    @property
    def update(self) -> str:
        return f"{self.base_url}/join/{self.campaign}"

    @property
    def view(self) -> str:
        return f"{self.base_url}/c/{self.campaign}"

    @property
    def forward(self) -> str:
        return f"{self.base_url}/f/{self.campaign}"

    def sign(self, petition: str) -> str:
        return petition_page(self.base_url, petition)


def render_public(sources: Snapshot, fields: frozenset[str], arm: int = 1) -> WebVersion:
    """Render the campaign for a recipient without any data, without personal links.

    Args:
        sources: of the send.
        fields: names of the further columns that any subscriber has.
        arm: the number of the subject, where there are several.

    Raises:
        CampaignError: it does not compile for a recipient without data.
    """
    links = PublicLinks(sources.content.site.base_url, sources.campaign)
    anybody = Recipient(ANONYMOUS, sources.tables, links, arm)  # type: ignore[arg-type] # has what Links has
    variant = Compiler(sources, fields).variant(anybody)
    values = [slot.evaluate(anybody) for slot in variant.slots]
    return WebVersion(variant.subject.fill(values), variant.html.fill(values))
