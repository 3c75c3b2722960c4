"""backup and restore: copy the database, and make a copy the ledger."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer import key_files
from mailer.cli.common import Session, Yes, interactive, now, session
from mailer.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.store.freshness import Settlement


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(backup)
    app.command()(restore)


def backup(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="A folder outside the project; made if needed.", metavar="DIR")
    ],
) -> None:
    """Copy the database and the secret keys into a folder. Safe while mail is being sent."""
    run = session(context)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    run.store.database.back_up(folder / _file_name(run))
    for file in _key_files(run):
        if file.exists():
            _copy_key(file, folder / file.name)
    typer.echo(f"Backed up to {folder}. It holds personal data and secret keys: keep it safe.")


def restore(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="A folder that `mailer backup` has filled; without it, the database that is in "
            "lists/ now becomes the ledger.",
            metavar="DIR",
        ),
    ] = None,
    *,
    sent: Annotated[
        list[str] | None,
        typer.Option(
            "--sent",
            help="A campaign that was sent after this copy was made; repeat it for others.",
            metavar="CAMPAIGN",
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Put a backup in place, or make a copied project the one that sends."""
    run = session(context)
    new_keys = [file for file in _key_files(run) if not file.exists()]
    if _is_in_use(run):
        raise UsageError(
            "something is sending from this project",
            hint="Stop mailer send, worker and serve before you restore.",
        )
    if folder is not None and not (folder / _file_name(run)).is_file():
        raise UsageError(
            f"there is no {_file_name(run)} in {folder}",
            hint="Name a folder that mailer backup has written.",
        )
    source = f"the backup in {folder}" if folder else f"{run.store.database.name} as it is"
    typer.echo(f"From now on, {source} is the ledger of what was sent.")
    if not yes and not interactive():
        raise UsageError(
            "a restore cannot be undone", hint="Add --yes to do it without a question."
        )
    if not yes and not typer.confirm("Is every other copy of it out of use?"):
        raise UsageError("nothing was restored")
    if folder is not None:
        _put_in_place(run, folder)
        _put_keys_in_place(run, folder, new_keys)
    _show(run, run.store.freshness.accept(sent or (), now=now()))


def _is_in_use(run: Session) -> bool:
    try:
        return run.store.leases.is_anyone_here()
    except StoreError:
        return False  # damaged, which is why it is restored


def _put_in_place(run: Session, folder: Path) -> None:
    """Keep the current database beside the restored one, under a name with the time."""
    aside = f"{_file_name(run)}.before-restore-{now():%Y%m%d-%H%M%S}"
    if isinstance(run.project.store, str):
        _put_on_server(run, folder, run.project.store, aside)
        return
    database = run.project.database
    run.close()
    run.__dict__.pop("store", None)
    for suffix in ("", "-wal"):
        file = database.with_name(database.name + suffix)
        if file.exists():
            file.replace(file.with_name(aside + suffix))
    database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
    shutil.copyfile(folder / database.name, database)
    database.chmod(0o600)
    typer.echo(f"The database that was there is kept as lists/{aside}.")


def _put_on_server(run: Session, folder: Path, address: str, aside: str) -> None:
    from mailer.store import put_back

    lists = run.project.database.parent
    run.store.database.back_up(lists / aside)
    run.close()
    run.__dict__.pop("store", None)
    put_back(address, folder / _file_name(run))
    typer.echo(f"The database that was there is kept as lists/{aside}.")


def _file_name(run: Session) -> str:
    """The name of the database in a backup."""
    return "mailer.dump" if isinstance(run.project.store, str) else run.project.database.name


def _put_keys_in_place(run: Session, folder: Path, new: Sequence[Path]) -> None:
    """Take the keys of a backup where the project had none before this command made them.

    Keys that the project has stay: one that was retired does not come back. But people who were erased
    before the backup was made are recognized by the backup's keys.
    """
    for file in new:
        file.unlink(missing_ok=True)
        if (folder / file.name).exists():
            _copy_key(folder / file.name, file)
    addresses = run.project.address_key_file
    if addresses.exists() and (folder / addresses.name).exists():
        key_files.add(addresses, key_files.read(folder / addresses.name))
    run.__dict__.pop("keys", None)
    run.__dict__.pop("address_keys", None)


def _key_files(run: Session) -> tuple[Path, Path]:
    return run.project.secret_key_file, run.project.address_key_file


def _copy_key(source: Path, target: Path) -> None:
    target.touch(mode=0o600)
    target.chmod(0o600)
    shutil.copyfile(source, target)


def _show(run: Session, settlement: Settlement) -> None:
    for campaign in settlement.campaigns:
        known = bool(run.store.sends.all(campaign))
        todo = (
            f"Settle it first: mailer reconcile {campaign}"
            if known
            else f"It was begun after the copy was made: if you type mailer send {campaign}, nobody is mailed. "
            "Everybody is uncertain then, and you decide."
        )
        typer.echo(f"{campaign} may have gone to people whom this copy does not know of. {todo}")
    if settlement.uncertain:
        typer.echo(f"{settlement.uncertain:,} are uncertain: nobody mails them until you decide.")
    if not settlement.certain:
        typer.echo(
            "No mark tells what was sent after this copy was made. A campaign that was sent since, "
            "and is missing in: mailer status, must not be sent again. Name it with: mailer restore "
            "--sent CAMPAIGN"
        )
    if settlement.certain and not settlement.campaigns:
        typer.echo("Nothing was sent after this copy was made.")
