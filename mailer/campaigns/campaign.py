"""Campaign text → Campaign: front matter, and a body that keeps its line numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from mailer.campaigns import test_variants, yaml_mistakes
from mailer.config import Tags
from mailer.errors import CampaignError, Place, suggest
from mailer.schema import Section, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_FENCE = re.compile(r"---[ \t]*")
FOOTNOTE = re.compile(r"[\s>]*\[\^([^\]\s]{1,200})\]:(.*)")
"""A line that begins the note of a footnote: its label, and its words on this line."""
_REFERENCE = re.compile(r"\[\^([^\]\s]{1,200})\]")
_NOT_PROSE = re.compile(
    r"^[ \t]*```.*?(?:^[ \t]*```|\Z)|`[^`\n]*`|\{#.*?(?:#\}|\Z)", re.DOTALL | re.MULTILINE
)
LONGEST = 300_000
"""Characters of a campaign file: three times what Gmail shows of a mail."""

_NO_SUBJECT = 'Write "subject: …" between the two lines "---".'
_NESTED = {
    "subjects": yaml.SequenceNode,
    "senders": yaml.SequenceNode,
    "list": yaml.SequenceNode,
    "exclude": yaml.SequenceNode,
    "subject_test": yaml.MappingNode,
    "test": yaml.MappingNode,
    "tags": yaml.MappingNode,
}
"""What is not text; all else is."""
_ONE_OR_SEVERAL = {"list", "exclude"}
"""Of these, what may be text all the same."""
_SHAPES = {
    yaml.SequenceNode: ("a list", 'Write each on a line of its own that begins with "  - ".'),
    yaml.MappingNode: (
        "keys",
        "Write each below it, on a line of its own that begins with two blanks.",
    ),
}

Text = Annotated[str, Field(min_length=1)]


_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MOST = 50
"""Percent of the audience: the rest should be the larger part."""


def _share(text: Any) -> Any:
    percent = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", str(text))
    if not percent or not 1 <= float(percent[1]) <= _MOST:
        raise ValueError(f"must be a share from 1 % to {_MOST} %")
    return float(percent[1]) / 100


def _duration(text: Any) -> Any:
    named = re.fullmatch(r"(\d+) (minute|hour|day)s?", str(text))
    if not named or not int(named[1]):
        raise ValueError("must be a time such as 4 hours, 90 minutes or 1 day")
    return int(named[1]) * _UNITS[named[2]]


def _names(value: Any) -> Any:
    return (
        [name.strip() for name in value.split(",") if name.strip()]
        if isinstance(value, str)
        else value
    )


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("names the same twice")
    return names


Names = Annotated[tuple[Text, ...], BeforeValidator(_names), AfterValidator(_once)]
"""One name, or several: one to a line, or with commas between them."""


class ABTestSettings(Section):
    """How an A/B test finds the best of several subjects, senders or texts."""

    share: Annotated[float, BeforeValidator(_share)] = 0.2
    """Of the audience, all variants together."""
    measure: Literal["hand", "clicks"] = "hand"
    """A person chooses, or the variant wins that is clicked on most."""
    wait: Annotated[timedelta, BeforeValidator(_duration)] = timedelta(hours=4)
    """Between the last mail of the test and the choice, where clicks decide."""


class FrontMatter(Section):
    """The keys between the two `---` lines. All text may hold Jinja."""

    subject: str = ""
    subjects: tuple[Text, ...] = ()
    """Two or more in the place of one, to be tested."""
    test: ABTestSettings | None = None
    subject_test: ABTestSettings = ABTestSettings()
    """The same as `test`, under its earlier name."""
    preheader: str = ""
    list: Names = ()
    """One list or several: everybody who is on any of them gets it once."""
    exclude: Names = ()
    """Lists, and [segments] of mailer.toml, whose people do not get it."""
    sender: str = ""
    """One of [senders] in mailer.toml; "" leaves it to the list."""
    senders: tuple[Text, ...] = ()
    """Two or more in the place of one, to be tested."""
    brand: str = ""
    """One of [brands] in mailer.toml; "" leaves it to the list."""
    layout: str = "newsletter"
    language: str = ""
    """RFC 5646; "" leaves it to the recipients, the letters or the brand, in this order."""
    audience: str = ""
    headline: str = ""
    date: str = ""
    tags: Tags = Field(default_factory=dict)
    """On top of those of mailer.toml, or in their place."""
    urgent: bool = False
    """Also for those who had another campaign lately."""
    public: bool | None = None
    """Whether anybody may read it in a browser; None leaves it to mailer.toml."""

    @property
    def choices(self) -> tuple[str, ...]:
        return self.subjects or (self.subject,)

    @property
    def test_settings(self) -> ABTestSettings:
        return self.test or self.subject_test

    def text(self, key: str) -> str:
        """Of a key, or of the second subject as `subjects.2`."""
        name, _, number = key.partition(".")
        return self.subjects[int(number) - 1] if number else str(getattr(self, name))


@dataclass(frozen=True, slots=True)
class Campaign:
    name: str
    path: str
    front: FrontMatter
    lines: dict[str, int]
    """The line of each front matter key."""
    body: str
    """The Markdown, preceded by as many blank lines as the front matter took: line numbers in it
    are line numbers of the file."""
    notes: dict[str, int]
    """Footnote label → line of its definition, in order of definition."""
    arms: int = 1
    """How many variants are tested against each other; 1 without a test."""

    @property
    def arm_names(self) -> tuple[str, ...]:
        """What each variant of a test is to staff: its subject, its sender, or its letter."""
        front = self.front
        subjects = front.subjects or ("",) * self.arms
        senders = [f"from {sender}" for sender in front.senders] or [""] * self.arms
        return tuple(
            ", ".join(filter(None, (subjects[n], senders[n])))
            or f"variant {test_variants.letter(n + 1)}"
            for n in range(self.arms)
        )

    @property
    def arm_kind(self) -> str:
        """The word for one of what is tested."""
        return "subject" if self.front.subjects else "variant"

    def arm_name(self, arm: int) -> str:
        """A variant's short name: `subject 2`, or `variant b` where the subjects are alike."""
        return f"{self.arm_kind} {arm if self.front.subjects else test_variants.letter(arm)}"

    @property
    def test_place(self) -> Place:
        """Where the campaign says how its test is held, or else what is tested."""
        keys = ("test", "subject_test", "subjects", "senders")
        return self.place(next((key for key in keys if key in self.lines), None))

    def place(self, key: str | None = None, line: int | None = None) -> Place:
        return Place(self.path, self.lines.get(key) if key else line)


def parse(path: str, text: str) -> Campaign:
    """Read a campaign file.

    Raises:
        CampaignError: no front matter, broken YAML, keys or values the schema does not allow, or
            footnotes that do not match up; always with a place.
    """
    name = path.rpartition("/")[2].removesuffix(".md")
    if not NAME.fullmatch(name):
        raise CampaignError(
            f'"{name}" cannot be a campaign\'s name',
            place=Place(path),
            hint="Use lower-case letters, digits and hyphens, as in council-vote.md.",
        )
    if len(text) > LONGEST:
        raise CampaignError(
            f"is longer than {LONGEST:,} characters",
            place=Place(path),
            hint="Mail programs cut a mail off at about 100,000. Link to what is longer.",
        )
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    header, body, offset = split(path, text)
    front, lines = _front_matter(path, header)
    body = "\n" * offset + body
    notes = footnotes(path, body)
    arms = _arms(path, front, lines, body)
    return Campaign(name, path, front, lines, body, notes, arms)


def split(path: str, text: str) -> tuple[str, str, int]:
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


def _front_matter(path: str, header: str) -> tuple[FrontMatter, dict[str, int]]:
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key, value in read_pairs(path, header):
        line = key.start_mark.line + 2
        if not isinstance(key, yaml.ScalarNode):
            raise _not_text(path, key)
        if key.value in lines:
            raise CampaignError(
                f'"{key.value}" stands twice in the front matter',
                place=Place(path, line),
                hint=f"It is first on line {lines[key.value]}; keep one.",
            )
        lines[key.value] = line
        values[key.value] = _value(path, key.value, value, lines)
        _refuse_mark(path, key.value, value, header)
        _refuse_comment(path, key.value, value, header)
    try:
        front = FrontMatter.model_validate(values)
    except ValidationError as err:
        problem = explain(err, FrontMatter, lambda where: Place(path, line_of(lines, where)))
        raise CampaignError(problem.message, place=problem.place, hint=problem.hint) from err
    _check_subjects(path, front, lines)
    _check_senders(path, front, lines)
    lines.setdefault("subject", lines.get("subjects", 1))
    return front, lines


_WORDS = {"subject", "subjects", "preheader", "headline", "date"}
"""Keys that readers see."""


def _refuse_mark(path: str, name: str, node: yaml.Node, header: str) -> None:
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


def _refuse_comment(path: str, name: str, node: yaml.Node, header: str) -> None:
    """A "#" begins a comment in YAML, and would take the rest of the words with it."""
    if name not in _WORDS:
        return
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


def _value(path: str, name: str, node: yaml.Node, lines: dict[str, int]) -> Any:
    """A value as the schema takes it; notes the lines of what is inside it."""
    if name not in _NESTED or (name in _ONE_OR_SEVERAL and isinstance(node, yaml.ScalarNode)):
        return text_of(path, node)
    if not isinstance(node, _NESTED[name]):
        shape, hint = _SHAPES[_NESTED[name]]
        raise CampaignError(f'"{name}" must be {shape}', place=Place(path, lines[name]), hint=hint)
    if isinstance(node, yaml.MappingNode):
        pairs = [(text_of(path, key), value) for key, value in node.value]
        lines.update({f"{name}.{key}": value.start_mark.line + 2 for key, value in pairs})
        return {key: text_of(path, value) for key, value in pairs}
    items = list(enumerate(node.value, 1))
    lines.update({f"{name}.{number}": item.start_mark.line + 2 for number, item in items})
    return [text_of(path, item) for _, item in items]


def text_of(path: str, node: yaml.Node) -> str:
    # Every value is text: a subject "No" or a date 2026-11-03 is meant as it is written.
    if not isinstance(node, yaml.ScalarNode):
        raise _not_text(path, node)
    return str(node.value)


def _not_text(path: str, node: yaml.Node) -> CampaignError:
    return CampaignError(
        "the front matter holds something other than text",
        place=Place(path, node.start_mark.line + 2),
        hint="Write each key on a line of its own, its value behind a colon, in quotes if it "
        "begins with [ or {.",
    )


def line_of(lines: dict[str, int], where: list[int | str]) -> int:
    """Of what is inside a value, where that has a line of its own; items are counted from 1."""
    inner = ".".join(str(part + 1 if isinstance(part, int) else part) for part in where)
    return lines.get(inner) or lines.get(str(where[0]), 1)


def _check_subjects(path: str, front: FrontMatter, lines: dict[str, int]) -> None:
    if not front.subject and not front.subjects:
        raise CampaignError(
            '"subject" is missing', place=Place(path, lines.get("subject", 1)), hint=_NO_SUBJECT
        )
    if "subject" in lines and "subjects" in lines:
        raise CampaignError(
            '"subject" and "subjects" exclude each other',
            place=Place(path, lines["subject"]),
            hint="Keep the one subject, or the list of those to be tested.",
        )
    if len(front.subjects) == 1:
        raise CampaignError(
            '"subjects" holds only one',
            place=Place(path, lines["subjects"]),
            hint='Write another below it, or "subject: …" for one that is not tested.',
        )


def _check_senders(path: str, front: FrontMatter, lines: dict[str, int]) -> None:
    if "sender" in lines and "senders" in lines:
        raise CampaignError(
            '"sender" and "senders" exclude each other',
            place=Place(path, lines["sender"]),
            hint="Keep the one sender, or the list of those to be tested.",
        )
    if len(front.senders) == 1:
        raise CampaignError(
            '"senders" holds only one',
            place=Place(path, lines["senders"]),
            hint='Write another below it, or "sender: …" for one that is not tested.',
        )


def _arms(path: str, front: FrontMatter, lines: dict[str, int], body: str) -> int:
    """How many variants are tested: as many as there are subjects, senders, or letters in the text.

    Raises:
        CampaignError: these numbers differ, or `test` has nothing to test.
    """
    if "test" in lines and "subject_test" in lines:
        raise CampaignError(
            '"test" and "subject_test" are the same',
            place=Place(path, lines["subject_test"]),
            hint='Keep "test".',
        )
    listed = {key: len(getattr(front, key)) for key in ("subjects", "senders") if key in lines}
    if len(set(listed.values())) > 1:
        raise CampaignError(
            f"there are {len(front.subjects)} subjects and {len(front.senders)} senders",
            place=Place(path, lines["senders"]),
            hint="Write as many senders as subjects: the first subject comes from the first sender.",
        )
    letters = _letters(path, front, lines, body)
    highest = max(letters, default="")
    arms = max(listed.values(), default=test_variants.number(highest))
    if test_variants.number(highest) > arms:
        raise CampaignError(
            f'there is no variant "{highest}": there are {arms} {" and ".join(listed)}',
            place=letters[highest],
            hint=f'The last variant is "{test_variants.letter(arms)}".',
        )
    for key in ("test", "subject_test"):
        if key in lines and not arms:
            raise CampaignError(
                f'"{key}" has nothing to test',
                place=Place(path, lines[key]),
                hint='Write the subjects below "subjects:", each on a line that begins with "  - ".',
            )
    return arms or 1


def _letters(path: str, front: FrontMatter, lines: dict[str, int], body: str) -> dict[str, Place]:
    """The variants that the text and the words of the front matter ask for, with a place of each."""
    letters = test_variants.asked_for(body, Place(path, 1))
    for key in sorted(_WORDS & set(lines)):
        value = getattr(front, key)
        text = value if isinstance(value, str) else "\n".join(value)
        letters |= test_variants.asked_for(text, Place(path, lines[key]))
    return letters


def read_pairs(path: str, header: str) -> list[tuple[yaml.Node, yaml.Node]]:
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


def footnotes(path: str, body: str) -> dict[str, int]:
    """Every reference has one note that says something, and every note is referred to.

    Looked for in the source, so that a branch nobody takes is held to the same.
    """
    notes: dict[str, int] = {}
    references: dict[str, int] = {}
    lines = _NOT_PROSE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), body).split("\n")
    _refuse_loose_footnotes(path, lines)
    for number, label, content in _definitions(lines):
        if label in notes:
            raise CampaignError(
                f"the footnote [^{label}] is defined twice",
                place=Place(path, number),
                hint=f"It is first on line {notes[label]}. Give one of them another name.",
            )
        if not content:
            raise CampaignError(
                f"the footnote [^{label}] is empty",
                place=Place(path, number),
                hint="Write the source after the colon.",
            )
        notes[label] = number
    for number, line in enumerate(lines, 1):
        definition = FOOTNOTE.match(line)
        for label in _REFERENCE.findall(definition[2] if definition else line):
            references.setdefault(label, number)
    for label, number in references.items():
        if label not in notes:
            raise CampaignError(
                f"the footnote [^{label}] is not defined",
                place=Place(path, number),
                hint=suggest(label, notes) or f'Add a line "[^{label}]: the source".',
            )
    for label, number in notes.items():
        if label not in references:
            raise CampaignError(
                f"the footnote [^{label}] is never referred to",
                place=Place(path, number),
                hint=f"Put [^{label}] after the words it supports, or take the note out.",
            )
    return notes


_LOOSE_FORMS = [
    (re.compile(r"\[\^\s*([^\]\s^]+\s[^\]\n]*?|[^\]\s]+\s+|\s+[^\]\s]+)\]"), "holds a blank"),
    (re.compile(r"\^\[([^\]\n]{0,200})\]"), "stands inside the text"),
    (re.compile(r"\[\s+\^([^\]\s]{1,200})\]"), "holds a blank"),
    (re.compile(r"\[\^\s*(\s*)\]"), "has no name"),
]
"""Forms of footnotes that other programs know, or that a slip makes."""


def _refuse_loose_footnotes(path: str, lines: list[str]) -> None:
    """A form that Markdown would show as it stands."""
    for number, line in enumerate(lines, 1):
        for form, problem in _LOOSE_FORMS:
            match = form.search(line)
            if match:
                name = re.sub(r"[^a-z0-9]+", "-", match[1].lower()).strip("-")[:20] or "source"
                raise CampaignError(
                    f'the footnote "{match[0]}" {problem}',
                    place=Place(path, number),
                    hint=f"Write [^{name}] here, and below: [^{name}]: the source.",
                )
        spaced = re.match(r"[\s>]*\[\^([^\]\s]{1,200})\]\s+:", line)
        if spaced:
            raise CampaignError(
                f"the footnote [^{spaced[1]}] has a blank before its colon",
                place=Place(path, number),
                hint=f"Write [^{spaced[1]}]: the source.",
            )


def _definitions(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(lines, 1):
        definition = FOOTNOTE.match(line)
        if definition:
            following = lines[number] if number < len(lines) else ""
            continued = following.startswith("    ") and following.strip()
            yield number, definition[1], definition[2].strip() or continued or ""
