"""A/B test of a send: whether it is possible, and which variant wins."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mailer.campaigns import test_variants
from mailer.campaigns.ab_test import MINIMUM_PER_ARM, Split, best
from mailer.campaigns.snapshot import Snapshot
from mailer.errors import CampaignError, UsageError
from mailer.ledger.delivery import SendState

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.campaigns.campaign import Campaign
    from mailer.campaigns.schedule import Timing
    from mailer.errors import Place
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
    campaign = snapshot.parsed
    if campaign.arms == 1 or plan.mailing.send:
        return
    kind = "subject test" if campaign.front.subjects else "test"
    if campaign.front.test_settings.measure == "clicks" and not snapshot.content.links.redirects:
        raise CampaignError(
            f"clicks cannot decide a {kind}: they are not counted",
            place=_place_of_measure(campaign),
            hint="Write redirects = true under [links] in mailer.toml, or measure: hand.",
        )
    if timing and timing.zones:
        raise UsageError(
            f"a {kind} goes out to everybody at the same moment",
            hint='Name one time zone, as in "09:00 America/New_York".',
        )
    arms = people_by_arm(plan)
    fewest = min(arms[number] for number in range(1, campaign.arms + 1))
    if fewest < MINIMUM_PER_ARM:
        arm_kind = campaign.arm_kind
        key = "subject_test" if campaign.front.subjects and not campaign.front.test else "test"
        raise UsageError(
            f"the {kind} is too small: one of the {arm_kind}s would go to {fewest:,} people, and "
            f"with fewer than {MINIMUM_PER_ARM} chance decides",
            hint=f'Write a larger share below "{key}:", or a single {arm_kind}.',
        )


def _place_of_measure(campaign: Campaign) -> Place:
    key = "test.measure" if campaign.front.test else "subject_test.measure"
    return campaign.place(key)


def people_by_arm(plan: Plan) -> Counter[int]:
    """Number of recipients of each variant in the test, and (0) of the winner."""
    return Counter(map(Split.of(plan.mailing.snapshot).arm, plan.new.ids))


def choose_winner(store: Store, send: Send, now: datetime) -> str:
    """Declare the variant with the most clicks the winner; return why, for the log.

    "" when another worker declared it first.
    """
    figures = store.statistics.arm_figures(send.id)
    number = best(figures)
    if not store.schedule.declare_winner(send.id, number, now=now):
        return ""
    campaign = Snapshot.from_bytes(send.snapshot).parsed
    clicks = ", ".join(
        f"{arm.clicks:,} clicks of {arm.sent:,} for {_short(campaign, arm.arm)}" for arm in figures
    )
    return f"{campaign.arm_name(number)} wins: {clicks}"


def _short(campaign: Campaign, arm: int) -> str:
    """The number or the letter of a variant."""
    return campaign.arm_name(arm).rpartition(" ")[2]


def declare_winner(
    store: Store, send: Send, number: int, campaign: Campaign, now: datetime
) -> None:
    """Let a person choose the variant that the rest get.

    Args:
        store: of the send.
        send: of the ledger.
        number: of the variant, from 1.
        campaign: as the send has kept it.
        now: aware UTC.

    Raises:
        UsageError: there is no such variant, the test is still going out, or it is decided already.
    """
    if not 1 <= number <= campaign.arms:
        raise no_such_arm(campaign, str(number))
    if send.winner:
        raise UsageError(
            f"{campaign.arm_name(send.winner)} has won already: the rest are getting it"
        )
    if not store.schedule.awaits_winner(send.id):
        raise UsageError(f"nobody waits for a winner: {send.campaign} is {send.state}")
    if send.state is SendState.SENDING or store.schedule.has_to_come(send.id):
        raise UsageError(
            "the test itself has not gone out yet",
            hint=f"See how far it is with: mailer status {send.campaign}",
        )
    if not store.schedule.declare_winner(send.id, number, now=now):
        raise UsageError(
            f"another {campaign.arm_kind} was chosen in the meantime",
            hint=f"See which one with: mailer winner {send.campaign}",
        )


def arm_number(campaign: Campaign, name: str) -> int:
    """The variant of a test that a person names, by its number from 1 or its letter.

    Raises:
        UsageError: the campaign has no such variant.
    """
    number = int(name) if name.isdecimal() else test_variants.number(name.lower())
    if not 1 <= number <= campaign.arms:
        raise no_such_arm(campaign, name)
    return number


def no_such_arm(campaign: Campaign, name: str) -> UsageError:
    if campaign.arms == 1:
        return UsageError(f"there is no subject {name}", hint="The last one is 1.")
    last = test_variants.letter(campaign.arms)
    if campaign.front.subjects:
        return UsageError(
            f"there is no subject {name}", hint=f"Choose one from 1 to {campaign.arms}."
        )
    return UsageError(f"there is no variant {name}", hint=f"Choose one from a to {last}.")
