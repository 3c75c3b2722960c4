"""serve: the recipients' pages."""

from __future__ import annotations

import logging
import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import now, session
from mailer.cli.events import pulling
from mailer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import uvicorn
    from starlette.applications import Starlette

_SECONDS_TO_FINISH = 20
_DELAY = 0.5, 2.0
"""Seconds before a request's mail is processed."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(serve)


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="The address to listen at. Put a proxy with TLS in front.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen at; 0 takes a free one.")
    ] = 8080,
    events: Annotated[
        bool,
        typer.Option(
            "--events", help="Also take in Amazon's events, as `mailer events pull` does."
        ),
    ] = False,
) -> None:
    """Answer the links in your mail: unsubscribe, update, view in browser, forward, sign up."""
    import random

    import uvicorn

    from mailer.compiler import page_words
    from mailer.transports.registry import open_confirmation_transport
    from mailer.web.pages.app import make_app

    run = session(context)
    settings = run.project.settings
    app = make_app(
        settings,
        keys=run.keys,
        open_store=run.open_store,
        open_transport=lambda: open_confirmation_transport(run.project, clock=now),
        clock=now,
        delay=lambda: random.uniform(*_DELAY),  # noqa: S311 - it hides a time, not a secret
        pictures=run.project.published,
        petitions=run.project.petitions,
        page_words=page_words.load(run.project.root),
    )
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("mailer.web").setLevel(logging.INFO)
    beside = pulling(run) if events else nullcontext()
    with listen(host, port) as listener, beside:
        at = listener.getsockname()[1]
        typer.echo(f"Recipients' pages: http://{host}:{at}/ for {settings.site.base_url}")
        try:
            uvicorn.Server(_server_config(app, settings.pages.proxies)).run(sockets=[listener])
        except KeyboardInterrupt:
            typer.echo("Stopped.")


def _server_config(app: Starlette, proxies: Sequence[str]) -> uvicorn.Config:
    import uvicorn

    from mailer.web.pages.connections import LimitedProtocol

    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # its lines would hold the tokens
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        http=LimitedProtocol,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        lifespan="on",
        ws="none",
    )


def listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as err:
        raise UsageError(
            f"{host}:{port} cannot be listened on: {err.strerror}",
            hint="Is it running already? Choose another with --port.",
        ) from err
