"""Reports as one HTML page that needs nothing else: to be opened, printed, or mailed to a director."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from mailer import page_templates, palettes
from mailer.reports import charts, rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from mailer.config import Brand
    from mailer.reports.summary import SendReport


def write(
    reports: Sequence[SendReport], brand: Brand, *, zone: tzinfo | None, now: datetime
) -> str:
    """The page.

    Args:
        reports: of one campaign, one for each list it went to.
        brand: whose name and colors it has.
        zone: of the times on it; None is this machine's.
        now: when it was made.
    """
    environment = page_templates.load("mailer.reports", ".")
    environment.filters["time"] = lambda at: f"{at.astimezone(zone):%B %-d, %Y, %H:%M}"
    style = environment.get_template("page.css")
    return environment.get_template("page.html").render(
        brand=brand,
        campaign=reports[0].send.campaign,
        now=now,
        sheets=[_sheet(report, zone) for report in reports],
        style=Markup(  # noqa: S704 - of our own style sheet and of checked colors
            style.render(
                light=palettes.light(brand.colors),
                dark=palettes.dark(brand.colors),
                fonts=brand.fonts,
                further=charts.STYLE,
            )
        ),
    )


def _sheet(report: SendReport, zone: tzinfo | None) -> dict[str, Any]:
    minutes = [(minute.at.astimezone(zone), minute.accepted) for minute in report.minutes]
    sections = {
        "Sent over time": [charts.over_time(minutes, what="messages")],
        "What became of it": [
            charts.bars(rows.ledger(report), title="Of the audience"),
            charts.bars(rows.heard(report), title="Heard since of what was handed over"),
            charts.bars(rows.top(report.failed), title="Refused, by what was said"),
            charts.bars(rows.top(rows.left_out(report)), title="Left out, by reason"),
        ],
        "Mail that came back": [
            charts.bars(rows.top(report.bounces), title="By reason"),
            charts.bars(rows.top(rows.domains(report)), title="For good, by domain"),
        ],
        "Readers who left": [charts.bars(rows.top(report.reasons), title="By what they ticked")],
        "Variants": [
            charts.bars(rows.variants(report), title="Recipients, by what is true of them")
        ],
        "Clicks": [charts.bars(rows.top(rows.clicks(report)), title="By where the link leads")],
        "States": [
            # all of them: Rhode Island is as easy to see as Texas
            charts.bars(rows.states(report), title="Recipients"),
        ],
    }
    return {
        "report": report,
        "figures": rows.key_figures(report),
        "titles": rows.arm_columns(report),
        "arms": rows.arms(report),
        "sections": [
            (title, Markup("".join(drawn)))  # noqa: S704 - the charts escape every word
            for title, drawn in sections.items()
            if any(drawn)
        ],
    }
