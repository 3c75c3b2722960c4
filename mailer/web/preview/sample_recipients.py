"""As whom a mail is looked at: anybody of the list, and people whose details tend to break a page."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailer.sending import test_mail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailer.campaigns.snapshot import Snapshot
    from mailer.lists.subscriber import Subscriber
    from mailer.store.base import Store


@dataclass(frozen=True, slots=True)
class Difficult:
    label: str
    make: Callable[[Subscriber], Subscriber]
    """Of somebody usual."""


DIFFICULT: Mapping[str, Difficult] = {
    "no-name": Difficult("No name", lambda usual: replace(usual, first_name="", last_name="")),
    "no-zip": Difficult(
        "No ZIP code",
        lambda usual: replace(usual, zip="", city="", state="", county="", timezone=""),
    ),
    "longest-name": Difficult(
        "Longest name",
        lambda usual: replace(
            usual,
            first_name="Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren",
            last_name="Keihanaikukauakahihuliheekahaunaele",
            email=f"{'longest-local-part-' * 3}@{'sub.' * 12}example.org",
        ),
    ),
    "right-to-left": Difficult(
        "Right-to-left name",
        lambda usual: replace(usual, first_name="محمود", last_name="درويش", city="القدس"),
    ),
    "markup": Difficult(
        "Markup in the name",
        lambda usual: replace(
            usual,
            first_name="<b>Max</b> & \"Moe\" '{{ 7 * 7 }}'",
            last_name="</td></table><script>alert(1)</script>",
            city="<i>Portland",
        ),
    ),
}


class SampleRecipients:
    """Finds people, and remembers who is the example of an audience."""

    def __init__(self) -> None:
        self._examples: dict[tuple[str, str], int] = {}

    def find(self, store: Store, words: Snapshot, who: str) -> Subscriber:
        """The one who is meant, or the example when nobody is (any more).

        Args:
            store: read only.
            words: the campaign.
            who: the id of a subscriber, a key of `DIFFICULT`, or "".
        """
        if who in DIFFICULT:
            return DIFFICULT[who].make(self._example(store, words))
        found = store.subscriber(int(who)) if re.fullmatch(r"[1-9]\d{0,17}", who) else None
        return found or self._example(store, words)

    def _example(self, store: Store, words: Snapshot) -> Subscriber:
        """Looked for once: the first of an audience may be the last of a million."""
        audience = words.list_name, words.audience
        known = self._examples.get(audience)
        found = store.subscriber(known) if known else None
        if found is None and known != test_mail.SAMPLE_SUBSCRIBER.id:
            found = test_mail.example(store, words)
            if any(True for _ in store.audience(words.list_name)):
                self._examples[audience] = found.id
        return found or test_mail.SAMPLE_SUBSCRIBER
