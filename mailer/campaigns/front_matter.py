"""Front matter: the keys between the two `---` lines of a file, as text with the lines they stand on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mailer.campaigns import yaml_mistakes
from mailer.errors import CampaignError, Place
from mailer.schema import explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Model = TypeVar("Model", bound=BaseModel)

LONGEST = 300_000
"""Characters of a file: three times what Gmail shows of a mail."""

_FENCE = re.compile(r"---[ \t]*")


def name_of(path: str, kind: str, allowed: re.Pattern[str], *, hint: str) -> str:
    """Return the name of a campaign or petition, which is its file's name without `.md`.

    Raises:
        CampaignError: the name is not allowed.
    """
    name = path.rpartition("/")[2].removesuffix(".md")
    if not allowed.fullmatch(name):
        raise CampaignError(f'"{name}" cannot be a {kind}\'s name', place=Place(path), hint=hint)
    return name


def normalized(path: str, text: str, *, hint: str) -> str:
    """Return a file's text without a byte order mark and with line feeds alone.

    Raises:
        CampaignError: the text is longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        raise CampaignError(f"is longer than {LONGEST:,} characters", place=Place(path), hint=hint)
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def split(path: str, text: str) -> tuple[str, str, int]:
    """The front matter, what follows it, and the number of lines before that.

    Raises:
        CampaignError: the text does not begin with front matter, or it is not closed.
    """
    lines = text.split("\n")
    if not _FENCE.fullmatch(lines[0]):
        raise CampaignError(
            "does not begin with front matter",
            place=Place(path, 1),
            hint='Begin with a line "---", then "subject: …", then another line "---".',
        )
    for number, line in enumerate(lines[1:], 2):
        if _FENCE.fullmatch(line):
            return "\n".join(lines[1 : number - 1]), "\n".join(lines[number:]), number
    raise CampaignError(
        "the front matter is not closed",
        place=Place(path, 1),
        hint='Put a line "---" between the front matter and the text.',
    )


class Entry(NamedTuple):
    name: str
    line: int
    """The line in the file."""
    node: yaml.Node
    """The value."""


def entries(path: str, header: str) -> Iterator[Entry]:
    """The keys in their order.

    Raises:
        CampaignError: broken YAML, no keys, a key that is not text, or one that stands twice.
    """
    lines: dict[str, int] = {}
    for key, node in _pairs(path, header):
        name = text_of(path, key)
        line = key.start_mark.line + 2
        if name in lines:
            raise CampaignError(
                f'"{name}" stands twice in the front matter',
                place=Place(path, line),
                hint=f"It is first on line {lines[name]}; keep one.",
            )
        lines[name] = line
        yield Entry(name, line, node)


def _pairs(path: str, header: str) -> list[tuple[yaml.Node, yaml.Node]]:
    try:
        node = yaml.compose(header, Loader=yaml.SafeLoader)
    except RecursionError as err:
        raise CampaignError(
            "the front matter is nested too deeply",
            place=Place(path, 2),
            hint="Write each key on a line of its own, its value behind a colon.",
        ) from err
    except yaml.YAMLError as err:
        raise _yaml_mistake(path, err, header) from err
    if not isinstance(node, yaml.MappingNode):
        if "=" in header:
            raise _yaml_mistake(path, yaml.YAMLError(), header)
        raise CampaignError(
            "the front matter holds no keys",
            place=Place(path, 2),
            hint='Write at least "subject: …".',
        )
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    return pairs


def _yaml_mistake(path: str, err: yaml.YAMLError, header: str) -> CampaignError:
    mistake = yaml_mistakes.explained(err, header)
    return CampaignError(mistake.message, place=Place(path, mistake.line + 2), hint=mistake.hint)


def text_of(path: str, node: yaml.Node) -> str:
    """A value as it is written: a subject "No" or a date 2026-11-03 is text, too."""
    if not isinstance(node, yaml.ScalarNode):
        raise CampaignError(
            "the front matter holds something other than text",
            place=Place(path, node.start_mark.line + 2),
            hint="Write each key on a line of its own, its value behind a colon, in quotes if it "
            "begins with [ or {.",
        )
    return str(node.value)


def validated(
    path: str, model: type[Model], values: Mapping[str, Any], lines: Mapping[str, int]
) -> Model:
    """The values as the schema has them.

    Args:
        path: of the file.
        model: the schema.
        values: by key.
        lines: of the file, by key; `test.share` and `subjects.2` for what is inside a value.

    Raises:
        CampaignError: a key is unknown, or the schema does not allow a value.
    """
    try:
        return model.model_validate(values)
    except ValidationError as err:
        problem = explain(err, model, lambda where: Place(path, _line_of(lines, where)))
        raise CampaignError(problem.message, place=problem.place, hint=problem.hint) from err


def _line_of(lines: Mapping[str, int], where: list[int | str]) -> int:
    """The line of an item inside a value, where it has one of its own; items are counted from 1."""
    inner = ".".join(str(part + 1 if isinstance(part, int) else part) for part in where)
    return lines.get(inner) or lines.get(str(where[0]), 1)


def refuse_mark(path: str, name: str, node: yaml.Node, header: str) -> None:
    """A word that begins with "!" or "&" is no part of a value in YAML."""
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    for item in items:
        mark = yaml_mistakes.left_out(item, header)
        if mark:
            value = header[item.start_mark.index :].split("\n", maxsplit=1)[0]
            raise CampaignError(
                f'"{mark}" would be left out of the {name}',
                place=Place(path, item.start_mark.line + 2),
                hint=f"Put the whole value in quotation marks: {yaml_mistakes.quoted(value)}",
            )


def refuse_comment(path: str, name: str, node: yaml.Node, header: str) -> None:
    """A "#" begins a comment in YAML, and would take the rest of the words with it."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    for item in nodes:
        line = header.split("\n")[item.end_mark.line]
        comment = re.match(r"\s*(#.*)", line[item.end_mark.column :])
        if comment and not getattr(item, "style", None):
            begins = re.sub(r"^\s*(?:-|[\w]+:)\s*", "", line).strip()
            raise CampaignError(
                f'"#" begins a comment, so "{comment[1].strip()}" would be left out of the {name}',
                place=Place(path, item.end_mark.line + 2),
                hint=f'Put the whole value in quotation marks: "{begins}"',
            )
