"""approve: a second person reviews a campaign before `send` mails it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.common import (
    Campaign,
    Json,
    ListName,
    Sample,
    Session,
    Where,
    Yes,
    interactive,
    now,
    print_json,
    session,
    with_sample,
)
from mailer.errors import FindingsError, UsageError

if TYPE_CHECKING:
    from mailer.campaigns.approval import ApprovalStatus, Change
    from mailer.sending.plan import Plan

_SHOWN = 12
"""Lines of a diff shown on the screen; a new look-up may have thousands."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(approve)


def approve(
    context: typer.Context,
    campaign: Campaign,
    *,
    list_name: ListName = "",
    where: Where = "",
    sample: Sample = "",
    by: Annotated[str, typer.Option(help="Your name. Default: the name of your login.")] = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Approve a campaign: record that this text may go to this audience.

    Give the list, the condition and the sample that `mailer send` will get: they are the audience.
    """
    from mailer.cli import findings, output

    if as_json and not yes:
        raise UsageError("--json cannot ask", hint="Add --yes.")
    run, person = session(context), by.strip() or _login()
    plan = _draw_up(run, campaign, list_name, with_sample(where, sample))
    if not plan.recipients:
        reasons = output.left_out(plan.new.left_out) or "it is empty"
        raise UsageError(f"nobody on {plan.mailing.shown_lists} would get it: {reasons}")
    if not as_json:
        output.show_plan(plan, lines_of(run, plan))
        findings.show(plan.findings, len(plan.new.ids), err=True)
    findings.refuse(plan)
    if not _has_approved(person, standing_of(run, plan)):
        _ask(plan, person, yes=yes)
        _record(run, plan, person)
    if as_json:
        print_json(output.plan_as_json(plan) | numbers(run, plan) | {"dry_run": False})
    else:
        status = standing_of(run, plan)
        needed = run.project.settings.send.approvals
        typer.echo(f"Approved by {', '.join(status.people)}. {_still(needed - len(status.people))}")


def _draw_up(run: Session, campaign: str, list_name: str, where: str) -> Plan:
    from mailer.cli.progress import watch
    from mailer.sending.plan import find_mailing, make_plan

    return make_plan(
        run.store,
        find_mailing(run.project, run.store, campaign, list_name),
        run.keys,
        where=where,
        adding=True,
        watch=lambda choices, total: watch("Looking through the list", choices, total),
        now=now(),
    )


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError) as err:
        raise UsageError("your login has no name", hint="Give your name with --by NAME.") from err


def _has_approved(person: str, status: ApprovalStatus) -> bool:
    from mailer.campaigns.approval import same

    return same(person) in map(same, status.people)


def _ask(plan: Plan, person: str, *, yes: bool) -> None:
    if yes:
        return
    if not interactive():
        raise UsageError(
            "approving asks you first, and this is not a terminal",
            hint="Run it in a terminal, or add --yes.",
        )
    question = f"Approve {plan.mailing.campaign} for {plan.mailing.shown_lists} as {person}?"
    if not typer.confirm(question):
        raise UsageError("nothing was approved")


def _record(run: Session, plan: Plan, person: str) -> None:
    snapshot = plan.mailing.snapshot
    run.store.approvals.add(
        plan.mailing.campaign,
        plan.mailing.list_name,
        person=person,
        query=plan.query,
        snapshot=snapshot.to_bytes(),
        digest=snapshot.digest,
        now=now(),
    )


def _still(missing: int) -> str:
    if missing <= 0:
        return "It can be sent."
    return "Another person has to approve it." if missing == 1 else "Two people have to approve it."


# ---------------------------------------------------------------- for `mailer send`


def standing_of(run: Session, plan: Plan) -> ApprovalStatus:
    from mailer.campaigns.approval import approval_status

    mailing = plan.mailing
    approvals = run.store.approvals.all(mailing.campaign, mailing.list_name)
    return approval_status(approvals, mailing.snapshot, plan.query)


def numbers(run: Session, plan: Plan) -> dict[str, Any]:
    """Who approved and how many must, as JSON."""
    return {
        "approved_by": list(standing_of(run, plan).people),
        "approvals_needed": run.project.settings.send.approvals,
    }


def lines_of(run: Session, plan: Plan) -> dict[str, str]:
    """The plan's lines on approvals; {} where no approval is needed."""
    needed = run.project.settings.send.approvals
    if not needed:
        return {}
    approvers = standing_of(run, plan).people
    more = "; two people have to" if len(approvers) < needed and needed > 1 else ""
    return {"Approved": f"by {', '.join(approvers) or 'nobody'}{more}"}


def refuse_unapproved(run: Session, plan: Plan, *, where: str, as_json: bool) -> None:
    """Refuse new recipients without approval. Recipients in the ledger were checked when added.

    Raises:
        FindingsError: too few people approved this exact mail to the new recipients.
    """
    needed = run.project.settings.send.approvals
    if not needed or not plan.new.ids:
        return
    status = standing_of(run, plan)
    if len(status.approvals) >= needed:
        return
    if not as_json:
        for change in status.changes:
            _show(change)
    raise FindingsError(
        _why_not(plan, status, needed), hint=f"Approve it with: {_how(plan, where)}"
    )


def _why_not(plan: Plan, status: ApprovalStatus, needed: int) -> str:
    name, approvers = plan.mailing.campaign, " and ".join(status.people)
    if status.last and status.changes:
        changed = ", ".join(change.name for change in status.changes)
        then = f"since {status.last.person} approved it on {status.last.at[:10]}"
        so_far = f"; as it is now, only {approvers} did" if approvers else ""
        return f"{name} has changed {then}: {changed}{so_far}"
    if approvers:
        return f"{name} needs the approval of {needed} people; so far it has that of {approvers}"
    return f"{name} has not been approved" + (f", and needs {needed} people" if needed > 1 else "")


def _how(plan: Plan, where: str) -> str:
    command = ["mailer", "approve", plan.mailing.campaign]
    if plan.mailing.lists != plan.mailing.snapshot.lists:
        command += ["--list", plan.mailing.list_name]
    if where:
        command += ["--where", where]
    return shlex.join(command)


def _show(change: Change) -> None:
    typer.echo(f"\n  {change.name}")
    for line in change.lines[:_SHOWN]:
        typer.echo(f"    {line}")
    further = len(change.lines) - _SHOWN
    if further > 0:
        typer.echo(f"    … and {further:,} lines more")
