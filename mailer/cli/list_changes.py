"""lists remove, rename, copy, tag: changes to a list as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Json, Session, Yes, interactive, print_json, session
from mailer.cli.list_import import check_name
from mailer.errors import UsageError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator

List = Annotated[str, typer.Argument(metavar="LIST")]


def register(app: typer.Typer) -> None:
    for command in (remove, rename, copy, tag):
        app.command()(command)


def check_list(run: Session, name: str) -> None:
    """Raises UsageError when there is no such list."""
    names = [summary.name for summary in run.store.subscribers.lists()]
    if name not in names:
        raise UsageError(
            f'there is no list "{name}"',
            hint=suggest(name, names) or "Make one with: mailer lists import FILE --list NAME",
        )


def remove(
    context: typer.Context, list_name: List, yes: Yes = False, as_json: Json = False
) -> None:
    """Take everybody off a list. People who left it stay on record, so that nobody mails them."""
    run = session(context)
    check_list(run, list_name)
    _check_sends(run, list_name)
    if not yes and not interactive():
        raise UsageError(
            "removing a list cannot be undone", hint="Add --yes to do it without a question."
        )
    if not yes and not typer.confirm(f"Take everybody off {list_name}?"):
        raise UsageError("nothing was changed")
    taken_off, left = run.store.lists.empty(list_name)
    if as_json:
        print_json({"list": list_name, "taken_off": taken_off, "kept": left})
        return
    kept = f"; {left:,} who left it stay on record" if left else ""
    typer.echo(f"{taken_off:,} people are off {list_name}{kept}.")


def rename(
    context: typer.Context,
    list_name: List,
    new: Annotated[str, typer.Argument(metavar="NEW")],
    as_json: Json = False,
) -> None:
    """Give a list another name. Campaigns that say `list:` have to be changed by hand."""
    run = session(context)
    _check_new(run, list_name, new)
    _check_sends(run, list_name)
    run.store.lists.rename(list_name, new)
    if as_json:
        print_json({"list": new, "before": list_name})
    else:
        typer.echo(f"{list_name} is now {new}. Change it in campaigns that say list: {list_name}.")


def copy(
    context: typer.Context,
    list_name: List,
    new: Annotated[str, typer.Argument(metavar="NEW")],
    as_json: Json = False,
) -> None:
    """Make a second list of the same people, those who left among them as such."""
    run = session(context)
    _check_new(run, list_name, new)
    number = run.store.lists.copy(list_name, new)
    if as_json:
        print_json({"list": new, "people": number})
    else:
        typer.echo(f"{new} has the {number:,} people of {list_name}.")


def tag(
    context: typer.Context,
    list_name: List,
    name: Annotated[str, typer.Argument(metavar="TAG")],
    *,
    where: Annotated[
        str, typer.Option(help='Only people who match this condition: recipient.state == "OR"')
    ] = "",
    file: Annotated[Path | None, typer.Option(help="Only those in this file.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the tag away.")] = False,
    as_json: Json = False,
) -> None:
    """Give the people of a list a tag, or take it away."""
    if not name.strip() or set(name) & set(",;|"):
        raise UsageError(f'"{name}" cannot be a tag', hint="A tag has no comma, ; or |.")
    run = session(context)
    check_list(run, list_name)
    emails = list(_chosen(run, list_name, where, file))
    changed = run.store.lists.tag(emails, " ".join(name.split()), remove=remove)
    if as_json:
        print_json({"list": list_name, "tag": name, "chosen": len(emails), "changed": changed})
        return
    done = "do not have" if remove else "have"
    typer.echo(f"{len(emails):,} people {done} the tag {name}; {changed:,} of them now.")


def _chosen(run: Session, list_name: str, where: str, file: Path | None) -> Iterator[str]:
    from mailer.campaigns.snapshot import Snapshot, read_lookup
    from mailer.compiler.audience import condition

    content = run.project.settings.content
    lookups = {
        lookup.file: read_lookup(run.project, name) for name, lookup in content.lookups.items()
    }
    fields = run.store.subscribers.field_names()
    facts = run.store.subscribers.facts((list_name,))
    applies = condition(where, Snapshot("", lookups, content), fields, facts=facts)
    listed = None if file is None else set(_emails(file))
    for subscriber, *_ in run.store.subscribers.members(list_name):
        if (listed is None or subscriber.email in listed) and applies(subscriber):
            yield subscriber.email


def _emails(file: Path) -> Iterator[str]:
    from mailer.cli.files import opened
    from mailer.lists.importing import AcceptedRow, SubscriberFile
    from mailer.lists.standing import Standing

    with opened(file) as stream:
        # what the file says about leaving is for an import to take in
        for row in SubscriberFile(stream, str(file), everybody=Standing.SUBSCRIBED).rows():
            if isinstance(row, AcceptedRow):
                yield row.row.email


def _check_new(run: Session, old: str, new: str) -> None:
    check_list(run, old)
    check_name(new)
    if any(summary.name == new for summary in run.store.subscribers.lists()):
        raise UsageError(f'there is a list "{new}" already', hint="Choose another name.")


def _check_sends(run: Session, list_name: str) -> None:
    campaigns = run.store.lists.unfinished_sends(list_name)
    if campaigns:
        raise UsageError(
            f"{list_name} has sends that are not finished: {', '.join(campaigns)}",
            hint="Wait until they are, or stop them: mailer cancel CAMPAIGN",
        )
