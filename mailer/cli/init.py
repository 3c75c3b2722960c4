"""init: a folder for a new project."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.common import interactive
from mailer.errors import UsageError

_QUESTIONS = {
    "name": "Name of your organization",
    "email": "Address that your mail comes from",
    "address": "Postal address, which the law asks for in every mail",
    "base_url": "Web address of your recipients' pages",
}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    *,
    name: Annotated[str, typer.Option(help="Your organization's name.")] = "",
    email: Annotated[str, typer.Option(help="The address that your mail comes from.")] = "",
    address: Annotated[str, typer.Option(help="Your postal address.")] = "",
    base_url: Annotated[
        str, typer.Option(help="Where your recipients' pages will be, with https://.")
    ] = "",
) -> None:
    """Start a project: a folder for your campaigns, lists and settings.

    In a terminal, asks for what is not given. Elsewhere, takes example values and says so.
    """
    from mailer.setup import new_project

    answers = {"name": name, "email": email, "address": address, "base_url": base_url}
    missing = [key for key, value in answers.items() if not value]
    if interactive():
        answers |= {key: _ask(key) for key in missing}
        missing = []
    values = {key: value or getattr(new_project.EXAMPLE, key) for key, value in answers.items()}
    written = new_project.create(folder, new_project.Organization(**values))
    typer.echo(f"Made {folder}: {', '.join(written)}")
    if missing:
        options = ", ".join(f"--{key.replace('_', '-')}" for key in missing)
        typer.echo(f"Example values stand in {folder / 'mailer.toml'} for {options}: change them.")
    typer.echo(f"Next: cd {folder}, then mailer new my-first-campaign, then mailer preview")


def _ask(key: str) -> str:
    from mailer.setup import new_project

    assert key in {field.name for field in fields(new_project.Organization)}
    while True:
        value: str = typer.prompt(_QUESTIONS[key]).strip()
        try:
            new_project.check(key, value)
        except UsageError as err:
            typer.echo(f"  {err.message}")
        else:
            return value
