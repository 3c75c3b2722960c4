"""winner, and what `send` has to say about a subject test."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli import schedule_output
from mailer.cli.common import Campaign, Json, Session, now, print_json, print_table, session
from mailer.cli.status import started
from mailer.errors import CampaignError, UsageError
from mailer.ledger.delivery import SendState

if TYPE_CHECKING:
    from mailer.campaigns.schedule import Timing
    from mailer.campaigns.snapshot import Snapshot
    from mailer.campaigns.subject_test import SubjectFigures
    from mailer.ledger.delivery import Send
    from mailer.sending.plan import Plan
    from mailer.store import Store


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(winner)


def winner(
    context: typer.Context,
    campaign: Campaign,
    number: Annotated[
        int | None,
        typer.Argument(help="Of the subject that the rest get.", metavar="[NUMBER]"),
    ] = None,
    *,
    list_name: Annotated[
        str, typer.Option("--list", help="Only needed when it went to several.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Show how the subjects of a test did, or choose the one that the rest get."""
    run = session(context)
    send = _tested(run, campaign, list_name)
    subjects = _words(send).parsed.front.subjects
    if number is not None:
        _declare(run, send, number, len(subjects))
        send = _tested(run, campaign, send.list_name)
    found = run.store.statistics.subject_figures(send.id)
    if as_json:
        print_json(
            {
                "campaign": send.campaign,
                "list": send.list_name,
                "winner": send.winner,
                "subjects": subjects,
                "figures": [asdict(one) for one in found],
            }
        )
        return
    _show(subjects, found, with_clicks=_words(send).content.links.redirects)
    if number is not None:
        rest = run.store.sends.counts(send.id).pending
        typer.echo(f"Subject {number} it is, for {rest:,} more.")
        if send.plan:
            schedule_output.warn_without_worker(run)
        else:
            typer.echo(f"Go on with: mailer resume {send.campaign}")
    elif send.winner:
        typer.echo(f"The rest got subject {send.winner}.")
    else:
        typer.echo(f"Choose one with: mailer winner {send.campaign} NUMBER")


def _tested(run: Session, campaign: str, list_name: str) -> Send:
    found = [
        send
        for send in started(run, campaign)
        if list_name in {"", send.list_name} and _words(send).parsed.front.subjects
    ]
    if not found:
        raise UsageError(
            f"{campaign} has no subject test", hint='See "subjects" in docs/writing-campaigns.md.'
        )
    if len(found) > 1:
        lists = ", ".join(send.list_name for send in found)
        raise UsageError(f"{campaign} went to several lists", hint=f"Add --list: {lists}.")
    return found[0]


def _words(send: Send) -> Snapshot:
    from mailer.campaigns.snapshot import Snapshot

    return Snapshot.from_bytes(send.snapshot)


def _declare(run: Session, send: Send, number: int, subjects: int) -> None:
    if not 1 <= number <= subjects:
        raise UsageError(f"there is no subject {number}", hint=f"Choose one from 1 to {subjects}.")
    if send.winner:
        raise UsageError(f"subject {send.winner} has won already: the rest are getting it")
    if not run.store.schedule.awaits_winner(send.id):
        raise UsageError(f"nobody waits for a winner: {send.campaign} is {send.state}")
    if send.state is SendState.SENDING or run.store.schedule.has_to_come(send.id):
        raise UsageError(
            "the test itself has not gone out yet",
            hint=f"See how far it is with: mailer status {send.campaign}",
        )
    if not run.store.schedule.declare_winner(send.id, number, now=now()):
        raise UsageError(
            "another subject was chosen meanwhile",
            hint=f"See which one with: mailer winner {send.campaign}",
        )


def choose(store: Store, send: Send) -> str:
    """Declare the subject the winner that was clicked on most; returns why, for the log.

    "" when another worker was quicker.
    """
    from mailer.campaigns.subject_test import best

    found = store.statistics.subject_figures(send.id)
    number = best(found)
    if not store.schedule.declare_winner(send.id, number, now=now()):
        return ""
    clicked = ", ".join(f"{one.clicks:,} clicks of {one.sent:,} for {one.arm}" for one in found)
    return f"subject {number} wins: {clicked}"


def _show(subjects: tuple[str, ...], figures: list[SubjectFigures], *, with_clicks: bool) -> None:
    known = {one.arm: one for one in figures}
    shown = ["sent", "unsubscribed", "bounced", "complained"]
    shown[1:1] = ["clicks"] if with_clicks else []
    rows = [
        (number, text, *(getattr(known.get(number), name, 0) for name in shown))
        for number, text in enumerate(subjects, 1)
    ]
    print_table(("", "Subject", *map(str.title, shown)), rows)


# ---------------------------------------------------------------- for whoever sends


def check(plan: Plan, timing: Timing | None) -> None:
    """Whether a test can be held, of a campaign that is not started yet.

    Raises:
        CampaignError: clicks are to decide, and nobody counts them.
        UsageError: it is for too few people to say anything, or at another time for each zone.
    """
    from mailer.campaigns.subject_test import MINIMUM_PER_SUBJECT

    words = plan.mailing.words
    if not words.parsed.front.subjects or plan.mailing.send:
        return
    if words.parsed.front.subject_test.measure == "clicks" and not words.content.links.redirects:
        raise CampaignError(
            "clicks cannot decide a subject test: they are not counted",
            place=words.parsed.place("subject_test.measure"),
            hint="Write redirects = true under [links] in mailer.toml, or measure: hand.",
        )
    if timing and timing.zones:
        raise UsageError(
            "a subject test goes out to everybody at the same moment",
            hint='Name one time zone, as in "09:00 America/New_York".',
        )
    arms = _arms(plan)
    fewest = min(arms[number] for number in range(1, len(words.parsed.front.subjects) + 1))
    if fewest < MINIMUM_PER_SUBJECT:
        raise UsageError(
            f"the subject test is too small: one of the subjects would go to {fewest:,} people, and "
            f"with fewer than {MINIMUM_PER_SUBJECT} chance decides",
            hint='Write a larger share below "subject_test:", or a single subject.',
        )


def lines_of(plan: Plan) -> dict[str, str]:
    """For the last look before an order."""
    front = plan.mailing.words.parsed.front
    if not front.subjects or plan.mailing.send:
        return {}
    arms = _arms(plan)
    tested = plan.recipients - arms[0]
    return {
        "Test": f"{len(front.subjects)} subjects to {tested:,} people. {arms[0]:,} wait for the winner",
        "Winner": "chosen by hand" if front.subject_test.measure == "hand" else "chosen by clicks",
    }


def _arms(plan: Plan) -> Counter[int]:
    """How many get each subject in the test, and how many (0) the winner."""
    from mailer.campaigns.subject_test import Split

    return Counter(map(Split.of(plan.mailing.words).arm, plan.new.ids))
