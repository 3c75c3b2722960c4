"""mailer.toml and the environment, read once into frozen settings.

The schema is the classes of `content`, `sections` and `settings`: a key that is not there is an error with
a suggestion.
"""

from __future__ import annotations

from mailer.config.content import (
    Brand,
    Colors,
    Content,
    Fonts,
    Lookup,
    Sender,
    SiteSettings,
    Social,
)
from mailer.config.project import Project
from mailer.config.reading import FILE, find_root, load, parse
from mailer.config.sections import (
    Bounces,
    ListSettings,
    MailTestSettings,
    Pages,
    PublicList,
    SendSettings,
    Ses,
)
from mailer.config.settings import Settings
from mailer.config.values import Tags, WebAddress

__all__ = [
    "FILE",
    "Bounces",
    "Brand",
    "Colors",
    "Content",
    "Fonts",
    "ListSettings",
    "Lookup",
    "MailTestSettings",
    "Pages",
    "Project",
    "PublicList",
    "SendSettings",
    "Sender",
    "Ses",
    "Settings",
    "SiteSettings",
    "Social",
    "Tags",
    "WebAddress",
    "find_root",
    "load",
    "parse",
]
