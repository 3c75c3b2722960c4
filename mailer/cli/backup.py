"""backup and restore: copy the database, and make a copy the ledger."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    from mailer.atomic import private_folder

    run = session(context)
    _refuse_inside(run, folder)
    database = run.store.database  # opened first: it makes keys that are missing
    try:
        private_folder(folder)
        for file in _key_files(run):
            if file.exists():
                _copy_key(file, folder / file.name)
    except OSError as err:
        raise StoreError(
            f"{folder} cannot be written: {err.strerror}",
            hint="Check the path, its permissions, and that the disk is not full.",
        ) from err
    database.back_up(folder / _file_name(run))
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
    backup_file = _find(run, folder)
    if _is_in_use(run):
        raise UsageError(
            "something is sending from this project",
            hint="Stop mailer send, worker and serve before you restore.",
        )
    typer.echo(f"From now on, {_source(run, folder)} is the ledger of what was sent.")
    if not yes and not interactive():
        raise UsageError(
            "a restore cannot be undone", hint="Add --yes to do it without a question."
        )
    if not yes and not typer.confirm("Is every other copy of it out of use?"):
        raise UsageError("nothing was restored")
    if folder is not None and backup_file is not None:
        _put_in_place(run, backup_file)
        _put_keys_in_place(run, folder, new_keys)
    _show(run, run.store.freshness.accept(sent or (), now=now()))


def _refuse_inside(run: Session, folder: Path) -> None:
    if folder.resolve().is_relative_to(run.project.root.resolve()):
        raise UsageError(
            f"{folder} is inside the project: a copy of the project would hold the ledger twice",
            hint="Name a folder outside, best on another disk: mailer backup /backup/mailer",
        )


def _find(run: Session, folder: Path | None) -> Path | None:
    """The file of a backup; None when the database of the project is meant."""
    database = None if isinstance(run.project.store, str) else run.project.database
    if folder is None:
        if database is not None and not database.is_file():
            raise UsageError(
                f"there is no database in {run.project.show(database.parent)}",
                hint="Name the folder of a backup: mailer restore DIR",
            )
        return None
    backup_file = folder / _file_name(run)
    if not backup_file.is_file():
        raise UsageError(
            f"there is no {_file_name(run)} in {folder}",
            hint="Name a folder that mailer backup has written.",
        )
    if database is not None and database.is_file() and backup_file.samefile(database):
        raise UsageError(
            f"{folder} holds the database that is in use, not a backup of it",
            hint="To make it the ledger as it is, type: mailer restore",
        )
    return backup_file


def _is_in_use(run: Session) -> bool:
    if not isinstance(run.project.store, str) and not run.project.database.exists():
        return False
    try:
        return run.store.leases.is_anyone_here()
    except StoreError:
        return False  # damaged, which is why it is restored


def _put_in_place(run: Session, backup_file: Path) -> None:
    """Keep the current database beside the restored one, under a name with the time."""
    from mailer.store import put_back

    place, lists = run.project.store, run.project.database.parent
    aside = _free_name(lists, f"{_file_name(run)}.before-restore-{now():%Y%m%d-%H%M%S}")
    if isinstance(place, str):
        run.store.database.back_up(lists / aside)
    is_new = not isinstance(place, str) and not place.exists()
    run.close()
    run.__dict__.pop("store", None)
    put_back(place, backup_file, aside=aside)
    if not is_new:
        typer.echo(f"The database that was there is kept as lists/{aside}.")


def _free_name(folder: Path, name: str) -> str:
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(name for name in names if not (folder / name).exists())


def _source(run: Session, folder: Path | None) -> str:
    if folder is not None:
        return f"the backup in {folder}"
    is_shared = isinstance(run.project.store, str)
    return f"{'the database on the server' if is_shared else run.project.database.name} as it is"


def _file_name(run: Session) -> str:
    """The name of the database in a backup."""
    return "mailer.dump" if isinstance(run.project.store, str) else run.project.database.name


def _put_keys_in_place(run: Session, folder: Path, new: Sequence[Path]) -> None:
    """Take the keys of a backup where the project had none before this command made them.

    Keys that the project has stay: one that was retired does not come back. But people who were erased
    before the backup was made are recognized by the backup's keys.
    """
    from mailer import key_files

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
    from mailer.atomic import atomic_write

    with atomic_write(target, private=True) as copy:
        copy.write(source.read_bytes())


def _show(run: Session, settlement: Settlement) -> None:
    for campaign in settlement.campaigns:
        known = bool(run.store.sends.all(campaign))
        todo = (
            f"Settle it first: mailer reconcile {campaign}"
            if known
            else f"It was begun after the copy was made: if you type mailer send {campaign}, nobody is mailed. "
            "Everybody is uncertain then, and you decide."
        )
        typer.echo(f"{campaign} may have gone to people that this copy does not know of. {todo}")
    if settlement.uncertain:
        typer.echo(
            f"{settlement.uncertain:,} are uncertain: nobody mails them until you decide. Where Amazon SES "
            "reports what became of mail, take that first: mailer events pull"
        )
    if not settlement.certain:
        typer.echo(
            "No mark tells what was sent after this copy was made. A campaign that was sent since, "
            "and is missing in: mailer status, must not be sent again. Name it with: mailer restore "
            "--sent CAMPAIGN"
        )
    if settlement.certain and not settlement.campaigns:
        typer.echo("Nothing was sent after this copy was made.")
