"""Campaign text → Campaign: front matter, and a body that keeps its line numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BeforeValidator, Field

from mailer.campaigns import front_matter, test_variants
from mailer.campaigns.footnotes import read_footnotes
from mailer.config import Tags
from mailer.errors import CampaignError, Place
from mailer.schema import Section

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")

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
"""Keys for lists whose value may be text."""
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
    """The share of the audience that the test mails, all variants together."""
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
    """The earlier name of `test`."""
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
    """Tags on top of those of mailer.toml, or in their place."""
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
        """The text of a key, or of the second subject as `subjects.2`."""
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
    front_ends: int = 0
    """The line that closes the front matter."""

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

    def place(self, key: str | None = None, line: int | None = None) -> Place:
        return Place(self.path, self.lines.get(key) if key else line)


def parse(path: str, text: str) -> Campaign:
    """Read a campaign file.

    Raises:
        CampaignError: no front matter, broken YAML, keys or values the schema does not allow, or
            footnotes that do not match up; always with a place.
    """
    hint = "Use lower-case letters, digits and hyphens, as in council-vote.md."
    name = front_matter.name_of(path, "campaign", NAME, hint=hint)
    hint = "Mail programs cut a mail off at about 100,000. Link to what is longer."
    text = front_matter.normalized(path, text, hint=hint)
    header, body, offset = front_matter.split(path, text)
    front, lines = _front_matter(path, header)
    body = "\n" * offset + body
    notes = read_footnotes(path, body)
    arms = _arms(path, front, lines, body)
    return Campaign(name, path, front, lines, body, notes, arms, offset)


def _front_matter(path: str, header: str) -> tuple[FrontMatter, dict[str, int]]:
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for name, line, node in front_matter.entries(path, header):
        lines[name] = line
        values[name] = _value(path, name, node, lines)
        front_matter.refuse_mark(path, name, node, header)
        if name in _WORDS:
            front_matter.refuse_comment(path, name, node, header)
    front = front_matter.validated(path, FrontMatter, values, lines)
    _check_subject(path, front, lines)
    _check_tested(path, "subject", front.subjects, lines)
    _check_tested(path, "sender", front.senders, lines)
    lines.setdefault("subject", lines.get("subjects", 1))
    return front, lines


_WORDS = {"subject", "subjects", "preheader", "headline", "date"}
"""Keys that readers see."""


def _value(path: str, name: str, node: yaml.Node, lines: dict[str, int]) -> Any:
    """A value as the schema takes it; notes the lines of what is inside it."""
    if name not in _NESTED or (name in _ONE_OR_SEVERAL and isinstance(node, yaml.ScalarNode)):
        return front_matter.text_of(path, node)
    if not isinstance(node, _NESTED[name]):
        shape, hint = _SHAPES[_NESTED[name]]
        raise CampaignError(f'"{name}" must be {shape}', place=Place(path, lines[name]), hint=hint)
    if isinstance(node, yaml.MappingNode):
        pairs = [(front_matter.text_of(path, key), value) for key, value in node.value]
        lines.update({f"{name}.{key}": value.start_mark.line + 2 for key, value in pairs})
        return {key: front_matter.text_of(path, value) for key, value in pairs}
    items = list(enumerate(node.value, 1))
    lines.update({f"{name}.{number}": item.start_mark.line + 2 for number, item in items})
    return [front_matter.text_of(path, item) for _, item in items]


def _check_subject(path: str, front: FrontMatter, lines: dict[str, int]) -> None:
    if not front.subject and not front.subjects:
        raise CampaignError(
            '"subject" is missing', place=Place(path, lines.get("subject", 1)), hint=_NO_SUBJECT
        )


def _check_tested(path: str, key: str, tested: tuple[str, ...], lines: dict[str, int]) -> None:
    """Refuse one value beside the list of tested ones, and a list of one."""
    if key in lines and f"{key}s" in lines:
        raise CampaignError(
            f'"{key}" and "{key}s" exclude each other',
            place=Place(path, lines[key]),
            hint=f"Keep the one {key}, or the list of those to be tested.",
        )
    if len(tested) == 1:
        raise CampaignError(
            f'"{key}s" holds only one',
            place=Place(path, lines[f"{key}s"]),
            hint=f'Write another below it, or "{key}: …" for one that is not tested.',
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
