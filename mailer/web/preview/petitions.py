"""The public page of a petition, for staff: as signers would see it now, with nothing behind its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer import page_templates, palettes
from mailer.campaigns.snapshot import load_petition
from mailer.compiler import petition_text
from mailer.web.pages.petition import COMMENTS
from mailer.web.pages.petition_library import ReadPetition
from mailer.web.pages.petition_view import view_of

if TYPE_CHECKING:
    from datetime import datetime

    from jinja2 import Environment

    from mailer.config import Brand, Project
    from mailer.store import Store

STYLE = "/-/petition.css"


def page(project: Project, store: Store, name: str, now: datetime) -> str:
    """Render a petition's page. Raises MailerError where its file is missing or does not parse."""
    petition = load_petition(project, name)
    read = ReadPetition(petition, petition_text.render(petition))
    shown = view_of(read, store, project.settings, now)
    brand, comments = project.settings.brand, store.petitions.comments(petition.name, COMMENTS)
    template = _templates().get_template("petition.html")
    return template.render(
        brand=brand, style=STYLE, root="", view=shown, comments=comments, form={}, problems={}
    )


def style(brand: Brand) -> str:
    return (
        _templates()
        .get_template("style.css")
        .render(
            light=palettes.light(brand.colors), dark=palettes.dark(brand.colors), fonts=brand.fonts
        )
    )


def _templates() -> Environment:
    return page_templates.load("mailer.web.pages")
