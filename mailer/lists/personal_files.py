"""Files of the project in which an erased address may stand: mail, events, rejects."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDERS = ("outbox", "lists", "build")


@dataclass(frozen=True, slots=True)
class CleanedFiles:
    cleaned: tuple[Path, ...]
    """Deleted, or without the lines that held the address."""
    left: tuple[Path, ...]
    """Files of staff, such as lists, and old copies of the database: they still hold the address."""


def erase_from_files(root: Path, email: str) -> CleanedFiles:
    """Take an address out of the files that mailer has written in a project."""
    address = re.compile(
        rb"(?<![\w.+-])" + re.escape(email.encode()) + rb"(?![\w-]|\.\w)", re.IGNORECASE
    )
    cleaned, left = [], []
    for path in _files(root):
        if not address.search(path.read_bytes()):
            continue
        if path.suffix == ".eml":
            path.unlink()
        elif path.suffix == ".jsonl":
            lines = path.read_bytes().splitlines(keepends=True)
            _replace(path, b"".join(line for line in lines if not address.search(line)))
        elif "rejects" in path.name and path.suffix == ".csv":
            _replace(path, _without_rows(path, address))
        else:
            left.append(path)
            continue
        cleaned.append(path)
    return CleanedFiles(tuple(cleaned), tuple(left))


def _files(root: Path) -> Iterator[Path]:
    in_use = {f"mailer.db{suffix}" for suffix in ("", "-wal", "-shm", ".mark")}
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.name not in in_use:
                yield path


def _without_rows(path: Path, address: re.Pattern[bytes]) -> bytes:
    text = io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")
    kept = io.StringIO(newline="")
    writer = csv.writer(kept)
    for row in csv.reader(text):
        if not any(address.search(cell.encode()) for cell in row):
            writer.writerow(row)
    return kept.getvalue().encode("utf-8-sig")


def _replace(path: Path, content: bytes) -> None:
    with atomic_write(path, private=True) as file:
        file.write(content)
