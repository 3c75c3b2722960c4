"""A picture of a campaign as mail names it, and its place in finished HTML."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REFERENCE = re.compile(r"(?<![\w/.:-])images/[\w./-]+\.(?:jpe?g|png|gif|webp)", re.IGNORECASE)
"""A picture's file as a campaign names it; not a part of a web address."""
SHOWN = 520
"""CSS pixels: the widest that a letter shows a picture."""
MOVING = ".gif"
"""Suffix of a moving picture, which stays as it is."""
_TAG = re.compile(r"""<(?:img|mj-image)\b(?:[^>"']|"[^"]*"|'[^']*')*>""")
_SOURCE = re.compile(r"""\ssrc=(["'])(.*?)\1""")
_WIDTH = re.compile(r"""\swidth=(["'])(\d+)(?:px)?\1""")
_SIZES = re.compile(r"""\s(?:width|height)=(["'])[^"']*\1""")
_STYLE = 'style="display:block;border:0;height:auto;max-width:100%"'


@dataclass(frozen=True, slots=True)
class Picture:
    """A published picture."""

    name: str
    """Such as `rally-1f3c…-1040x780.jpg`: of other bytes, another name."""
    url: str
    width: int
    """Pixels of the file."""
    height: int
    small: str = ""
    """Name of the same picture for screens of one pixel for each CSS pixel; "" where it would be no smaller."""

    @property
    def files(self) -> list[tuple[str, str]]:
        """Names and URLs of all that is published for it, the largest first."""
        if not self.small:
            return [(self.name, self.url)]
        return [(self.name, self.url), (self.small, self.url.removesuffix(self.name) + self.small)]

    @property
    def source(self) -> str:
        """The attributes that name its files. Programs that know no `srcset` take the sharper one."""
        if not self.small:
            return f'src="{self.url}"'
        (_, large), (_, small) = self.files
        return f'src="{large}" srcset="{small} 1x, {large} 2x"'

    @property
    def shown(self) -> int:
        """Width in CSS pixels where nothing smaller is asked for."""
        return min(SHOWN, self.width)

    def height_at(self, width: int) -> int:
        return max(1, round(self.height * width / self.width))


def size_mjml(mjml: str, pictures: Mapping[str, Picture]) -> str:
    """The document with a width at each `mj-image` of a small picture, which would be blown up."""

    def sized(match: re.Match[str]) -> str:
        tag = match[0]
        picture = _picture_of(tag, pictures)
        if not picture or not tag.startswith("<mj-image") or _WIDTH.search(tag):
            return tag
        return tag.replace("<mj-image", f'<mj-image width="{picture.shown}px"', 1)

    return _TAG.sub(sized, mjml) if pictures else mjml


def place(html: str, pictures: Mapping[str, Picture]) -> str:
    """The document with each picture's public address, width and height."""

    def placed(match: re.Match[str]) -> str:
        tag = match[0]
        picture = _picture_of(tag, pictures)
        if not picture:
            return tag
        asked = _WIDTH.search(tag)
        width = min(int(asked[2]), picture.shown) if asked else picture.shown
        tag = _SIZES.sub("", _SOURCE.sub(f" {picture.source}", tag))
        sizes = f'width="{width}" height="{picture.height_at(width)}"'
        style = "" if " style=" in tag else f" {_STYLE}"
        return re.sub(r"\s*/?>$", f" {sizes}{style}>", tag)

    return _TAG.sub(placed, html) if pictures else html


def show_locally(html: str, pictures: Mapping[str, Picture], folder: Path) -> str:
    """The document with the pictures themselves in it, to be looked at before they are published."""
    for picture in pictures.values():
        path = folder / picture.name
        if path.is_file():
            kind = "jpeg" if path.suffix == ".jpg" else path.suffix[1:]
            data = b64encode(path.read_bytes()).decode()
            html = html.replace(picture.source, f'src="data:image/{kind};base64,{data}"')
    return html


def _picture_of(tag: str, pictures: Mapping[str, Picture]) -> Picture | None:
    source = _SOURCE.search(tag)
    return pictures.get(source[2]) if source else None
