"""Comparing what lists hold: text that is a number as a number, an ISO date as a date.

Everything a list brings is text, and as text "9" is greater than "1,250.50".
"""

from __future__ import annotations

import operator
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from mailer.lists.dates import iso_date

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = re.compile(
    r"\s*([-+]?)\s*[$€£]?\s*([-+]?)((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)\s*"
)
_DAY = re.compile(r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?", re.DOTALL)


class IncomparableError(ValueError):
    """Two values that neither can be said to be greater.

    Args:
        message: which value is in the way.
        hint: what to type.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def number(text: str) -> float | None:
    """The number that a text is, such as "1,250.50", "$40" or " 12 "; None where it is none."""
    match = _NUMBER.fullmatch(text)
    if match is None or (match[1] and match[2]):
        return None
    return float(match[1] + match[2] + match[3].replace(",", ""))


def _day(text: str) -> date | None:
    match = _DAY.fullmatch(text)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same; a text is the same as the number that it is."""
    if type(left) is str and type(right) is str:
        return left == right
    for text, other in ((left, right), (right, left)):
        if isinstance(text, str) and _is_number(other):
            return bool(number(text) == other)
    return bool(left == right)


def different(left: Any, right: Any) -> bool:
    return not equal(left, right)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _ordering(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A comparison in which blank is neither greater nor smaller than anything.

    It raises IncomparableError for a number or a date beside a text that is none.
    """

    def ordered(left: Any, right: Any) -> Any:
        if _is_blank(left) or _is_blank(right):
            return False
        return compare(*_alike(left, right))

    return ordered


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Both values as numbers, as dates, or as they are."""
    if isinstance(left, str) and isinstance(right, str):
        for kind in (_day, number):
            if kind(left) is not None or kind(right) is not None:
                return _as(kind, left), _as(kind, right)
    elif isinstance(left, str) and _is_number(right):
        return _as(number, left), right
    elif isinstance(right, str) and _is_number(left):
        return left, _as(number, right)
    return left, right


def _as(kind: Callable[[str], Any], text: str) -> Any:
    value = kind(text)
    if value is None:
        name, example = (
            ("date", "2026-01-31") if kind is _day else ("number", "1250.50 or $1,250.50")
        )
        raise IncomparableError(
            f'"{text}" is not a {name}',
            f"Write it as {example} in your file and import that again, or leave the cell blank.",
        )
    return value


ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": _ordering(operator.lt),
    "<=": _ordering(operator.le),
    ">": _ordering(operator.gt),
    ">=": _ordering(operator.ge),
}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {**ORDER, "==": equal, "!=": different}
TESTS: dict[str, Callable[[Any, Any], Any]] = {
    **OPERATORS,
    **dict.fromkeys(("lt", "lessthan"), ORDER["<"]),
    **dict.fromkeys(("gt", "greaterthan"), ORDER[">"]),
    **dict.fromkeys(("eq", "equalto"), equal),
    "le": ORDER["<="],
    "ge": ORDER[">="],
    "ne": different,
}
"""Jinja's own names of them, behind `is` and in `selectattr`."""


def refuse_text(sign: str, constant: str, subject: str) -> None:
    """Refuse a writer's text that nothing can rightly be greater or smaller than.

    Args:
        sign: of the comparison, one of `ORDER`.
        constant: the text.
        subject: the expression on the other side.

    Raises:
        IncomparableError: it is blank, a number in quotation marks, or a date of another form.
    """
    if not constant.strip():
        raise IncomparableError(
            "nothing is greater or smaller than a blank text",
            f"Ask whether something is there with {subject}, whether nothing is with not {subject}.",
        )
    value = number(constant)
    if value is not None:
        raise IncomparableError(
            f'"{constant}" in quotation marks is text, not a number',
            f"Write the number without quotation marks: {subject} {sign} {_plain(value)}",
        )
    day = iso_date(constant)
    if day and _day(constant) is None:
        raise IncomparableError(
            f'"{constant}" is not a date that can be compared',
            f'Write the year first: {subject} {sign} "{day}"',
        )


def _plain(value: float) -> str:
    return str(int(value)) if value.is_integer() else str(value)


def as_number(convert: Callable[..., Any]) -> Callable[..., Any]:
    """Jinja's `int` or `float`, for which a text is the number that it is for a comparison.

    With a base, as in `"40" | int(0, 16)`, it is what Jinja makes of it.
    """

    def converted(value: Any, *args: Any, **kwargs: Any) -> Any:
        has_base = len(args) > 1 or "base" in kwargs
        read = number(value) if isinstance(value, str) and not has_base else None
        return convert(value if read is None else read, *args, **kwargs)

    return converted
