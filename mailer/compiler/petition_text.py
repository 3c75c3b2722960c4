"""The text of a petition as HTML: the statement, what explains it, and its sources in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.compiler import language, markdown
from mailer.compiler.markdown import Document, Numbering, Source
from mailer.errors import CampaignError

if TYPE_CHECKING:
    from mailer.campaigns.petition import Petition

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class PetitionText:
    statement: str
    """HTML."""
    statement_words: str
    """Without markup, for a description."""
    why: str
    """HTML."""
    sources: tuple[Source, ...]
    direction: str
    """"ltr" or "rtl"."""


def render(petition: Petition) -> PetitionText:
    """Render a petition's Markdown.

    Raises:
        CampaignError: a paragraph is too tangled to be read, or a footnote stands inside another.
    """
    try:
        return _render(petition)
    except CampaignError as err:
        raise CampaignError(err.message, place=petition.place(), hint=err.hint) from err


def _render(petition: Petition) -> PetitionText:
    labels = list(petition.notes)
    numbering = Numbering(labels, _reference)
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
        language.direction(petition.front.language or "en"),
    )


def _reference(number: int, anchor: str) -> str:
    return (
        f'<sup class="ref" id="{anchor}">'
        f'<a href="#source-{number}" aria-label="Source {number}">{number}</a></sup>'
    )
