"""Signed tokens, the personal URLs of a recipient, and which URLs are the recipients' pages.

A token holds a subscriber's and a send's id, encrypted, never an address, and is signed for one purpose.
It does not expire: an unsubscribe link works for as long as the mail is kept. What the pages themselves
hand out, to confirm or to undo something, holds the id of that and the time, and does expire.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.signer import SigningAlgorithm

from mailer import key_files
from mailer.errors import Place
from mailer.hosts import ascii_host
from mailer.sealed_ids import Seal, seal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

Purpose = Literal[
    "unsubscribe",
    "update",
    "view",
    "undo",
    "join",
    "move",
    "leave",
    "settle",
    "restore",
    "never",
    "click",
    "sign",
    "confirm-signature",
    "signed",
    "confirmed",
    "withdraw",
]

_PATHS: dict[Purpose, str] = {
    "unsubscribe": "u",
    "update": "p",
    "view": "v",
    # of a link and a send, the same for everybody
    "click": "r",
    # of the recipients' pages, about one request or one departure; these expire
    "undo": "undo",
    "join": "j",
    "move": "m",
    "leave": "l",
    "settle": "o",
    "restore": "w",
    "never": "n",
    # of one petition, whose name stands before the token
    "sign": "s",
    # about one signature; these expire, too
    "confirm-signature": "y",
    "signed": "t",
    # the same page, where the mailbox has confirmed the signature
    "confirmed": "k",
    "withdraw": "x",
}
LIFETIMES: dict[Purpose, timedelta] = {
    "undo": timedelta(hours=24),
    "join": timedelta(days=7),
    "move": timedelta(days=2),
    "leave": timedelta(days=30),
    "settle": timedelta(days=30),
    "restore": timedelta(days=30),
    "never": timedelta(days=60),
    "confirm-signature": timedelta(days=7),
    "signed": timedelta(hours=24),
    "confirmed": timedelta(hours=24),
    "withdraw": timedelta(days=365),
}
_IDS = re.compile(r"([0-9a-f]{1,15})-([0-9a-f]{1,15})")
"""The ids in a token of mail that earlier versions sent: `1f-3.` and a signature."""


class _Blake2(SigningAlgorithm):
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hashlib.blake2b(value, key=key, digest_size=16).digest()


class Keys:
    """The secret keys, the signing one first; older ones are still believed.

    Args:
        secrets: keys of at least 16 characters.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self.secrets = tuple(secrets)
        # derived here once, not for each token
        self._seals = {
            purpose: [Seal(key) for key in self._derived(f"mailer.sealed.{purpose}")]
            for purpose in _PATHS
        }
        self._signing = {purpose: seals[0] for purpose, seals in self._seals.items()}
        self._signers = {
            purpose: Signer(
                self._derived(f"mailer.{purpose}"), key_derivation="none", algorithm=_Blake2()
            )
            for purpose in _PATHS
        }

    def fingerprints(self) -> list[str]:
        """What tells keys from others without telling the keys; that of the key that signs is first."""
        return [digest.hex()[:32] for digest in self._derived("fingerprint")]

    def mark(self, text: str) -> str:
        """A keyed hash that recognizes something again without keeping it."""
        return hmac.digest(self._derived("mark")[0], text.encode(), "sha256").hex()[:32]

    def _derived(self, use: str) -> list[bytes]:
        return [hmac.digest(key.encode(), use.encode(), "sha256") for key in self.secrets]

    def token(self, purpose: Purpose, subscriber_id: int, send_id: int, subject: str = "") -> str:
        """A signed token. It is good for this purpose and this subject, such as a petition, only."""
        return seal((self._signing[purpose],), subscriber_id, send_id, subject)[0].decode()

    def tokens(self, purposes: Iterable[Purpose], subscriber_id: int, send_id: int) -> list[bytes]:
        """A token for each purpose, as `token` makes it."""
        return seal(map(self._signing.__getitem__, purposes), subscriber_id, send_id)

    def read(self, purpose: Purpose, token: str, subject: str = "") -> tuple[int, int] | None:
        """The subscriber's and the send's id; None for anything but a token of this purpose and subject."""
        if "." in token:
            return None if subject else self._read_signed(purpose, token)
        seals = self._seals[purpose]
        return next((ids for seal in seals if (ids := seal.open(token, subject))), None)

    def _read_signed(self, purpose: Purpose, token: str) -> tuple[int, int] | None:
        """Read a token of mail that earlier versions sent."""
        signature = token.rpartition(".")[2]
        try:
            payload = self._signers[purpose].unsign(token).decode()
            # Base64 has spare bits in its last character, so that several texts decode alike.
            if base64_encode(base64_decode(signature)).decode() != signature:
                return None
        except (BadData, UnicodeError):
            return None
        match = _IDS.fullmatch(payload)
        return (int(match[1], 16), int(match[2], 16)) if match else None

    def passing(self, purpose: Purpose, subject_id: int, now: datetime) -> str:
        """A token that `read_passing` believes for a time."""
        return self.token(purpose, subject_id, int(now.timestamp()))

    def read_passing(self, purpose: Purpose, token: str, now: datetime) -> int | None:
        """The id in a token made by `passing`; None when it is none, or is too old."""
        ids = self.read(purpose, token)
        if ids is None or not 0 <= now.timestamp() - ids[1] < LIFETIMES[purpose].total_seconds():
            return None
        return ids[0]


@dataclass(slots=True)
class Links:
    """The URLs in one recipient's mail, made when they are asked for."""

    base_url: str
    keys: Keys
    campaign: str
    send_id: int
    subscriber_id: int

    @property
    def unsubscribe(self) -> str:
        return self._personal("unsubscribe")

    @property
    def update(self) -> str:
        return self._personal("update")

    @property
    def view(self) -> str:
        return self._personal("view")

    @property
    def forward(self) -> str:
        """The page for forwarding. It is not personal: the friend must not act for the first reader."""
        return f"{self.base_url}/f/{self.campaign}"

    def sign(self, petition: str) -> str:
        """The link that signs a petition as this recipient."""
        token = self.keys.token("sign", self.subscriber_id, self.send_id, petition)
        return address(self.base_url, "sign", f"{petition}/{token}")

    def _personal(self, purpose: Purpose) -> str:
        return address(
            self.base_url, purpose, self.keys.token(purpose, self.subscriber_id, self.send_id)
        )


def address(base_url: str, purpose: Purpose, token: str) -> str:
    return f"{base_url}/{_PATHS[purpose]}/{token}"


def petition_page(base_url: str, petition: str) -> str:
    """Where anybody can read and sign a petition."""
    return f"{base_url}/petition/{petition}"


PERSONAL: tuple[Purpose, ...] = ("unsubscribe", "update", "view")
LINKS = (*PERSONAL, "forward")
SIGN = "sign."
"""Begins the name of a link that signs a petition, before the petition's own."""


def named(links: Any, name: str) -> str:
    """One of LINKS, or of those that sign, by its name; "" for any other."""
    if name.startswith(SIGN):
        return str(links.sign(name.removeprefix(SIGN)))
    return str(getattr(links, name)) if name in LINKS else ""


def is_link(name: str) -> bool:
    return name in LINKS or name.startswith(SIGN)


class _Location(NamedTuple):
    """A web address in the form in which two of them can be compared (RFC 3986, 6.2)."""

    scheme: str
    host: str
    port: int
    path: str
    """The path without the slash at its end."""


@dataclass(frozen=True)
class Site:
    """The recipients' pages.

    Args:
        base_url: from mailer.toml: all pages are there or below.
    """

    base_url: str

    def owns(self, url: str) -> bool:
        """Whether a URL is one of these pages: the same origin, and the path of the base URL or below.

        Not owned are a longer name of a host (`example.org.uk`), a longer name of a folder, another
        port or scheme, and any URL that names a user, which hides its host from readers.
        """
        base, location = self._base, _locate(url)
        return (
            base is not None
            and location is not None
            and location[:3] == base[:3]
            and f"{location.path}/".startswith(f"{base.path}/")
        )

    @cached_property
    def _base(self) -> _Location | None:
        return _locate(self.base_url)


_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=4096)
def _locate(url: str) -> _Location | None:
    try:
        parts = urlsplit(url.strip())
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    if not parts.hostname or "@" in parts.netloc:
        return None
    resolved = urlsplit(urljoin(f"{parts.scheme}://host/", _decoded(parts.path) or "/")).path
    return _Location(parts.scheme, ascii_host(parts.hostname), port, resolved.rstrip("/"))


_UNRESERVED = re.compile(r"%(2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)", re.IGNORECASE)


def _decoded(path: str) -> str:
    """A path without needless escapes: `%6D` is `m`, but `%2F` is no slash."""
    return _UNRESERVED.sub(lambda escape: unquote(escape[0]), path)


def load_keys(environment: str | None, file: Path) -> Keys:
    """Keys from `MAILER_SECRET_KEYS` (separated by commas), else from a file made on first use.

    Raises:
        ConfigError: a key is empty or short, or the file cannot be read or made.
    """
    if environment is not None:
        return Keys(key_files.check(environment.split(","), Place("MAILER_SECRET_KEYS")))
    return Keys(key_files.read(file))
