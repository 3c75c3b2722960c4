"""Reads submitted forms, in either encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST = 16_384
"""Bytes of a request's body."""
_FIELDS = 60


async def read(request: Request) -> dict[str, str]:
    """Return fields by name, the last where one repeats; {} for a body that is not a form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _multipart(request)
    body = await request.body()
    try:
        text = body.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError:
        return {}


async def choice(request: Request) -> str:
    """The button that was pressed on a page that asks; "" where none was.

    Some programs that look at the links in a mail post to them, without a form.
    """
    return (await read(request)).get("choice", "") if request.method == "POST" else ""


async def _multipart(request: Request) -> dict[str, str]:
    try:
        async with request.form(max_files=0, max_fields=_FIELDS, max_part_size=LARGEST) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    except HTTPException as err:
        if err.status_code == 400:  # noqa: PLR2004 - a body that cannot be parsed
            return {}
        raise
