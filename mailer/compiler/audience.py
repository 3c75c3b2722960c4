"""Which subscribers a campaign is for: the `audience:` and `--where` expressions.

They are the same expressions over the same `recipient` as in the text, compiled once: an expression
is run with symbols, and its guards form a tree whose leaves are yes and no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from mailer.compiler import limits
from mailer.compiler.decision_tree import DecisionTree
from mailer.compiler.environment import Environment
from mailer.compiler.mistakes import HELP, Names, explained
from mailer.compiler.slots import AnswerCache, Recipient
from mailer.compiler.symbolic import Recorder, roots
from mailer.errors import CampaignError, Place
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.campaigns.snapshot import Snapshot
    from mailer.lists.subscriber import Subscriber

_TOO_DEEP = (MemoryError, RecursionError, SyntaxError)
"""What Python, in which Jinja writes, says of an expression with hundreds of brackets."""
_EXAMPLES = 'Examples: recipient.state == "OR", or "volunteer" in recipient.tags.'


def condition(
    expression: str, sources: Snapshot, fields: frozenset[str], place: Place | None = None
) -> Callable[[Subscriber], bool]:
    """A test of subscribers, made from an expression; "" lets everybody through.

    Raises:
        CampaignError: the expression does not parse, or asks for what no recipient has. The
            returned test raises it too, for a branch it has not met before.
    """
    if not expression.strip():
        return lambda _: True
    where = place or Place("--where")
    tables, known = sources.tables, AnswerCache()
    environment = Environment()
    names = Names([*COLUMNS, *(f"fields.{name}" for name in fields)], (), [*environment.filters])
    try:
        evaluate = environment.compile_expression(expression, undefined_to_none=False)
    except TemplateError as err:
        message, hint = explained(err.message or "", expression, names)
        raise CampaignError(
            f"the audience expression is not complete: {message}",
            place=where,
            hint=_EXAMPLES if hint == HELP else hint,
        ) from err
    except _TOO_DEEP as err:
        raise CampaignError(
            "the audience expression is nested too deeply", place=where, hint=_EXAMPLES
        ) from err

    def decide(recipient: Recipient) -> tuple[list[Any], bool]:
        recorder = Recorder(recipient, known)
        try:
            with limits.run():
                answer = bool(evaluate(**roots(recorder, tables, fields)))
        except CampaignError as err:
            raise CampaignError(err.message, place=where, hint=err.hint) from err
        except _TOO_DEEP as err:
            raise CampaignError(
                "the audience expression is nested too deeply", place=where, hint=_EXAMPLES
            ) from err
        except Exception as err:
            message, hint = explained(str(err), expression, names)
            raise CampaignError(
                f"the audience expression cannot be worked out: {message}",
                place=where,
                hint=_EXAMPLES if hint == HELP else hint,
            ) from err
        return recorder.path, answer

    tree: DecisionTree[bool] = DecisionTree(decide)
    return lambda subscriber: tree.find(Recipient(subscriber, tables, None))
