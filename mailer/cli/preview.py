"""preview: every campaign in a browser, on this machine only."""

from __future__ import annotations

import logging
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Session, now, session

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from mailer.campaigns.snapshot import Snapshot
    from mailer.transports.base import Transport
    from mailer.web.preview.app import PreviewApp

_HOST = "127.0.0.1"
_SECONDS_TO_FINISH = 5


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("preview")(show_campaigns)


def show_campaigns(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen at; 0 takes a free one.")
    ] = 8025,
    show: Annotated[bool, typer.Option("--open", help="Open it in your browser.")] = False,
) -> None:
    """Show your campaigns in your browser while you write them."""
    from mailer.cli.serve import listen

    run = session(context)
    run.open_store().close()  # a database that cannot be used is said here, and not page by page
    preview = _make(run)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    with listen(_HOST, port) as listener:
        address = f"http://{_HOST}:{listener.getsockname()[1]}/?token={preview.token}"
        typer.echo(f"Your campaigns: {address}  (Ctrl-C ends it)")
        with _opened(address) if show else nullcontext():
            try:
                _serve(preview, listener)
            except KeyboardInterrupt:
                typer.echo("Stopped.")


@contextmanager
def _opened(address: str) -> Iterator[None]:
    """Open an address in the browser by way of a file: all users of the machine can read a program's arguments."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        page = Path(folder) / "preview.html"
        page.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={address}">')
        typer.launch(str(page))
        yield


def _make(run: Session) -> PreviewApp:
    from mailer.sending import test_mail
    from mailer.transports import registry
    from mailer.web.preview.app import PreviewApp

    def open_transport(snapshot: Snapshot) -> Transport:
        return registry.open_test_transport(
            run.project, snapshot, clock=now, folder=test_mail.FOLDER
        )

    return PreviewApp(
        run.project.root,
        keys=run.keys,
        open_store=run.open_store,
        open_transport=open_transport,
        clock=now,
    )


def _serve(preview: PreviewApp, listener: socket.socket) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        """Stops at once, although pages keep a connection open for updates."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            preview.events.close()
            # a server that stops on request has not failed
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            await super().shutdown(sockets)

    config = uvicorn.Config(
        preview.app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        lifespan="on",
        ws="none",
    )
    Server(config).run(sockets=[listener])
