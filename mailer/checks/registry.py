"""Every rule there is. Audience rules look at everybody, and stand in `audience.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.checks.rules import (
    action,
    client_support,
    compliance,
    contrast,
    elements,
    footnotes,
    images,
    line_breaks,
    links,
    outlook,
    quoted_numbers,
    structure,
    tap_targets,
    text_part,
    unfinished,
    wording,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.finding import Finding
    from mailer.checks.rendered_mail import RenderedMail

    SourceRule = Callable[[Snapshot, date], Iterable[Finding]]
    """Looks at what was written, once; the date is today's."""
    MailRule = Callable[[RenderedMail], Iterable[Finding]]
    """Looks at one variant; the same finding of several variants is shown once."""

SOURCE_RULES: tuple[SourceRule, ...] = (
    wording.front,
    unfinished.unfinished,
    line_breaks.lost_line_breaks,
    footnotes.footnotes,
    compliance.sender,
    quoted_numbers.quoted_numbers,
    action.closed_petitions,
    elements.unknown_attributes,
    elements.unknown_classes,
)
MAIL_RULES: tuple[MailRule, ...] = (
    wording.subject,
    wording.dear_friend,
    unfinished.unfinished_mail,
    links.links,
    compliance.unsubscribe_link,
    compliance.one_click,
    compliance.postal_address,
    text_part.blank_body,
    text_part.text_of_both_parts,
    text_part.links_of_both_parts,
    action.nothing_to_do,
    elements.misplaced_elements,
    client_support.unsupported,
    images.sources,
    images.descriptions,
    images.sizes,
    images.amount,
    outlook.wide_in_outlook,
    contrast.low_contrast,
    structure.headings,
    structure.language,
    structure.other_language,
    structure.direction,
    structure.document,
    structure.tables,
    tap_targets.small_targets,
    tap_targets.close_targets,
)
