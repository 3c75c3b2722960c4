"""Files that a user names: opened and written, with errors for staff."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailer.errors import ImportFileError, Place, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from mailer.config import Project


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    try:
        stream = file.open("rb")
    except OSError as err:
        raise ImportFileError(
            f"cannot be read: {(err.strerror or str(err)).lower()}",
            place=Place(str(file)),
            hint="Check the name, the folder you are in, and the file's permissions.",
        ) from err
    with stream:
        if not stream.seekable():
            raise ImportFileError(
                "is not a file on disk", place=Place(str(file)), hint="Save it to a file first."
            )
        yield stream


@contextmanager
def writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise UsageError(
            f"{path} cannot be written: {(err.strerror or str(err)).lower()}",
            hint="Check the folder's permissions and that the disk is not full.",
        ) from err


def create(project: Project, path: Path, text: str) -> None:
    """Write a new file of the project, with its folder; never over another one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as err:
        raise UsageError(
            f"{project.show(path)} is there already", hint="Choose another name."
        ) from err
