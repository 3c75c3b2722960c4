"""Which subscribers a campaign is for: the `audience:` and `--where` expressions.

They are the same expressions over the same `recipient` as in the text, compiled once: an expression
is run with symbols, and its guards form a tree whose leaves are yes and no. A segment of mailer.toml is one
that others name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError, meta, nodes

from mailer.campaigns.ab_test import is_in_sample
from mailer.compiler import limits
from mailer.compiler.audience_symbols import FACTS, with_facts
from mailer.compiler.code_generator import constant_in
from mailer.compiler.decision_tree import DecisionTree
from mailer.compiler.environment import Environment
from mailer.compiler.mistakes import HELP, Names, explained
from mailer.compiler.recorder import Recorder
from mailer.compiler.roots import roots
from mailer.compiler.sandbox import Function
from mailer.compiler.slots import AnswerCache, Recipient
from mailer.compiler.symbolic import Symbol
from mailer.errors import CampaignError, Place
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailer.campaigns.snapshot import Snapshot
    from mailer.lists.audience_facts import AudienceFacts
    from mailer.lists.subscriber import Subscriber

_TOO_DEEP = (MemoryError, RecursionError, SyntaxError)
"""What Python, in which Jinja writes, says of an expression with hundreds of brackets."""
_EXAMPLES = 'Examples: recipient.state == "OR", or "volunteer" in recipient.tags.'


def condition(
    expression: str,
    sources: Snapshot,
    fields: frozenset[str],
    place: Place | None = None,
    *,
    facts: AudienceFacts | None = None,
) -> Callable[[Subscriber], bool]:
    """A test of subscribers, made from an expression; "" lets everybody through.

    Args:
        expression: as written.
        sources: the look-ups and segments that it may use.
        fields: further columns that lists bring.
        place: where it stands.
        facts: what the store knows of people; without them, it cannot be asked.

    Raises:
        CampaignError: the expression does not parse, or asks for what no recipient has. The
            returned test raises it too, for a branch it has not met before.
    """
    if not expression.strip():
        return lambda _: True
    tables, known = sources.tables, AnswerCache()
    audience = _Expression(expression, place or Place("--where"), fields)
    segments = _segments(audience, sources.content.segments, fields)

    def decide(recipient: Recipient) -> tuple[list[Any], bool]:
        recorder = Recorder(recipient, known)
        variables: dict[str, Any] = {**roots(recorder, tables, fields)}
        if facts is not None:
            variables["recipient"] = with_facts(variables["recipient"], facts, sources.petitions)
        variables["sample"] = _sample(recorder, sources)
        for name, segment in segments.items():
            variables[name] = segment.evaluate(variables)
        return recorder.path, audience.evaluate(variables)

    tree: DecisionTree[bool] = DecisionTree(decide)
    return lambda subscriber: tree.find(Recipient(subscriber, tables, None))


def _sample(recorder: Recorder, sources: Snapshot) -> Function:
    """What `sample("5%")` calls: whether a person is among 5 % of all people, drawn by lot."""

    def sample(share: Any) -> Symbol:
        percent = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?%", str(share))
        if not percent or not 0 < float(percent[1]) <= 100:  # noqa: PLR2004 - of a hundred
            raise CampaignError(
                f'"{share}" is not a share of the audience', hint='Write sample("5%").'
            )
        if not sources.path:
            raise CampaignError(
                "a sample is drawn for a campaign", hint="Use it with mailer send or audience:."
            )
        number, campaign = float(percent[1]), sources.campaign
        return Symbol(
            recorder,
            f'sample("{number}%")',
            lambda recipient: is_in_sample(campaign, recipient.subscriber.id, number),
        )

    return Function("sample", sample)


class _Expression:
    """A condition, compiled.

    Args:
        text: as written.
        place: where it stands.
        fields: further columns that lists bring.

    Raises:
        CampaignError: it does not parse.
    """

    def __init__(self, text: str, place: Place, fields: frozenset[str]) -> None:
        environment = Environment()
        self.place = place
        self._text = text
        self._names = Names(
            [*COLUMNS, *FACTS, *(f"fields.{name}" for name in fields)], (), [*environment.filters]
        )
        try:
            self._evaluate = environment.compile_expression(text, undefined_to_none=False)
            template = environment.parse(f"{{% if ({text}) %}}{{% endif %}}")
            tests = [constant_in(branch.test) for branch in template.find_all(nodes.If)]
            self.variables = meta.find_undeclared_variables(template)
        except TemplateError as err:
            raise self._explained("is not complete", err.message or "") from err
        except _TOO_DEEP as err:
            raise self._too_deep() from err
        for constant in filter(None, tests):
            raise self._explained("does not compare", f'"{constant.value}" alone is always true')

    def evaluate(self, variables: Mapping[str, Any]) -> bool:
        """Whether it is true. Raises CampaignError where that cannot be worked out."""
        try:
            with limits.run():
                return bool(self._evaluate(**variables))
        except CampaignError as err:
            raise CampaignError(err.message, place=self.place, hint=err.hint) from err
        except _TOO_DEEP as err:
            raise self._too_deep() from err
        except Exception as err:
            raise self._explained("cannot be worked out", str(err)) from err

    def _explained(self, problem: str, error: str) -> CampaignError:
        message, hint = explained(error, self._text, self._names)
        return CampaignError(
            f"the audience expression {problem}: {message}",
            place=self.place,
            hint=_EXAMPLES if hint == HELP else hint,
        )

    def _too_deep(self) -> CampaignError:
        message = "the audience expression is nested too deeply"
        return CampaignError(message, place=self.place, hint=_EXAMPLES)


def _segments(
    expression: _Expression,
    known: Mapping[str, str],
    fields: frozenset[str],
    within: tuple[str, ...] = (),
) -> dict[str, _Expression]:
    """The segments that an expression names, those that they name themselves first.

    Raises:
        CampaignError: one does not parse, or is a part of itself.
    """
    segments: dict[str, _Expression] = {}
    for name in sorted(expression.variables & known.keys()):
        if name in within:
            raise CampaignError(
                f'the segment "{name}" is a part of itself',
                place=expression.place,
                hint=f"Write {name} under [segments] without {' and '.join(within)}.",
            )
        segment = _Expression(known[name], Place(f"mailer.toml [segments] {name}"), fields)
        segments |= _segments(segment, known, fields, (*within, name))
        segments[name] = segment
    return segments
