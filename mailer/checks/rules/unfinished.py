"""What readers should never see: placeholders, merge fields of other programs, markup that was not read.

Finished text is what is checked: subject, preheader, both parts, links and descriptions, whether the
words come from the campaign, a template, mailer.toml or a look-up. The campaign is read as well, for
its branches that nobody gets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mailer.checks.finding import Finding, Severity
from mailer.checks.merge_fields import merge_fields
from mailer.errors import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.rendered_mail import RenderedMail

PLACEHOLDER = "placeholder"
LEFTOVER = "merge-leftover"
ENTITY = "html-entity"
FOOTNOTE = "footnote-unread"
MARKUP = "markup-unread"

_SETTINGS = Place("mailer.toml")

_PLACEHOLDERS = re.compile(
    r"""
    (?=[LlTFX\[])(?:  # how each begins: a fifth of the time
      (?i:\blorem\s+ipsum\b)
    # "[your name]" alone is what a caller says, in a call script.
    | (?i:(?<!\[)\[\s*(?:insert\s[^\]\n]{1,60}|[^\]\n]{1,60}\shere|(?:first|last|full)[ _]?name)\s*\](?!\())
    # The printers' "to come"; before a name it is initials: TK Maxx.
    | \b(?:TK)+\b(?![ ][A-Z][a-z])
    # In a line of capitals "TODO" is Spanish for "all".
    | (?<![A-ZÀ-Þ][ ])\b(?:TODO|FIXME)\b(?![ ][A-ZÀ-Þ]{2})
    # Thirty, in Roman numerals, stands behind what is counted.
    | (?<!Bowl[ ])(?<!Title[ ])(?<!Article[ ])(?<!Chapter[ ])(?<!Section[ ])(?<!Part[ ])(?<!Volume[ ])\bX{3,}\b
    )""",
    re.VERBOSE,
)
_ENTITY = re.compile(r"&(?:#\d{2,6}|#[xX][0-9A-Fa-f]{2,5}|[A-Za-z][A-Za-z0-9]{1,30});")
_FOOTNOTE = re.compile(r"\[\^[^\]\n]{1,80}\]|\^\[[^\]\n]{1,200}\]")
_ELEMENTS = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "address",
        "applet",
        "area",
        "article",
        "aside",
        "audio",
        "b",
        "base",
        "basefont",
        "bdi",
        "bdo",
        "bgsound",
        "big",
        "blink",
        "blockquote",
        "body",
        "br",
        "button",
        "canvas",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "data",
        "datalist",
        "dd",
        "del",
        "details",
        "dfn",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "em",
        "embed",
        "fieldset",
        "figcaption",
        "figure",
        "font",
        "footer",
        "form",
        "frame",
        "frameset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hgroup",
        "hr",
        "html",
        "i",
        "iframe",
        "image",
        "img",
        "input",
        "ins",
        "kbd",
        "label",
        "legend",
        "li",
        "link",
        "main",
        "map",
        "mark",
        "marquee",
        "math",
        "menu",
        "meta",
        "meter",
        "nav",
        "nobr",
        "noscript",
        "object",
        "ol",
        "optgroup",
        "option",
        "output",
        "p",
        "param",
        "picture",
        "pre",
        "progress",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "script",
        "search",
        "section",
        "select",
        "slot",
        "small",
        "source",
        "span",
        "strike",
        "strong",
        "style",
        "sub",
        "summary",
        "sup",
        "svg",
        "table",
        "tbody",
        "td",
        "template",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "time",
        "title",
        "tr",
        "track",
        "tt",
        "u",
        "ul",
        "var",
        "video",
        "wbr",
    ]
)
"""All that HTML has or once had. A name with a hyphen or a colon is of MJML, SVG or Office."""

_MARKDOWN = re.compile(
    r"\*\*[^*\n]{1,80}\*\*|(?<![\w_])__[^_\n]{1,80}__(?![\w_])|^[ \t]*#{2,6}\w[^\n]{0,40}"
    # of Markdown's dialects: marked, inserted, below and above the line, a task
    r"|(?<![=\w])==[^=\s][^=\n]{0,80}==(?!=)|(?<![+\w])\+\+\w[^+\n]{0,80}\+\+(?!\+)"
    r"|(?<=\w)~[\w+-]{1,8}~(?!~)|(?<=[\w)])\^[\w+-]{1,8}\^|^[ \t]*\[[ xX]\][ ]"
    r"|(?<![\w:/]):[a-z][a-z0-9_+-]{1,30}:(?![\w:/])",  # a smiley, as chats read it
    re.MULTILINE,
)
"""Signs that stay as they are: for a blank too many or too few, or as only other programs read them."""
_MARKUP = re.compile(
    rf"{_MARKDOWN.pattern}|</?[A-Za-z][^<>\n]{{0,60}}>|`[^`\n]+`|=\?[\w-]+\?[BbQq]\?[^?\n]*\?=",
    re.MULTILINE,
)
"""Markup of any kind: no inbox reads it in a subject. The last is the spelling of mail headers."""
_FRONT = ("subject", "preheader", "headline")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_CODE = re.compile(r"^(`{3,}|~{3,}).*?^\1|(?<!`)`[^`\n]+`", re.DOTALL | re.MULTILINE)
_JINJA = re.compile(r"(?<!\{)\{\{(?!\{).*?\}\}(?!\})|\{%.*?%\}", re.DOTALL)
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_AUDIENCE = re.compile(r"^audience:.*(?:\n[ \t]+.*)*", re.MULTILINE)
_CODE_NODES = "//code//text() | //pre//text()"
_TEXT_NODES = (
    "//body//text()[not(ancestor::code or ancestor::pre or ancestor::style or ancestor::script)]"
)


@dataclass(frozen=True, slots=True)
class _Slip:
    """A kind of text that readers should not see."""

    code: str
    matches: Callable[[str], Iterator[re.Match[str]]]
    message: str
    """`{}` is the text."""
    hint: str
    severity: Severity = Severity.ERROR

    def finding(self, text: str, place: Place, severity: Severity | None = None) -> Finding:
        message = self.message.format(text)
        return Finding(self.code, severity or self.severity, message, self.hint, place, text)


def _entities(text: str) -> Iterator[re.Match[str]]:
    return (match for match in _ENTITY.finditer(text) if unescape(match[0]) != match[0])


_PLACEHOLDER = _Slip(
    PLACEHOLDER,
    _PLACEHOLDERS.finditer,
    '"{}" looks like a placeholder that was never filled in',
    "Write the words that belong there. A note to yourself goes between {# and #}.",
    Severity.WARNING,
)
_LEFTOVER = _Slip(
    LEFTOVER,
    merge_fields,
    "{} is a merge field of another program: readers would see it as it stands",
    "Write {{ recipient.first_name }}, {{ recipient.city }} and so on; "
    "docs/writing-campaigns.md has the list.",
)
_UNREAD_ENTITY = _Slip(
    ENTITY,
    _entities,
    "{} is a sign in the spelling of HTML: readers would see it as it stands",
    "Write the sign itself, such as & or —.",
)
_UNREAD_FOOTNOTE = _Slip(
    FOOTNOTE,
    _FOOTNOTE.finditer,
    "{} is not read as a footnote: readers would see it as it stands",
    "Write [^name], a name without blanks, and on a line of its own [^name]: with the source.",
)
_UNREAD_MARKDOWN = _Slip(
    MARKUP,
    _MARKDOWN.finditer,
    "“{}” is not read as Markdown: readers would see its signs",
    "Put ** next to the words, with no blank between: **bold**. A heading has a blank behind ##. "
    "Other signs and :smileys: are not read: write the words or the character itself.",
    Severity.WARNING,
)
_MISPLACED_FOOTNOTE = _Slip(
    FOOTNOTE,
    _FOOTNOTE.finditer,
    "{} stands where no footnote is read, such as a subject, a button or a block of HTML: readers "
    "would see it as it stands",
    "Take it out there, and put it behind a sentence of the text.",
)


def unfinished(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """What is unfinished in the campaign, also in branches that nobody gets, and in look-ups."""
    del today
    for path, source in _sources(snapshot):
        for slip in (_LEFTOVER, _PLACEHOLDER) if path == snapshot.path else (_LEFTOVER,):
            for match in slip.matches(source):
                line = source.count("\n", 0, match.start()) + 1
                in_subject = path == snapshot.path and line in _subject_lines(snapshot)
                # nobody overlooks what is in a subject
                severity = Severity.ERROR if in_subject else None
                yield slip.finding(match[0], Place(path, line), severity)
    yield from _markup_in_front(snapshot)


def _markup_in_front(snapshot: Snapshot) -> Iterator[Finding]:
    """What is bold, linked or encoded in a subject, a preheader or a headline."""
    front = snapshot.parsed.front
    subjects = [f"subjects.{number}" for number in range(1, len(front.subjects) + 1)]
    for key in [*subjects, *_FRONT]:
        if key not in subjects and not getattr(front, key):
            continue
        text = _JINJA.sub(lambda match: _only_quoted(match[0]), _COMMENT.sub("", front.text(key)))
        name = key.partition("s.")[0]
        for match in _MARKUP.finditer(text):
            yield Finding(
                MARKUP,
                Severity.ERROR,
                f"“{match[0]}” is markup, which nothing reads in a {name}: readers would see it as it "
                "stands",
                "Write the plain words.",
                snapshot.parsed.place(key),
                match[0],
            )


def _sources(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """The files that a writer fills, with blanks for what is not text."""
    yield snapshot.path, _only_text(snapshot.files[snapshot.path])
    for lookup in snapshot.content.lookups.values():
        if lookup.file in snapshot.files:
            yield lookup.file, snapshot.files[lookup.file]


@lru_cache(maxsize=64)
def _only_text(source: str) -> str:
    """A campaign without comments, code and Jinja, but with the texts inside Jinja; lines stay."""
    for pattern in (_COMMENT, _AUDIENCE, _CODE):
        source = pattern.sub(lambda match: _blank(match[0]), source)
    return _JINJA.sub(lambda match: _only_quoted(match[0]), source)


def _only_quoted(code: str) -> str:
    parts, end = [], 0
    for match in _QUOTED.finditer(code):
        parts += [_blank(code[end : match.start() + 1]), match[0][1:-1]]
        end = match.end() - 1
    return "".join([*parts, _blank(code[end:])])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _subject_lines(snapshot: Snapshot) -> set[int | None]:
    front = snapshot.parsed.front
    keys = [f"subjects.{number}" for number in range(1, len(front.subjects) + 1)] or ["subject"]
    return {snapshot.parsed.place(key).line for key in keys}


def unfinished_mail(mail: RenderedMail) -> Iterator[Finding]:
    """Unfinished text in the finished mail, and what Markdown and HTML did not read.

    Personal values are left out: a person may be called Tk.
    """
    written = _only_text(mail.snapshot.files[mail.snapshot.path])
    texts = _texts(mail)
    yield from _unread_markdown(mail)
    for slip in (_LEFTOVER, _PLACEHOLDER, _UNREAD_ENTITY, _UNREAD_FOOTNOTE):
        matches = dict.fromkeys(match[0] for text in texts for match in slip.matches(text))
        for match in matches:
            # the source has been searched for these two, line by line
            if slip in (_LEFTOVER, _PLACEHOLDER) and match in written:
                continue
            if slip is _UNREAD_FOOTNOTE and match[2:-1] in mail.snapshot.parsed.notes:
                yield _MISPLACED_FOOTNOTE.finding(match, _place_outside_text(mail, match))
                continue
            place = mail.place(match)
            yield slip.finding(match, place if place.line else _SETTINGS)
    yield from _unknown_elements(mail)


def _unread_markdown(mail: RenderedMail) -> Iterator[Finding]:
    text = "\n".join(mail.neutral_tree.xpath(_TEXT_NODES))
    ends = mail.snapshot.parsed.front_ends
    for match in dict.fromkeys(match[0].strip() for match in _MARKDOWN.finditer(text)):
        place = mail.place(match)
        if place.line and (place.path != mail.snapshot.path or place.line > ends):
            yield _UNREAD_MARKDOWN.finding(match, place)


def _place_outside_text(mail: RenderedMail, footnote: str) -> Place:
    """Where a footnote stands in the front matter or a component, or else for the last time."""
    parsed, source = mail.snapshot.parsed, mail.snapshot.files[mail.snapshot.path]
    front = "\n".join(source.split("\n")[: parsed.front_ends])
    starts = [front.find(footnote)]
    starts += [m.start() + m[0].find(footnote) for m in _JINJA.finditer(source) if footnote in m[0]]
    last = [match.start() for match in re.finditer(re.escape(footnote) + "(?!:)", source)][-1:]
    start = next((start for start in [*starts, *last] if start >= 0), -1)
    return (
        Place(parsed.path, source.count("\n", 0, start) + 1) if start >= 0 else mail.place(footnote)
    )


def _texts(mail: RenderedMail) -> list[str]:
    """All that readers get to see, without what is shown as code."""
    tree, variant = mail.neutral_tree, mail.merged.variant
    code = {line.strip() for text in tree.xpath(_CODE_NODES) for line in text.splitlines()} - {""}
    plain = [line for line in mail.neutral_text.splitlines() if line.strip() not in code]
    addresses = [link.url for link in mail.neutral_reading.links]
    return [
        "\n".join(variant.subject.static),
        "".join(tree.xpath(_TEXT_NODES)),
        "\n".join(plain),
        "\n".join(tree.xpath("//@alt | //@title | //@aria-label")),
        "\n".join(addresses),
        "\n".join(map(unquote, addresses)),
    ]


def _unknown_elements(mail: RenderedMail) -> Iterator[Finding]:
    """`<unsubscribe>` and the like: mail programs leave out what is between < and >."""
    inside = {part for image in mail.tree.iter("svg", "math") for part in image.iter("*")}
    tags = {e.tag for e in mail.tree.iter("*") if e not in inside} - _ELEMENTS
    for tag in sorted(tag for tag in tags if not re.search("[-:]", tag)):
        yield Finding(
            LEFTOVER,
            Severity.ERROR,
            f"<{tag}> is no element of HTML, but perhaps a merge field of another program: "
            "readers would not see it",
            "Write {{ links.unsubscribe }}, {{ links.view }}, {{ recipient.first_name }} and so on. "
            "For the sign < write &lt;.",
            mail.place(f"<{tag}"),
            f"<{tag}",
        )
