"""What tells variants apart, in words: "senators voted: no, yes" and not an expression."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNRECORDED = "not recorded at the time"

_VALUE = r"""(?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|-?[\d.]+|\[.*\]|[\w.\[\]]+)"""
_READ = r"(?P<read>[\w.\[\]|' ()]+?)"
_ANSWER = [
    (re.compile(rf"\({_READ} == {_VALUE}\)"), "{read}: {value}", "{read}: not {value}"),
    (re.compile(rf"\({_READ} != {_VALUE}\)"), "{read}: not {value}", "{read}: {value}"),
    (re.compile(rf"\({_VALUE} in {_READ}\)"), "{read}: {value}", "{read}: not {value}"),
    (re.compile(rf"\({_READ} in {_VALUE}\)"), "{read}: {value}", "{read}: not {value}"),
    (re.compile(rf"\({_READ} >= {_VALUE}\)"), "{read}: at least {value}", "{read}: under {value}"),
    (re.compile(rf"\({_READ} > {_VALUE}\)"), "{read}: over {value}", "{read}: at most {value}"),
    (re.compile(rf"\({_READ} <= {_VALUE}\)"), "{read}: at most {value}", "{read}: over {value}"),
    (re.compile(rf"\({_READ} < {_VALUE}\)"), "{read}: under {value}", "{read}: at least {value}"),
    (re.compile(rf"the (?P<read>subject|sender|variant) = {_VALUE}"), "{read} {value}", "{read} not {value}"),
    (re.compile(rf"the length of {_READ} = {_VALUE}"), "{read}: {value}", "{read}: not {value}"),
    (re.compile(rf"the (?:value of|number|decimal number) {_READ} = {_VALUE}"), "{read}: {value}", "{read}: not {value}"),
    (re.compile(rf"{_READ}"), "has {read}", "no {read}"),
]  # fmt: skip
"""Forms of a guard, and the words where the answer is yes and where it is no."""
_ROW = re.compile(r"recipient\.lookups\.(\w+)\[\d+\]\.(\w+)")
_PAST = {"vote": "voted"}
_KNOWN = {"zip": "ZIP code", "email": "e-mail address", "timezone": "time zone"}
_CONVERTED = re.compile(r"\|(?:int|float|lower|upper|trim|string|d(?:efault)?(?:\('[^']*'\))?)")


def names(variants: Sequence[tuple[str, ...] | None]) -> list[str]:
    """A name for each variant, from its guards: what all have in common is left out.

    Args:
        variants: the guards of each; None where they were not recorded.
    """
    recorded = [set(guards) for guards in variants if guards is not None]
    common = set.intersection(*recorded) if recorded else set()
    others = "everybody else" if len(variants) > 1 else "everybody"
    return [
        UNRECORDED
        if guards is None
        else _joined([guard for guard in guards if guard not in common]) or others
        for guards in variants
    ]


def _joined(guards: Sequence[str]) -> str:
    """Join neighboring answers about the same subject: `senators voted: no, yes`."""
    answers = [_answer(guard).partition(": ") for guard in guards]
    values: dict[str, list[str]] = {}
    for about, same in groupby(answers, key=lambda answer: answer[0]):
        values.setdefault(about, []).extend(value for _, _, value in same if value)
    return "; ".join(
        f"{about}: {', '.join(own)}" if own else about
        for about, own in values.items()
        if not _is_implied(about, own, values)
    )


def _is_implied(about: str, own: list[str], values: Mapping[str, list[str]]) -> bool:
    """Whether "has senators" or "senators: 2" says no more than "senators voted: no, yes"."""
    name = about.removeprefix("has ")
    longer = [others for other, others in values.items() if other.startswith(f"{name} ")]
    if about != name:
        return bool(longer or values.get(name))
    return len(own) == 1 and own[0].isdecimal() and int(own[0]) in map(len, longer)


def _answer(guard: str) -> str:
    is_no = guard.startswith("not ")
    question = guard.removeprefix("not ")
    for form, yes, no in _ANSWER:
        match = form.fullmatch(question)
        if match:
            groups = match.groupdict()
            read = _read(groups.get("read") or "")
            return (no if is_no else yes).format(read=read, value=_value(groups.get("value") or ""))
    description = _read(question)
    return f"not {description}" if is_no else description


def _read(expression: str) -> str:
    """What is read of a recipient, as a person would call it."""
    text = _CONVERTED.sub("", expression).strip()
    row = _ROW.fullmatch(text)
    if row:
        return f"{_plain(row[1])} {_PAST.get(row[2], _plain(row[2]))}"
    text = re.sub(r"recipient\.(?:lookups\.\w+\.(?=\w)|lookups\.|fields\.)?", "", text)
    text = re.sub(r"(\S+)\|length", r"length of \1", text)
    return _KNOWN.get(text) or _plain(text)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _value(text: str) -> str:
    if text.startswith("["):
        return " or ".join(re.findall(r"'([^']*)'", text)) or text
    quoted = text[:1] in {"'", '"'}
    return (text[1:-1] or "blank") if quoted else _read(text)
