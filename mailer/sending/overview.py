"""All campaigns of a project: drafts, scheduled and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.campaigns import campaign as campaign_file
from mailer.errors import MailerError
from mailer.sending.status import status_of

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.config import Project
    from mailer.store import Store

DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """One campaign to one list."""

    campaign: str
    list: str
    state: str
    """"draft", or the `status_of` its send."""
    plan: str
    """Scheduled time, "" for at once."""
    accepted: int
    audience: int
    note: str
    """Reason why its file cannot be read, or why it is paused."""


def overview(project: Project, store: Store, now: datetime) -> list[CampaignStatus]:
    """Drafts by name, then sends in the order they were started."""
    sends = store.sends.all()
    started = {send.campaign for send in sends}
    paths = sorted((project.root / "campaigns").glob("*.md"))
    drafts = [_draft(project, path.stem) for path in paths if path.stem not in started]
    rows = []
    for send in sends:
        counts = store.sends.counts(send.id)
        state = status_of(store, send, now)
        numbers = (counts.accepted, counts.audience)
        rows.append(
            CampaignStatus(send.campaign, send.shown_lists, state, send.plan, *numbers, send.note)
        )
    return [*drafts, *rows]


def _draft(project: Project, name: str) -> CampaignStatus:
    path = project.root / "campaigns" / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8")
        front = campaign_file.parse(project.show(path), text).front
    except (MailerError, OSError, UnicodeDecodeError) as err:
        return CampaignStatus(name, "", DRAFT, "", 0, 0, str(err))
    return CampaignStatus(name, ", ".join(front.list), DRAFT, "", 0, 0, "")
