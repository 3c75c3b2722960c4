"""help: the documentation, in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import print_table
from mailer.errors import UsageError, suggest

if TYPE_CHECKING:
    from pathlib import Path


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("help")(show)


def show(
    context: typer.Context,
    topic: Annotated[
        list[str] | None, typer.Argument(help="A page, such as sending, or a command.")
    ] = None,
) -> None:
    """Read a page of the documentation; without a topic, list the pages."""
    from mailer import assets

    pages = {path.stem: path for path in sorted(assets.folder("docs").glob("*.md"))}
    topic_path = topic or []
    name = "-".join(topic_path)
    if not topic_path:
        print_table(("Topic", "Page"), [(stem, _title(path)) for stem, path in pages.items()])
        typer.echo("Read one with: mailer help TOPIC. Options of a command: mailer COMMAND --help")
    elif name in pages:
        _print_page(pages[name])
    else:
        _show_command(context, topic_path, list(pages))


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.readline().removeprefix("#").strip()


def _print_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if not sys.stdout.isatty():
        typer.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    with console.pager(styles=True):
        console.print(Markdown(text, hyperlinks=False))


def _show_command(context: typer.Context, command_path: list[str], pages: list[str]) -> None:
    """Print the help of a command, as its `--help` does."""
    root = context.find_root()
    command, inner = root.command, root
    for word in command_path:
        below = command.get_command(inner, word) if hasattr(command, "get_command") else None
        if below is None:
            names = [*pages, *getattr(root.command, "commands", {})]
            raise UsageError(
                f'there is no page or command "{" ".join(command_path)}"',
                hint=suggest(" ".join(command_path), names) or "See the pages with: mailer help",
            )
        inner = type(root)(below, info_name=word, parent=inner)
        command = below
    typer.echo(command.get_help(inner))
