"""lists imports, undo: show imports and take one back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from mailer.cli.common import Json, Yes, interactive, now, print_json, print_table, session
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.lists.import_log import UndoPlan

_CHANGES = {
    "forgotten": "new with it, forgotten",
    "removed": "taken off the list",
    "restored": "get their former details back",
    "resubscribed": "on the list again, which it took them off",
    "unsuppressed": "no longer suppressed",
}


def register(app: typer.Typer) -> None:
    app.command("imports")(imports)
    app.command("undo")(undo)


def imports(context: typer.Context, as_json: Json = False) -> None:
    """The imports so far, with the numbers by which they can be undone."""
    logged = session(context).store.import_log.imports()
    if as_json:
        print_json([asdict(entry) for entry in logged])
    elif logged:
        print_table(
            ("Import", "At", "List", "File", "New", "Updated", ""),
            [
                (
                    str(i.number),
                    i.at,
                    i.list_name,
                    i.file,
                    i.new,
                    i.updated,
                    "undone" * bool(i.undone),
                )
                for i in logged
            ],
        )
    else:
        typer.echo("There are no imports yet. Make one with: mailer lists import FILE --list NAME")


def undo(context: typer.Context, number: int, yes: Yes = False, as_json: Json = False) -> None:
    """Take an import back, unless its people have been mailed since.

    What people or staff have changed since then stays.
    """
    log = session(context).store.import_log
    logged = next((entry for entry in log.imports() if entry.number == number), None)
    if logged is None:
        raise UsageError(f"there is no import {number}", hint="See them with: mailer lists imports")
    if logged.undone:
        raise UsageError(f"import {number} was undone at {logged.undone}")
    plan = log.plan_undo(number)
    _refuse(number, plan, logged.list_name)
    if not as_json:
        typer.echo(f"Undoing import {number} ({logged.file} into {logged.list_name}) changes:")
        changes = {label: getattr(plan, name) for name, label in _CHANGES.items()}
        rows = [(label, count) for label, count in changes.items() if count]
        print_table(("People", "Number"), rows or [("nobody", 0)])
    if not yes and not interactive():
        raise UsageError("nothing was changed", hint="Add --yes to do it without a question.")
    if not yes and not typer.confirm("Undo it?"):
        raise UsageError("nothing was changed")
    plan = log.undo(number, now=now())
    _refuse(number, plan, logged.list_name)
    if as_json:
        print_json({"import": number, **asdict(plan)})
    else:
        typer.echo(f"Import {number} is undone.")


def _refuse(number: int, plan: UndoPlan, list_name: str) -> None:
    """Refuse to undo an import that sent mail or a later import depends on."""
    if plan.mailed:
        raise UsageError(
            f"import {number} cannot be undone: {plan.mailed:,} of its people have been mailed since",
            hint=f"Take people off one by one: mailer lists unsubscribe {list_name} ADDRESS",
        )
    if plan.later:
        numbers = ", ".join(map(str, plan.later))
        raise UsageError(
            f"import {number} cannot be undone before later ones into {list_name}: {numbers}",
            hint=f"Undo the last one first: mailer lists undo {plan.later[-1]}",
        )
