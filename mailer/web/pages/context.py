"""What every page shares: the organisation, the store, the keys, and how a page is answered."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from mailer import colors
from mailer.config import PublicList
from mailer.links import address
from mailer.lists.request import UNSUBSCRIBE_REASONS
from mailer.web.pages import public_forms
from mailer.web.pages.click_counter import ClickCounter
from mailer.web.pages.public_versions import PublicVersions
from mailer.web.pages.rate_limits import RateLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.config import Settings
    from mailer.links import Keys, Purpose
    from mailer.store.base import Store
    from mailer.web.pages.group_commit import GroupCommit


class PageContext:
    """See above.

    Args:
        settings: of the project.
        keys: that sign the links.
        store: for reading, in the event loop.
        writer: for everything that changes the store.
        clock: aware UTC time.
        wake_postman: called when a mail waits.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        keys: Keys,
        store: Store,
        writer: GroupCommit,
        clock: Callable[[], datetime],
        wake_postman: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.keys = keys
        self.store = store
        self.writer = writer
        self.clock = clock
        self.wake_postman = wake_postman
        self.limits = RateLimits()
        self.clicks = ClickCounter(writer)
        self.gallery = PublicVersions(store)
        self.base_url = settings.site.base_url
        self.root = urlsplit(self.base_url).path
        self._templates = Environment(
            loader=PackageLoader("mailer.web.pages", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["mask"] = public_forms.mask
        self._templates.globals |= {
            "brand": settings.brand,
            "root": self.root,
            "label": self.label,
            "reasons": UNSUBSCRIBE_REASONS,
        }
        self.style = self._style()
        stamp = hashlib.sha256(self.style.encode()).hexdigest()[:8]
        self._templates.globals["style"] = f"{self.root}/style.css?{stamp}"

    def page(self, name: str, status: int = 200, **shown: Any) -> Response:
        return HTMLResponse(self._templates.get_template(name).render(shown), status)

    def lost(self) -> Response:
        """For a link that leads nowhere: say so kindly, and let the person leave all the same."""
        return self.page("lost.html", 404)

    def _style(self) -> str:
        brand = self.settings.brand
        # Not HTML: escaping would spoil the quotation marks around fonts.
        css = self._templates.overlay(autoescape=False).get_template("style.css")
        return css.render(
            light=colors.light(brand.colors), dark=colors.dark(brand.colors), fonts=brand.fonts
        )

    # ---------------------------------------------------------------- tokens

    def ids(self, purpose: Purpose, request: Request) -> tuple[int, int] | None:
        """Whose link this is, after what mail programs do to links has been undone."""
        return self.keys.read(purpose, public_forms.repair(request.path_params["token"]))

    def passing_id(self, purpose: Purpose, request: Request) -> int | None:
        token = public_forms.repair(request.path_params["token"])
        return self.keys.read_passing(purpose, token, self.clock())

    def here(self, purpose: Purpose, request: Request) -> str:
        """The path of the page itself, for its form."""
        return self.link(purpose, public_forms.repair(request.path_params["token"]))

    def link(self, purpose: Purpose, token: str) -> str:
        return address(self.root, purpose, token)

    # ---------------------------------------------------------------- lists

    def label(self, list_name: str) -> str:
        """How a list is called in front of its readers."""
        known = {one.name: one.label for one in self.settings.pages.lists}
        return known.get(list_name, list_name)

    def offered(self, campaign: str = "") -> tuple[PublicList, ...]:
        """The lists that anybody may sign up for.

        Without any in mailer.toml, that of the campaign a friend has forwarded, else the only one.
        """
        if self.settings.pages.lists:
            return self.settings.pages.lists
        send = self.store.send_of(campaign) if campaign else None
        if send:
            return (PublicList(name=send.list_name, label=send.list_name),)
        known = [found.name for found in self.store.lists()]
        return tuple(PublicList(name=name, label=name) for name in known) if len(known) == 1 else ()

    # ---------------------------------------------------------------- clients

    def is_too_often(self, request: Request) -> bool:
        client = request.client.host if request.client else ""
        return not self.limits.allows(client, self.clock().timestamp())

    def too_often(self) -> Response:
        return self.page("too-often.html", 429)
