"""Jinja's error messages → plain explanations, and what to type instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mailer.errors import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

HELP = "See docs/writing-campaigns.md for what can stand in {{ }} and {% %}."

_TAGS = (
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "call",
    "endcall",
    "include",
    "macro",
)
_ELSEWHERE = {
    "assign": "Write {% set name = … %}.",
    "case": "Write {% if … %}, {% elif … %} and {% endif %}.",
    "comment": "Write {# … #} around it.",
    "else": "Look for the {% if … %} it belongs to, or take it out.",
    "elseif": "Write {% elif … %}.",
    "elsif": "Write {% elif … %}.",
    "end": "Write {% endif %}, {% endfor %} or {% endcall %}.",
    "endcall": "Look for the {% call … %} it belongs to, or take it out.",
    "endfor": "Look for the {% for … %} it belongs to, or take it out.",
    "endif": "Look for the {% if … %} it belongs to, or take it out.",
    "foreach": "Write {% for … in … %}.",
    "unless": "Write {% if not … %}.",
    "endunless": "Write {% endif %}.",
    "unsubscribe": "Write {{ links.unsubscribe }}; the footer links to it in any case.",
}
"""Tags of other programs, and tags that close nothing."""
_CHARACTERS = {
    "&": 'Write "and" to ask for both.',
    "!": 'Write "not" to ask for the opposite, or != for "is not".',
    "?": "Write {{ … if … else … }}.",
    '"': "Look for the quotation mark that is never closed.",
    "'": "Look for the quotation mark that is never closed.",
    "\N{NO-BREAK SPACE}": "Type the blank again: this one was pasted from another program.",
}
_FILTERS = {
    "append": "Write ~ to put words together.",
    "downcase": "Write | lower.",
    "fallback": 'Write | default("…").',
    "lowercase": "Write | lower.",
    "strip": "Write | trim.",
    "strip_html": "Write | striptags.",
    "titlecase": "Write | title.",
    "upcase": "Write | upper.",
    "uppercase": "Write | upper.",
}
"""Filters of other programs."""
_BLANK = (
    "Write {% if recipient.city %} where it is known, {% if not recipient.city %} where it is not."
)
_TESTS = dict.fromkeys(("blank", "empty", "nil", "null", "present", "set"), _BLANK)
_LINKS = {
    "unsubscribe": "unsubscribe",
    "optout": "unsubscribe",
    "webversion": "view",
    "webview": "view",
    "viewinbrowser": "view",
    "preferences": "update",
    "updateprofile": "update",
    "forward": "forward",
}
"""How other programs' names of the recipient's own pages begin, and our names."""
_CURLY = "“”„‟‘’‚«»`´"  # noqa: RUF001 - these are what it is about
_ARGUMENTS = {"url": "a link", "text": "words", "title": "a title", "phone": "a telephone number"}
"""What is missing, where a component's parameter of that name is not given."""


class Names(NamedTuple):
    """What a campaign can name."""

    fields: Collection[str]
    """Names of a recipient's further fields."""
    components: Collection[str]
    filters: Collection[str]


Explanation = tuple[str, str]
"""What is wrong, and what to do."""


def explained(message: str, line: str, names: Names) -> Explanation:
    """Explain a message of Jinja in plain terms.

    Args:
        message: Jinja's own.
        line: of the source it is about; "" where that is not known.
        names: that the writer may have meant.
    """
    for pattern, explain in _EXPLANATIONS:
        match = re.search(pattern, message)
        explanation = explain(match, line, names) if match else None
        if explanation:
            return explanation
    return message.rstrip("."), HELP


def missing_argument(
    component: str, arguments: Collection[str], message: str
) -> Explanation | None:
    """What a component was not given, or given that it does not take."""
    call = f"{component}({', '.join(arguments)})"
    missing = re.search(r"parameter '(\w+)' was not provided", message)
    if missing:
        what = _ARGUMENTS.get(missing[1], f'"{missing[1]}"')
        return f"{component}() needs {what}", f"Write {{{{ {call} }}}}, with commas between."
    unknown = re.search(r"takes no keyword argument '(\w+)'", message)
    if unknown:
        return f'{component}() has no "{unknown[1]}"', suggest(unknown[1], arguments)
    if "special caller argument" in message:
        return f"{component}() takes nothing between {{% call %}} and {{% endcall %}}", (
            f"Write {{{{ {call} }}}}."
        )
    if "takes not more than" in message:
        return f"{component}() is given too much", f"It takes {call}."
    return None


def _character(match: re.Match[str], line: str, _: Names) -> Explanation:
    character = match[1]
    if character in _CURLY:
        return f"the quotation marks in {{{{ }}}} or {{% %}} are curly: {character}", _straight(
            line
        )
    block = re.search(r"\{\{\s*[#/^](\w+)", line)
    if character in "#/^" and block:
        tag = _ELSEWHERE.get(block[1], f"Write {{% {block[1]} … %}} and {{% end{block[1]} %}}.")
        return f'"{block[0]}" is how other programs write it', tag
    hint = _CHARACTERS.get(character, "Take it out, or put the words in quotation marks.")
    return f"{character!r} cannot stand inside {{{{ }}}} or {{% %}}", hint


def _straight(line: str) -> str:
    inside = re.search(r"\{[{%].*?[%}]\}", line)
    text = re.sub(f"[{_CURLY}]", '"', inside[0]) if inside else '"…"'
    return f"Write straight ones: {text}"


def _one_equals_sign(_: re.Match[str], line: str, __: Names) -> Explanation:
    tag = re.search(r"\{%.*?%\}", line)
    fixed = re.sub(r"(?<![=!<>])=(?!=)", "==", tag[0]) if tag else "… == …"
    return "one = does not compare", f"Write two: {fixed}"


def _colon(_: re.Match[str], line: str, names: Names) -> Explanation | None:
    if re.search(r"[(,]\s*(?:https?|mailto|tel):", line):
        return "an address stands without quotation marks", 'Write "https://…".'
    place = re.search(r"\{\{(.*?)\}\}", line)
    written = re.search(r"\|\s*(\w+)\s*:\s*([^|}]+)", place[1]) if place else None
    if not place or not written:
        return None
    fixed = re.sub(r"\s*\|\s*(\w+)\s*:\s*([^|}]+?)\s*(?=\||$)", r" | \1(\2)", place[1]).strip()
    fixed = re.sub(r"^[\w.]*?(\w+)(?= \|)", lambda m: _field(m[1], names) or m[0], fixed)
    return f'"{written[1]}:" is how other programs write it', f"Write {{{{ {fixed} }}}}"


def _two_values(match: re.Match[str], line: str, names: Names) -> Explanation | None:
    second = match[1]
    place = re.search(r"\{\{\s*(.*?)\s*\}\}", line)
    inside = place[1] if place else ""
    called = re.match(r"(\w+) ", inside)
    if called and called[1] in names.components:
        return (
            f"{called[1]} is written without brackets",
            f"Write {called[1]}(…), with what it needs in the brackets.",
        )
    missing = _missing_bar(second, "{{ " + inside + " }}", names)
    if missing:
        return missing
    beginning = re.match(r"(if|for|else|elif|endif|endfor|set|call)\b", inside)
    if beginning:
        fixed = f"{{% {inside} %}}"
        return f'"{beginning[1]}" stands in {{{{ }}}}', f"Write it with percent signs: {fixed}"
    spaced = re.match(r"recipient (\w+)|(?:recipient\.)?(\w+(?: \w+)+)", inside)
    field = _field(spaced[spaced.lastindex or 0].replace(" ", "_"), names) if spaced else ""
    if field:
        return "a name holds a blank", f"Write {{{{ {field} }}}}"
    if re.search(rf"\|\s*\w+\s+(?:[\"']|{re.escape(second)}\b)", inside):
        return "the words after the | stand without brackets", 'Write | default("…").'
    return "two values stand side by side", f"Put ~ between them, or a | before a filter. {HELP}"


def _missing_bar(name: str, written: str, names: Names) -> Explanation | None:
    place = re.search(rf"\s{re.escape(name)}\b", written)
    if name not in names.filters or not place:
        return None
    fixed = f"{written[: place.start()]} |{written[place.start() :]}"
    return f'a "|" is missing before "{name}"', f"Write {fixed}"


def _in_a_tag(match: re.Match[str], line: str, names: Names) -> Explanation | None:
    second = match[1]
    tag = re.search(r"\{%.*?%\}", line)
    if second == "if":
        return "there is no {% else if %}", "Write {% elif … %}."
    if second == "contains":
        return _CONTAINS
    if second == "then":
        return 'there is no "then"', "Write {% if … %}."
    if tag and re.match(r"\{%-?\s*set\s+\w+\s+[^=]", tag[0]):
        return 'a "=" is missing', "Write {% set name = … %}."
    return _missing_bar(second, tag[0] if tag else "", names) or (
        f'"{second}" is not expected here',
        f"Take it out, or join conditions with and, or. {HELP}",
    )


_CONTAINS = 'there is no "contains"', 'Write "…" in recipient.tags.'


def _left_over(_: re.Match[str], line: str, __: Names) -> Explanation:
    """A mistake in an expression without a tag around it: `audience:`."""
    if re.search(r"(?<![=!<>])=(?!=)", line):
        fixed = re.sub(r"(?<![=!<>])=(?!=)", "==", line)
        return "one = does not compare", f"Write two: {fixed}"
    if " contains " in line:
        return _CONTAINS
    return "something is left over", "Join conditions with and, or. Put words in quotation marks."


def _undefined(match: re.Match[str], line: str, names: Names) -> Explanation:
    name = match[1]
    message = f"'{name}' is undefined"
    field = _field(name, names) or _link(name) or _other_object(name, line, names)
    if field:
        return message, f"Write {{{{ {field} }}}}"
    if name in {"if", "else", "endif", "endfor", "elif"}:
        return f'"{name}" stands in {{{{ }}}}', f"Write {{% {name} %}}"
    candidates = [*names.components, "recipient", "links", "brand"]
    near = suggest(name, candidates)
    if near.startswith("Did you mean"):
        return message, near
    if re.search(rf"(?:[=(,]|\bin)\s*{re.escape(name)}\s*(?:[),]|%\}}|and\b|or\b|$)", line):
        return message, f'Put words in quotation marks: "{name}".'
    return message, near


def _no_attribute(match: re.Match[str], _: str, __: Names) -> Explanation:
    if match[2] in {"append", "extend", "insert", "pop", "remove", "sort", "update"}:
        return "lists cannot be changed", 'Make another: {% set names = names + ["…"] %}.'
    kind = {
        "mappingproxy": "this",
        "dict": "this",
        "str": "text",
        "tuple": "a list",
        "list": "a list",
    }
    return f'{kind.get(match[1], match[1])} has no "{match[2]}"', HELP


def _other_object(name: str, line: str, names: Names) -> str:
    """`user.first_name` and the like, of other programs."""
    attribute = re.search(rf"\b{re.escape(name)}\.(\w+)", line)
    return _field(attribute[1], names) if attribute and name not in {"recipient", "links"} else ""


def _link(name: str) -> str:
    plain = re.sub(r"[\s_-]", "", name).lower()
    return next(
        (f"links.{link}" for begins, link in _LINKS.items() if plain.startswith(begins)), ""
    )


def _field(name: str, names: Names) -> str:
    """The recipient's field that is written like this in another program, or ""."""
    plain = re.sub(r"[\s_-]", "", name).lower()
    plain = {
        "fname": "firstname",
        "lname": "lastname",
        "zipcode": "zip",
        "emailaddress": "email",
    }.get(plain, plain)
    return next(
        (
            f"recipient.{field}"
            for field in names.fields
            if field.replace("_", "").rpartition(".")[2] == plain
        ),
        "",
    )


def _unknown_tag(match: re.Match[str], line: str, names: Names) -> Explanation:
    tag = match[1]
    if tag in names.components:
        written = re.search(rf"\{{%-?\s*({tag}\b.*?)\s*-?%\}}", line)
        return (
            f"{tag}() is no tag",
            f"Write {{{{ {written[1] if written else f'{tag}(…)'} }}}}",
        )
    if tag.removeprefix("end") in {"if", "for", "call"} or tag == "else":
        return f"this {{% {tag} %}} belongs to nothing", _ELSEWHERE[tag]
    return f"there is no {{% {tag} %}}", _ELSEWHERE.get(tag) or suggest(tag, _TAGS)


def _unknown_filter(match: re.Match[str], _: str, names: Names) -> Explanation:
    kind, name = match[1], match[2]
    known = [known for known in names.filters if known.isidentifier()]
    hint = (_FILTERS if kind == "filter" else _TESTS).get(name)
    return f"there is no {kind} {name}", hint or suggest(name, known)


def _brace(_: re.Match[str], line: str, names: Names) -> Explanation | None:
    place = re.search(r"\{\{\{\s*(.*?)\s*\}\}\}", line)
    if place is None:
        return None
    return "three braces are one too many", f"Write {{{{ {_field(place[1], names) or place[1]} }}}}"


def _always_true(match: re.Match[str], line: str, _: Names) -> Explanation:
    value = re.search(r"(recipient\.[\w.]+)\s*==", line)
    name = value[1] if value else "recipient.city"
    return match[0], f'Name the value each time: {name} == "…" or {name} == {match[1]}.'


def _constant(message: str, hint: str) -> Callable[[re.Match[str], str, Names], Explanation]:
    return lambda match, _, __: (match.expand(message), hint)


_EXPLANATIONS: list[
    tuple[str, Callable[[re.Match[str], str, Names], Explanation | None]]
] = [
    (r"^unexpected char ['\"](\\?.+?)['\"] at", _character),
    (r"^chunk after expression", _left_over),
    (r"got '='$", _one_equals_sign),
    (r"got ':'$", _colon),
    (r"^expected token 'end of print statement', got '(\w+)'", _two_values),
    (r"^expected token 'end of statement block', got '(.+)'", _in_a_tag),
    (r"^expected token 'name', got '\|'", _constant('there is no "||"', 'Write "or".')),
    (r"^expected token 'name', got", _constant('"is" does not compare', "Write == to compare.")),
    (r"^expected token 'in', got", _constant('a loop needs "in"', "Write {% for … in … %}.")),
    (r"^unexpected '>'", _constant('there is no "<>"', "Write != to ask for what is not equal.")),
    (r"^unexpected '.', expected '(.)'", _constant(r'a "\1" is missing', "Close the bracket that is open.")),
    (r"^unexpected '([)\]])'", _constant(r'there is one "\1" too many', "Take it out.")),
    (r"^unexpected '\}'", _constant("the brackets do not match", "Write {{ … }} and {% … %}, two signs on each side.")),
    (r"^'(\w+)' is undefined", _undefined),
    (r"^'(\w+) object' has no attribute '(\w+)'", _no_attribute),
    (r"^Encountered unknown tag '(\w+)'", _unknown_tag),
    (r"^No (filter|test) named '(\w+)'", _unknown_filter),
    (r"^expected token ':', got '\}'", _brace),
    (r"^unexpected '='", _constant('there is no "==="', "Write two: ==")),
    (r"^(\".*\") alone is always true", _always_true),
    (r"can only concatenate str|unsupported operand", lambda m, _, __: (
        f"this cannot be worked out: {m.string.removeprefix('this cannot be worked out: ')}",
        "To put words together, write ~. Turn text into a number with | int first.")),
]  # fmt: skip
"""Patterns of Jinja's messages, and what they mean."""
