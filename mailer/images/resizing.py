"""A picture as a telephone or designer saves it → one that a mail can carry."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

from mailer.images.picture import MOVING, SHOWN

DENSITY = 2
"""Pixels of the file for each CSS pixel, for sharp screens."""
MOST_BYTES = 250_000
_QUALITIES = (84, 76, 68, 60, 50, 40)
_MOST_PIXELS = 100_000_000
"""Pixels of a telephone's largest picture; a file that claims more is a trap for its reader."""


class PictureError(ValueError):
    """A picture that cannot be used, in words for staff."""


@dataclass(frozen=True, slots=True)
class Resized:
    data: bytes
    suffix: str
    """.jpg, .png or .gif: what every mail program shows."""
    width: int
    height: int


def resize(source: bytes, *, density: int = DENSITY) -> Resized:
    """Turn upright, shrink to the width of a letter, and drop all that a camera added.

    A moving GIF stays as it is. Everything else becomes JPEG, or PNG if it is see-through.

    Args:
        source: the file.
        density: pixels for each CSS pixel.

    Raises:
        PictureError: it is no picture, too large to open, or still too heavy when it is small.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(source))
            if opened.width * opened.height > _MOST_PIXELS:
                raise PictureError("has too many pixels to be opened")
            if opened.format == "GIF" and getattr(opened, "is_animated", False):
                return _checked(Resized(source, MOVING, *opened.size))
            opened.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as err:
        if isinstance(err, PictureError):
            raise
        raise PictureError("is not a picture that can be read") from err
    picture = _to_srgb(ImageOps.exif_transpose(opened))
    width = SHOWN * density
    if picture.width > width:
        height = max(1, round(picture.height * width / picture.width))
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() != (255, 255):
        return _checked(_png(picture))
    return _checked(_jpeg(picture.convert("RGB")))


def _to_srgb(picture: Image.Image) -> Image.Image:
    """Colors as mail programs take them: a profile of the camera's own is applied and dropped."""
    profile = picture.info.get("icc_profile")
    see_through = "A" in picture.getbands() or "transparency" in picture.info
    mode = "RGBA" if see_through else "RGB"
    if profile and picture.mode in {"RGB", "RGBA"}:
        try:
            converted = ImageCms.profileToProfile(
                picture,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode=picture.mode,
            )
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a broken profile: take the colors as they are
        picture = converted or picture
    return picture.convert(mode)


def _jpeg(picture: Image.Image) -> Resized:
    data = b""
    for quality in _QUALITIES:
        data = _saved(picture, format="JPEG", quality=quality, progressive=True, optimize=True)
        if len(data) <= MOST_BYTES:
            break
    return Resized(data, ".jpg", *picture.size)


def _png(picture: Image.Image) -> Resized:
    data = _saved(picture, format="PNG", optimize=True)
    if len(data) > MOST_BYTES:
        fewer = picture.quantize(256, method=Image.Quantize.FASTOCTREE)
        data = _saved(fewer, format="PNG", optimize=True)
    return Resized(data, ".png", *picture.size)


def _saved(picture: Image.Image, **options: object) -> bytes:
    clean = picture.copy()
    clean.info = {}
    stream = io.BytesIO()
    clean.save(stream, **options)  # type: ignore[arg-type] # options differ by format
    return stream.getvalue()


def _checked(resized: Resized) -> Resized:
    if len(resized.data) > 4 * MOST_BYTES:
        raise PictureError(
            f"is still {len(resized.data) / 1_000_000:.1f} MB when it is small enough for a mail"
        )
    return resized
