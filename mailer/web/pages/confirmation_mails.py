"""Writes confirmation mails: the request, and the link that confirms it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer import page_templates
from mailer.compiler.compile import CutText, Variant
from mailer.links import Links, address, petition_page
from mailer.lists.request import STRANGERS, RequestKind
from mailer.mail.merge import Merged
from mailer.web.pages.double_opt_in import PURPOSES
from mailer.web.pages.public_forms import mask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.config import Settings
    from mailer.links import Keys
    from mailer.lists.request import PendingRequest
    from mailer.web.pages.sender_profiles import SenderProfiles


class ConfirmationMails:
    """Writes the mail for each kind of request.

    Args:
        settings: of the project.
        keys: that sign the links.
        petition_title: a petition's name → its title.
        sender_profiles: of the sends whose mail led to the requests.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        petition_title: Callable[[str], str],
        sender_profiles: SenderProfiles,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._petition_title = petition_title
        self._sender_profiles = sender_profiles
        self._senders = ["", *settings.senders]
        self._labels = {public.name: public.label for public in settings.pages.lists}
        self._templates = page_templates.load("mailer.web.pages")

    def write(self, pending: PendingRequest) -> Merged:
        """Write the mail about a request, to the address that has to confirm it."""
        kind = pending.wish.kind
        base_url = self._settings.site.base_url
        profile = self._sender_profiles.of_send(pending.wish.send_id)
        brand = self._sender_profiles.brand(profile.brand)
        token = self._keys.passing(PURPOSES[kind], _subject_id(pending), pending.asked)
        petition = pending.wish.details.get("petition", "")
        texts = self._templates.get_template("confirmation-texts.txt").make_module(
            {
                "brand": brand,
                "lists": self._named(pending.wish.lists),
                "kind": kind,
                "adds_comment": "comment" in pending.wish.details
                and "signature" in pending.wish.details,
                "petition": self._petition_title(petition) if petition else "",
                "petition_page": petition_page(base_url, petition),
            }
        )
        subject = str(texts.subject).strip()  # type: ignore[attr-defined] # set by the template
        shown = {
            "brand": brand,
            "subject": subject,
            "paragraphs": [" ".join(part.split()) for part in str(texts.body).split("\n\n")],  # type: ignore[attr-defined] # same
            "button": str(texts.button).strip(),  # type: ignore[attr-defined] # same
            "link": address(base_url, PURPOSES[kind], token),
            "never": self._never(pending),
            "masked": mask(pending.wish.email),
        }
        html, text = (
            self._templates.get_template(f"confirmation-mail.{kind}").render(shown)
            for kind in ("html", "txt")
        )
        arm = self._senders.index(profile.sender) + 1
        links = Links(base_url, self._keys, "", 0, 0)
        variant = Variant(1, _whole(subject), _whole(html), _whole(text), (), (), arm)
        return Merged(pending.wish.email, variant, (), links)

    def _never(self, pending: PendingRequest) -> str:
        """Return the link that ends such mail, where a stranger may have asked for it."""
        if pending.wish.kind not in STRANGERS:
            return ""
        token = self._keys.passing("never", pending.id, pending.asked)
        return address(self._settings.site.base_url, "never", token)

    def _named(self, lists: Sequence[str]) -> str:
        names = [self._labels.get(name, name) for name in lists]
        return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _subject_id(pending: PendingRequest) -> int:
    """What the link of a mail is about: the request, or of a receipt the signature."""
    if pending.wish.kind is RequestKind.RECEIPT:
        return int(pending.wish.details["signature"], 16)
    return pending.id


def _whole(text: str) -> CutText:
    """Return a text without slots."""
    return CutText((text,), ())
