"""check: find the faults of a campaign before it is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli import findings
from mailer.cli.common import (
    Campaign,
    Json,
    ListName,
    Sample,
    Session,
    Where,
    now,
    print_facts,
    print_json,
    session,
    with_sample,
)
from mailer.errors import FindingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.finding import Finding
    from mailer.checks.runner import CheckReport, Item


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(check)


def check(
    context: typer.Context,
    campaign: Campaign,
    *,
    list_name: ListName = "",
    where: Where = "",
    sample: Sample = "",
    online: Annotated[
        bool, typer.Option("--online", help="Also open every link, and report dead ones.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Find what is wrong with a campaign and its audience. Nothing is sent."""
    from mailer.campaigns.snapshot import load
    from mailer.checks import page_language
    from mailer.checks.finding import Severity
    from mailer.compiler import page_words

    run = session(context)
    snapshot = load(run.project, campaign, list_name, tallies=run.store.petitions.tallies)
    lists = (list_name,) if list_name else _existing_lists(run, snapshot)
    report = _run_checks(run, snapshot, lists, with_sample(where, sample))
    languages = page_words.load(run.project.root).available
    report = replace(report, findings=page_language.with_page_language(snapshot, report, languages))
    if online:
        report = replace(report, findings=_with_dead_links(snapshot, report))
    if as_json:
        print_json(_as_json(snapshot, lists, report))
    else:
        _show(snapshot, lists, report)
    if report.is_refused:
        errors = findings.count(report.findings, Severity.ERROR)
        raise FindingsError(f"{snapshot.campaign} cannot be sent as it is: {errors}")
    if not as_json:
        warnings = findings.count(report.findings, Severity.WARNING)
        typer.echo(f"{snapshot.campaign} can be sent: no error, {warnings}.")


def _existing_lists(run: Session, snapshot: Snapshot) -> Sequence[str]:
    """The lists of the front matter; none before the first import into each of them."""
    names = {members.name for members in run.store.subscribers.lists()}
    return snapshot.lists if names.issuperset(snapshot.lists) else ()


def _run_checks(run: Session, snapshot: Snapshot, lists: Sequence[str], where: str) -> CheckReport:
    from mailer.checks.runner import check_snapshot, run_checks
    from mailer.mail.merge import Merger
    from mailer.sending.audience import everybody
    from mailer.sending.test_mail import SAMPLE_SUBSCRIBER

    today = now().date()
    merger = Merger(snapshot, fields=run.store.subscribers.field_names(), keys=run.keys, send_id=0)
    if not lists:
        return check_snapshot(snapshot, merger, SAMPLE_SUBSCRIBER, today=today, watch=_watch)
    choices, size = everybody(run.store, snapshot, lists, where)
    return run_checks(snapshot, merger, _watch(choices, size), today=today, watch=_watch)


def _with_dead_links(snapshot: Snapshot, report: CheckReport) -> tuple[Finding, ...]:
    from mailer import hosts
    from mailer.checks import urls
    from mailer.checks.rules.dead_links import client, dead_links
    from mailer.checks.runner import in_order

    variants = [checked.variant for checked in report.variants]
    local = hosts.is_loopback(urls.host_of(snapshot.content.site.base_url))
    with client(local=local) as fetch:
        return in_order([*report.findings, *dead_links(snapshot, variants, fetch, _watch)])


def _watch(items: Iterable[Item], total: int) -> Iterable[Item]:
    from mailer.cli.progress import watch

    return watch("Checking", items, total)


def _show(snapshot: Snapshot, lists: Sequence[str], report: CheckReport) -> None:
    from mailer.cli import output

    findings.show(report.findings, report.recipients)
    if not lists:
        missing = (
            f"Not all of its lists are there yet: {snapshot.shown_lists}"
            if snapshot.lists[1:]
            else f'There is no list "{snapshot.list_name}" yet'
            if snapshot.lists
            else "No list is named"
        )
        typer.echo(f"{missing}: its audience was not looked at. Name one with --list LIST.")
    if report.dry_run is None or not report.recipients:
        return
    largest = max(report.variants, key=lambda checked: checked.largest)
    lines = {
        "Lists" if lists[1:] else "List": ", ".join(lists),
        "Audience": snapshot.audience or "everybody on the list",
        "Recipients": f"{report.recipients:,}",
        "Left out": output.left_out(report.dry_run.left_out) or "nobody",
        "Largest": f"{largest.largest / 1000:,.1f} kB of HTML, for {largest.largest_for}",
    }
    print_facts(lines)
    output.show_variants([(checked.variant, checked.recipients) for checked in report.variants])


def _as_json(snapshot: Snapshot, lists: Sequence[str], report: CheckReport) -> dict[str, Any]:
    return {
        "campaign": snapshot.campaign,
        "list": lists[0] if lists else "",
        "lists": list(lists),
        "audience_query": snapshot.audience,
        "recipients": report.recipients,
        "left_out": dict(report.dry_run.left_out) if report.dry_run else {},
        "variants": [
            {
                "number": checked.variant.number,
                "recipients": checked.recipients,
                "answers": list(checked.variant.guards),
                "example": checked.example.email,
                "largest": checked.largest,
                "largest_for": checked.largest_for,
            }
            for checked in report.variants
        ],
        **findings.as_json(report.findings),
    }
