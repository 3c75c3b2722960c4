"""Mistakes in mailer.toml that Python's reader has no word for that staff would know."""

from __future__ import annotations

import pytest

from mailer import config
from mailer.errors import ConfigError
from tools.projects.project import SETTINGS

LINES = SETTINGS.count("\n")


@pytest.mark.parametrize(("more", "line", "message", "hint"), [
    ("[brand]\n", 1, "the section [brand] stands twice", "It is first on line 2: put the keys of both below that line."),
    ("[brands.a]\n[brands.a]\n", 2, "the section [brands.a] stands twice", f"It is first on line {LINES + 1}"),
    ("[send]\nrate = 1\nrate = 2\n", 3, '"rate" stands twice', f"It is first on line {LINES + 2}; keep one."),
    ("[send\nrate = 1\n", 1, "the bracket is not closed", "Write [send]"),
    ("[send]\ntimezone =\n", 2, "“timezone =” has no value", 'timezone = "Value"'),
    ("[send]\ntimezone = “America/Denver”\n", 2, "curly quotation marks stand around the value",
     'timezone = "America/Denver"'),
    ("[send]\nthe rate is 14\n", 2, "the line “the rate is 14” is no key", 'name = "Value"'),
    ('[lookups.a]\nfile = "C:\\lists\\a.csv"\n', 2, "a backslash stands in double quotes", "single quotes"),
    ("[send]\ntimezone = America/Denver\n", 2, "is not valid TOML: invalid value", "double quotes"),
])  # fmt: skip
def test_each_says_what_to_type(more, line, message, hint):
    with pytest.raises(ConfigError) as err:
        config.parse(SETTINGS + more)
    assert err.value.message == message
    assert err.value.place.line == LINES + line
    assert hint in err.value.hint


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "mailer.toml").write_text(SETTINGS, encoding="utf-8-sig")
    assert config.load(tmp_path).settings.brand.name == "Juniper Street Action"
