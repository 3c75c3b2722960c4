"""What a petition's target gets: the signatures as CSV, or as a document to hand over.

Neither holds an e-mail address: a signature is a first name, an initial, and a place.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from markupsafe import Markup

from mailer import page_templates, palettes
from mailer.lists.csv_file import defuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import BinaryIO

    from mailer.campaigns.petition import Petition
    from mailer.compiler.page_words import Words
    from mailer.compiler.petition_text import PetitionText
    from mailer.config import Brand
    from mailer.ledger.signature import Signature

_COLUMNS = ("number", "name", "city", "state", "zip", "signed", "comment")


def line(signature: Signature, words: Words) -> str:
    """As in "Ana R., Portland, OR 97212"."""
    place = " ".join(filter(None, (signature.place, signature.zip)))
    return ", ".join(filter(None, (signature.public_name or words.text.nameless, place)))


def write_csv(stream: BinaryIO, signatures: Iterable[Signature]) -> int:
    """Write one row for each signature, with the mark that spreadsheets expect of UTF-8; return how many."""
    text = io.TextIOWrapper(stream, "utf-8-sig", newline="", write_through=True)
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    number = 0
    for number, signature in enumerate(signatures, 1):
        comment = signature.comment if signature.comment_public else ""
        cells = (signature.city, signature.state, signature.zip, signature.at[:10], comment)
        rows.writerow(map(defuse, (str(number), signature.public_name, *cells)))
    text.detach()
    return number


def document(
    petition: Petition,
    text: PetitionText,
    signatures: Sequence[Signature],
    brand: Brand,
    words: Words,
    *,
    now: datetime,
) -> str:
    """The document as HTML for print: a cover, then the signatures in columns."""
    environment = page_templates.load("mailer.reports", ".")
    return environment.get_template("petition.html").render(
        petition=petition,
        statement=Markup(text.statement),  # noqa: S704 - rendered from the staff's own Markdown
        t=words.html,
        language=words.language,
        direction=words.direction,
        text=text,
        lines=[line(signature, words) for signature in signatures],
        brand=brand,
        colors=palettes.light(brand.colors),
        now=now,
    )
