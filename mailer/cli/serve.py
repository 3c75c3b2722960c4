"""serve: the recipients' pages."""

from __future__ import annotations

import logging
import random
import socket
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import now, session
from mailer.cli.events import pulling
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.config import Project
    from mailer.transports.base import Transport

_SECONDS_TO_FINISH = 20
_DELAY = 0.5, 2.0
"""Seconds before a request's mail is processed."""
CONFIRMATIONS = "confirmations"
"""Folder in the outbox, and tag at SES, of mail from the recipients' pages."""


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
    import uvicorn

    from mailer.web.pages.app import make_app
    from mailer.web.pages.connections import LimitedProtocol

    run = session(context)
    settings = run.project.settings
    app = make_app(
        settings,
        keys=run.keys,
        open_store=run.open_store,
        open_transport=lambda: way_out(run.project),
        clock=now,
        delay=lambda: random.uniform(*_DELAY),  # noqa: S311 - it hides a time, not a secret
        pictures=run.project.published,
        petitions=run.project.petitions,
    )
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("mailer.web").setLevel(logging.INFO)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # its lines would hold the tokens
        server_header=False,
        proxy_headers=bool(settings.pages.proxies),
        forwarded_allow_ips=list(settings.pages.proxies),
        http=LimitedProtocol,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        lifespan="on",
        ws="none",
    )
    beside = pulling(run) if events else nullcontext()
    with listen(host, port) as listener, beside:
        at = listener.getsockname()[1]
        typer.echo(f"Recipients' pages: http://{host}:{at}/ for {settings.site.base_url}")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            typer.echo("Stopped.")


def listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as err:
        raise UsageError(
            f"{host}:{port} cannot be listened on: {err.strerror}",
            hint="Is it running already? Choose another with --port.",
        ) from err


def way_out(project: Project) -> Transport:
    """The transport of confirmation mail: single mails on request, so without list headers.

    Each sender has an envelope of its own: the mail comes from whom the campaign came from.
    """
    from mailer.mail.message import Envelope

    settings = project.settings
    senders = (settings.sender, *settings.senders.values())
    envelope = Envelope.of(settings.content, list_name="", senders=senders)
    arms = tuple(replace(arm, list_id="") for arm in envelope.arms)
    envelope = replace(envelope, list_id="", arms=arms)
    if settings.send.transport == "ses":
        from mailer.transports.ses.transport import SesTransport

        # what is reserved is reserved for such mail
        unreserved = settings.ses.model_copy(update={"reserve": 0})
        return SesTransport(
            unreserved, campaign=CONFIRMATIONS, list_name="", envelope=envelope, clock=now
        )
    from mailer.transports.outbox import Outbox

    folder = project.outbox / CONFIRMATIONS
    return Outbox(folder, campaign=CONFIRMATIONS, envelope=envelope, clock=now)
