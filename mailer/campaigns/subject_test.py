"""A subject test: a part of the audience gets one subject each, the rest get the best of them.

Who is in the test is drawn from the campaign's name and the subscriber's id, so that a rehearsal
draws the same people as the send, and another campaign others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

from mailer.config import Section
from mailer.store.schedule import Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.campaigns.snapshot import Sources

ENOUGH = 100
"""People for each subject: with fewer, chance decides. With as many, of two subjects that 20 % and
30 % click on, the better one leads in 19 tests of 20."""
_MOST = 50
"""Percent of the audience: the rest should be the larger part."""
_BYTES = 8
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


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


class SubjectTest(Section):
    """How the best of several subjects is found."""

    share: Annotated[float, BeforeValidator(_share)] = 0.2
    """Of the audience, all subjects together."""
    measure: Literal["hand", "clicks"] = "hand"
    """A person chooses, or the subject wins that is clicked on most."""
    wait: Annotated[timedelta, BeforeValidator(_duration)] = timedelta(hours=4)
    """Between the last mail of the test and the choice, where clicks decide."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How an audience is divided.

    Args:
        seed: of the draw.
        subjects: how many there are.
        share: of the audience, that is in the test.
    """

    seed: str
    subjects: int
    share: float

    @classmethod
    def of(cls, words: Sources) -> Shares:
        front = words.parsed.front
        return cls(words.campaign, len(front.choices), front.subject_test.share)

    def arm(self, subscriber_id: int) -> int:
        """The number of the subject, from 1; 0 for those who are not in the test."""
        if self.subjects == 1:
            return 1
        drawn = blake2b(f"{self.seed}:{subscriber_id}".encode(), digest_size=_BYTES).digest()
        part = int.from_bytes(drawn) / (self.share * 256**_BYTES)
        return int(part * self.subjects) + 1 if part < 1 else 0


def trial(words: Sources) -> Trial | None:
    """What a store is to know of a campaign's test; None without one."""
    front = words.parsed.front
    if not front.subjects:
        return None
    by_clicks = front.subject_test.measure == "clicks"
    return Trial(Shares.of(words).arm, front.subject_test.wait if by_clicks else None)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one subject in the test."""

    arm: int
    sent: int
    clicks: int
    unsubscribed: int
    bounced: int
    complained: int


def best(figures: Sequence[Figures]) -> int:
    """The number of the subject that was clicked on most for each mail sent; the first of equals."""
    return max(figures, key=lambda one: one.clicks / one.sent).arm if figures else 1
