"""worker: start sends that are due, and go on with the sends of dead processes."""

from __future__ import annotations

from typing import Annotated

import typer

from mailer.cli.common import now, session
from mailer.cli.signals import stop_on_signals
from mailer.errors import SendStopped


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(worker)


def worker(
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Send what is due now, and end: for cron.")
    ] = False,
) -> None:
    """Start scheduled sends when they are due, and go on with what a dead process has left."""
    from mailer.sending.worker import Worker

    run = session(context)
    with stop_on_signals("stopping") as stop:
        worker = Worker(
            run.project, run.keys, open_store=run.open_store, clock=now, stop=stop, log=_log
        )
        try:
            worker.serve(once=once)
        finally:
            worker.close()
    if once and worker.paused:
        raise SendStopped(f"paused: {', '.join(worker.paused)}", hint="See why with: mailer status")


def _log(source: str, message: str) -> None:
    typer.echo(f"{now():%Y-%m-%dT%H:%M:%SZ} {source}: {message}")
