"""The tags and comments of a regular document, in a tenth of the time that a parser takes.

Regular is what Jinja, MJML and lxml write: attributes in quotation marks, no "<" outside of markup. For
any other document a parser has to say what it means.
"""

from __future__ import annotations

import re

_MARKUP = re.compile(
    r"""
    <!doctype\ html>
    | <!--(?!-?>)(?P<comment>(?:(?!--).)*)-->
    | <(?P<raw>style|script|title)(?:\s+[a-zA-Z_:][\w:.-]*(?:="[^"]*")?)*\s*>[^<]*</(?P=raw)>
    | <(?P<end>/?)(?!(?i:script|style|title|textarea|xmp|iframe|noembed|noframes|noscript|plaintext)\b)
        (?P<name>[a-zA-Z][a-zA-Z0-9:-]*)
        (?:\s+[a-zA-Z_:][\w:.-]*(?:="[^"]*"|='[^']*')?)*\s*(?P<empty>/?)>
    """,
    re.VERBOSE | re.DOTALL,
)


def regular(source: str) -> list[re.Match[str]] | None:
    """The markup of a document, in order; None where it is not regular.

    A match has the groups `comment`, `raw` (a style sheet, a script or a title, whole), or `name` with `end`
    and `empty`. What is between two matches is text.
    """
    matches = list(_MARKUP.finditer(source))
    end = 0
    for match in matches:
        if "<" in source[end : match.start()]:
            return None
        end = match.end()
    return None if "<" in source[end:] else matches
