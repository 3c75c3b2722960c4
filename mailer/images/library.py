"""The pictures that a campaign names, made from `campaigns/images/` and kept in `published/`."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from mailer.atomic import atomic_write
from mailer.errors import CampaignError, Place, suggest
from mailer.images.picture import MOVING, REFERENCE, SHOWN, Picture

if TYPE_CHECKING:
    from mailer.config import Project

_RECIPE = b"2"
"""Changes when pictures are made in another way, and with it their names."""
_NO_DESCRIPTION = re.compile(r"!\[\s*\]\(\s*<?images/")


def load(project: Project, path: str, text: str) -> dict[str, Picture]:
    """Make what is not made yet, and return the pictures by the names that the campaign has for them.

    Args:
        project: in whose `published/` they are kept.
        path: of the campaign, for errors.
        text: of the campaign.

    Raises:
        CampaignError: a picture is not there, cannot be used, or has no description.
    """
    pictures: dict[str, Picture] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if _NO_DESCRIPTION.search(line):
            raise CampaignError(
                "this image has no description",
                place=Place(path, number),
                hint="Write one between the brackets, for people who do not see it: ![The rally](…)",
            )
        for match in REFERENCE.finditer(line):
            if match[0] not in pictures:
                pictures[match[0]] = _picture(project, match[0], Place(path, number))
    return pictures


def _picture(project: Project, reference: str, place: Place) -> Picture:
    folder = project.root / "campaigns" / "images"
    file = project.root / "campaigns" / reference
    if not file.is_file() or not file.resolve().is_relative_to(folder.resolve()):
        names = [f"images/{path.relative_to(folder)}" for path in folder.rglob("*.*")]
        raise CampaignError(
            f"there is no picture campaigns/{reference}",
            place=place,
            hint=suggest(reference, names) or "Put the file into campaigns/images/.",
        )
    source = file.read_bytes()
    digest = hashlib.sha256(_RECIPE + source).hexdigest()[:16]
    stem = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "picture"
    picture = _find(project, f"{stem}-{digest}")
    if picture is None:
        _make(project, source, f"{stem}-{digest}", reference, place)
        picture = _find(project, f"{stem}-{digest}")
        assert picture is not None
    return picture


def _find(project: Project, stem: str) -> Picture | None:
    """The picture, if all its files are there."""
    names = [path.name for path in project.published.glob(f"{stem}-*.*")]
    sizes = {name: _size(name) for name in names}
    name = max(names, key=lambda name: sizes[name], default="")
    if not name:
        return None
    width, height = sizes[name]
    small = next((other for other in names if sizes[other][0] == SHOWN < width), "")
    if width > SHOWN and not small and not name.endswith(MOVING):
        return None
    return Picture(name, f"{project.pictures_url}/{name}", width, height, small)


def _size(name: str) -> tuple[int, int]:
    width, height = name.rpartition(".")[0].rpartition("-")[2].split("x")
    return int(width), int(height)


def _make(project: Project, source: bytes, stem: str, reference: str, place: Place) -> None:
    """Write the picture's files, the largest first: without it, the others are not looked at."""
    # Pillow takes 60 ms to load, and most campaigns are compiled without a new picture
    from mailer.images.resizing import PictureError, resize  # noqa: PLC0415

    try:
        densities = [resize(source)]
        if densities[0].width > SHOWN and densities[0].suffix != MOVING:
            densities.append(resize(source, density=1))
    except PictureError as err:
        raise CampaignError(
            f"campaigns/{reference} {err}", place=place, hint="Save it anew as JPEG or PNG."
        ) from err
    for resized in densities:
        name = f"{stem}-{resized.width}x{resized.height}{resized.suffix}"
        path = project.published / name
        try:
            with atomic_write(path) as file:
                file.write(resized.data)
        except OSError as err:
            raise CampaignError(
                f"{project.show(path)} cannot be written: {err.strerror}",
                place=place,
                hint="Check the permissions of the folder published/.",
            ) from err
