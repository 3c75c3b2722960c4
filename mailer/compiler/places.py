"""Which line of which source is running, as a writer would look for it."""

from __future__ import annotations

import inspect
import traceback
from functools import lru_cache
from typing import TYPE_CHECKING

from mailer.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from jinja2 import Template

TEMPLATES = "templates/"
"""The folder of what developers write; all else was written by the writer of the campaign."""

NOWHERE = Place("audience")
"""An expression that is in no file."""


def here() -> Place:
    """The innermost line of the campaign that is running, or of a template where none is."""
    innermost_of_templates: FrameType | None = None
    frame: FrameType | None = inspect.currentframe()
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            if not _path(template).startswith(TEMPLATES):
                return _place(frame)
            innermost_of_templates = innermost_of_templates or frame
        frame = frame.f_back
    return _place(innermost_of_templates) if innermost_of_templates else NOWHERE


def _place(frame: FrameType) -> Place:
    # only of the frame that counts: Python looks for its line from the function's beginning
    template: Template = frame.f_globals["__jinja_template__"]
    return Place(_path(template), _line(template, frame.f_lineno))


def _path(template: Template) -> str:
    return template.filename or template.name or "audience"


@lru_cache(maxsize=4096)
def _line(template: Template, number: int) -> int:
    """The line of a template that a line of its code was made of; Jinja takes its whole table apart for it."""
    return template.get_corresponding_lineno(number)


def place_of(err: BaseException, paths: Iterable[str]) -> Place | None:
    """The place of an error that was raised in one of these sources."""
    filenames = set(paths)
    frames = reversed(traceback.extract_tb(err.__traceback__))
    return innermost([Place(f.filename, f.lineno) for f in frames if f.filename in filenames])


def innermost(lines: list[Place]) -> Place | None:
    """The innermost of running lines that a writer can mend."""
    written = (line for line in lines if not line.path.startswith(TEMPLATES))
    return next(written, lines[0] if lines else None)
