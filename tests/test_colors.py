"""Whatever colors a brand has, words made to stand on them can be read."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from jinja2 import FileSystemLoader

from mailer.compiler.environment import Environment
from tests.support.contrast import contrast, luminance
from tools.projects import samples

TEMPLATES = samples.ROOT / "templates"
PALETTE = (
    Environment(loader=FileSystemLoader(TEMPLATES)).get_template("partials/palette.mjml").module
)
LEAST = 4.5


colors = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(colors)
def test_words_on_any_color_can_be_read(color):
    assert contrast(str(PALETTE.on(color)), color) >= LEAST


@given(colors)
def test_links_and_accents_of_any_brand_can_be_read_in_dark_mode(color):
    head = (TEMPLATES / "partials" / "head.mjml").read_text(encoding="utf-8")
    shares = {int(n) for n in re.findall(r'mix\(c\.(?:primary|accent), "#ffffff", (\d+)\)', head)}
    dark = dict(re.findall(r'"(\w+)": "(#\w{6})"', head))
    assert len(shares) == 1
    lightened = str(PALETTE.mix(color, "#ffffff", shares.pop()))
    for background in ("background", "surface", "tint"):
        assert contrast(lightened, dark[background]) >= LEAST


@given(colors, colors)
def test_blend_lies_between_its_colors(one, other):
    assert PALETTE.mix(one, other, 0) == one
    assert PALETTE.mix(one, other, 100) == other
    low, high = sorted((luminance(one), luminance(other)))
    if all(one[i : i + 2] <= other[i : i + 2] for i in (1, 3, 5)):
        assert low - 0.01 <= luminance(str(PALETTE.mix(one, other, 50))) <= high
