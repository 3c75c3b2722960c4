"""/i/NAME: the pictures of campaigns, as published."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

_NAME = re.compile(r"[a-z0-9-]+\.(jpg|png|gif)")


def show(folder: Path, request: Request) -> Response:
    """Answer with a published picture; its bytes never change, so it may be kept for a year."""
    name = request.path_params["name"]
    path = folder / name
    if not _NAME.fullmatch(name) or not path.is_file() or path.is_symlink():
        raise HTTPException(404)
    return FileResponse(
        path,
        headers={
            "cache-control": "public, max-age=31536000, immutable",
            # web mail shows it on pages of its own
            "cross-origin-resource-policy": "cross-origin",
        },
    )
