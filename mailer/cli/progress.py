"""Progress bars: on a terminal only, on stderr, so that output can go into a file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from mailer.sending.progress import SendProgress

T = TypeVar("T")


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "")


def _progress(*, transient: bool) -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Speed(),
        TextColumn("time left"),
        TimeRemainingColumn(),
        console=console,
        transient=transient,
        disable=not console.is_terminal,
    )


def watch(title: str, items: Iterable[T], total: int) -> Iterator[T]:
    """Go through items under a bar that vanishes at the end."""
    with _progress(transient=True) as progress:
        yield from progress.track(items, total=total, description=title)


@contextmanager
def reading(stream: BinaryIO, file: Path) -> Iterator[Callable[[], None]]:
    """Show how far a file has been read; the caller calls the returned function as it reads on."""
    size = file.stat().st_size
    with _progress(transient=True) as bars:
        task = bars.add_task(f"Reading {file.name}", total=size)

        def tick() -> None:
            read = stream.tell()
            title = f"Reading {file.name}" if read < size else "Saving"
            bars.update(task, completed=read, description=title)

        yield tick


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[SendProgress], None]]:
    """A progress bar of a send."""
    with _progress(transient=False) as bars:
        task = bars.add_task(title, total=total)

        def show(progress: SendProgress) -> None:
            slowed = (
                f" (slowed down to {progress.rate_factor:.0%}: asked to)"
                if progress.rate_factor < 1
                else ""
            )
            bars.update(task, completed=progress.tried, description=title + slowed)

        yield show
