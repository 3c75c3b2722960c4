"""petition: new, check, status, export, invalidate, hide-comments, close."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli import findings
from mailer.cli.common import Json, Session, Yes, interactive, now, print_json, print_table, session
from mailer.errors import FindingsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from mailer.campaigns.petition import Petition
    from mailer.checks.finding import Finding
    from mailer.compiler.page_words import PageWords
    from mailer.compiler.petition_text import PetitionText
    from mailer.ledger.signature import Signature, SignatureCounts
    from mailer.lists.subscriber import Subscriber

app = typer.Typer(
    help="Petitions: check them, count and deliver their signatures.", no_args_is_help=True
)
Where = Annotated[
    str, typer.Option(help="A condition, as in: recipient.fields.comment or recipient.zip == ''.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show whose signatures these are.")]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The petition's name, such as night-bus.")
]
_EXAMPLES = 10
"""Signatures that are shown before they are set aside."""


@app.command()
def new(context: typer.Context, name: Name) -> None:
    """Start a petition: make a file in campaigns/petitions/ for you to fill in."""
    from mailer.campaigns.petition import NAME
    from mailer.campaigns.starter import petition_starter
    from mailer.cli.files import create

    project = session(context).project
    if not NAME.fullmatch(name):
        raise UsageError(
            f'"{name}" cannot be a petition\'s name',
            hint="Use at most 24 lower-case letters, digits and hyphens, as in night-bus.",
        )
    path = project.petitions / f"{name}.md"
    create(project, path, petition_starter(project))
    typer.echo(
        f"Made {project.show(path)}. Write it, and find what is wrong with: mailer petition check {name}"
    )


@app.command()
def check(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Find what is wrong with a petition."""
    from mailer.campaigns.snapshot import load_petition
    from mailer.checks.finding import Severity

    run = session(context)
    petition = load_petition(run.project, name)
    problems = _findings(run, petition)
    if as_json:
        print_json({"petition": petition.name, **findings.as_json(problems)})
    else:
        findings.show(problems, 0)
    errors = findings.count(problems, Severity.ERROR)
    if any(finding.severity is Severity.ERROR for finding in problems):
        raise FindingsError(f"{petition.name} is not ready to be signed: {errors}")
    if not as_json:
        warnings = findings.count(problems, Severity.WARNING)
        state = _state(run, petition, run.store.petitions.counts(petition.name))
        summary = {"open": "can be signed", "closed": "is closed"}.get(state, state)
        typer.echo(f"{petition.name} {summary}: no error, {warnings}.")


def _findings(run: Session, petition: Petition) -> list[Finding]:
    from mailer.checks import petition as rules

    text, page_words = _text(run, petition)
    return rules.check(
        petition,
        text,
        available=page_words.available,
        lists=[summary.name for summary in run.store.subscribers.lists()],
        counts=run.store.petitions.counts(petition.name),
        other_wording=_other_wording(run, petition),
        today=_today(run),
    )


def _text(run: Session, petition: Petition) -> tuple[PetitionText, PageWords]:
    """A petition's text, and the words of the pages that show it."""
    from mailer.compiler import page_words, petition_text

    words = page_words.load(run.project.root)
    usual = run.project.settings.brand.language
    return petition_text.render(petition, words, usual=usual), words


def _other_wording(run: Session, petition: Petition) -> int:
    wordings = run.store.petitions.wordings(petition.name)
    return sum(number for wording, number in wordings.items() if wording != petition.wording)


def _today(run: Session) -> date:
    from mailer.timezones import find_zone

    zone = find_zone(run.project.settings.send.timezone)
    return now().astimezone(zone or UTC).date()


@app.command()
def status(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Default: all petitions.")] = "",
    as_json: Json = False,
) -> None:
    """How many have signed, and what became of the others."""
    from mailer.campaigns.snapshot import load_petition, petition_names

    run = session(context)
    names = [name] if name else petition_names(run.project)
    rows = [_row(run, load_petition(run.project, each)) for each in names]
    if as_json:
        print_json(rows)
        return
    if not rows:
        typer.echo("There is no petition. Start one with: mailer petition new NAME")
        return
    columns = ("petition", "received", "pending", "signed", "withdrawn", "invalid", "goal", "state")
    print_table(
        [column.capitalize() for column in columns], [[row[key] for key in columns] for row in rows]
    )
    for row in rows:
        if row["other_wording"]:
            typer.echo(
                f"{row['petition']}: {row['other_wording']:,} people signed other words than those in "
                "its file now."
            )


def _row(run: Session, petition: Petition) -> dict[str, Any]:
    from mailer.campaigns.petition import current_goal

    counts = run.store.petitions.counts(petition.name)
    return {
        "petition": petition.name,
        **asdict(counts),
        "goal": current_goal(petition.front.goal, counts.signed),
        "state": _state(run, petition, counts),
        "other_wording": _other_wording(run, petition),
    }


def _state(run: Session, petition: Petition, counts: SignatureCounts) -> str:
    """Return "open", "closed", or such as "opens 2027-05-04"."""
    state = "closed" if counts.closed else petition.front.state_on(_today(run))
    return f"opens {petition.front.opens}" if state == "soon" else state


@app.command()
def export(
    context: typer.Context,
    name: Name,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table, for a spreadsheet.")] = False,
    as_pdf: Annotated[bool, typer.Option("--pdf", help="A document, to hand over.")] = False,
    any_wording: Annotated[
        bool,
        typer.Option(
            "--any-wording", help="Also of people who signed other words than those in the file."
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="The file. Default: in build/.")] = None,
) -> None:
    """Write the signatures for the petition's target: name, initial and place, no addresses."""
    from mailer.atomic import atomic_write
    from mailer.campaigns.snapshot import load_petition
    from mailer.cli.files import writing
    from mailer.ledger.signature import SignatureState
    from mailer.reports import petition as delivery

    if as_csv == as_pdf:
        raise UsageError("say what to write", hint="Add --csv or --pdf.")
    run = session(context)
    petition = load_petition(run.project, name)
    others = _other_wording(run, petition)
    if others and not any_wording:
        raise UsageError(
            f"there are signatures of other words than those that stand in {petition.path} now: {others:,}",
            hint="Put title, targets and statement back as they were. If the words say the same: --any-wording",
        )
    path = out or run.project.build / f"{petition.name}.{'csv' if as_csv else 'pdf'}"
    signed = run.store.petitions.all(petition.name, SignatureState.SIGNED)
    if as_pdf:
        signatures = list(signed)
        pdf = _pdf(run, petition, signatures)
        with writing(path), atomic_write(path, private=True) as file:
            file.write(pdf)
        number = len(signatures)
    else:
        with writing(path), atomic_write(path, private=True) as file:
            number = delivery.write_csv(file, signed)
    typer.echo(f"Wrote {findings.counted(number, 'signature')} to {run.project.show(path)}")


def _pdf(run: Session, petition: Petition, signatures: list[Signature]) -> bytes:
    from mailer.reports import pdf
    from mailer.reports import petition as delivery
    from mailer.timezones import find_zone

    zone, front = find_zone(run.project.settings.send.timezone), petition.front
    text, page_words = _text(run, petition)
    words = page_words.get(text.language)
    html = delivery.document(
        petition,
        text,
        signatures,
        run.project.settings.content_for(brand=front.brand, list_name=front.list).brand,
        words,
        now=now().astimezone(zone or UTC),
    )
    names = "".join((front.title, *front.to, petition.statement))
    return pdf.write(html, names + "".join(delivery.line(each, words) for each in signatures))


@app.command()
def invalidate(
    context: typer.Context,
    name: Name,
    *,
    where: Where,
    reason: Annotated[str, typer.Option(help="Why, for the record. Default: the condition.")] = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Set signatures aside that should not count. It cannot be undone."""
    from mailer.campaigns.snapshot import load_petition

    run = session(context)
    petition = load_petition(run.project, name)
    chosen = _chosen(run, petition.name, where)
    if not as_json:
        _show(chosen)
    if chosen and not dry_run and not yes:
        if not interactive():
            raise UsageError("setting signatures aside cannot be undone", hint="Add --yes.")
        if not typer.confirm(f"Set {len(chosen):,} aside for good?"):
            raise UsageError("nothing was changed")
    changed = 0
    if not dry_run:
        ids = [signature.id for signature in chosen]
        changed = run.store.petitions.invalidate(ids, reason or where, now=now())
    if as_json:
        print_json({"petition": petition.name, "chosen": len(chosen), "invalidated": changed})
    elif not dry_run:
        typer.echo(f"{changed:,} set aside; {_signed(run, petition.name)} count.")


@app.command()
def hide_comments(
    context: typer.Context,
    name: Name,
    *,
    where: Where,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Hide comments on the page and in exports; their signatures still count."""
    from mailer.campaigns.snapshot import load_petition

    run = session(context)
    petition = load_petition(run.project, name)
    chosen = [signature for signature in _chosen(run, petition.name, where) if signature.comment]
    if not as_json:
        _show(chosen)
    hidden = 0
    if not dry_run:
        ids = [signature.id for signature in chosen]
        hidden = run.store.petitions.hide_comments(ids, now=now())
    if as_json:
        print_json({"petition": petition.name, "chosen": len(chosen), "hidden": hidden})
    elif not dry_run:
        typer.echo(f"{hidden:,} {'comment is' if hidden == 1 else 'comments are'} hidden.")


def _signed(run: Session, petition: str) -> str:
    return f"{run.store.petitions.counts(petition).signed:,}"


def _chosen(run: Session, petition: str, where: str) -> list[Signature]:
    """Signatures that count or wait, and match a condition."""
    from mailer.campaigns.snapshot import Snapshot, read_lookup
    from mailer.compiler.audience import condition
    from mailer.ledger.signature import SignatureState

    if not where.strip():
        raise UsageError("--where is empty", hint="Say which, as in: recipient.zip == ''.")
    content = run.project.settings.content
    lookups = {
        lookup.file: read_lookup(run.project, key) for key, lookup in content.lookups.items()
    }
    applies: Callable[[Subscriber], bool] = condition(
        where, Snapshot("", lookups, content), frozenset({"comment", "how", "signed_at"})
    )
    states = (SignatureState.SIGNED, SignatureState.PENDING)
    return [
        signature
        for state in states
        for signature in run.store.petitions.all(petition, state)
        if applies(_as_subscriber(signature))
    ]


def _as_subscriber(signature: Signature) -> Subscriber:
    """A signature as conditions see it."""
    from mailer.lists.subscriber import Subscriber

    return Subscriber(
        signature.id,
        signature.email,
        signature.first_name,
        signature.last_name,
        signature.zip,
        signature.city,
        signature.state,
        fields={"comment": signature.comment, "how": signature.how, "signed_at": signature.at},
    )


def _show(signatures: list[Signature]) -> None:
    number = len(signatures)
    typer.echo(f"{number:,} {'signature is' if number == 1 else 'signatures are'} meant.")
    if signatures:
        print_table(
            ("Signed", "Name", "Address", "Place", "By", "Comment"),
            [
                (
                    signature.at[:10],
                    f"{signature.first_name} {signature.last_name}".strip(),
                    signature.email,
                    " ".join(filter(None, (signature.place, signature.zip))),
                    signature.how,
                    signature.comment[:40],
                )
                for signature in signatures[:_EXAMPLES]
            ],
        )
    if len(signatures) > _EXAMPLES:
        typer.echo(f"… and {len(signatures) - _EXAMPLES:,} more.")


@app.command()
def close(context: typer.Context, name: Name, yes: Yes = False, as_json: Json = False) -> None:
    """Take no more signatures. It cannot be undone."""
    from mailer.campaigns.snapshot import load_petition

    run = session(context)
    petition = load_petition(run.project, name)
    if not yes and not interactive():
        raise UsageError("closing cannot be undone", hint="Add --yes.")
    if not yes and not typer.confirm(f"Close {petition.name} for good?"):
        raise UsageError("nothing was changed")
    run.store.petitions.close(petition.name, now=now())
    counts = run.store.petitions.counts(petition.name)
    if as_json:
        print_json({"petition": petition.name, **asdict(counts)})
    else:
        typer.echo(
            f"{petition.name} is closed, with {findings.counted(counts.signed, 'signature')}."
        )
