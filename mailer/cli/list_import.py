"""lists import: read a file, and report its columns and the outcome of its rows."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.common import Json, Session, now, print_json, print_table, session
from mailer.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from mailer.cli.import_summary import ImportSummary
    from mailer.lists.import_row import ImportTotals
    from mailer.lists.importing import SubscriberFile
    from mailer.lists.standing import Standing

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class ImportOptions:
    """Options of an import."""

    mapping: tuple[str, ...] = ()
    statuses: Mapping[str, Standing] | None = None
    ignored: tuple[str, ...] = ()
    everybody: Standing | None = None
    encoding: str = ""
    sheet: str = ""


@dataclass(frozen=True)
class ImportedFile:
    file: SubscriberFile
    summary: ImportSummary
    totals: ImportTotals
    rejects: str
    """Path of the file of rejects, as the user would type it."""


def register(app: typer.Typer) -> None:
    app.command("import")(import_)


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, TSV or a workbook, as it was exported.")],
    *,
    list_name: Annotated[str, typer.Option("--list", help="The list they join.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help="What a heading that is not recognized means: Correo=email. Can be repeated.",
        ),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="WORD=STANDING",
            help="What a word about leaving means: Gold=subscribed. STANDING is subscribed,"
            " unsubscribed, unsubscribed-from-all, bounced, complained or do-not-mail.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            metavar="COLUMN",
            help="A column that says nothing about who may be mailed. It is kept as a field.",
        ),
    ] = None,
    as_: Annotated[
        str,
        typer.Option(
            "--as", metavar="STANDING", help="The standing of everybody in the file: bounced."
        ),
    ] = "",
    encoding: Annotated[
        str, typer.Option(help="Of a CSV file, where it is not certain: mac_roman, cp850.")
    ] = "",
    sheet: Annotated[str, typer.Option(help="Of a workbook with several lists.")] = "",
    source: Annotated[
        str, typer.Option(help="How these people agreed to get mail; kept for new ones.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    as_json: Json = False,
) -> None:
    """Add the people of a file to a list, and update those who are known.

    People who left, by the file or before, are recorded as such and never mailed. No import brings
    anybody back.
    """
    from mailer.lists.leaving import parse_standing, parse_statuses

    check_name(list_name)
    options = ImportOptions(
        tuple(mapping or ()),
        parse_statuses(status or ()),
        tuple(ignore or ()),
        parse_standing(as_, "--as") if as_ else None,
        encoding,
        sheet,
    )
    run = session(context)
    imported = import_file(run, file, list_name, options, source=source, dry_run=dry_run)
    if as_json:
        print_json({"list": list_name, "dry_run": dry_run, **_for_scripts(imported)})
    else:
        _report(imported, list_name, dry_run=dry_run)


def check_name(list_name: str) -> None:
    """Raises UsageError for an invalid list name."""
    if not _NAME.fullmatch(list_name):
        raise UsageError(
            f'"{list_name}" cannot be the name of a list',
            hint="Use lower-case letters, digits and hyphens, at most 63, as in city-members.",
        )


def import_file(
    run: Session,
    file: Path,
    list_name: str,
    options: ImportOptions,
    *,
    source: str = "",
    dry_run: bool = False,
) -> ImportedFile:
    """Import one file into a list; all of it, or nothing when an error is raised."""
    from mailer.cli.files import opened, writing
    from mailer.cli.import_summary import ImportSummary
    from mailer.cli.progress import reading
    from mailer.lists.rejects import RejectsFile

    rejects_path = run.project.root / "lists" / f"{file.stem}.rejects.csv"
    with opened(file) as stream:
        subscribers = _subscriber_file(stream, file, options)
        with closing(RejectsFile(subscribers.headings)) as rejects, reading(stream, file) as tick:
            summary = ImportSummary(rejects, tick)
            try:
                totals = run.store.imports.import_rows(
                    list_name,
                    summary.accepted(subscribers.rows()),
                    source=source or f"import of {file.name}",
                    file=str(file),
                    now=now(),
                    dry_run=dry_run,
                )
            except KeyboardInterrupt as err:
                raise Interrupted(
                    "stopped before the import was complete",
                    hint="Run it again: nobody is added twice.",
                ) from err
            if not dry_run:
                with writing(rejects_path):
                    rejects.save(rejects_path)
    return ImportedFile(subscribers, summary, totals, run.project.show(rejects_path))


def _subscriber_file(stream: BinaryIO, file: Path, options: ImportOptions) -> SubscriberFile:
    from mailer.lists.importing import SubscriberFile

    return SubscriberFile(
        stream,
        str(file),
        options.mapping,
        statuses=options.statuses,
        ignored=options.ignored,
        everybody=options.everybody,
        encoding=options.encoding,
        sheet=options.sheet,
    )


def _for_scripts(imported: ImportedFile) -> dict[str, Any]:
    from mailer.cli.import_summary import understood

    columns = [{"heading": h, "meaning": meaning} for h, meaning in understood(imported.file)]
    return {
        "system": imported.file.system,
        "encoding": imported.file.encoding,
        "columns": columns,
        **imported.summary.numbers(imported.totals),
    }


def _report(imported: ImportedFile, list_name: str, *, dry_run: bool) -> None:
    from mailer.cli.import_summary import doubts, sample_rows, understood

    file, summary, totals = imported.file, imported.summary, imported.totals
    if file.system:
        typer.echo(f"This is an export of {file.system}.")
    if file.encoding not in {"utf-8", "workbook"}:
        typer.echo(f"The encoding was taken for {file.encoding}; if names look wrong: --encoding")
    print_table(("Column", "Taken for"), understood(file))
    for doubt in doubts(file):
        typer.echo(f"Note: {doubt}")
    if summary.samples:
        typer.echo("\nThe first people, as they will be:" if dry_run else "\nThe first people:")
        rows = sample_rows(summary.samples)
        print_table(("", *("" for _ in summary.samples)), rows)
    if totals.number:
        typer.echo(
            f"This is import {totals.number}. To take it back: mailer lists undo {totals.number}"
        )
    print_table(("Rows", "Number"), summary.table(totals))
    typer.echo(summary.summary(totals, list_name, imported.rejects, dry_run=dry_run))
