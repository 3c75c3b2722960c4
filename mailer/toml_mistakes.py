"""What Python's TOML reader says of a mistake → what staff have to type."""

from __future__ import annotations

import re

_USUAL = 'Text values stand in double quotes: name = "Value".'
_CURLY = re.compile("[“”„\u2018\u2019«»]")
_HEADER = re.compile(r"\s*\[+\s*([^\]#]+?)\s*\]*\s*(?:#.*)?")


def explained(message: str, line: int, text: str) -> tuple[str, str]:
    """What is wrong, and what to type.

    Args:
        message: of `tomllib.TOMLDecodeError`, without the position.
        line: on which it was noticed, from 1.
        text: of the file.
    """
    lines = text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    code = written.partition("#")[0].strip()
    for explain in (_curly_quotes, _repeated_table, _open_bracket, _repeated_key, _no_value):
        explanation = explain(message, code, lines[: line - 1])
        if explanation:
            return explanation
    if "\\" in message or "backslash" in message:
        return "a backslash stands in double quotes", "Put the value in single quotes: 'C:\\lists'."
    if code and "=" not in code and not code.startswith("["):
        return (
            f"the line “{code}” is no key",
            'Write a key, an equals sign and a value: name = "Value".',
        )
    return f"is not valid TOML: {message}", _USUAL


def _curly_quotes(_: str, code: str, __: list[str]) -> tuple[str, str] | None:
    if not _CURLY.search(code.partition("=")[2].strip()[:1]):
        return None
    straight = _CURLY.sub('"', code)
    return "curly quotation marks stand around the value", f"Write straight ones: {straight}"


def _open_bracket(_: str, code: str, __: list[str]) -> tuple[str, str] | None:
    if not code.startswith("[") or code.endswith("]") or "=" in code:
        return None
    return "the bracket is not closed", f"Write {code}{']' * (2 if code.startswith('[[') else 1)}"


def _repeated_table(message: str, code: str, before: list[str]) -> tuple[str, str] | None:
    header = _HEADER.fullmatch(code)
    if "twice" not in message or not header or not code.endswith("]"):
        return None
    for number, line in enumerate(before, 1):
        earlier = _HEADER.fullmatch(line)
        if earlier and line.strip().startswith("[") and earlier[1] == header[1]:
            return (
                f"the section {code} stands twice",
                f"It is first on line {number}: put the keys of both below that line.",
            )
    return None


def _repeated_key(message: str, code: str, before: list[str]) -> tuple[str, str] | None:
    key = re.match(r"([\w.\"'-]+)\s*=", code)
    if "overwrite" not in message or not key:
        return None
    for number, line in reversed(list(enumerate(before, 1))):
        if re.match(rf"\s*{re.escape(key[1])}\s*=", line):
            return f'"{key[1]}" stands twice', f"It is first on line {number}; keep one."
    return None


def _no_value(_: str, code: str, __: list[str]) -> tuple[str, str] | None:
    key = re.fullmatch(r"([\w.\"'-]+)\s*=", code)
    if not key:
        return None
    return f"“{code}” has no value", f'Write one, as in {key[1]} = "Value", or delete the line.'
