"""Whether the pages that a mail or a petition leads to are in its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.checks.finding import Finding, Severity
from mailer.checks.runner import in_order
from mailer.compiler import language as languages
from mailer.mail.web_version import language_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.runner import CheckReport
    from mailer.errors import Place

NO_WORDS = "page-words"


def check(used: Iterable[str], available: Sequence[str], place: Place) -> Iterator[Finding]:
    """Find languages that the recipients' pages have no words for.

    Args:
        used: the languages of the text.
        available: those that pages have words for.
        place: where the text says its language.
    """
    for code in sorted({code for code in used if not languages.nearest(code, available)}):
        yield Finding(
            NO_WORDS,
            Severity.WARNING,
            f"what the pages say is English, and the text is in {languages.NAMES.get(code, code)}",
            f"Copy the words (mailer templates copy pages/en.txt), name the copy {code}.txt, and "
            "translate it.",
            place,
        )


def with_page_language(
    snapshot: Snapshot, report: CheckReport, available: Sequence[str]
) -> tuple[Finding, ...]:
    """The findings of a report, and those about the pages of its variants.

    Args:
        snapshot: that was checked.
        report: of it.
        available: the languages that pages have words for.
    """
    used = {language_of(checked.variant.html.static[0]) for checked in report.variants}
    place = snapshot.parsed.place("language")
    return in_order([*report.findings, *check(used - {""}, available, place)])
