"""Sample recipients: members of the list, and invented people whose details tend to break a mail."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailer.sending import test_mail

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from mailer.campaigns.snapshot import Snapshot
    from mailer.lists.subscriber import Subscriber
    from mailer.store import Store


@dataclass(frozen=True, slots=True)
class DifficultRecipient:
    label: str
    make: Callable[[Subscriber], Subscriber]
    """Changes an ordinary subscriber."""


DIFFICULT: Mapping[str, DifficultRecipient] = {
    "no-name": DifficultRecipient(
        "No name", lambda ordinary: replace(ordinary, first_name="", last_name="")
    ),
    "no-zip": DifficultRecipient(
        "No ZIP code",
        lambda ordinary: replace(ordinary, zip="", city="", state="", county="", timezone=""),
    ),
    "longest-name": DifficultRecipient(
        "Longest name",
        lambda ordinary: replace(
            ordinary,
            first_name="Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren",
            last_name="Keihanaikukauakahihuliheekahaunaele",
            email=f"{'longest-local-part-' * 3}@{'sub.' * 12}example.org",
        ),
    ),
    "right-to-left": DifficultRecipient(
        "Right-to-left name",
        lambda ordinary: replace(ordinary, first_name="محمود", last_name="درويش", city="القدس"),
    ),
    "markup": DifficultRecipient(
        "Markup in the name",
        lambda ordinary: replace(
            ordinary,
            first_name="<b>Max</b> & \"Moe\" '{{ 7 * 7 }}'",
            last_name="</td></table><script>alert(1)</script>",
            city="<i>Portland",
        ),
    ),
}


class SampleRecipients:
    """Finds recipients to show a mail for, and remembers the example of each audience."""

    def __init__(self) -> None:
        self._examples: dict[Hashable, int] = {}

    def find(self, store: Store, snapshot: Snapshot, recipient: str) -> Subscriber:
        """Return the chosen recipient, or the example when there is none (any more).

        Args:
            store: read only.
            snapshot: of the campaign.
            recipient: the id of a subscriber, a key of `DIFFICULT`, or "".
        """
        if recipient in DIFFICULT:
            return DIFFICULT[recipient].make(self._example(store, snapshot))
        subscriber = (
            store.subscribers.get(int(recipient))
            if re.fullmatch(r"[1-9]\d{0,17}", recipient)
            else None
        )
        return subscriber or self._example(store, snapshot)

    def _example(self, store: Store, snapshot: Snapshot) -> Subscriber:
        """Return the first of the audience, looked up once: that may read a million rows."""
        audience = snapshot.lists, snapshot.parsed.front.exclude, snapshot.audience
        subscriber_id = self._examples.get(audience)
        subscriber = store.subscribers.get(subscriber_id) if subscriber_id else None
        if subscriber is None and subscriber_id != test_mail.SAMPLE_SUBSCRIBER.id:
            subscriber = test_mail.example(store, snapshot)
            if subscriber.id != test_mail.SAMPLE_SUBSCRIBER.id:
                self._examples[audience] = subscriber.id
        return subscriber or test_mail.SAMPLE_SUBSCRIBER
