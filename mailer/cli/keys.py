"""keys rotate: a new key for personal links."""

from __future__ import annotations

import os

import typer

from mailer.cli.common import session
from mailer.errors import UsageError

app = typer.Typer(help="The secret keys that sign personal links.", no_args_is_help=True)


@app.callback()
def options() -> None:
    """Without this callback, the only command would have no name."""


@app.command()
def rotate(context: typer.Context) -> None:
    """Sign links with a new key from now on. Links in mail already sent still work."""
    from mailer import key_files

    run = session(context)
    if "MAILER_SECRET_KEYS" in os.environ:
        raise UsageError(
            "the keys are in MAILER_SECRET_KEYS, which mailer cannot change",
            hint="Put a new key and a comma before those in it. Make one with: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
        )
    run.address_keys  # noqa: B018 - made while all keys that marked erased people are there
    key_files.rotate(run.project.secret_key_file)
    name = run.project.show(run.project.secret_key_file)
    typer.echo(f"New links are signed with a new key, the first line of {name}.")
    typer.echo("Restart mailer serve and mailer worker before you send, and make a new backup.")
    typer.echo("Links signed with an older key work until you delete its line.")
