"""Every rule there is. Audience rules look at everybody, and stand in `audience.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.checks import (
    contrast,
    elements,
    footnotes,
    images,
    law,
    links,
    structure,
    support,
    targets,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from mailer.checks.finding import Finding
    from mailer.checks.proof import Proof
    from mailer.sources import Sources

    SourceRule = Callable[[Sources, date], Iterable[Finding]]
    """Looks at what was written, once; the date is today's."""
    MailRule = Callable[[Proof], Iterable[Finding]]
    """Looks at one variant; the same finding of several variants is shown once."""

SOURCE_RULES: tuple[SourceRule, ...] = (
    words.front,
    words.unfinished,
    footnotes.footnotes,
    law.sender,
    elements.unknown_attributes,
    elements.unknown_classes,
)
MAIL_RULES: tuple[MailRule, ...] = (
    words.subject,
    words.unfinished_elsewhere,
    links.links,
    law.way_out,
    law.one_click,
    law.postal_address,
    law.text_part,
    elements.misplaced_elements,
    support.unsupported,
    images.sources,
    images.descriptions,
    images.sizes,
    images.amount,
    contrast.faint_words,
    structure.headings,
    structure.language,
    structure.direction,
    structure.document,
    structure.tables,
    targets.small_targets,
    targets.close_targets,
)
