"""Front matter that YAML cannot read, or reads otherwise than it was meant → what to type."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

_KEY = re.compile(r"(\s*)([A-Za-z_]\w*)(\s*)([:=])(\s*)(.*?)\s*")


class Mistake(NamedTuple):
    message: str
    line: int
    """The line in the header, counted from 0."""
    hint: str


def explained(err: yaml.YAMLError, header: str) -> Mistake:
    """The line that YAML stumbles over, and the same line as it should be."""
    lines = header.split("\n")
    number = min(_line(err, header), len(lines) - 1)
    for candidate in dict.fromkeys((number, *range(number - 1, -1, -1))):
        mistake = _in_line(lines[candidate])
        if mistake:
            return Mistake(mistake[0], candidate, mistake[1])
    problem = getattr(err, "problem", None) or getattr(err, "reason", "it cannot be read")
    return Mistake(
        f"the front matter is not valid YAML: {problem}",
        number,
        "Write each key on a line of its own, its value behind a colon and in double quotes.",
    )


def left_out(node: yaml.Node, header: str) -> str:
    """The beginning of a value that YAML takes for a mark of its own: "!urgent" or "&more"."""
    mark = re.match(r"[!&]\S*", header[node.start_mark.index :])
    return mark[0] if mark else ""


def quoted(value: str) -> str:
    """A value in quotation marks, which it may hold itself."""
    if '"' in value or "\\" in value:
        return "'" + value.replace("'", "''") + "'"
    return f'"{value}"'


def _in_line(line: str) -> tuple[str, str] | None:
    key = _KEY.fullmatch(line)
    if key is None:
        return None
    indent, name, _, sign, blank, value = key.groups()
    if sign == "=":
        return f'"=" stands behind {name}', f"Write a colon: {name}: {value}"
    if not blank and value:
        return f"a blank is missing behind {name}:", f"Write {name}: {value}"
    fixed = f"Put the whole value in quotation marks: {name}: {quoted(_bare(value))}"
    if not _reads_as_text(value):
        return f"the value of {name} cannot be read as it stands", fixed
    if indent:
        return f"a blank stands before {name}", f"Begin the line with it: {name}: {value}"
    return None


def _bare(value: str) -> str:
    """A value without its quotation marks, or with only one of them."""
    for mark in "\"'":
        if value.startswith(mark) and (value.endswith(mark) or value.count(mark) == 1):
            return value[1:].removesuffix(mark)
    return value


def _reads_as_text(value: str) -> bool:
    try:
        node = yaml.compose(value, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return False
    return not value or isinstance(node, yaml.ScalarNode) or value[0] in "|>"


def _line(err: yaml.YAMLError, header: str) -> int:
    if isinstance(err, yaml.MarkedYAMLError):
        mark = err.problem_mark or err.context_mark
        return mark.line if mark else 0
    return header.count("\n", 0, getattr(err, "position", 0))
