"""lists import, show, export, unsubscribe."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli import list_changes, list_import, list_undo, move_in
from mailer.cli.common import Json, now, print_json, print_table, session
from mailer.cli.list_changes import check_list
from mailer.errors import UsageError

app = typer.Typer(help="Import, show and export lists.", no_args_is_help=True)
list_import.register(app)
list_undo.register(app)
move_in.register(app)
list_changes.register(app)


@app.command()
def show(context: typer.Context, as_json: Json = False) -> None:
    """The lists, and how many people are on each."""
    lists = session(context).store.subscribers.lists()
    if as_json:
        print_json([asdict(summary) for summary in lists])
    elif lists:
        print_table(
            ("List", "Can be mailed", "Suppressed", "Unsubscribed"),
            [
                (
                    summary.name,
                    summary.subscribed - summary.suppressed,
                    summary.suppressed,
                    summary.unsubscribed,
                )
                for summary in lists
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
    from mailer.cli.files import writing
    from mailer.lists.export import write_members

    run = session(context)
    check_list(run, list_name)
    members, fields = (
        run.store.subscribers.export(list_name),
        sorted(run.store.subscribers.field_names()),
    )
    if out is None:
        write_members(sys.stdout.buffer, members, fields, "utf-8")
        return
    with writing(out), atomic_write(out, private=True) as stream:
        number = write_members(stream, members, fields, "utf-8-sig")
    typer.echo(f"Wrote {number:,} people to {out}")


@app.command()
def unsubscribe(
    context: typer.Context,
    list_name: Annotated[str, typer.Argument(metavar="LIST")],
    address: str,
    as_json: Json = False,
) -> None:
    """Take a person off a list, because they asked you to. No import brings them back."""
    from mailer.cli.subscriber import normalized

    run = session(context)
    check_list(run, list_name)
    email = normalized(address)
    changed = run.store.subscribers.unsubscribe(list_name, email, how="staff", now=now())
    history = run.store.subscribers.history(email)
    if history is None or all(
        membership.list_name != list_name for membership in history.memberships
    ):
        raise UsageError(
            f"{email} is not on the list {list_name}",
            hint=f"See where they are with: mailer subscriber show {email}",
        )
    if as_json:
        print_json({"list": list_name, "email": email, "changed": changed})
    else:
        was = "is" if changed else "was already"
        typer.echo(f"{email} {was} unsubscribed from {list_name}.")
