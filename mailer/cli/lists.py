"""lists import, show, export, unsubscribe."""

from __future__ import annotations

import re
import sys
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Json, Session, now, print_json, print_table, session
from mailer.errors import ImportFileError, Interrupted, Place, UsageError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

app = typer.Typer(help="Import, show and export lists.", no_args_is_help=True)

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or TSV, as an office exports it.")],
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
    source: Annotated[
        str, typer.Option(help="How these people agreed to get mail; kept for new ones.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    as_json: Json = False,
) -> None:
    """Add the people of a file to a list, and update those who are known.

    Nobody who has unsubscribed, is suppressed or was erased comes back.
    """
    from mailer.cli.import_summary import ImportSummary
    from mailer.lists.importing import SubscriberFile
    from mailer.lists.rejects import RejectsFile

    if not _NAME.fullmatch(list_name):
        raise UsageError(
            f'"{list_name}" cannot be the name of a list',
            hint="Use lower-case letters, digits and hyphens, at most 63, as in city-members.",
        )
    run = session(context)
    rejects_path = run.project.root / "lists" / f"{file.stem}.rejects.csv"
    with _opened(file) as stream:
        subscribers = SubscriberFile(stream, str(file), mapping or ())
        with closing(RejectsFile(subscribers.headings)) as rejects, _progress(stream, file) as tick:
            tally = ImportSummary(rejects, tick)
            try:
                imported = run.store.imports.import_rows(
                    list_name,
                    tally.accepted(subscribers.rows()),
                    source=source or f"import of {file.name}",
                    now=now(),
                    dry_run=dry_run,
                )
            except KeyboardInterrupt as err:
                raise Interrupted(
                    "stopped before the import was complete",
                    hint="Run it again: nobody is added twice.",
                ) from err
            if not dry_run:
                with _writing(rejects_path):
                    rejects.save(rejects_path)
    if as_json:
        print_json({"list": list_name, "dry_run": dry_run, **tally.numbers(imported)})
        return
    print_table(("Rows", "Number"), tally.table(imported))
    typer.echo(tally.summary(imported, list_name, run.project.show(rejects_path), dry_run=dry_run))


@app.command()
def show(context: typer.Context, as_json: Json = False) -> None:
    """The lists, and how many people are on each."""
    lists = session(context).store.subscribers.lists()
    if as_json:
        print_json([asdict(each) for each in lists])
    elif lists:
        print_table(
            ("List", "Can be mailed", "Suppressed", "Unsubscribed"),
            [
                (each.name, each.subscribed - each.suppressed, each.suppressed, each.unsubscribed)
                for each in lists
            ],
        )
    else:
        typer.echo("There are no lists yet. Make one with: mailer lists import FILE --list NAME")


@app.command()
def export(
    context: typer.Context,
    list_name: Annotated[str, typer.Argument(metavar="LIST")],
    out: Annotated[
        Path | None, typer.Option(help="A file, with the mark that spreadsheets expect of UTF-8.")
    ] = None,
) -> None:
    """Write a list as CSV, unsubscribed and suppressed people included and marked.

    Formulas are defused for spreadsheets. The file can be imported again.
    """
    from mailer.atomic import atomic_write
    from mailer.lists.export import write_members

    run = session(context)
    _check_list(run, list_name)
    members, fields = (
        run.store.subscribers.members(list_name),
        sorted(run.store.subscribers.field_names()),
    )
    if out is None:
        write_members(sys.stdout.buffer, members, fields, "utf-8")
        return
    with _writing(out), atomic_write(out) as stream:
        number = write_members(stream, members, fields, "utf-8-sig")
    typer.echo(f"Wrote {number:,} people to {out}")


@app.command()
def unsubscribe(
    context: typer.Context,
    list_name: Annotated[str, typer.Argument(metavar="LIST")],
    address: str,
    as_json: Json = False,
) -> None:
    """Take somebody off a list, because they asked you to. No import brings them back."""
    from mailer.cli.subscriber import normalized

    run = session(context)
    _check_list(run, list_name)
    email = normalized(address)
    changed = run.store.subscribers.unsubscribe(list_name, email, how="staff", now=now())
    known = run.store.subscribers.history(email)
    if known is None or all(each.list_name != list_name for each in known.memberships):
        raise UsageError(
            f"{email} is not on the list {list_name}",
            hint=f"See where they are with: mailer subscriber show {email}",
        )
    if as_json:
        print_json({"list": list_name, "email": email, "changed": changed})
    else:
        was = "is" if changed else "was already"
        typer.echo(f"{email} {was} unsubscribed from {list_name}.")


def _check_list(run: Session, name: str) -> None:
    known = [each.name for each in run.store.subscribers.lists()]
    if name not in known:
        raise UsageError(
            f'there is no list "{name}"',
            hint=suggest(name, known) or "Make one with: mailer lists import FILE --list NAME",
        )


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        stream = file.open("rb")
    except OSError as err:
        raise ImportFileError(
            f"cannot be read: {(err.strerror or str(err)).lower()}",
            place=Place(str(file)),
            hint="Check the name, the folder you are in, and the file's permissions.",
        ) from err
    with stream:
        if not stream.seekable():
            raise ImportFileError(
                "is not a file on disk", place=Place(str(file)), hint="Save it to a file first."
            )
        yield stream


@contextmanager
def _progress(stream: BinaryIO, file: Path) -> Iterator[Callable[[], None]]:
    """A bar over the bytes that are read, where there is a terminal to show it on."""
    from rich.console import Console
    from rich.progress import Progress

    if not sys.stderr.isatty():
        yield lambda: None
        return
    size = file.stat().st_size
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=size)

        def tick() -> None:
            read = stream.tell()
            what = f"Reading {file.name}" if read < size else "Saving"
            progress.update(task, completed=read, description=what)

        tick()
        yield tick


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise UsageError(
            f"{path} cannot be written: {(err.strerror or str(err)).lower()}",
            hint="Check the folder's permissions and that the disk is not full.",
        ) from err
