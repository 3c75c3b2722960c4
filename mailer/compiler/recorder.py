"""What one run of a campaign records: the slots that it writes and the guards that it passes."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any, Protocol

from jinja2 import Undefined
from markupsafe import Markup

from mailer.compiler import comparison, escaping, limits
from mailer.compiler.places import here
from mailer.compiler.sandbox import Function
from mailer.compiler.slots import Guard, Slot
from mailer.errors import CampaignError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.compiler.slots import AnswerCache, Recipient
    from mailer.errors import Place

TOKEN = re.compile(r"zq[a-z]\d{4}qz")
"""Lower-case and alphanumeric, so that it passes Markdown, MJML and premailer untouched. `zqs` is a
slot, `zqb` a component's block, `zqf` a footnote reference."""
MAX_SLOTS = 10_000
"""The most slots that four digits can number."""


class Expression(Protocol):
    """A symbol, as far as it is recorded."""

    text: str
    evaluate: Callable[[Recipient], Any]
    reads: frozenset[str] | None
    parts: tuple[Any, ...]
    is_encoded: bool


class Recorder:
    """One run of a campaign with one example: the slots it wrote and the guards it passed.

    Args:
        example: the recipient whose answers decide what is run.
        known: answers of the runs before.
    """

    def __init__(self, example: Recipient, known: AnswerCache) -> None:
        self.example = example
        self._known = known
        self.slots: list[Slot] = []
        self.path: list[tuple[Guard, Any]] = []
        self._slot_of: dict[str, int] = {}
        self._answers: dict[tuple[str, str], Any] = {}

    def write(self, symbol: Expression, place: Place | None = None) -> str:
        """Return the token of a symbol's slot, written at `place`; the default is the place at hand."""
        index = self._slot_of.get(symbol.text)
        if index is None:
            place = place or here()
            evaluate = _evaluator(symbol.text, symbol.evaluate, written, place)
            slot = Slot(symbol.text, evaluate, symbol.reads, place, symbol.parts, symbol.is_encoded)
            slot.evaluate(self.example)
            index = self._slot_of[symbol.text] = len(self.slots)
            if index >= MAX_SLOTS:
                raise CampaignError(
                    f"the campaign writes more than {MAX_SLOTS:,} different personal values",
                    place=place,
                    hint="Write fewer values, or the same ones again.",
                )
            self.slots.append(slot)
        return f"zqs{index:04d}qz"

    def ask(self, symbol: Expression, convert: Callable[[Any], Any], form: str = "{}") -> Any:
        """Return the example's answer; record it as a guard the first time it is asked."""
        key = (symbol.text, form)
        if key not in self._answers:
            text = form.format(symbol.text)
            place = here()
            evaluate = _evaluator(text, symbol.evaluate, convert, place)
            if not isinstance(symbol.evaluate, operator.attrgetter):  # as fast to read as to find
                evaluate = self._known.remembered((text, convert), evaluate, symbol.reads)
            guard = Guard(text, evaluate, place)
            answer = self._answers[key] = guard.evaluate(self.example)
            self.path.append((guard, answer))
        return self._answers[key]


def _evaluator(
    text: str, evaluate: Callable[[Recipient], Any], convert: Callable[[Any], Any], place: Place
) -> Callable[[Recipient], Any]:
    """A function that converts an expression's value for a recipient; its errors name `place`."""
    if isinstance(evaluate, operator.attrgetter) and convert in _NEVER_FAIL:
        # a column: a third of the time, for each of a million
        return lambda recipient: convert(evaluate(recipient))

    def work_out(recipient: Recipient) -> Any:
        limits.renew()
        try:
            return convert(evaluate(recipient))
        except CampaignError as err:
            raise CampaignError(err.message, place=place, hint=err.hint) from err
        except Exception as err:
            raise CampaignError(
                f"{{{{ {text} }}}} cannot be worked out for {recipient.subscriber.email}: {err}",
                place=place,
                hint=err.hint if isinstance(err, comparison.IncomparableError) else _AS_NUMBER,
            ) from err

    return work_out


_AS_NUMBER = "Values of a list are text: turn one into a number with | int first."


def written(value: Any) -> str:
    """Return a slot's value as text that mail can show; None and undefined values are empty text."""
    if type(value) is str:
        return escaping.clean(value)
    if isinstance(value, Function):
        raise TypeError(f"it is a method: write brackets behind it, .{value.name}()")
    if value is None or isinstance(value, Undefined):
        return ""
    return escaping.clean(value.unescape() if isinstance(value, Markup) else str(value))


_NEVER_FAIL = {bool, written}
"""Conversions that take any value of a column."""
