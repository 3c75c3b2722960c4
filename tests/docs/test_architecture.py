"""The picture of the packages is the one that the test of imports holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.layers import LAYERS, PACKAGE, dotted, modules, own, room_of

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text("utf-8")
PICTURE = re.search(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)[1]
ARROWS = re.findall(r'^ +(\w+)(?:\["[^"]*"\])? --> (\w+)', PICTURE, re.MULTILINE)
LEVELS = {room: number for number, layer in enumerate(LAYERS) for room in layer}


def test_every_package_is_in_the_picture():
    shown = {room for arrow in ARROWS for room in arrow}
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} <= shown


@pytest.mark.parametrize(("above", "below"), ARROWS)
def test_an_arrow_of_the_picture_leads_down_and_is_an_import(above, below):
    assert LEVELS[above] > LEVELS[below]
    imports = {room_of(name) for path in modules() if room_of(dotted(path)) == above for name in own(path)}  # fmt: skip
    assert below in imports


def test_every_package_below_has_a_line_that_says_what_it_is():
    for path in PACKAGE.rglob("__init__.py"):
        assert path.read_text("utf-8").startswith('"""'), path
