"""subscriber show, export, edit, erase."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.common import Json, Yes, interactive, now, print_json, print_table, session
from mailer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailer.lists.membership import History

app = typer.Typer(help="Show, export, edit and erase one person.", no_args_is_help=True)


@app.command()
def show(context: typer.Context, address: str, as_json: Json = False) -> None:
    """What is known about a person: values, lists, and the mail they got."""
    history = _history(context, address)
    if as_json:
        print_json(asdict(history))
        return
    print_table(("About", normalized(address)), _facts(history))
    if history.memberships:
        print_table(
            ("List", "Status", "Since", "By"),
            [
                (m.list_name, m.status, m.since, f"{m.how}, {m.note}" if m.note else m.how)
                for m in history.memberships
            ],
        )
    if history.deliveries:
        print_table(
            ("Campaign", "List", "State", "At"),
            [(d["campaign"], d["list"], d["state"], d["at"]) for d in history.deliveries],
        )
    for place, rows in history.elsewhere.items():
        print_table(
            (place.replace("_", " ").capitalize(), *list(rows[0])[1:]),
            [tuple(row.values()) for row in rows],
        )
    if history.events:
        print_table(
            ("Reported", "At", "What"),
            [(e["kind"], e["at"], _what_happened(e)) for e in history.events],
        )


@app.command()
def export(
    context: typer.Context,
    address: str,
    as_json: Json = False,  # noqa: ARG001 - it is JSON anyway; scripts may say so everywhere
) -> None:
    """Everything kept about a person as JSON, to hand over to them (GDPR, article 15)."""
    print_json(asdict(_history(context, address)))


@app.command()
def edit(
    context: typer.Context,
    address: str,
    changes: Annotated[
        list[str], typer.Argument(metavar="FIELD=VALUE…", help='city=Salem, gift=25, "county="')
    ],
    as_json: Json = False,
) -> None:
    """Correct a person's details. A field without a value is made blank."""
    email = normalized(address)
    details, fields = _changes(changes)
    if not session(context).store.subscribers.edit(email, details, fields):
        raise UsageError(f"{email} is no subscriber", hint="Check the address for slips.")
    if as_json:
        print_json({"email": email, **details, **fields})
    else:
        typer.echo(f"{email} is changed. See it with: mailer subscriber show {email}")


def _changes(pairs: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Columns and further fields, as stored."""
    from mailer.lists.csv_file import clean
    from mailer.lists.header_mapping import field_name
    from mailer.lists.places import state as postal_state
    from mailer.lists.places import zone
    from mailer.lists.subscriber import COLUMNS
    from mailer.lists.zipcodes import repair

    tidy: dict[str, Callable[[str], str]] = {"state": postal_state, "zip": repair, "timezone": zone}
    details: dict[str, str] = {}
    fields: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        name, value = name.strip().removeprefix("fields."), clean(value)
        if not sign or not name:
            raise UsageError(f'"{pair}" is not FIELD=VALUE', hint="For example: city=Salem")
        if name == "email":
            raise UsageError(
                "an address is not changed here, because the new one has not agreed to get mail",
                hint="Let the person change it on the page behind the link in the mail.",
            )
        if name == "tags":
            raise UsageError(
                "tags are not changed here", hint="mailer lists tag LIST TAG --file FILE"
            )
        if name not in COLUMNS:
            fields[field_name(name)] = value
            continue
        kept = tidy[name](value) if name in tidy else value
        if value and not kept:
            raise UsageError(f'"{value}" cannot be a {name}', hint="Check it for slips.")
        details[name] = kept
    return details, fields


@app.command()
def erase(
    context: typer.Context,
    address: str,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Forget a person for good (GDPR, article 17). No import brings them back."""
    from mailer.lists.personal_files import erase_from_files

    email = normalized(address)
    signed = _signed(_history(context, email))
    if not yes and not interactive():
        raise UsageError("erasing cannot be undone", hint="Add --yes to do it without a question.")
    if not yes and not typer.confirm(f"Erase {email} for good? It cannot be undone"):
        raise UsageError("nothing was erased")
    run = session(context)
    erased = run.store.subscribers.erase(email, now=now())
    waits = not run.store.subscribers.finish_erasing()
    files = erase_from_files(run.project.root, email)
    left = [str(path.relative_to(run.project.root)) for path in files.left]
    if as_json:
        print_json(
            {"email": email, "erased": erased, "waits": waits, "left": left, "withdrawn": signed}
        )
        return
    typer.echo(f"{email} is erased." if erased else f"{email} was erased before.")
    if signed:
        typer.echo(f"The signature is withdrawn, and counts no more, of: {', '.join(signed)}.")
    if files.cleaned:
        typer.echo(f"Taken out of {len(files.cleaned):,} files: mail, events and rejects.")
    if waits:
        typer.echo(
            "Until a program that reads the database ends, its log still holds the address: mailer "
            "serve removes it within the hour, or erase the address again later."
        )
    if left:
        typer.echo(f"These files are yours to clean: {', '.join(left)}")
    typer.echo("So are backups, and lists that lie elsewhere.")


def _signed(history: History) -> list[str]:
    """The petitions whose count the person is part of."""
    signatures = history.elsewhere.get("signatures", ())
    return [str(row["petition"]) for row in signatures if row["status"] == "signed"]


def _what_happened(event: Mapping[str, str]) -> str:
    details = (event[name] for name in ("type", "subtype", "status", "diagnostic"))
    return " ".join(filter(None, details))


def normalized(address: str) -> str:
    from mailer.lists.address import BadAddressError, normalize

    try:
        return normalize(address)
    except BadAddressError as err:
        raise UsageError(
            f'"{address}" is not an e-mail address: {err}', hint="Check it for slips."
        ) from err


def _history(context: typer.Context, address: str) -> History:
    email = normalized(address)
    history = session(context).store.subscribers.history(email)
    if history is None:
        raise UsageError(
            f"nothing is known about {email}",
            hint="Look for the person with: mailer lists export LIST",
        )
    return history


def _facts(history: History) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = []
    if history.subscriber is not None:
        values = asdict(history.subscriber)
        values.update({"tags": ", ".join(history.subscriber.tags), **values.pop("fields")})
        facts += [(name, str(value)) for name, value in values.items() if value]
        facts += [("known since", history.created), ("consent", history.consent_source)]
    if history.suppression:
        why = filter(None, (history.suppression, history.suppressed_at, history.suppression_note))
        facts.append(("suppressed", ", ".join(why)))
    return facts
