"""The public page of a petition, for staff: as signers would see it now, with nothing behind its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer import palettes
from mailer.campaigns.snapshot import load_petition
from mailer.compiler import page_words, petition_text
from mailer.web.pages import page_rendering
from mailer.web.pages.petition import COMMENTS
from mailer.web.pages.petition_library import ReadPetition
from mailer.web.pages.petition_view import view_of

if TYPE_CHECKING:
    from datetime import datetime

    from jinja2 import Environment

    from mailer.campaigns.petition import Petition
    from mailer.config import Brand, Project
    from mailer.store import Store

STYLE = "/-/petition.css"


def page(project: Project, store: Store, name: str, now: datetime) -> str:
    """Render a petition's page. Raises MailerError where its file is missing or does not parse."""
    petition = load_petition(project, name)
    settings, words = project.settings, page_words.load(project.root)
    brand = _brand(project, petition)
    text = petition_text.render(petition, words, usual=settings.brand.language)
    shown = view_of(ReadPetition(petition, text), store, settings, now)
    comments = store.petitions.comments(petition.name, COMMENTS)
    return (
        _templates()
        .get_template("petition.html")
        .render(
            page_rendering.common(brand, f"{STYLE}?name={petition.name}", words.get(text.language)),
            root="",
            view=shown,
            comments=comments,
            form={},
            problems={},
            changed=False,
        )
    )


def style(project: Project, name: str) -> str:
    """Render the style sheet of a petition's page. Raises MailerError as `page` does."""
    brand = _brand(project, load_petition(project, name))
    return (
        _templates()
        .get_template("style.css")
        .render(
            light=palettes.light(brand.colors), dark=palettes.dark(brand.colors), fonts=brand.fonts
        )
    )


def _brand(project: Project, petition: Petition) -> Brand:
    front = petition.front
    return project.settings.content_for(brand=front.brand, list_name=front.list).brand


def _templates() -> Environment:
    return page_rendering.environment()
