"""Shared by every page: the organization, the store, the keys, and the rendering."""

from __future__ import annotations

import hashlib
from copy import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from starlette.responses import HTMLResponse

from mailer import palettes
from mailer.links import address
from mailer.web.pages import page_rendering, public_forms
from mailer.web.pages.click_counter import ClickCounter
from mailer.web.pages.public_version_cache import PublicVersionCache
from mailer.web.pages.rate_limits import RateLimits
from mailer.web.pages.sender_profiles import SenderProfiles, subscriber_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from markupsafe import Markup
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.compiler.page_words import PageWords
    from mailer.config import Settings
    from mailer.links import Keys, Purpose
    from mailer.lists.request import RecipientRequest
    from mailer.store import Store
    from mailer.web.pages.group_commit import GroupCommit
    from mailer.web.pages.petition_library import PetitionLibrary, ReadPetition


class PageContext:
    """The context that each page gets beside its request.

    Args:
        settings: of the project.
        keys: that sign the links.
        store: for reading, in the event loop.
        group_commit: runs every change of the store.
        clock: aware UTC time.
        wake_mailer: called when a confirmation mail is waiting.
        petitions: of the project.
        page_words: of every language.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        keys: Keys,
        store: Store,
        group_commit: GroupCommit,
        clock: Callable[[], datetime],
        wake_mailer: Callable[[], None],
        petitions: PetitionLibrary,
        page_words: PageWords,
    ) -> None:
        self.settings = settings
        self.keys = keys
        self.store = store
        self.group_commit = group_commit
        self.clock = clock
        self.wake_mailer = wake_mailer
        self.petitions = petitions
        self.page_words = page_words
        self.words = page_words.get(settings.brand.language)
        """The words of the page's language; without a mail or a petition, of the organization's language."""
        self.limits = RateLimits(store, group_commit, keys, self._seconds)
        self.clicks = ClickCounter(group_commit)
        self.public_versions = PublicVersionCache(
            store,
            group_commit,
            seconds=self._seconds,
            open_by_default=settings.pages.public_versions,
        )
        self.base_url = settings.site.base_url
        self.root = urlsplit(self.base_url).path
        self._templates = page_rendering.environment()
        self._templates.filters |= {"shown_lists": self.shown_lists}
        self._templates.globals |= {
            "root": self.root,
            "label": self.label,
            "public_lists": settings.pages.lists,
        }
        self.sender_profiles = SenderProfiles(settings, store)
        self.brand_name = ""
        """One of [brands]; "" for [brand]."""
        self._styles = {name: self._style(name) for name in ("", *settings.brands)}
        self._style_urls = {name: self._style_url(name) for name in self._styles}

    def for_mail(self, send_id: int, subscriber_id: int) -> PageContext:
        """The context of a page that somebody's mail leads to: it shows that mail's brand and language."""
        brand = self.sender_profiles.of_send(send_id).brand
        language = self.sender_profiles.language_of(send_id, subscriber_id) if send_id else ""
        return self._branded(brand, language)

    def for_wish(self, wish: RecipientRequest) -> PageContext:
        """The context of a page about a request, for the person whose mailbox confirms it."""
        return self.for_mail(wish.send_id, subscriber_of(wish, self.store))

    def for_petition(self, read: ReadPetition, send_id: int = 0) -> PageContext:
        """The context of a petition's page: in its language, with the brand of the mail that led there."""
        profile = self.sender_profiles.of_petition(read.petition)
        if send_id:
            profile = self.sender_profiles.of_send(send_id)
        return self._branded(profile.brand, read.text.language)

    def _branded(self, brand_name: str, language: str) -> PageContext:
        branded = copy(self)
        branded.brand_name = brand_name
        branded.words = self.page_words.get(
            language or self.sender_profiles.brand(brand_name).language
        )
        return branded

    def page(self, name: str, status: int = 200, **shown: Any) -> Response:
        brand, template = (
            self.sender_profiles.brand(self.brand_name),
            self._templates.get_template(name),
        )
        common = page_rendering.common(brand, self._style_urls[self.brand_name], self.words)
        return HTMLResponse(template.render(common | shown), status)

    def invalid_link(self) -> Response:
        """Explain that the link does not work, and offer to unsubscribe by address."""
        return self.page("invalid-link.html", 404)

    def style(self, brand: str) -> str:
        """The style sheet of a brand; that of [brand] where there is none of this name."""
        return self._styles.get(brand, self._styles[""])

    def _style_url(self, brand_name: str) -> str:
        stamp = hashlib.sha256(self.style(brand_name).encode()).hexdigest()[:8]
        query = {"brand": brand_name, "v": stamp} if brand_name else {"v": stamp}
        return f"{self.root}/style.css?{urlencode(query)}"

    def _style(self, brand_name: str) -> str:
        brand = self.sender_profiles.brand(brand_name)
        css = self._templates.get_template("style.css")
        return css.render(
            light=palettes.light(brand.colors), dark=palettes.dark(brand.colors), fonts=brand.fonts
        )

    # ---------------------------------------------------------------- tokens

    def read_token(
        self, purpose: Purpose, request: Request, subject: str = ""
    ) -> tuple[int, int] | None:
        """Return the two ids in the token of this link, repaired where a mail program broke it."""
        return self.keys.read(purpose, public_forms.repair(request.path_params["token"]), subject)

    def read_expiring_token(self, purpose: Purpose, request: Request) -> int | None:
        token = public_forms.repair(request.path_params["token"])
        return self.keys.read_passing(purpose, token, self.clock())

    def own_path(self, purpose: Purpose, request: Request, subject: str = "") -> str:
        """Return the path of this page, for its form."""
        token = public_forms.repair(request.path_params["token"])
        return self.link(purpose, f"{subject}/{token}" if subject else token)

    def link(self, purpose: Purpose, token: str) -> str:
        return address(self.root, purpose, token)

    # ---------------------------------------------------------------- lists

    def label(self, list_name: str) -> str:
        """Return the name that readers see for a list."""
        labels = {public.name: public.label for public in self.settings.pages.lists}
        return labels.get(list_name, list_name)

    def shown_lists(self, names: Sequence[str]) -> list[Markup]:
        """Return the names that readers see for lists, each set strong."""
        return [page_rendering.strong(self.label(name)) for name in names]

    # ---------------------------------------------------------------- clients

    async def is_rate_limited(self, request: Request) -> bool:
        client = request.client.host if request.client else ""
        return not await self.limits.allows(client)

    def _seconds(self) -> float:
        return self.clock().timestamp()

    def rate_limited(self) -> Response:
        return self.page("rate-limited.html", 429)

    def busy(self) -> Response:
        """Answer that no mail can go out now; the answer is the same for all visitors."""
        return self.page("busy.html", 503)
