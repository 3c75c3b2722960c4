"""The command line: the only place that prints or exits.

One module for each group of commands. A command imports what it needs when it runs, so that
`mailer --help` does not wait for MJML, premailer or boto3.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli import (
    approve,
    backup,
    campaigns,
    check,
    doctor,
    events,
    help_topics,
    images,
    init,
    keys,
    lists,
    petition,
    preview,
    report,
    send,
    serve,
    store,
    subscriber,
    suppressions,
    templates,
)
from mailer.cli.common import Session, complain
from mailer.errors import MailerError

app = typer.Typer(
    name="mailer",
    help="Bulk e-mail newsletters: write in Markdown, check, and send with care.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"mailer {version('mailer')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    project: Annotated[
        Path | None,
        typer.Option(
            help="The folder that holds mailer.toml. Default: the current one, or the nearest parent."
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del version
    # Millions of small objects are created, and hardly any in a reference cycle: collecting after each 700,
    # as Python would, takes a tenth of the time.
    gc.set_threshold(50_000)
    context.obj = Session(project)
    context.call_on_close(context.obj.close)


app.add_typer(lists.app, name="lists")
app.add_typer(subscriber.app, name="subscriber")
app.add_typer(events.app, name="events")
app.add_typer(keys.app, name="keys")
app.add_typer(store.app, name="store")
app.add_typer(templates.app, name="templates")
app.add_typer(images.app, name="images")
app.add_typer(petition.app, name="petition")
init.register(app)
suppressions.register(app)
campaigns.register(app)
check.register(app)
approve.register(app)
send.register(app)
doctor.register(app)
report.register(app)
backup.register(app)
serve.register(app)
preview.register(app)
help_topics.register(app)


def main() -> None:
    """The `mailer` program. Exit codes are those of `mailer.errors`; 0 when all is well."""
    try:
        app()
    except MailerError as err:
        complain(err)
        sys.exit(err.exit_code)
