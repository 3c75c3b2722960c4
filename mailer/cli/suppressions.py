"""suppress, suppressions export: addresses that no list may mail."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Json, now, print_json, session
from mailer.errors import ImportFileError, Place, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mailer.lists.importing import RejectedRow
    from mailer.lists.membership import SuppressedAddress
    from mailer.lists.standing import Standing

suppressions = typer.Typer(help="Addresses that no list may mail.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command()(suppress)
    app.add_typer(suppressions, name="suppressions")


def suppress(
    context: typer.Context,
    targets: Annotated[
        list[str], typer.Argument(metavar="FILE|ADDRESS…", help="Addresses, or files of them.")
    ],
    *,
    reason: Annotated[
        str,
        typer.Option(
            help="do-not-mail, bounced, complained or unsubscribed-from-all. Without it, what a"
            " file says of each address, else do-not-mail."
        ),
    ] = "",
    source: Annotated[str, typer.Option(help="Who says so; kept for each address.")] = "",
    as_json: Json = False,
) -> None:
    """Never mail these addresses again, on any list they are on or will be put on."""
    from mailer.lists.import_row import SUPPRESSIONS
    from mailer.lists.leaving import parse_standing

    standing = parse_standing(reason, "--reason") if reason else None
    if standing is not None and standing not in SUPPRESSIONS:
        raise UsageError(
            f'--reason: "{reason}" is not a reason to suppress',
            hint=f"One of: {', '.join(SUPPRESSIONS)}",
        )
    rejected: Counter[str] = Counter()
    addresses = [
        address for name in targets for address in _addresses(name, standing, source, rejected)
    ]
    changed = session(context).store.suppressions.suppress_all(addresses, now=now())
    left_out = sum(rejected.values())
    if as_json:
        print_json({"read": len(addresses), "suppressed": changed, "rejected": left_out})
        return
    before = len(addresses) - changed
    typer.echo(f"{changed:,} suppressed" + (f", {before:,} were before" if before else "") + ".")
    for why, number in rejected.items():
        typer.echo(f"{number:,} rows left out: {why}", err=True)


def _addresses(
    name: str, standing: Standing | None, source: str, rejected: Counter[str]
) -> Iterator[SuppressedAddress]:
    from mailer.cli.subscriber import normalized
    from mailer.lists.import_row import SUPPRESSIONS
    from mailer.lists.membership import SuppressedAddress
    from mailer.lists.standing import Standing

    if "@" in name and not Path(name).exists():
        reason = SUPPRESSIONS[standing or Standing.DO_NOT_MAIL]
        yield SuppressedAddress(normalized(name), reason, note=source or "staff")
    else:
        yield from _of_file(Path(name), standing, source, rejected)


def _of_file(
    file: Path, standing: Standing | None, source: str, rejected: Counter[str]
) -> Iterator[SuppressedAddress]:
    from mailer.cli.files import opened
    from mailer.lists.import_row import SUPPRESSIONS
    from mailer.lists.importing import AcceptedRow, RejectedRow, SubscriberFile
    from mailer.lists.membership import SuppressedAddress, SuppressionReason

    with opened(file) as stream:
        # everybody in it is suppressed: there is nothing to ask
        for row in SubscriberFile(stream, str(file), everybody=standing, asks=False).rows():
            if isinstance(row, RejectedRow):
                _refuse_unreadable(file, row)
                rejected[row.why] += 1
            if not isinstance(row, AcceptedRow):
                continue
            own_standing = row.row.standing
            reason = SUPPRESSIONS[standing or _reason_in(row.row.fields.values())]
            since, note = "", source or f"suppressed by {file.name}"
            if own_standing is not None and own_standing.suppression:
                reason = SuppressionReason(own_standing.suppression)
                since = own_standing.suppressed
                note = source or own_standing.suppression_note
            elif (
                own_standing is not None
                and standing is None
                and own_standing.status == "unsubscribed"
            ):
                reason = SuppressionReason.UNSUBSCRIBED
                since, note = own_standing.since, source or own_standing.note
            yield SuppressedAddress(row.row.email, reason, since, note)


def _reason_in(values: Iterable[str]) -> Standing:
    """The reason that a further column gives, such as BOUNCE or COMPLAINT of Amazon SES."""
    from mailer.lists.standing import Standing, standing_of

    standings = {standing_of(value) for value in values}
    reasons = (Standing.COMPLAINED, Standing.BOUNCED)
    return next((reason for reason in reasons if reason in standings), Standing.DO_NOT_MAIL)


def _refuse_unreadable(file: Path, row: RejectedRow) -> None:
    """Refuse a row that holds an address nobody could make out."""
    if row.reason != "email" and any("@" in cell for cell in row.cells):
        raise ImportFileError(
            f"this row cannot be read: {row.why}. Nobody was suppressed",
            place=Place(str(file), row.line),
            hint="Correct the row, and run the command again.",
        )


@suppressions.command()
def export(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="A file, with the mark that spreadsheets expect of UTF-8.")
    ] = None,
) -> None:
    """Write every suppressed address as CSV: `mailer suppress FILE` takes it in elsewhere.

    Erased people are not among them: their addresses are not kept.
    """
    from mailer.atomic import atomic_write
    from mailer.cli.files import writing
    from mailer.lists.export import write_suppressions

    addresses = session(context).store.suppressions.export()
    if out is None:
        write_suppressions(sys.stdout.buffer, addresses, "utf-8")
        return
    with writing(out), atomic_write(out) as stream:
        number = write_suppressions(stream, addresses, "utf-8-sig")
    typer.echo(f"Wrote {number:,} addresses to {out}")
