"""Whatever colours a brand has, words made to stand on them can be read."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

from tools.projects import samples

TEMPLATES = samples.ROOT / "templates"
PALETTE = (
    Environment(loader=FileSystemLoader(TEMPLATES), trim_blocks=True, autoescape=False)
    .get_template("partials/palette.mjml")
    .module
)
LEAST = 4.5

colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (red, green, blue)
    )
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@given(colours)
def test_words_on_any_colour_can_be_read(colour):
    assert contrast(str(PALETTE.on(colour)), colour) >= LEAST


@given(colours)
def test_links_and_accents_of_any_brand_can_be_read_in_dark_mode(colour):
    head = (TEMPLATES / "partials" / "head.mjml").read_text(encoding="utf-8")
    shares = {int(n) for n in re.findall(r'mix\(c\.(?:primary|accent), "#ffffff", (\d+)\)', head)}
    dark = dict(re.findall(r'"(\w+)": "(#\w{6})"', head))
    assert len(shares) == 1
    lightened = str(PALETTE.mix(colour, "#ffffff", shares.pop()))
    for background in ("background", "surface", "tint"):
        assert contrast(lightened, dark[background]) >= LEAST


@given(colours, colours)
def test_blend_lies_between_its_colours(one, other):
    assert PALETTE.mix(one, other, 0) == one
    assert PALETTE.mix(one, other, 100) == other
    low, high = sorted((luminance(one), luminance(other)))
    if all(one[i : i + 2] <= other[i : i + 2] for i in (1, 3, 5)):
        assert low - 0.01 <= luminance(str(PALETTE.mix(one, other, 50))) <= high
