"""What name servers answered, and what to say where they did not."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.doctor.facts import Question, Records
from mailer.doctor.finding import Diagnosis, Topic
from mailer.http_probe import NoAnswer

AREA = Topic("DNS")
Answers = Mapping[Question, Records | NoAnswer]


def silent(name: str, question: Question, answer: NoAnswer) -> Diagnosis:
    return AREA.error(
        name,
        f"{question[0]} ({question[1]}): {answer.reason}",
        "Check this machine's network, then run mailer doctor again.",
    )
