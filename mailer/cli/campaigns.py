"""new, build, test: commands for a campaign before it is sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Campaign, Session, now, seconds, session
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.campaigns.snapshot import Snapshot
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.merge import Merged

Subject = Annotated[
    str,
    typer.Option(
        help="In a test: the number of the subject, such as 2, or the letter of the variant, such "
        "as b.",
        metavar="NUMBER",
    ),
]


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
    from mailer.cli.files import create

    project = session(context).project
    path = project.root / "campaigns" / f"{name}.md"
    if not NAME.fullmatch(name):
        raise UsageError(
            f'"{name}" cannot be a campaign\'s name',
            hint="Use lower-case letters, digits and hyphens, as in council-vote.",
        )
    text = starter(project, layout)
    create(project, path, text)
    typer.echo(f"Made {project.show(path)}. Write it, and look at it with: mailer preview")


def build(
    context: typer.Context,
    campaign: Campaign,
    recipient: Annotated[
        str,
        typer.Option(
            "--for", help="A subscriber's address. Default: any recipient of the campaign."
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to. Default: build/.")
    ] = None,
    subject: Subject = "1",
) -> None:
    """Write one recipient's mail to files: HTML, text and .eml."""
    from mailer.campaigns import snapshot as snapshots
    from mailer.images.picture import show_locally
    from mailer.mail import message
    from mailer.sending.ab_test import arm_number

    run = session(context)
    snapshot = snapshots.load(run.project, campaign, tallies=run.store.petitions.tallies)
    arm = arm_number(snapshot.parsed, subject)
    merged = _merge(run, snapshot, _example(run, snapshot, recipient), arm)
    folder = out.resolve() if out else run.project.build
    envelope = message.Envelope.of(
        snapshot.content, list_name=snapshot.shown_lists, senders=snapshot.senders
    )
    eml = message.encode(merged, envelope, message_id=f"{snapshot.campaign}.build", date=now())
    typer.echo(f"Subject  {merged.subject}")
    typer.echo(f"For      {merged.email}")
    language = re.search(r'<html\b[^>]*\slang="([\w-]+)"', merged.html)
    if language and language[1] != snapshot.content.brand.language:
        typer.echo(f"Language {language[1]}")
    html = show_locally(merged.html, snapshot.pictures, run.project.published)
    for suffix, data in (
        (".html", html.encode()),
        (".txt", merged.text.encode()),
        (".eml", eml),
    ):
        path = folder / f"{snapshot.campaign}{suffix}"
        _write(path, data)
        typer.echo(f"Wrote    {run.project.show(path)}, {len(data) / 1000:.1f} kB")


def test(
    context: typer.Context,
    campaign: Campaign,
    addresses: Annotated[
        list[str], typer.Argument(metavar="ADDRESS...", help="Addresses to send it to.")
    ],
    *,
    recipient: Annotated[
        str, typer.Option("--for", help="Show the mail of the subscriber with this address.")
    ] = "",  # noqa: PT028 - a command, not a test
    variant: Annotated[
        int, typer.Option(min=0, help="Show the variant with this number.", show_default=False)
    ] = 0,  # noqa: PT028 - likewise
    all_variants: Annotated[
        bool, typer.Option("--all-variants", help="Send one test mail for each variant.")
    ] = False,  # noqa: PT028 - likewise
    subject: Subject = "1",  # noqa: PT028 - likewise
) -> None:
    """Send a test mail, marked [TEST], to colleagues. It does not count as sent."""
    from mailer.campaigns import snapshot as snapshots
    from mailer.sending.ab_test import arm_number

    if (bool(recipient) + bool(variant) + all_variants) > 1:
        raise UsageError(
            "--for, --variant and --all-variants exclude each other", hint="Keep one of them."
        )
    run = session(context)
    snapshot = snapshots.load(run.project, campaign, tallies=run.store.petitions.tallies)
    arm = arm_number(snapshot.parsed, subject)
    people = _people_to_show(
        run, snapshot, recipient, arm=arm, variant=variant, all_variants=all_variants
    )
    for folder, (person, shown) in people.items():
        _send_test_mails(run, snapshot, addresses, arm=shown, folder=folder, person=person)


def _people_to_show(
    run: Session,
    snapshot: Snapshot,
    recipient: str,
    *,
    arm: int,
    variant: int,
    all_variants: bool,
) -> dict[str, tuple[Subscriber | None, int]]:
    """The recipients to show, with the variant of a test, by outbox folder.

    None stands for each colleague's own mail.
    """
    from mailer.sending import test_mail

    if recipient:
        return {test_mail.FOLDER: (test_mail.subscriber(run.store, recipient), arm)}
    if not (variant or all_variants):
        return {test_mail.FOLDER: (None, arm)}
    examples = test_mail.examples_by_variant(run.store, run.keys, snapshot)
    if variant and variant not in examples:
        raise UsageError(
            f"there is no variant {variant}",
            hint=f"There are {len(examples)}. See which with: mailer check {snapshot.campaign}",
        )
    numbers = [variant] if variant else sorted(examples)
    return {f"{test_mail.FOLDER}/variant-{number}": examples[number] for number in numbers}


def _send_test_mails(
    run: Session,
    snapshot: Snapshot,
    addresses: list[str],
    *,
    arm: int,
    folder: str,
    person: Subscriber | None,
) -> None:
    from mailer.cli import images
    from mailer.sending import test_mail
    from mailer.transports import registry

    mails = test_mail.make_test_mails(
        run.store, run.keys, snapshot, addresses, arm=arm, person=person
    )
    transport = registry.open_test_transport(run.project, snapshot, clock=now, folder=folder)
    if transport.name != registry.OUTBOX:
        images.publish(run, snapshot.pictures.values())
    for mail in test_mail.deliver(run.store, transport, mails, seconds):
        typer.echo(f"{mail.email}: {mail.subject}")
    if transport.name == "smtp":
        typer.echo(f"Sent through {run.project.settings.test.smtp}.")
        return
    place = registry.destination(run.project, transport.name, snapshot.campaign)
    typer.echo(
        f"The test mails are in {place}{folder}/."
        if transport.name == registry.OUTBOX
        else f"Sent through {place}."
    )


def _merge(run: Session, snapshot: Snapshot, subscriber: Subscriber, arm: int) -> Merged:
    from mailer.mail.merge import Merger

    fields = run.store.subscribers.field_names()
    return Merger(snapshot, fields=fields, keys=run.keys, send_id=0).merge(subscriber, arm)


def _example(run: Session, snapshot: Snapshot, address: str) -> Subscriber:
    """The subscriber with this address, or the first of the audience."""
    from mailer.sending import test_mail

    if address:
        return test_mail.subscriber(run.store, address)
    return test_mail.example(run.store, snapshot)


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
