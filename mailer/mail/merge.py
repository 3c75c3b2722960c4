"""Variants + one recipient → Merged."""

from __future__ import annotations

from collections import Counter
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from mailer.campaigns.ab_test import Split
from mailer.compiler.compile import Compiler
from mailer.compiler.slots import Recipient
from mailer.links import Links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.campaigns.snapshot import Snapshot
    from mailer.compiler.compile import Variant
    from mailer.compiler.slots import Fillings, Guard
    from mailer.links import Keys
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.click_tracking import ClickTracker


class Merged(NamedTuple):
    """One recipient's message, before it is written as MIME.

    A tuple, because a frozen dataclass takes three times as long to make, for each of a million.
    """

    email: str
    variant: Variant
    fillings: Fillings
    """One filling for each facet of the variant."""
    links: Links
    mark: str = ""
    """Set before the subject, as "[TEST] " is."""

    @property
    def values(self) -> list[str]:
        """The values by slot, cleaned, not yet escaped."""
        return [value for filling in self.fillings for value in filling.values]

    @property
    def subject(self) -> str:
        return self.mark + self.variant.subject.fill(self.values)

    @property
    def html(self) -> str:
        return self.variant.html.fill(self.values)

    @property
    def text(self) -> str:
        return self.variant.text.fill(self.values)


class Merger:
    """Merge the mail of each recipient of one campaign.

    Args:
        sources: of the campaign, as they are on disk or as a send has kept them.
        fields: names of the further columns that any subscriber has.
        keys: that sign the recipients' links.
        send_id: of the send the links belong to; 0 outside the ledger.
        winner: the number of the variant of those who are not in a test.
    """

    def __init__(
        self,
        sources: Snapshot,
        *,
        fields: frozenset[str],
        keys: Keys,
        send_id: int,
        winner: int = 1,
    ) -> None:
        self.counts: Counter[Variant] = Counter()
        """Recipients merged so far, by variant."""
        self._compiler = Compiler(sources, fields)
        self._base_url = sources.content.site.base_url
        self._campaign = sources.campaign
        self._tables = sources.tables
        self._shares = Split.of(sources)
        self._winner = winner
        self._keys = keys
        self.redirects: ClickTracker | None = None
        self.send_id = send_id

    def for_send(self, send_id: int, redirects: ClickTracker | None = None) -> Merger:
        """One for the links of this send, that has compiled what this one has."""
        other = copy(self)
        other.counts = Counter()
        other.send_id = send_id
        other.redirects = redirects
        return other

    def asked(self) -> Iterator[tuple[Guard, list[Any]]]:
        """Every guard so far with the different answers it got; one may come several times."""
        return self._compiler.asked()

    def arm(self, subscriber_id: int) -> int:
        """The number of the variant that a test draws for a subscriber, or of the winner."""
        return self._shares.arm(subscriber_id) or self._winner

    def merge(self, subscriber: Subscriber, arm: int = 0) -> Merged:
        """Merge the mail of one recipient.

        Args:
            subscriber: who gets it.
            arm: the number of the variant in a test; 0 is the one that a test draws, or the winner.

        Raises:
            CampaignError: the recipient's variant does not compile.
        """
        links = Links(self._base_url, self._keys, self._campaign, self.send_id, subscriber.id)
        arm = arm or self.arm(subscriber.id)
        recipient = Recipient(subscriber, self._tables, links, arm)
        variant = self._compiler.variant(recipient)
        if self.redirects:
            variant = self.redirects.variant(variant, arm)
        self.counts[variant] += 1
        return Merged(subscriber.email, variant, variant.fill(recipient), links)
