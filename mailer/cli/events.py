"""events pull, import and suppressions: delivery events and Amazon's suppression list."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Json, Session, now, print_json, session
from mailer.cli.signals import stop_on_signals
from mailer.errors import FindingsError, MailerError, UsageError
from mailer.stop import StopSignal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailer.events.ingest import Ingestor, QueueConsumer
    from mailer.ledger.event import IngestResult
    from mailer.store import Store

app = typer.Typer(
    help="What became of your mail: deliveries, bounces, complaints.", no_args_is_help=True
)
log = logging.getLogger("mailer.events.ses")

_TOGETHER = 500
"""Lines of a file in one transaction."""
_TRY_AGAIN = 30.0
"""Seconds between tries while the queue of `serve` cannot be reached."""


@app.command()
def pull(
    context: typer.Context,
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop when the queue is empty.")] = False,
    as_json: Json = False,
) -> None:
    """Take in the events that wait in the queue, and go on until Ctrl-C."""
    run = session(context)
    clerk = _clerk(run, run.store)
    with stop_on_signals() as stop:
        pulling = _pull(run, clerk, stop, say=lambda text: typer.echo(text, err=True))
        if not (once or as_json):
            typer.echo("Waiting for events. Ctrl-C stops.")
        pulling.run(once=once)
    _sum_up(run, clerk, as_json=as_json)


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="Events in JSON, as SES, SNS, SQS or Lambda write them, or a mailbox file (mbox, .eml) "
            "of mail that asks to be unsubscribed."
        ),
    ],
    *,
    as_json: Json = False,
) -> None:
    """Take in events from a file, such as the outbox writes for simulated addresses."""
    from mailer.cli.progress import watch
    from mailer.events.documents import documents, encoding_of
    from mailer.events.unsubscribe_mail import is_mailbox, mails_in

    run = session(context)
    clerk = _clerk(run, run.store)
    try:
        if is_mailbox(file):
            clerk.take_mail(mails_in(file))
            _sum_up(run, clerk, as_json=as_json)
            return
        with file.open("rb") as lines:
            total = sum(1 for _ in lines)
        with file.open(encoding=encoding_of(file), errors="replace", newline="\n") as lines:
            bodies = documents(watch(f"Reading {file.name}", lines, total))
            while part := list(islice(bodies, _TOGETHER)):
                clerk.take(part)
    except OSError as err:
        raise UsageError(
            f"{file} cannot be read: {err.strerror}", hint="Is that the right path?"
        ) from err
    _sum_up(run, clerk, as_json=as_json)


@app.command()
def suppressions(
    context: typer.Context,
    *,
    push: Annotated[
        bool, typer.Option("--push", help="Put what bounced or complained on Amazon's, too.")
    ] = False,
    pull: Annotated[
        bool, typer.Option("--pull", help="Suppress here, too, what is on Amazon's.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare with the suppression list that Amazon SES keeps for the account."""
    from mailer.lists.membership import SuppressionReason
    from mailer.transports.ses.suppressions import REASONS, SuppressionList

    run = session(context)
    theirs = SuppressionList(run.project.settings.ses)
    amazon_list = {_spelling(address): reason for address, reason in theirs.addresses()}
    own_list = dict(
        run.store.suppressions.addresses(set(SuppressionReason) - {SuppressionReason.UNSUBSCRIBED})
    )
    missing = {a: r for a, r in own_list.items() if r in REASONS and a not in amazon_list}
    unknown = {a: r for a, r in amazon_list.items() if a not in own_list}
    if push:
        for address, reason in missing.items():
            theirs.add(address, reason)
    if pull:
        silence = partial(
            run.store.suppressions.suppress_reported,
            detail="on Amazon's suppression list",
            now=now(),
        )
        run.store.database.together(
            [partial(silence, *suppression) for suppression in unknown.items()]
        )
    if as_json:
        numbers = {"here_only": len(missing), "there_only": len(unknown)}
        print_json({**numbers, "pushed": push, "requested": pull})
        return
    typer.echo(f"{len(amazon_list):,} addresses are on Amazon's list.")
    typer.echo(_compared(len(missing), "missing there", "put there now" if push else "--push"))
    typer.echo(_compared(len(unknown), "unknown here", "suppressed now" if pull else "--pull"))


def _spelling(address: str) -> str:
    """The address as the store spells it; Amazon's list may hold invalid addresses."""
    from mailer.lists.address import BadAddressError, normalize

    try:
        return normalize(address)
    except BadAddressError:
        return address.lower()


def _compared(number: int, differing: str, then: str) -> str:
    return f"{number:,} {differing} ({then})." if number else f"None {differing}."


# ---------------------------------------------------------------- beside the pages


@contextlib.contextmanager
def pulling(run: Session) -> Iterator[None]:
    """Ingest events in a separate thread while the block runs."""
    store = run.open_store()
    stop = StopSignal()
    making = _pull(run, _clerk(run, store), stop, say=log.error)
    thread = threading.Thread(target=_keep_pulling, args=(making, stop), name="events")
    thread.start()
    try:
        yield
    finally:
        stop.request()
        thread.join()
        store.close()


def _keep_pulling(making: QueueConsumer, stop: StopSignal) -> None:
    while not stop.requested:
        try:
            making.run(once=False)
        except MailerError as err:
            log.error("%s", err)  # noqa: TRY400 - what is wrong is outside, a traceback says nothing
        except Exception:
            log.exception("events are not taken in")
        stop.wait(_TRY_AGAIN)


# ---------------------------------------------------------------- shared


def _clerk(run: Session, store: Store) -> Ingestor:
    from mailer.events.ingest import Ingestor

    days = run.project.settings.bounces.days
    return Ingestor(store, run.project.junk_file, patience=days, clock=now, keys=run.keys)


def _pull(
    run: Session, clerk: Ingestor, stop: StopSignal, *, say: Callable[[str], None]
) -> QueueConsumer:
    from mailer.events.ingest import QueueConsumer
    from mailer.transports.ses.queue import EventQueue

    settings = run.project.settings.ses
    if not settings.queue_url:
        raise UsageError(
            "mailer.toml does not say which queue events come in through",
            hint='Set queue_url under [ses]; see "Events" in docs/amazon-ses.md.',
        )

    def on_round(result: IngestResult) -> None:
        for alarm in result.alarms:
            say(f"{alarm.campaign or 'other mail'}: Amazon SES did not send a mail: {alarm.why}")

    return QueueConsumer(
        EventQueue(settings.queue_url, settings.region),
        clerk,
        stop=stop,
        on_round=on_round,
        on_trouble=lambda err: say(f"{err}. It is tried again in half a minute."),
    )


def _sum_up(run: Session, clerk: Ingestor, *, as_json: bool) -> None:
    from mailer.events.unsubscribe_mail import UnsubscribeResult

    result = clerk.total
    if as_json:
        by_mail = clerk.by_mail
        mailed = {
            "unsubscribed_by_mail": by_mail.unsubscribed,
            "unsubscribed_before": by_mail.known,
            "automatic_replies": by_mail.automatic,
        }
        shown = mailed if by_mail != UnsubscribeResult() else {}
        print_json({**asdict(result), **shown, "junk": clerk.junk})
    else:
        typer.echo(f"{_number(result.stored, 'new event')}, {result.known:,} known before.")
        if clerk.by_mail != UnsubscribeResult():
            left, before = clerk.by_mail.unsubscribed, clerk.by_mail.known
            typer.echo(
                f"{_number(left, 'person', 'people')} unsubscribed by mail, {before:,} had before; "
                f"{_number(clerk.by_mail.automatic, 'automatic reply', 'automatic replies')} ignored."
            )
        if result.suppressed:
            count = _number(result.suppressed, "address", "addresses")
            typer.echo(f"{count} suppressed, because of bounces and complaints.")
        if result.not_tried:
            count = _number(result.not_tried, "mail")
            typer.echo(
                f"{count} not tried: Amazon SES held them back by its own prediction or lists. "
                "Nobody is suppressed for that, and the next campaign tries again."
            )
        if result.unrecognized:
            count = _number(result.unrecognized, "permanent bounce")
            typer.echo(
                f"{count} for a reason mailer does not know. Nobody is suppressed for that. See the "
                "reasons with: mailer report CAMPAIGN"
            )
        if result.settled:
            typer.echo(f"{_number(result.settled, 'delivery', 'deliveries')} settled.")
    _complain(run, clerk)


def _number(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"


def _complain(run: Session, clerk: Ingestor) -> None:
    """Report the messages that staff should look at."""
    never_sent = len(clerk.total.alarms)
    wrong: dict[str, str] = {}
    if never_sent:
        campaigns = {alarm.campaign for alarm in clerk.total.alarms if alarm.campaign}
        look = " and ".join(f"mailer status {name}" for name in sorted(campaigns))
        wrong[f"{never_sent:,} accepted by Amazon SES but never sent"] = (
            f"See: {look}." if look else ""
        )
    if clerk.junk:
        place = run.project.show(run.project.junk_file)
        wrong[f"{clerk.junk:,} that are no events"] = f"They are in {place}."
    if wrong:
        raise FindingsError(", ".join(wrong), hint=" ".join(filter(None, wrong.values())))
