"""Symbols for facts about people in the store: `recipient.joined`, `recipient.lists`, `recipient.had(…)`, `recipient.signed(…)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailer.compiler.places import here
from mailer.compiler.sandbox import Function
from mailer.compiler.symbolic import Symbol, contains
from mailer.errors import CampaignError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mailer.lists.audience_facts import AudienceFacts

FACTS = ("joined", "lists", "had", "signed")
"""Names that only conditions know: the store is not asked while mail is merged."""


def with_facts(recipient: Symbol, facts: AudienceFacts, petitions: Collection[str] = ()) -> Symbol:
    """Return `recipient` with the facts that conditions may ask for.

    Args:
        recipient: the symbol that the text of a mail has.
        facts: from the store.
        petitions: names of petitions that the campaign names and that have a file.
    """
    recorder = recipient.recorder
    joined = Symbol(recorder, "recipient.joined", lambda r: facts.joined(r.subscriber.id))
    shape = {**recipient.shape, "joined": joined, "had": _had(recipient, facts)}
    shape["signed"] = _signed(recipient, facts, petitions)
    shape["lists"] = _Lists(recipient, facts)
    return Symbol(recorder, recipient.text, recipient.evaluate, shape)


class _Lists(Symbol):
    """The lists that a recipient is subscribed to. Asking for a list that does not exist is an error."""

    __slots__ = ("_facts",)

    def __init__(self, recipient: Symbol, facts: AudienceFacts) -> None:
        super().__init__(
            recipient.recorder, "recipient.lists", lambda r: facts.lists(r.subscriber.id)
        )
        self._facts = facts

    def derive(self, form: str, function: Callable[..., Any], *args: Any, **options: Any) -> Symbol:
        if function is contains and isinstance(args[0], str):
            known = self._facts.list_names()
            if args[0] not in known:
                raise CampaignError(
                    f'there is no list "{args[0]}"', place=here(), hint=suggest(args[0], known)
                )
        return super().derive(form, function, *args, **options)


def _had(recipient: Symbol, facts: AudienceFacts) -> Function:
    def check(name: str) -> None:
        known = facts.campaigns()
        if name not in known:
            raise CampaignError(
                f'"{name}" was never sent, so nobody had it',
                place=here(),
                hint=suggest(name, known) or "Look at the campaigns with: mailer status",
            )

    return _question(recipient, "had", check, facts.had)


def _signed(recipient: Symbol, facts: AudienceFacts, petitions: Collection[str]) -> Function:
    def check(name: str) -> None:
        known = {*petitions, *facts.petitions()}
        if name not in known:
            raise CampaignError(
                f'nobody has signed "{name}"',
                place=here(),
                hint=suggest(name, known) or "Look at the petitions with: mailer petition status",
            )

    return _question(recipient, "signed", check, facts.signed)


def _question(
    recipient: Symbol,
    method: str,
    check: Callable[[str], None],
    answer: Callable[[int, str], bool],
) -> Function:
    """The method `recipient.method(name)`.

    Args:
        recipient: the symbol that has the method.
        method: its name.
        check: raises CampaignError for a name that does not exist.
        answer: from a subscriber's id and the name to the value.
    """

    def ask(argument: Any) -> Symbol:
        name = str(argument)
        check(name)
        return Symbol(
            recipient.recorder,
            f'recipient.{method}("{name}")',
            lambda r: answer(r.subscriber.id, name),
        )

    return Function(method, ask)
