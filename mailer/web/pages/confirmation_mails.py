"""The small mails of the pages: what was asked for, and the link that confirms it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from mailer.compiler.compile import CutText, Variant
from mailer.links import Links, address
from mailer.mail.merge import Merged
from mailer.web.pages.double_opt_in import PURPOSES
from mailer.web.pages.public_forms import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.config import Settings
    from mailer.links import Keys
    from mailer.lists.request import PendingRequest


class ConfirmationMails:
    def __init__(self, settings: Settings, keys: Keys) -> None:
        self._settings = settings
        self._keys = keys
        self._labels = {one.name: one.label for one in settings.pages.lists}
        self._templates = Environment(
            loader=PackageLoader("mailer.web.pages", "templates"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def write(self, asked: PendingRequest) -> Merged:
        """The mail about a request, to the address that has to confirm it."""
        kind = asked.wish.kind
        base_url = self._settings.site.base_url
        token = self._keys.passing(PURPOSES[kind], asked.id, asked.asked)
        words = self._templates.get_template("notices.txt").make_module(
            {"brand": self._settings.brand, "lists": self._named(asked.wish.lists), "kind": kind}
        )
        subject = str(words.subject).strip()  # type: ignore[attr-defined] # set by the template
        shown = {
            "brand": self._settings.brand,
            "subject": subject,
            "paragraphs": [" ".join(part.split()) for part in str(words.body).split("\n\n")],  # type: ignore[attr-defined] # same
            "button": str(words.button).strip(),  # type: ignore[attr-defined] # same
            "link": address(base_url, PURPOSES[kind], token),
            "masked": mask(asked.wish.email),
        }
        html, text = (
            self._templates.get_template(f"notice.{kind}").render(shown) for kind in ("html", "txt")
        )
        links = Links(base_url, self._keys, "", 0, 0)
        variant = Variant(1, _whole(subject), _whole(html), _whole(text), (), ())
        return Merged(asked.wish.email, variant, (), links)

    def _named(self, lists: Sequence[str]) -> str:
        names = [self._labels.get(name, name) for name in lists]
        return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _whole(text: str) -> CutText:
    """A text without slots."""
    return CutText((text,), ())
