"""What an expression of a campaign reads of a recipient, by its text."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_LOOKUP = re.compile(r"recipient\.lookups\.(\w+)")
_NAME = re.compile(r"recipient\.(first_name|last_name)\b")
_ZIP = re.compile(r"recipient\.zip\b")
_RECASED = re.compile(r"\|(?:title|capitalize|upper|lower)\b")
_MEANT = re.compile(r"\|d(?:efault)?(?:\(''|$|[|) ])| \* ")
"""A blank default, or a product with a condition: blank on purpose."""
_JOINED = re.compile(r" [~+] ")
_ASKING = re.compile(r" (?:[=!]=|in|[<>]=?) ")
_PART = re.compile(r"recipient\.(?:fields\.|lookups\.\w+\.)?\w+(?![\w.|(\[])")


def lookups(expression: str) -> list[str]:
    return _LOOKUP.findall(_code(expression))


def names(expression: str) -> list[str]:
    return _NAME.findall(_code(expression))


def reads_zip(expression: str) -> bool:
    return bool(_ZIP.search(_code(expression)))


def is_recased(expression: str) -> bool:
    """Whether a filter puts capitals right."""
    return bool(_RECASED.search(expression))


def may_be_blank(expression: str) -> bool:
    """Whether it says that nothing is to be written for some."""
    return bool(_MEANT.search(expression))


def parts(expression: str) -> list[str]:
    """What is read without a default and joined to other text: a blank in it shows as a gap."""
    code = _code(expression)
    if not _JOINED.search(code) or may_be_blank(expression) or _ASKING.search(code):
        return []
    return _PART.findall(code)


def _code(expression: str) -> str:
    """An expression without the words in quotation marks."""
    return _QUOTED.sub("''", expression)
