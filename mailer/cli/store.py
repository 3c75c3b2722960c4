"""store copy: to a server's database, or back to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.common import Session, now, session
from mailer.errors import UsageError

app = typer.Typer(help="The database as a whole.", no_args_is_help=True)


@app.callback()
def options() -> None:
    """Without this callback, the only command would have no name."""


@app.command()
def copy(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            help="An empty PostgreSQL database, postgresql://USER@HOST/DATABASE, or a new file.",
            metavar="STORE",
        ),
    ],
) -> None:
    """Copy everything into another store. The old one can only be read from then on.

    A copy that was cut off is finished by the same command.
    """
    from mailer.address_keys import address_hashes
    from mailer.store import connect, copy_all, is_unfinished_copy

    run = session(context)
    _refuse_while_in_use(run)
    place = target if "://" in target else Path(target).absolute()
    if isinstance(place, Path) and place.exists() and not is_unfinished_copy(place):
        raise UsageError(f"{target} exists already", hint="Name a new file.")
    new = connect(place, address_hashes(run.address_keys))
    try:
        prints = copy_all(run.store, new, on_table=_show, now=now())
    finally:
        new.close()
    typer.echo(
        f"{sum(number for number, _ in prints.values()):,} rows, the same in both by a hash of each table."
    )
    typer.echo(
        "The old store can only be read from now on. Links in mail already sent keep working."
    )
    if isinstance(place, str):
        typer.echo(
            'Use the new one with MAILER_STORE, or store = "postgresql://…" at the top of mailer.toml.'
        )
    else:
        typer.echo(f"To use it, take store out of mailer.toml and put {target} at lists/mailer.db.")


def _refuse_while_in_use(run: Session) -> None:
    if run.store.leases.is_anyone_here():
        raise UsageError(
            "something is sending from this store",
            hint="Stop mailer send, worker and serve first.",
        )
    busy = [
        send.campaign for send in run.store.sends.all() if run.store.sends.counts(send.id).sending
    ]
    if busy:
        raise UsageError(
            f"mail of {', '.join(sorted(set(busy)))} is still in flight",
            hint=f"Settle it first: mailer resume {busy[0]}",
        )


def _show(table: str, number: int) -> None:
    if number:
        typer.echo(f"  {table}: {number:,}")
