"""The sending identity at Amazon SES: verification, DKIM signature, MAIL FROM domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.doctor.facts import ErrorKind, Identity, Refused
from mailer.doctor.finding import PAGE, Diagnosis, Topic

if TYPE_CHECKING:
    from mailer.config import Settings

AREA = Topic("Amazon SES")


def judge(identity: Identity | Refused | None, settings: Settings, region: str) -> list[Diagnosis]:
    """Judge the identity; None when it was not asked for."""
    if identity is None:
        return [
            AREA.warning(
                "identity",
                f"{settings.ses.identity_arn} is another account's: it cannot be looked at from here",
                "Have its owner check that it is verified and signs with DKIM.",
            )
        ]
    if isinstance(identity, Refused):
        return [_no_identity(identity, settings.sender.email, region)]
    return [_verified(identity), _dkim(identity), _mail_from(identity)]


def judge_return_path(identity: Identity | Refused | None, settings: Settings) -> list[Diagnosis]:
    """Judge [ses] return_path: SES refuses mail whose bounces go to an unverified address."""
    if identity is None:
        return []
    if isinstance(identity, Refused) and identity.why is not ErrorKind.MISSING:
        return [unread("return path", identity, "GetEmailIdentity")]
    if isinstance(identity, Identity) and identity.verified:
        return [AREA.ok("return path", f"{identity.name} is verified")]
    return [
        AREA.error(
            "return path",
            f"{settings.ses.return_path} is not verified",
            f"Verify its domain: {PAGE}, Your domain. Or take return_path = … out of [ses].",
        )
    ]


def _no_identity(refused: Refused, sender: str, region: str) -> Diagnosis:
    if refused.why is not ErrorKind.MISSING:
        return unread("identity", refused, "GetEmailIdentity")
    domain = sender.rpartition("@")[2]
    return AREA.error(
        "identity",
        f"SES in {region} knows neither {sender} nor {domain}",
        f"Verify {domain} there: {PAGE}, Your domain.",
    )


def _verified(identity: Identity) -> Diagnosis:
    if identity.verified:
        return AREA.ok("identity", f"{identity.name} is verified")
    return AREA.error(
        "identity",
        f"{identity.name} is not verified ({identity.verification})",
        f"Publish its DKIM records: {PAGE}, Your domain. Amazon looks again within minutes to days.",
    )


def _dkim(identity: Identity) -> Diagnosis:
    if identity.signs:
        return AREA.ok("DKIM", f"mail is signed as {identity.domain}")
    if identity.dkim_status == "SUCCESS":
        return AREA.error(
            "DKIM",
            "is set up, but signing is switched off",
            "aws sesv2 put-email-identity-dkim-attributes --signing-enabled "
            f"--email-identity {identity.name}",
        )
    return AREA.error(
        "DKIM",
        f"not working ({identity.dkim_status}): Gmail and Yahoo refuse bulk mail without it",
        f"Verify the domain, not only the address: {PAGE}, Your domain."
        if "@" in identity.name
        else f"Publish the three DKIM records: {PAGE}, Your domain.",
    )


def _mail_from(identity: Identity) -> Diagnosis:
    todo = f"See {PAGE}, MAIL FROM."
    if not identity.mail_from:
        return AREA.warning(
            "MAIL FROM", "not set: bounces go to amazonses.com, and SPF is not aligned", todo
        )
    if identity.mail_from_status == "SUCCESS":
        return AREA.ok("MAIL FROM", identity.mail_from)
    problem = f"{identity.mail_from} is not usable ({identity.mail_from_status})"
    if identity.mail_from_required:
        return AREA.error("MAIL FROM", f"{problem}: SES refuses all mail", todo)
    return AREA.warning("MAIL FROM", f"{problem}: SES uses amazonses.com instead", todo)


def unread(name: str, refused: Refused, action: str) -> Diagnosis:
    todo = (
        f"Allow ses:{action} in the policy of {PAGE}."
        if refused.why is ErrorKind.DENIED
        else "Run mailer doctor again in a minute."
    )
    return AREA.error(name, f"could not be read: {refused.message}", todo)
