"""What a mail shows of a petition: its own words, and counts that are the same for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailer.campaigns.petition import Tally, current_goal, rounded_down
from mailer.compiler import sandbox
from mailer.links import petition_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.campaigns.petition import Petition
    from mailer.campaigns.snapshot import Snapshot


def shown(sources: Snapshot) -> Mapping[str, Any]:
    """The campaign's petitions by name, as plain data."""
    base_url = sources.content.site.base_url
    petitions: Mapping[str, Any] = sandbox.read_only(
        {
            name: _shown(petition, sources.tallies.get(name, Tally()), base_url)
            for name, petition in sources.petitions.items()
        },
        "petitions",
    )
    return petitions


def _shown(petition: Petition, tally: Tally, base_url: str) -> dict[str, Any]:
    front = petition.front
    return {
        "name": petition.name,
        "title": front.title,
        "to": list(front.to),
        "statement": petition.statement,
        "signatures": rounded_down(tally.signed),
        "goal": current_goal(front.goal, tally.signed),
        "states": dict(tally.states),
        "cities": dict(tally.cities),
        "page": petition_page(base_url, petition.name),
    }
