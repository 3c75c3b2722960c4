"""Recipients' pages: can they be reached, and does one click unsubscribe (RFC 8058)."""

from __future__ import annotations

from http import HTTPStatus

from mailer.doctor.finding import Diagnosis, Topic
from mailer.http_probe import NoAnswer, Response

AREA = Topic("Site")
_SETTING = "base_url under [site] in mailer.toml"


def judge(base_url: str, answer: Response | NoAnswer, *, signed: bool) -> list[Diagnosis]:
    """What the answer to a one-click POST says.

    Args:
        base_url: from mailer.toml.
        answer: to the unsubscribe link of a recipient who does not exist, as in a test mail.
        signed: whether the link bore this project's signature. `mailer serve` accepts such a link
            and changes nothing; with another key it does not know it.
    """
    return [_base(base_url, answer), _one_click(answer, signed=signed)]


def _base(base_url: str, answer: Response | NoAnswer) -> Diagnosis:
    if not base_url.startswith("https://"):
        return AREA.error(
            "base URL",
            f"{base_url} is not https: mail programs offer one-click unsubscribing over https only",
            f"Give the site a certificate, then correct {_SETTING}.",
        )
    if isinstance(answer, NoAnswer):
        return AREA.error(
            "base URL",
            f"{base_url}: {answer.reason}",
            f"Start mailer serve behind that address, or correct {_SETTING}. Until then no reader "
            "can unsubscribe.",
        )
    return AREA.ok("base URL", f"{base_url} answers")


def _one_click(answer: Response | NoAnswer, *, signed: bool) -> Diagnosis:
    name = "unsubscribing"
    if isinstance(answer, NoAnswer):
        return AREA.skipped(name, "not to be known before the base URL answers")
    status = answer.status
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return AREA.error(
            name,
            f"one click is redirected ({status}) to {answer.location}, which mail programs ignore",
            f"Write the address that answers at once into {_SETTING}.",
        )
    if not signed:
        return AREA.skipped(name, "not to be known before there is a secret key")
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return AREA.ok(name, "one click is accepted")
    return AREA.error(name, f"one click is refused ({status})", _TODO.get(status, _BROKEN))


_BROKEN = "Look into the log of mailer serve, and of the web server before it."
_TODO: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Let the web server ask for no password under /u/.",
    HTTPStatus.FORBIDDEN: "Let the web server or its firewall pass POST requests under /u/.",
    HTTPStatus.NOT_FOUND: "Either another program answers there, or mailer serve has another secret "
    "key than this folder: copy lists/secret.key to it.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Let the web server pass POST requests under /u/ on to mailer "
    "serve.",
}
