"""Subject test (A/B test): whether it is possible, and which subject wins."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mailer.campaigns.subject_test import MINIMUM_PER_SUBJECT, Split, best
from mailer.errors import CampaignError, UsageError
from mailer.ledger.delivery import SendState

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.campaigns.schedule import Timing
    from mailer.ledger.delivery import Send
    from mailer.sending.plan import Plan
    from mailer.store import Store


def refuse_impossible(plan: Plan, timing: Timing | None) -> None:
    """Check that a campaign that is not started yet can be tested.

    Raises:
        CampaignError: clicks are to decide, and are not counted.
        UsageError: it is for too few people to say anything, or at another time for each zone.
    """
    snapshot = plan.mailing.snapshot
    front = snapshot.parsed.front
    if not front.subjects or plan.mailing.send:
        return
    if front.subject_test.measure == "clicks" and not snapshot.content.links.redirects:
        raise CampaignError(
            "clicks cannot decide a subject test: they are not counted",
            place=snapshot.parsed.place("subject_test.measure"),
            hint="Write redirects = true under [links] in mailer.toml, or measure: hand.",
        )
    if timing and timing.zones:
        raise UsageError(
            "a subject test goes out to everybody at the same moment",
            hint='Name one time zone, as in "09:00 America/New_York".',
        )
    arms = people_by_arm(plan)
    fewest = min(arms[number] for number in range(1, len(front.subjects) + 1))
    if fewest < MINIMUM_PER_SUBJECT:
        raise UsageError(
            f"the subject test is too small: one of the subjects would go to {fewest:,} people, and "
            f"with fewer than {MINIMUM_PER_SUBJECT} chance decides",
            hint='Write a larger share below "subject_test:", or a single subject.',
        )


def people_by_arm(plan: Plan) -> Counter[int]:
    """Number of recipients of each subject in the test, and (0) of the winner."""
    return Counter(map(Split.of(plan.mailing.snapshot).arm, plan.new.ids))


def choose_winner(store: Store, send: Send, now: datetime) -> str:
    """Declare the subject with the most clicks the winner; return why, for the log.

    "" when another worker declared it first.
    """
    figures = store.statistics.subject_figures(send.id)
    number = best(figures)
    if not store.schedule.declare_winner(send.id, number, now=now):
        return ""
    clicks = ", ".join(f"{arm.clicks:,} clicks of {arm.sent:,} for {arm.arm}" for arm in figures)
    return f"subject {number} wins: {clicks}"


def declare_winner(store: Store, send: Send, number: int, subjects: int, now: datetime) -> None:
    """Let a person choose the subject that the rest get.

    Raises:
        UsageError: there is no such subject, the test is still going out, or it is decided already.
    """
    if not 1 <= number <= subjects:
        raise UsageError(f"there is no subject {number}", hint=f"Choose one from 1 to {subjects}.")
    if send.winner:
        raise UsageError(f"subject {send.winner} has won already: the rest are getting it")
    if not store.schedule.awaits_winner(send.id):
        raise UsageError(f"nobody waits for a winner: {send.campaign} is {send.state}")
    if send.state is SendState.SENDING or store.schedule.has_to_come(send.id):
        raise UsageError(
            "the test itself has not gone out yet",
            hint=f"See how far it is with: mailer status {send.campaign}",
        )
    if not store.schedule.declare_winner(send.id, number, now=now):
        raise UsageError(
            "another subject was chosen in the meantime",
            hint=f"See which one with: mailer winner {send.campaign}",
        )
