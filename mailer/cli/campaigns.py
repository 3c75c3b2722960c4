"""new, build, test: what staff do with a campaign before it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Campaign, Session, now, seconds, session
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.campaigns.snapshot import Snapshot
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.merge import Merged

Subject = Annotated[int, typer.Option(min=1, help="The number of the subject, in a subject test.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(new)
    app.command()(build)
    app.command()(test)


def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A name of lower-case letters, digits and hyphens.")],
    layout: Annotated[
        str,
        typer.Option(
            help="The frame of the mail: newsletter, petition, alert, or one of your own."
        ),
    ] = "newsletter",
) -> None:
    """Start a campaign: make a file in campaigns/ for you to fill in."""
    from mailer.campaigns.campaign import NAME
    from mailer.campaigns.starter import starter

    project = session(context).project
    path = project.root / "campaigns" / f"{name}.md"
    if not NAME.fullmatch(name):
        raise UsageError(
            f'"{name}" cannot be a campaign\'s name',
            hint="Use lower-case letters, digits and hyphens, as in council-vote.",
        )
    text = starter(project, layout)
    path.parent.mkdir(exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as err:
        raise UsageError(
            f"{project.show(path)} is there already", hint="Choose another name."
        ) from err
    typer.echo(f"Made {project.show(path)}. Write it, and look at it with: mailer preview")


def build(
    context: typer.Context,
    campaign: Campaign,
    recipient: Annotated[
        str,
        typer.Option(
            "--for", help="A subscriber's address. Default: anybody who gets the campaign."
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to. Default: build/.")
    ] = None,
    subject: Subject = 1,
) -> None:
    """Write one recipient's mail to files: HTML, text and .eml."""
    from mailer.campaigns import snapshot
    from mailer.images.picture import show_locally
    from mailer.mail import message

    run = session(context)
    found = snapshot.load(run.project, campaign)
    _check_subject(found, subject)
    merged = _merge(run, found, _example(run, found, recipient), subject)
    folder = out.resolve() if out else run.project.build
    envelope = message.Envelope.of(found.content, list_name=found.list_name)
    eml = message.encode(merged, envelope, message_id=f"{found.campaign}.build", date=now())
    typer.echo(f"Subject  {merged.subject}")
    typer.echo(f"For      {merged.email}")
    html = show_locally(merged.html, found.pictures, run.project.published)
    for suffix, data in (
        (".html", html.encode()),
        (".txt", merged.text.encode()),
        (".eml", eml),
    ):
        path = folder / f"{found.campaign}{suffix}"
        _write(path, data)
        typer.echo(f"Wrote    {run.project.show(path)}, {len(data) / 1000:.1f} kB")


def test(
    context: typer.Context,
    campaign: Campaign,
    addresses: Annotated[
        list[str], typer.Argument(metavar="ADDRESS...", help="Whom to send it to.")
    ],
    subject: Subject = 1,  # noqa: PT028 - a command, not a test
) -> None:
    """Send a test mail, marked [TEST], to colleagues. It does not count as sent."""
    from mailer.campaigns import snapshot
    from mailer.cli import images
    from mailer.sending import test_mail
    from mailer.transports import registry

    run = session(context)
    found = snapshot.load(run.project, campaign)
    _check_subject(found, subject)
    drawn_up = test_mail.make_test_mails(run.store, run.keys, found, addresses, subject)
    way = run.project.settings.send.transport
    transport = registry.open_transport(
        run.project, way, found, found.list_name, clock=now, folder=test_mail.FOLDER
    )
    if way == registry.SES:
        images.publish(run, found.pictures.values())
    for proof in test_mail.deliver(run.store, transport, drawn_up, seconds):
        typer.echo(f"{proof.email}: {proof.subject}")
    place = registry.destination(run.project, way, found.campaign)
    typer.echo(
        f"The proofs are in {place}{test_mail.FOLDER}/."
        if way == registry.OUTBOX
        else f"Sent through {place}."
    )


def _check_subject(found: Snapshot, number: int) -> None:
    subjects = len(found.parsed.front.choices)
    if number > subjects:
        raise UsageError(f"there is no subject {number}", hint=f"The last one is {subjects}.")


def _merge(run: Session, found: Snapshot, subscriber: Subscriber, arm: int) -> Merged:
    from mailer.mail.merge import Merger

    fields = run.store.subscribers.field_names()
    return Merger(found, fields=fields, keys=run.keys, send_id=0).merge(subscriber, arm)


def _example(run: Session, found: Snapshot, address: str) -> Subscriber:
    """The subscriber with this address, or anybody in the audience."""
    from mailer.sending import test_mail

    if address:
        return test_mail.subscriber(run.store, address)
    return test_mail.example(run.store, found)


def _write(path: Path, data: bytes) -> None:
    from mailer.atomic import atomic_write

    try:
        with atomic_write(path, private=True) as file:
            file.write(data)
    except OSError as err:
        raise UsageError(
            f"{path} cannot be written: {err.strerror}",
            hint="Name another folder with --out, or check its permissions.",
        ) from err
