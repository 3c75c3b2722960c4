"""Shared by every command: the project, the store, and the output of errors and tables."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailer.config import Project
    from mailer.errors import MailerError
    from mailer.links import Keys
    from mailer.store import Store

Campaign = Annotated[
    str,
    typer.Argument(
        help="The campaign's name, such as council-vote, or its file.", metavar="CAMPAIGN"
    ),
]
ListName = Annotated[
    str, typer.Option("--list", help="The list. Default: the one in the campaign's front matter.")
]
Where = Annotated[
    str,
    typer.Option(help="Only people who match this condition, such as 'recipient.state == \"OR\"'."),
]
Sample = Annotated[str, typer.Option(help="Only so many of the audience, drawn by lot, as in 5%.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", help="Answer yes to every question.")]


def with_sample(where: str, sample: str) -> str:
    """The condition of --where and --sample together."""
    drawn = f"sample({json.dumps(sample)})" if sample else ""
    return f"({where}) and {drawn}" if where and drawn else where or drawn


class Session:
    """One run of the program. Opens the project and the store on first use."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    @cached_property
    def project(self) -> Project:
        from mailer import config

        if self.folder is not None:
            return config.load(self.folder.resolve())
        return config.load(config.find_root(Path.cwd()))

    @cached_property
    def keys(self) -> Keys:
        from mailer.links import load_keys

        return load_keys(os.environ.get("MAILER_SECRET_KEYS"), self.project.secret_key_file)

    @cached_property
    def address_keys(self) -> list[str]:
        from mailer import address_keys

        project = self.project
        earlier = self.keys.secrets if project.database.exists() else ()
        return address_keys.load(project.address_key_file, earlier=earlier)

    @cached_property
    def store(self) -> Store:
        return self.open_store()

    def open_store(self) -> Store:
        """A separate connection, as each thread needs one."""
        from mailer.address_keys import address_hashes
        from mailer.store import connect

        place = self.project.store
        store = connect(place, address_hashes(self.address_keys), _announce)
        if isinstance(place, str):
            self._check_shared_keys(store)
        return store

    def _check_shared_keys(self, store: Store) -> None:
        """Refuse a machine whose links, or erased people, other machines on the store would not know."""
        from mailer.address_keys import address_hashes
        from mailer.errors import ConfigError

        if not store.shared_key.agrees_on_addresses(address_hashes(self.address_keys)("")):
            store.close()
            raise ConfigError(
                "the keys of addresses on this machine are not those of the other machines on this "
                "store: an import here would bring erased people back",
                hint="Copy lists/addresses.key from one of them. See docs/many-machines.md.",
            )
        if not store.shared_key.agrees(self.keys.fingerprints()):
            store.close()
            raise ConfigError(
                "this machine's secret key is not the one of the other machines on this store: links "
                "in its mail would not work there",
                hint="Copy lists/secret.key and lists/addresses.key from one of them, or set "
                "MAILER_SECRET_KEYS alike everywhere. See docs/many-machines.md.",
            )

    def close(self) -> None:
        if "store" in self.__dict__:
            self.store.close()


def _announce(sentence: str) -> None:
    echo(sentence, err=True)


def session(context: typer.Context) -> Session:
    run = context.find_object(Session)
    assert run is not None
    return run


def now() -> datetime:
    return datetime.now(UTC)


def seconds() -> float:
    """The clock of the throttle, the same for all processes."""
    return now().timestamp()


def complain(err: MailerError) -> None:
    echo(str(err), err=True)
    if err.hint:
        echo(f"  {err.hint}", err=True)


def echo(text: str, *, err: bool = False, indent: int = 2) -> None:
    """Print sentences, broken between words where a terminal is too narrow for them.

    Args:
        text: one or several lines. In a pipe and in a file, they stay as they are.
        err: whether to print to standard error.
        indent: blanks before what is moved to the next line, beyond those of the line itself.
    """
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        text = "\n".join(_broken(line, indent) for line in text.split("\n"))
    typer.echo(text, err=err)


def _broken(line: str, indent: int) -> str:
    lead = len(line) - len(line.lstrip())
    width = shutil.get_terminal_size().columns
    lines = textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * (lead + indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def print_facts(facts: Mapping[str, object], width: int = 11) -> None:
    """Print names and their values, one below the other.

    Args:
        facts: by name.
        width: characters for the names.
    """
    for name, value in facts.items():
        echo(f"  {name:<{width}} {value}", indent=width + 1)


def interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A plain table: text to the left, numbers to the right. Reads the same in a pipe."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        number = bool(rows) and all(isinstance(row[i], int) for row in rows)
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*(Text(f"{c:,}" if isinstance(c, int) else str(c)) for c in row))
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)
