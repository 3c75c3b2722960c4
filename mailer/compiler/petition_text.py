"""The text of a petition as HTML: the statement, what explains it, and its sources in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mailer.compiler import language as languages
from mailer.compiler import markdown
from mailer.compiler.markdown import Document, Numbering, Source
from mailer.errors import CampaignError

if TYPE_CHECKING:
    from mailer.campaigns.petition import Petition
    from mailer.compiler.page_words import PageWords, Words

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class PetitionText:
    statement: str
    """HTML."""
    statement_words: str
    """The statement without markup, for a description."""
    why: str
    """HTML."""
    sources: tuple[Source, ...]
    language: str
    """RFC 5646."""
    direction: str
    """"ltr" or "rtl"."""


def render(petition: Petition, page_words: PageWords, *, usual: str) -> PetitionText:
    """Render a petition's Markdown.

    Args:
        petition: as its file says.
        page_words: name its sources, in its language.
        usual: the organization's language, for a petition that neither names nor shows its own.

    Raises:
        CampaignError: a paragraph is too tangled to be read, or a footnote stands inside another.
    """
    try:
        return _render(petition, page_words, language_of(petition, page_words) or usual)
    except CampaignError as err:
        raise CampaignError(err.message, place=petition.place(), hint=err.hint) from err


def language_of(petition: Petition, page_words: PageWords) -> str:
    """The language that a petition names, or that its text shows and pages have words for; "" for none."""
    front = petition.front
    text = f"{front.title}\n{petition.statement}\n{petition.why}"
    return front.language or languages.nearest(languages.guessed(text), page_words.available)


def _render(petition: Petition, page_words: PageWords, language: str) -> PetitionText:
    labels = list(petition.notes)
    words = page_words.get(language)
    numbering = Numbering(labels, partial(_reference, words))
    document = Document(petition.why, labels)
    nested = document.references_in_notes()
    if nested:
        raise CampaignError(
            f"the footnote [^{min(nested)}] is referred to inside another footnote",
            hint="Repeat the source there instead.",
        )
    why = "".join(numbering.html(block.source) for block in document.blocks(()))
    statement = markdown.to_html(petition.statement, ())
    return PetitionText(
        statement,
        " ".join(_TAG.sub(" ", statement).split()),
        why,
        tuple(markdown.sources(document, numbering)),
        language,
        languages.direction(language),
    )


def _reference(words: Words, number: int, anchor: str) -> str:
    return (
        f'<sup class="ref" id="{anchor}">'
        f'<a href="#source-{number}" aria-label="{words.html.source(number)}">{number}</a></sup>'
    )
