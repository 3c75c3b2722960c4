"""preview: every campaign in a browser, on this machine only."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Session, now, session

if TYPE_CHECKING:
    from mailer.campaigns.snapshot import Snapshot
    from mailer.transports.base import Transport
    from mailer.web.preview.app import Preview

_HOST = "127.0.0.1"
_SECONDS_TO_FINISH = 5


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(preview)


def preview(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8025,
    show: Annotated[bool, typer.Option("--open", help="Open it in your browser.")] = False,
) -> None:
    """Look at campaigns in your browser while you write them."""
    from mailer.cli.serve import listen

    made = _make(session(context))
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    with listen(_HOST, port) as listener:
        address = f"http://{_HOST}:{listener.getsockname()[1]}/"
        typer.echo(f"Your campaigns: {address}  (Ctrl-C ends it)")
        if show:
            typer.launch(address)
        try:
            _serve(made, listener)
        except KeyboardInterrupt:
            typer.echo("Stopped.")


def _make(run: Session) -> Preview:
    from mailer.cli import transports
    from mailer.sending import test_mail
    from mailer.web.preview.app import Preview

    way = run.project.settings.send.transport

    def open_transport(words: Snapshot) -> Transport:
        return transports.open_transport(run, way, words, words.list_name, folder=test_mail.FOLDER)

    return Preview(
        run.project.root,
        keys=run.keys,
        open_store=run.open_store,
        open_transport=open_transport,
        clock=now,
    )


def _serve(made: Preview, listener: socket.socket) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        """Ends at once, though pages keep a connection open to hear what is new."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            made.events.close()
            # to cut short what somebody has asked for is no error
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            await super().shutdown(sockets)

    config = uvicorn.Config(
        made.app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        lifespan="on",
        ws="none",
    )
    Server(config).run(sockets=[listener])
