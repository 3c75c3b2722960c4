"""How a mail is built, for those who hear it: headings, language, direction, title, tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mailer.checks.finding import Finding, Severity
from mailer.compiler import language as languages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.checks.rendered_mail import RenderedMail

HEADING_ORDER = "heading-order"
LANGUAGE_MISSING = "language-missing"
LANGUAGE_OTHER = "language-other"
DIRECTION = "direction"
TITLE_MISSING = "title-missing"
META_MISSING = "meta-missing"
TABLE_ROLE = "table-role"

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)
_MJML_WRITES = "ancestor-or-self::*[contains(@class, 'mj-accordion')]"
"""Tables without a role that no author can give one."""
_LETTER = re.compile(r"[^\W\d_]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


def headings(mail: RenderedMail) -> Iterator[Finding]:
    """One first heading, and no level left out on the way down: people jump from one to the next."""
    before = 0
    for element, look in mail.light.items():
        if not (re.fullmatch("h[1-6]", str(element.tag)) and look.shown):
            continue
        level, text = int(element.tag[1]), _text(element) or f"<{element.tag}"
        if before == 0 and level != 1:
            problem = f"the first heading, “{text}”, is a level {level} heading"
        elif before and level == 1:
            problem = f"“{text}” is a second level 1 heading"
        elif level > before + 1:
            problem = f"“{text}” is a level {level} heading right after one of level {before}"
        else:
            problem = ""
        before = level
        if problem:
            yield _finding(
                mail,
                HEADING_ORDER,
                problem,
                "The headline at the top is level 1. Write ## for the headings below it, ### for those below them.",
                text,
            )


def language(mail: RenderedMail) -> Iterator[Finding]:
    lang = mail.tree.get("lang") or ""
    if lang == "und" or not _LANGUAGE.fullmatch(lang):
        yield _finding(
            mail,
            LANGUAGE_MISSING,
            "the mail does not say what language it is in, so screen readers guess",
            'Write <mjml lang="{{ brand.language }}"> in the layout, and language = "en" under [brand] in mailer.toml.',
            "<html",
            written="<mjml",
        )


def other_language(mail: RenderedMail) -> Iterator[Finding]:
    """A text in another language than the footer's, in which screen readers would speak it."""
    snapshot = mail.snapshot
    source, named = snapshot.files[snapshot.path], snapshot.parsed.front.language
    code = languages.guessed(source)
    declared = (mail.tree.get("lang") or "").partition("-")[0].lower()
    if not code or code == declared or "{{" in named or languages.asked_for(source):
        return
    name = languages.NAMES[code]
    has_words = f"templates/languages/{code}.txt" in snapshot.files
    yield Finding(
        LANGUAGE_OTHER,
        Severity.WARNING,
        f"the text reads like {name}, and the mail says that it is in {languages.NAMES.get(declared, declared)}",
        f"Write language: {code} at the top."
        if has_words
        else f"Copy templates/languages/en.txt to {code}.txt beside it, translate it, and write "
        f"language: {code} at the top.",
        snapshot.parsed.place("language" if named else "subject"),
    )


def direction(mail: RenderedMail) -> Iterator[Finding]:
    """Arabic, Hebrew and other such text begins on the right only where the mail says so."""
    directed = {
        e
        for ancestor in mail.tree.xpath("//*[@dir='rtl' or @dir='auto']")
        for e in ancestor.iter("*")
    }
    text = "".join(
        "".join([element.text or "", *(child.tail or "" for child in element)])
        for element, look in mail.light.items()
        if look.shown and element not in directed
    )
    right = len(_RIGHT_TO_LEFT.findall(text))
    if right > len(_LETTER.findall(text)) / 2:
        yield _finding(
            mail,
            DIRECTION,
            "most of the text runs from right to left, but the mail does not say so",
            'Write dir="rtl" in the <mjml> tag of the layout.',
            "<html",
            written="<mjml",
        )


def document(mail: RenderedMail) -> Iterator[Finding]:
    if not (mail.tree.findtext(".//title") or "").strip():
        yield _finding(
            mail,
            TITLE_MISSING,
            "the mail has no title, which is read out when it is opened and shown on its tab",
            "Write <mj-title>{{ subject | e }}</mj-title> in <mj-head>.",
            "<head",
            written="<mj-head",
        )
    metas = list(mail.tree.iter("meta"))
    for name, there in (
        ("viewport", any(meta.get("name") == "viewport" for meta in metas)),
        ("charset", any("charset" in (meta.get("content") or "").lower() or meta.get("charset") for meta in metas)),
    ):  # fmt: skip
        if not there:
            yield _finding(
                mail,
                META_MISSING,
                f"the mail has no <meta> for its {name}",
                "MJML writes it: build the mail in an <mjml> layout.",
                "<head",
            )


def tables(mail: RenderedMail) -> Iterator[Finding]:
    """A table that is only there for the layout is announced as one, row by row, unless it says."""
    plain = [
        table
        for table in mail.tree.iter("table")
        if table.get("role") not in {"presentation", "none"}
        and table.find(".//th") is None
        and not table.xpath(_MJML_WRITES)
    ]
    if plain:
        count = "a table has" if len(plain) == 1 else f"{len(plain)} tables have"
        yield _finding(
            mail,
            TABLE_ROLE,
            f"{count} neither headings nor a role, so screen readers announce rows and columns",
            'For a layout: <table role="presentation">. For figures: put headings in <th>.',
            "<table",
        )


def _finding(
    mail: RenderedMail, code: str, message: str, hint: str, spot: str, *, written: str = ""
) -> Finding:
    """`written` is what to look for in the templates, where that is something else."""
    return Finding(code, Severity.WARNING, message, hint, mail.place(written or spot), spot)


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext(with_tail=False)).split())
