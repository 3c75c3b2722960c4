"""Writes confirmation mails: the request, and the link that confirms it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.compiler.compile import CutText, Variant
from mailer.links import Links, address, petition_page
from mailer.lists.request import STRANGERS, RequestKind
from mailer.mail.merge import Merged
from mailer.web.pages import page_rendering
from mailer.web.pages.double_opt_in import PURPOSES
from mailer.web.pages.public_forms import mask
from mailer.web.pages.sender_profiles import subscriber_of

if TYPE_CHECKING:
    from mailer.compiler.page_words import PageWords, Words
    from mailer.config import Settings
    from mailer.links import Keys
    from mailer.lists.request import PendingRequest, RecipientRequest
    from mailer.store import Store
    from mailer.web.pages.petition_library import PetitionLibrary, ReadPetition
    from mailer.web.pages.sender_profiles import SenderProfile, SenderProfiles


class ConfirmationMails:
    """Writes the mail for each kind of request.

    Args:
        settings: of the project.
        keys: that sign the links.
        petitions: of the project.
        page_words: of every language.
        sender_profiles: of the sends whose mail led to the requests.
        store: for reading.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        *,
        petitions: PetitionLibrary,
        page_words: PageWords,
        sender_profiles: SenderProfiles,
        store: Store,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._petitions = petitions
        self._page_words = page_words
        self._sender_profiles = sender_profiles
        self._store = store
        self._senders = ["", *settings.senders]
        self._labels = {public.name: public.label for public in settings.pages.lists}
        self._templates = page_rendering.environment()

    def write(self, pending: PendingRequest) -> Merged:
        """Write the mail about a request, to the address that has to confirm it."""
        wish, base_url = pending.wish, self._settings.site.base_url
        read = self._petitions.get(wish.details.get("petition", ""))
        profile = self._profile(wish, read)
        brand = self._sender_profiles.brand(profile.brand)
        words = self._words(wish, read, brand.language)
        token = self._keys.passing(PURPOSES[wish.kind], _subject_id(pending), pending.asked)
        subject, button, body = self._texts(wish, read, words, brand.name)
        shown = {
            **page_rendering.common(brand, "", words),
            "subject": subject,
            "paragraphs": [" ".join(part.split()) for part in body.split("\n\n")],
            "button": button,
            "link": address(base_url, PURPOSES[wish.kind], token),
            "never": self._never(pending),
            "masked": mask(wish.email),
        }
        html, text = (
            self._templates.get_template(f"confirmation-mail.{kind}").render(shown | t)
            for kind, t in (("html", {}), ("txt", {"t": words.text}))
        )
        arm = self._senders.index(profile.sender) + 1
        links = Links(base_url, self._keys, "", 0, 0)
        variant = Variant(1, _whole(subject), _whole(html), _whole(text), (), (), arm)
        return Merged(wish.email, variant, (), links)

    def _profile(self, wish: RecipientRequest, read: ReadPetition | None) -> SenderProfile:
        """The brand and the sender of the mail that led here, or else of the petition."""
        if read and not wish.send_id:
            return self._sender_profiles.of_petition(read.petition)
        return self._sender_profiles.of_send(wish.send_id)

    def _words(self, wish: RecipientRequest, read: ReadPetition | None, usual: str) -> Words:
        """The words of the petition's language, or of the mail that led here."""
        if read:
            return self._page_words.get(read.text.language)
        subscriber_id = subscriber_of(wish, self._store)
        language = self._sender_profiles.language_of(wish.send_id, subscriber_id)
        return self._page_words.get(language or usual)

    def _texts(
        self, wish: RecipientRequest, read: ReadPetition | None, words: Words, brand: str
    ) -> tuple[str, str, str]:
        """The subject, the words of the button, and paragraphs divided by an empty line."""
        t, name = words.text, wish.details.get("petition", "")
        petition = read.petition.front.title if read else name
        match wish.kind:
            case RequestKind.JOIN:
                names = [self._labels.get(each, each) for each in wish.lists]
                return t.join_subject(brand), t.join_button, t.join_mail(brand, names)
            case RequestKind.MOVE:
                return t.move_subject, t.move_button, t.move_mail(brand)
            case RequestKind.LEAVE:
                return t.leave_subject(brand), t.unsubscribe, t.leave_mail()
            case RequestKind.SIGN if "signature" in wish.details:
                return t.details_subject(petition), t.details_button, t.details_mail(petition)
            case RequestKind.SIGN:
                return t.sign_subject(petition), t.sign_button, t.sign_mail(petition)
            case RequestKind.RECEIPT:
                page = petition_page(self._settings.site.base_url, name)
                return t.receipt_subject(petition), t.receipt_button, t.receipt_mail(petition, page)
            case RequestKind.RESTORE:
                return t.restore_subject, t.tell_us, t.restore_mail(brand)
            case RequestKind.SETTLE:
                return t.settle_subject, t.tell_us, t.settle_mail(brand)

    def _never(self, pending: PendingRequest) -> str:
        """Return the link that ends such mail, where a stranger may have asked for it."""
        if pending.wish.kind not in STRANGERS:
            return ""
        token = self._keys.passing("never", pending.id, pending.asked)
        return address(self._settings.site.base_url, "never", token)


def _subject_id(pending: PendingRequest) -> int:
    """What the link of a mail is about: the request, or of a receipt the signature."""
    if pending.wish.kind is RequestKind.RECEIPT:
        return int(pending.wish.details["signature"], 16)
    return pending.id


def _whole(text: str) -> CutText:
    """Return a text without slots."""
    return CutText((text,), ())
