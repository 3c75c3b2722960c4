"""What one run of a campaign may take, so that no campaign can stop the machine.

A run spends from an allowance: each pass of a loop, call, filter and value written costs one, and a
hundred characters of a result one more. Nothing is computed before its size is known to be allowed.
What is evaluated for one recipient after the run spends from an allowance of its own.
"""

from __future__ import annotations

import operator
import re
import threading
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from contextlib import contextmanager
from math import inf
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Any

from mailer.compiler.places import here
from mailer.errors import CampaignError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST = 1_000_000
"""Size of one value: characters of text, ten for each item of a list. Gmail clips at 102,000."""
STEPS = 300_000
"""Steps of one run; the largest of the sample campaigns takes 3,000."""
SECONDS = 10
"""Processor time for one run, which takes 0.02 s. Not by the clock: a machine may be busy, or stand still."""
CALLS = 40
"""Macros that call each other, one inside the other."""
NESTED = 40
"""Lists inside lists."""
DIGITS = 2_000
"""Bits of a number: some 600 decimal digits."""
WIDTH = 1_000
"""Width of a field in a format."""

_WIDTHS = re.compile(r"\d+")
_PERCENT = re.compile(r"%(?:\([^)]*\))?([^a-zA-Z%]*)[a-zA-Z%]")


class _Allowance(threading.local):
    """What is left to the run of this thread."""

    steps = STEPS
    calls = 0
    until = inf
    processor_until = 0.0
    running = False


_allowance = _Allowance()


@contextmanager
def run() -> Iterator[None]:
    """One run of a campaign: everything it does in this block is taken from one allowance."""
    _allowance.steps, _allowance.calls = STEPS, 0
    _allowance.until = monotonic() + SECONDS
    _allowance.processor_until = thread_time() + SECONDS
    _allowance.running = True
    try:
        yield
    finally:
        _allowance.running, _allowance.until = False, inf


def renew() -> None:
    """Begin what is evaluated for one recipient, unless that is part of a run."""
    if not _allowance.running:
        _allowance.steps = STEPS


def spend(size: int = 0) -> None:
    """Take one step, and one for each hundred characters, from the allowance.

    Raises:
        CampaignError: nothing is left.
    """
    _allowance.steps -= 1 + size // 100
    # the clock first: to ask for the processor's time takes ten times as long
    if _allowance.steps < 0 or (
        monotonic() > _allowance.until and thread_time() > _allowance.processor_until
    ):
        raise _refusal(
            "this takes too long",
            "Look for loops in loops, and for text that grows in a loop.",
        )


def called(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """The measured result of a macro or component."""
    spend()
    _allowance.calls += 1
    try:
        if _allowance.calls > CALLS:
            raise _refusal(
                f"more than {CALLS} macros call each other here",
                "A macro must not call itself without end.",
            )
        return measured(function(*args, **options))
    finally:
        _allowance.calls -= 1


def counted(values: Iterable[Any]) -> Iterator[Any]:
    """The passes of a loop."""
    for value in values:
        spend()
        yield value


def joined(parts: Iterable[str]) -> str:
    """Pieces of output in one."""
    pieces = list(parts)
    total = sum(map(len, pieces))
    _refuse_large(total)
    spend(total)
    return "".join(pieces)


def size(value: Any, depth: int = 0) -> int:
    """Of a value, in characters or ten for each item.

    Raises:
        CampaignError: it is more than anything may have, or nested too deeply.
    """
    if isinstance(value, str):
        length = len(value)
        if length > MOST:
            _refuse_large(length)
        return length
    if isinstance(value, int):
        if value.bit_length() > DIGITS:
            raise _refusal("this number is too large", "Write a smaller number.")
        return 1
    if type(value) in _WITHOUT_ITEMS:
        return 1
    if isinstance(value, (list, tuple, Mapping)):
        if depth > NESTED:
            raise _refusal("these lists are nested too deeply", "Use fewer lists inside lists.")
        total = 10 * len(value)
        _refuse_large(total)
        items = (
            (part for pair in value.items() for part in pair)
            if isinstance(value, Mapping)
            else value
        )
        for item in items:
            total += size(item, depth + 1)
            _refuse_large(total)
    elif isinstance(value, range):
        total = 10 * len(value)
    else:
        return 1
    _refuse_large(total)
    return total


_WITHOUT_ITEMS = frozenset([float, type(None)])
_WITH_SIZE = frozenset([bool, dict, float, int, list, tuple, type(None)])
"""Types that need no abstract class asked, which takes ten times as long."""


def measured(value: Any) -> Any:
    """The value, its size taken from the allowance. Iterators and views become lists."""
    if isinstance(value, str):  # as most are, and the others take ten times as long to tell apart
        _refuse_large(len(value))
        spend(len(value))
        return value
    if type(value) not in _WITH_SIZE and isinstance(
        value, (Iterator, ItemsView, KeysView, ValuesView)
    ):
        value = list(counted(value))
    spend(size(value))
    return value


def bounded(name: str, function: Callable[..., Any], skip: int = 0) -> Callable[..., Any]:
    """A filter, method or operator that refuses what would get too large before it is made.

    Args:
        name: of the filter or method.
        function: what it does.
        skip: how many arguments come before the value: Jinja's own.
    """
    growth = _GROWTH.get(name)

    def within_bounds(*args: Any, **options: Any) -> Any:
        total = sum(map(size, args[skip:]))
        if options:
            total += sum(map(size, options.values()))
        spend(total)
        if growth is not None:
            try:
                result = growth(*args[skip:], **options)
            except (TypeError, AttributeError, ValueError):
                result = 0  # not arguments it can take: the function says so itself
            _refuse_large(result)
        return measured(function(*args, **options))

    return within_bounds


def _refuse_large(total: int) -> None:
    if total > MOST:
        raise _refusal(
            f"this makes more than {MOST:,} characters or {MOST // 10:,} items",
            "Mail programs cut a mail off at about 100,000 characters.",
        )


def _refusal(message: str, hint: str) -> CampaignError:
    return CampaignError(message, place=here(), hint=hint)


# ---------------------------------------------------------------- how large a result can get


def _padded(text: Any, width: int = 80, *_: Any) -> int:
    return max(len(text), width)


def _indented(text: str, width: int | str = 4, *_: Any, **__: Any) -> int:
    blank = width if isinstance(width, int) else len(width)
    return len(text) + blank * (text.count("\n") + 1)


def _joined(values: Any, between: Any = "", attribute: Any = None, **options: Any) -> int:
    del attribute
    text = str(options.get("d", between))
    return size(values) + len(text) * len(values)


def _joining(between: str, values: Any) -> int:
    return size(values) + len(between) * len(values)


def _replaced(text: Any, old: Any, new: Any, *_: Any, **__: Any) -> int:
    return len(str(text)) + str(text).count(str(old)) * len(str(new))


def _filled(values: Any, count: int, *_: Any, **__: Any) -> int:
    del values
    return 10 * count


def _rounded(value: Any, precision: int = 0, *_: Any, **__: Any) -> int:
    del value
    return abs(precision) * (MOST // 300)


def _wrapped(text: str, *args: Any, **options: Any) -> int:
    texts = [argument for argument in (*args, *options.values()) if isinstance(argument, str)]
    return len(text) * (1 + sum(map(len, texts)))


def _as_json(value: Any, indent: int = 0) -> int:
    return size(value) * (1 + (indent or 0))


def _expanded(text: str, tabsize: int = 8) -> int:
    return len(text) + text.count("\t") * tabsize


def _totalled(values: Any, *args: Any, **options: Any) -> int:
    """Lists are not added up: that takes the square of their length."""
    start = options.get("start", args[1] if len(args) > 1 else 0)
    if not isinstance(start, (int, float)):
        raise _refusal("sum adds up numbers", "To put lists together, use list + list.")
    return size(values)


def _formatted(text: Any, *args: Any, **__: Any) -> int:
    """The width of `%` formats: in the text, or in an argument."""
    fields = _PERCENT.findall(str(text))
    if any("*" in field for field in fields):
        return MOST + 1
    return _refuse_widths(" ".join(fields)) + size(args)


def _refuse_widths(spec: str) -> int:
    widths = [len(digits) for digits in _WIDTHS.findall(spec)]
    if any(digits > len(str(WIDTH)) for digits in widths):
        raise _refusal(f"a field of a format is wider than {WIDTH:,}", "Write a smaller number.")
    return len(spec)


_GROWTH: dict[str, Callable[..., int]] = {
    "batch": _filled,
    "center": _padded,
    "expandtabs": _expanded,
    "format": _formatted,
    "indent": _indented,
    "join": _joined,
    "join()": _joining,
    "ljust": _padded,
    "replace": _replaced,
    "rjust": _padded,
    "round": _rounded,
    "slice": _filled,
    "sum": _totalled,
    "tojson": _as_json,
    "urlize": _wrapped,
    "wordwrap": _wrapped,
    "zfill": _padded,
}


# ---------------------------------------------------------------- operators


def add(left: Any, right: Any) -> Any:
    if not isinstance(left, (int, float)):
        _refuse_large(size(left) + size(right))
    return measured(left + right)


def multiply(left: Any, right: Any) -> Any:
    if type(left) is str and type(right) is bool:  # "text * condition", for some of a million
        return measured(left if right else "")
    for many, times in ((left, right), (right, left)):
        if isinstance(many, (str, list, tuple)) and isinstance(times, int):
            _refuse_large(size(many) * max(times, 0))
            _refuse_large(10 * times if isinstance(many, (list, tuple)) else 0)
    return measured(left * right)


def power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > DIGITS:
        raise _refusal("this number is too large", "Write a smaller number.")
    return measured(left**right)


def remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        _refuse_large(_formatted(left, right))
    return measured(left % right)


def is_simple_format(text: str) -> bool:
    """Whether all its fields are `%s`, which do nothing to a value."""
    return not any(_PERCENT.findall(text.replace("%%", "")))


def concatenated(values: Iterable[Any]) -> str:
    # texts, as most are, are measured when they are joined
    return joined(value if type(value) is str else str(measured(value)) for value in values)


def formatted(value: Any, spec: str) -> str:
    """`format()` of Python."""
    _refuse_widths(spec)
    return str(measured(format(value, spec)))


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": operator.sub,
    "*": multiply,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": remainder,
    "**": power,
}
