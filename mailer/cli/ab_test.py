"""winner, and the output of `send` about an A/B test."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli import schedule_output
from mailer.cli.common import Campaign, Json, Session, now, print_json, print_table, session
from mailer.cli.status import started
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.campaigns.ab_test import ArmFigures
    from mailer.campaigns.campaign import Campaign as ParsedCampaign
    from mailer.campaigns.snapshot import Snapshot
    from mailer.ledger.delivery import Send
    from mailer.sending.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(winner)


def winner(
    context: typer.Context,
    campaign: Campaign,
    number: Annotated[
        str,
        typer.Argument(
            help="The subject that the rest get, such as 2, or the variant, such as b.",
            metavar="[NUMBER]",
            show_default=False,
        ),
    ] = "",
    *,
    list_name: Annotated[
        str, typer.Option("--list", help="Only needed when it went to several.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Show how the variants of a test did, or choose the one that the rest get."""
    from mailer.sending.ab_test import arm_number, declare_winner

    run = session(context)
    send = _tested(run, campaign, list_name)
    tested = _snapshot(send).parsed
    if number:
        arm = arm_number(tested, number)
        declare_winner(run.store, send, arm, tested, now())
        send = _tested(run, campaign, send.list_name)
    figures = run.store.statistics.arm_figures(send.id)
    if as_json:
        print_json(
            {
                "campaign": send.campaign,
                "list": send.list_name,
                "winner": send.winner,
                "subjects": tested.arm_names,
                "figures": [asdict(row) for row in figures],
            }
        )
        return
    _show(tested, figures, with_clicks=_snapshot(send).content.links.redirects)
    if number:
        _confirm(run, send, tested.arm_name(arm))
    elif send.winner:
        typer.echo(f"The rest got {tested.arm_name(send.winner)}.")
    else:
        typer.echo(f"Choose one with: mailer winner {send.campaign} NUMBER")


def _confirm(run: Session, send: Send, winner_name: str) -> None:
    rest = run.store.sends.counts(send.id).pending
    typer.echo(f"{winner_name.capitalize()} it is, for {rest:,} more.")
    if send.plan:
        schedule_output.warn_without_worker(run)
    else:
        typer.echo(f"Go on with: mailer resume {send.campaign}")


def _tested(run: Session, campaign: str, list_name: str) -> Send:
    sends = [
        send
        for send in started(run, campaign)
        if list_name in {"", send.list_name} and _snapshot(send).parsed.arms > 1
    ]
    if not sends:
        raise UsageError(
            f"{campaign} has no subject test, nor one of senders or texts",
            hint="See how to hold one with: mailer help scheduling",
        )
    if len(sends) > 1:
        lists = ", ".join(send.list_name for send in sends)
        raise UsageError(f"{campaign} went to several lists", hint=f"Add --list: {lists}.")
    return sends[0]


def _snapshot(send: Send) -> Snapshot:
    from mailer.campaigns.snapshot import Snapshot

    return Snapshot.from_bytes(send.snapshot)


def _show(campaign: ParsedCampaign, figures: list[ArmFigures], *, with_clicks: bool) -> None:
    by_arm = {row.arm: row for row in figures}
    shown = ["sent", "unsubscribed", "bounced", "complained"]
    shown[1:1] = ["clicks"] if with_clicks else []
    rows = [
        (number, text, *(getattr(by_arm.get(number), name, 0) for name in shown))
        for number, text in enumerate(campaign.arm_names, 1)
    ]
    print_table(("", campaign.arm_kind.title(), *map(str.title, shown)), rows)


def lines_of(plan: Plan) -> dict[str, str]:
    """Lines on the A/B test for the review before a send."""
    from mailer.sending.ab_test import people_by_arm

    campaign = plan.mailing.snapshot.parsed
    if campaign.arms == 1 or plan.mailing.send:
        return {}
    by_hand = campaign.front.test_settings.measure == "hand"
    arms = people_by_arm(plan)
    tested = plan.recipients - arms[0]
    return {
        "Test": f"{campaign.arms} {campaign.arm_kind}s to {tested:,} people. {arms[0]:,} wait for the winner",
        "Winner": "chosen by hand" if by_hand else "chosen by clicks",
    }
