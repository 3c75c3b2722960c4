"""Pictures for tests of pictures."""

from __future__ import annotations

import io

from PIL import Image


def photo(width=4000, height=3000, *, kind="JPEG", mode="RGB", **options):
    """A picture with as much detail as a photograph."""
    small = Image.effect_noise((width // 16 or 1, height // 16 or 1), 60).convert("RGB")
    stream = io.BytesIO()
    small.resize((width, height)).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


SMALL = photo(64, 48)
