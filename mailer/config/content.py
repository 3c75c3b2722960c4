"""Sections that change the words of a mail. They are kept with every send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailer.config.values import (
    BaseAddress,
    Color,
    EmailAddress,
    HeaderText,
    Host,
    Segments,
    Tags,
    WebAddress,
)
from mailer.schema import Section


class Colors(Section):
    primary: Color = "#1f5c4d"
    accent: Color = "#b3401f"
    text: Color = "#22282a"
    muted: Color = "#5b6467"
    background: Color = "#eef1ee"
    surface: Color = "#ffffff"


class Fonts(Section):
    heading: str = "Georgia, 'Times New Roman', serif"
    body: str = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


class Social(Section):
    label: str
    url: WebAddress


class Brand(Section):
    """The organization, as every mail and page shows it."""

    name: str
    website: WebAddress
    address: str
    """Postal address, required in every mail (CAN-SPAM, 16 CFR 316)."""
    legal: str
    """Legal status line, such as tax status and deductibility of donations."""
    about: str = ""
    logo: WebAddress | Literal[""] = ""
    """An image; without one the name is set in type."""
    logo_dark: WebAddress | Literal[""] = ""
    """The logo on a dark background; without one, the logo stands on a light plate there."""
    logo_width: Annotated[int, Field(ge=40, le=600)] = 180
    """Pixels."""
    donate: WebAddress | Literal[""] = ""
    language: str = "en"
    colors: Colors = Colors()
    fonts: Fonts = Fonts()
    social: tuple[Social, ...] = ()


class Sender(Section):
    """Who the mail is from."""

    name: HeaderText
    email: EmailAddress
    reply_to: EmailAddress | Literal[""] = ""
    unsubscribe_email: EmailAddress | Literal[""] = ""
    """Adds a mailto beside the https List-Unsubscribe (RFC 2369), where mail to it is read: through the queue
    of events, or by importing the mailbox."""
    unsubscribe_mailbox: bool = False
    """Whether the mailbox of unsubscribe_email is imported with `mailer events import`."""


class SiteSettings(Section):
    base_url: BaseAddress
    """The address of the recipients' pages, with which every personal link begins."""


class LinkSettings(Section):
    """What mailer adds to the links of a mail."""

    tags: Tags = Field(default_factory=dict)
    """Tags for web analytics: name → value."""
    hosts: tuple[Host, ...] = ()
    """Where tagged links lead; without any, to the domain of the brand's website."""
    redirects: bool = False
    """Whether links lead through the recipients' pages, so that clicks can be counted."""


class Lookup(Section):
    """A CSV keyed by subscriber fields."""

    file: str
    key: Annotated[tuple[str, ...], Field(min_length=1)]
    many: bool = False


class Content(Section):
    """The sections that can change the words of a mail; kept with every send."""

    brand: Brand
    sender: Sender
    site: SiteSettings
    links: LinkSettings = LinkSettings()
    lookups: dict[str, Lookup] = Field(default_factory=dict)
    segments: Segments = Field(default_factory=dict)
    """Conditions by the name that `audience` and `--where` use."""
