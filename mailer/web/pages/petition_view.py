"""What the pages show of a petition at a moment: its text, the count, and whether it can be signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mailer.campaigns.petition import current_goal, reached_goal
from mailer.links import petition_page
from mailer.timezones import find_zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mailer.campaigns.petition import Petition
    from mailer.compiler.petition_text import PetitionText
    from mailer.config import Settings
    from mailer.store import Store
    from mailer.web.pages.context import PageContext
    from mailer.web.pages.petition_library import ReadPetition


@dataclass(frozen=True, slots=True)
class PetitionView:
    petition: Petition
    text: PetitionText
    signed: int
    goal: int
    reached: int
    """The goal that was reached last, or 0."""
    status: str
    """"open", "closed", or "soon" before it opens."""
    url: str
    """The address of the public page."""

    def is_read(self, form: Mapping[str, str]) -> bool:
        """Whether a form was filled in below the words that stand in the file now."""
        return form.get("wording", self.petition.wording) == self.petition.wording

    @property
    def percent(self) -> int:
        return max(1, 100 * self.signed // self.goal) if self.signed else 0

    def share_by_mail(self, plain: Any) -> str:
        """The address of a mail in plain words of the page's language."""
        return _mail(self.petition.front.title, f"{plain.i_signed}\r\n\r\n{self.url}\r\n")

    @property
    def share_by_text(self) -> str:
        return _text_message(f"{self.petition.front.title}: {self.url}")


@lru_cache(maxsize=256)
def _mail(subject: str, text: str) -> str:
    return f"mailto:?subject={quote(subject)}&body={quote(text)}"


@lru_cache(maxsize=256)
def _text_message(text: str) -> str:
    """RFC 5724; phones take the body behind "?&", whichever sign they expect."""
    return f"sms:?&body={quote(text)}"


def view(context: PageContext, read: ReadPetition) -> PetitionView:
    return view_of(read, context.store, context.settings, context.clock())


def view_of(read: ReadPetition, store: Store, settings: Settings, now: datetime) -> PetitionView:
    """What is shown at a moment, which is aware."""
    petition, text = read
    counts = store.petitions.counts(petition.name)
    return PetitionView(
        petition,
        text,
        counts.signed,
        current_goal(petition.front.goal, counts.signed),
        reached_goal(petition.front.goal, counts.signed),
        "closed" if counts.closed else status_by_date(petition, settings, now),
        petition_page(settings.site.base_url, petition.name),
    )


def status_by_date(petition: Petition, settings: Settings, now: datetime) -> str:
    """Return "open", "closed" or "soon" at a moment, which is aware; staff may close it earlier."""
    zone = find_zone(settings.send.timezone)
    return petition.front.state_on(now.astimezone(zone or UTC).date())
