"""lists move-in: import all files that another system exported, at once."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Json, now, print_json, print_table, session
from mailer.cli.list_import import check_name
from mailer.errors import ImportFileError, Place, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    from mailer.cli.import_summary import ImportSummary
    from mailer.lists.import_row import ImportTotals
    from mailer.lists.importing import SubscriberFile
    from mailer.lists.rejects import RejectsFile
    from mailer.lists.standing import Standing

_SUFFIXES = {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods"}


@dataclass(frozen=True)
class _MovedFile:
    name: str
    """Path relative to the folder or the zip file, and the sheet of a workbook with several lists."""
    file: SubscriberFile
    standing: Standing | None
    """Standing of all people in the file, where its name gives one and its columns do not."""
    rejects: RejectsFile
    summary: ImportSummary

    @property
    def rejects_name(self) -> str:
        """The name of its file of rejects: "people.xlsx, North" → people-North.rejects.csv."""
        stem = re.sub(r"\.\w+(?=$|, )", "", self.name)
        return re.sub(r"[^\w.-]+", "-", stem) + ".rejects.csv"


def register(app: typer.Typer) -> None:
    app.command("move-in")(move_in)


def move_in(
    context: typer.Context,
    place: Annotated[
        Path, typer.Argument(metavar="FOLDER|ZIP", help="What the other system exported.")
    ],
    *,
    list_name: Annotated[str, typer.Option("--list", help="The list they join.")],
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="WORD=STANDING",
            help="What a word about leaving means: Gold=subscribed. Can be repeated.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore", metavar="COLUMN", help="A column that says nothing about leaving."
        ),
    ] = None,
    source: Annotated[str, typer.Option(help="How these people agreed to get mail.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    as_json: Json = False,
) -> None:
    """Import all files of another system's export: those of people who left first, all or none."""
    from mailer.lists.leaving import parse_statuses

    check_name(list_name)
    run = session(context)
    status_words = parse_statuses(status or ())
    with ExitStack() as stack:
        folder = stack.enter_context(_unpacked(place))
        moved, left_out = _opened_files(stack, folder, status_words, ignore or ())
        if not moved:
            raise UsageError(
                f"{place} holds no file with e-mail addresses", hint="Export the lists as CSV."
            )
        totals = run.store.imports.import_rows(
            list_name,
            chain.from_iterable(file.summary.accepted(file.file.rows()) for file in moved),
            source=source or f"moved in from {place.name}",
            file=str(place),
            now=now(),
            dry_run=dry_run,
        )
        if not dry_run:
            for file in moved:
                file.rejects.save(run.project.root / "lists" / file.rejects_name)
    if as_json:
        print_json({"list": list_name, "dry_run": dry_run, **_numbers(moved, totals)})
    else:
        _report(moved, left_out, totals, list_name, dry_run=dry_run)


@contextmanager
def _unpacked(place: Path) -> Iterator[Path]:
    """The folder itself, or a temporary one with what a zip file holds."""
    import tempfile
    import zipfile

    if place.is_dir():
        yield place
        return
    if not place.exists():
        raise UsageError(f"{place} is not there", hint="Check the name of the folder.")
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(place) as archive:
                archive.extractall(folder)
        except (zipfile.BadZipFile, OSError, RuntimeError) as err:
            raise ImportFileError(
                f"cannot be unpacked: {err}",
                place=Place(str(place)),
                hint="Give a folder or a zip file. For one file: mailer lists import FILE --list NAME",
            ) from err
        yield Path(folder)


def _opened_files(
    stack: ExitStack,
    folder: Path,
    status_words: Mapping[str, Standing],
    ignored: list[str] | tuple[()],
) -> tuple[list[_MovedFile], list[str]]:
    """The files with addresses, those of people who left first; and the names of all others."""
    from mailer.cli.files import opened
    from mailer.lists.table import sheet_names

    moved: list[_MovedFile] = []
    left_out: list[str] = []
    for path in _paths(folder):
        name = path.relative_to(folder).as_posix()
        stream = stack.enter_context(opened(path))
        sheets = sheet_names(stream, name)
        for sheet in sheets:
            label = f"{name}, {sheet}" if len(sheets) > 1 else name
            try:
                file = _moved_file(
                    stream,
                    name,
                    label=label,
                    sheet=sheet,
                    status_words=status_words,
                    ignored=ignored,
                )
            except ImportFileError as err:
                if (
                    "no column holds e-mail addresses" not in err.message
                    and "empty" not in err.message
                ):
                    raise
                left_out.append(label)
                continue
            stack.callback(file.rejects.close)
            moved.append(file)
    moved.sort(key=lambda file: (file.standing is None, file.name))
    return moved, left_out


def _moved_file(
    stream: BinaryIO,
    name: str,
    *,
    label: str,
    sheet: str,
    status_words: Mapping[str, Standing],
    ignored: list[str] | tuple[()],
) -> _MovedFile:
    from mailer.cli.import_summary import ImportSummary
    from mailer.lists.importing import SubscriberFile
    from mailer.lists.rejects import RejectsFile

    file = SubscriberFile(stream, name, statuses=status_words, sheet=sheet)
    present = [h for h in ignored if h.lower() in {x.lower() for x in file.headings}]
    everybody = None if file.says_who_left else file.called
    file = SubscriberFile(
        stream, name, statuses=status_words, ignored=present, everybody=everybody, sheet=sheet
    )
    rejects = RejectsFile(file.headings)
    return _MovedFile(label, file, everybody, rejects, ImportSummary(rejects, lambda: None))


def _paths(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not hidden:
            yield path


def _closed(moved: list[_MovedFile], totals: ImportTotals) -> dict[str, int]:
    """Counts that add up to the rows that were read."""
    return {
        "can be mailed": totals.mailable,
        "unsubscribed": totals.unsubscribed + totals.unsubscribed_from_all,
        "bounced": totals.bounced,
        "complained": totals.complained,
        "must not be mailed (suppressed, deceased…)": totals.do_not_mail,
        "rejected rows": sum(sum(file.summary.rejected.values()) for file in moved),
        "erased at their own wish, left out": totals.erased,
        "the same address again, merged": totals.merged,
        "blank lines": sum(file.summary.blank for file in moved),
    }


def _numbers(moved: list[_MovedFile], totals: ImportTotals) -> dict[str, object]:
    files = [
        {"file": file.name, "system": file.file.system, **file.summary.numbers(totals)}
        for file in moved
    ]
    read = sum(file.summary.read for file in moved)
    return {"files": files, "read": read, "number": totals.number, "rows": _closed(moved, totals)}


def _report(
    moved: list[_MovedFile],
    left_out: list[str],
    totals: ImportTotals,
    list_name: str,
    *,
    dry_run: bool,
) -> None:
    print_table(
        ("File", "Export of", "Taken for", "Rows", "Rejected"),
        [
            (
                file.name,
                file.file.system,
                file.standing or "by its columns",
                file.summary.read,
                sum(file.summary.rejected.values()),
            )
            for file in moved
        ],
    )
    for name in left_out:
        typer.echo(f"Left out, as it holds no e-mail addresses: {name}")
    read = sum(file.summary.read for file in moved)
    rows = [(label, number) for label, number in _closed(moved, totals).items() if number]
    print_table(("Rows", "Number"), [*rows, ("all rows of all files", read)])
    if dry_run:
        typer.echo("Dry run, nothing was written.")
    else:
        typer.echo(
            f"{totals.mailable:,} of {list_name} can be mailed. This is import {totals.number};"
            f" to take it back: mailer lists undo {totals.number}"
        )
