"""Petition file → Petition: what is asked, who is asked, and in which words people sign it.

A petition says the same to everybody, so its text holds no Jinja. The statement stands before the first
heading; what follows explains it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field

from mailer.campaigns import front_matter
from mailer.campaigns.footnotes import read_footnotes
from mailer.config import WebAddress
from mailer.errors import CampaignError, Place
from mailer.schema import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "campaigns/petitions"
NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")
"""Short, because it stands in the personal link of each mail, which must not wrap."""
_HEADING = re.compile(r"#{1,6}\s")
_JINJA = re.compile(r"\{[{%#]")
_LISTS = {"to", "ask"}
_MAPPINGS = {"next"}


def _whole_number(text: Any) -> Any:
    digits = re.sub(r"(?<=\d)[,_ ](?=\d{3})", "", str(text))
    if not digits.isdecimal():
        raise ValueError("must be a whole number such as 50000")
    return int(digits)


def _day(text: Any) -> Any:
    try:
        return date.fromisoformat(str(text))
    except ValueError as err:
        raise ValueError("must be a date such as 2026-04-09") from err


Goal = Annotated[int, BeforeValidator(_whole_number), Field(ge=1, le=100_000_000)]
Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, Field(min_length=1)]


class NextAction(Section):
    """What people can do after they signed."""

    text: Text
    url: WebAddress


class PetitionFront(Section):
    """The keys between the two `---` lines."""

    title: str = ""
    to: tuple[Text, ...] = ()
    """Who is asked, in the order of the cover."""
    goal: Goal = 100
    list: str = ""
    """The list that people join who choose to."""
    opens: Day | None = None
    closes: Day | None = None
    """The last day on which people can sign."""
    ask: tuple[Literal["zip", "comment"], ...] = ()
    """What the form asks for beside name and address."""
    consent: str = ""
    """The words of the choice to join the list."""
    brand: str = ""
    """One of [brands] in mailer.toml; "" leaves it to the list."""
    sender: str = ""
    """One of [senders] in mailer.toml, of the mail to those who sign; "" leaves it to the list."""
    language: str = ""
    """RFC 5646, of the statement."""
    next: NextAction | None = None

    def state_on(self, day: date) -> str:
        """Return "open", "closed" or "soon", by the dates alone: staff may close a petition earlier."""
        if self.opens and day < self.opens:
            return "soon"
        return "closed" if self.closes and day > self.closes else "open"


@dataclass(frozen=True, slots=True)
class Petition:
    name: str
    path: str
    front: PetitionFront
    lines: Mapping[str, int]
    """The line of each front matter key."""
    statement: str
    """Markdown: what people sign."""
    statement_line: int
    """The line on which the statement begins."""
    why: str
    """Markdown, with footnotes. Blank lines before it keep its line numbers those of the file."""
    notes: Mapping[str, int]
    """Footnote label → line of its definition."""

    def place(self, key: str | None = None, line: int | None = None) -> Place:
        return Place(self.path, self.lines.get(key) if key else line)

    @property
    def wording(self) -> str:
        """A digest of what people sign: title, targets and statement; 12 characters."""
        return _digest("\n".join((self.front.title, *self.front.to, self.statement)))

    @property
    def consent_version(self) -> str:
        """A digest of the words of the choice to join; "" without them."""
        return _digest(self.front.consent) if self.front.consent else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def parse(path: str, text: str) -> Petition:
    """Read a petition file.

    Raises:
        CampaignError: no front matter, broken YAML, keys or values the schema does not allow, Jinja,
            no statement, or footnotes that do not match up; always with a place.
    """
    hint = "Use at most 24 lower-case letters, digits and hyphens, as in night-bus.md."
    name = front_matter.name_of(path, "petition", NAME, hint=hint)
    text = front_matter.normalized(path, text, hint="Link to what is longer.")
    _refuse_jinja(path, text)
    header, body, offset = front_matter.split(path, text)
    front, lines = _front_matter(path, header)
    _refuse_impossible(path, front, lines)
    statement, statement_line, why = _parts(path, body, offset)
    notes = read_footnotes(path, why)
    return Petition(name, path, front, lines, statement, statement_line, why, notes)


def _refuse_jinja(path: str, text: str) -> None:
    match = _JINJA.search(text)
    if match:
        raise CampaignError(
            f'"{match[0]}" stands in a petition, which says the same to everybody',
            place=Place(path, text.count("\n", 0, match.start()) + 1),
            hint="Write personal words in the mail that asks people to sign.",
        )


def _front_matter(path: str, header: str) -> tuple[PetitionFront, dict[str, int]]:
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for name, line, node in front_matter.entries(path, header):
        lines[name] = line
        values[name] = _value(path, name, node)
    return front_matter.validated(path, PetitionFront, values, lines), lines


def _value(path: str, name: str, node: yaml.Node) -> Any:
    if name in _LISTS and isinstance(node, yaml.SequenceNode):
        return [front_matter.text_of(path, item) for item in node.value]
    if name in _LISTS:
        return [front_matter.text_of(path, node)]
    if name in _MAPPINGS and isinstance(node, yaml.MappingNode):
        return {
            front_matter.text_of(path, key): front_matter.text_of(path, value)
            for key, value in node.value
        }
    return front_matter.text_of(path, node)


def _refuse_impossible(path: str, front: PetitionFront, lines: Mapping[str, int]) -> None:
    for key, value, example in (
        ("title", front.title.strip(), "title: Bring back the night bus"),
        ("to", front.to, "to: [The governors, State transit directors]"),
    ):
        if not value:
            raise CampaignError(
                f'"{key}" is missing',
                place=Place(path, lines.get(key, 1)),
                hint=f'Write it between the two lines "---", as in "{example}".',
            )
    if front.opens and front.closes and front.closes < front.opens:
        raise CampaignError(
            "the petition closes before it opens",
            place=Place(path, lines["closes"]),
            hint=f"It opens on {front.opens}; name a later day.",
        )
    if front.consent and not front.list:
        raise CampaignError(
            '"consent" names no list that people would join',
            place=Place(path, lines["consent"]),
            hint="Write list: NAME in the front matter, or take the consent out.",
        )


def _parts(path: str, body: str, offset: int) -> tuple[str, int, str]:
    """The statement, its first line, and what follows it, which keeps the numbers of its lines."""
    lines = body.split("\n")
    first = next((n for n, line in enumerate(lines) if _HEADING.match(line)), len(lines))
    statement = "\n".join(lines[:first]).strip()
    if not statement:
        raise CampaignError(
            "the petition has no statement",
            place=Place(path, offset + 1),
            hint="Write what people sign before the first heading, below the front matter.",
        )
    for number, line in enumerate(lines[:first], offset + 1):
        if "[^" in line:
            raise CampaignError(
                "a footnote stands in the statement, which people sign as it is",
                place=Place(path, number),
                hint='Move it below the heading, such as "## Why is this important?".',
            )
    blank = next(number for number, line in enumerate(lines) if line.strip())
    return statement, offset + blank + 1, "\n" * (offset + first) + "\n".join(lines[first:])


# ---------------------------------------------------------------- counts


@dataclass(frozen=True, slots=True)
class Tally:
    """Signatures of a petition at one moment."""

    signed: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    """Counts by the two letters of a state."""
    cities: Mapping[str, int] = field(default_factory=dict)
    """By city and state, as in "Portland, OR"."""
    closed: bool = False
    """Whether staff have closed it."""


def rounded_down(count: int) -> int:
    """A count as mail shows it: two digits and zeros, so that it stays true while people read it."""
    step: int = 10 ** max(len(str(count)) - 2, 0)
    return count // step * step


_STEPS = (1, 1.5, 2, 3, 5, 7.5)


def current_goal(goal: int, count: int) -> int:
    """The goal that is shown: once it is reached, the next round number."""
    if count < goal:
        return goal
    return next(number for number in _round_numbers(count) if number > count)


def reached_goal(goal: int, count: int) -> int:
    """The goal that was reached last; 0 before the first one."""
    if count < goal:
        return 0
    return max(goal, *(number for number in _round_numbers(count) if number <= count))


def _round_numbers(count: int) -> list[int]:
    """Those next to a count, in order."""
    power = 10 ** (len(str(count)) - 1)
    return [int(step * size) for size in (power, power * 10) for step in _STEPS]


_USED = re.compile(
    r"""\b(?:(?:petitions|links\.sign)\s*\[|(?:petition|recipient\.signed)\s*\()\s*"""
    r"""["']([a-z][a-z0-9-]{0,23})["']"""
)


def used_in(text: str) -> list[str]:
    """The names of the petitions that a campaign shows or asks about, each once."""
    return list(dict.fromkeys(_USED.findall(text)))
