"""Whether a file says that a person may be mailed: status words, yes and no, dates of leaving."""

from __future__ import annotations

import re
from enum import StrEnum

from mailer.lists.translation import answer_in_english, in_english, without_accents


class Standing(StrEnum):
    """What a file says about a person. The later ones are stronger: of several, the last holds."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    """Unsubscribed from the list that the file is imported into."""
    UNSUBSCRIBED_FROM_ALL = "unsubscribed-from-all"
    BOUNCED = "bounced"
    DO_NOT_MAIL = "do-not-mail"
    """Suppressed by staff, deceased, blocked."""
    COMPLAINED = "complained"


STRENGTH = {standing: strength for strength, standing in enumerate(Standing)}

_SUBSCRIBED = (
    "subscribed|active( (member|subscriber|contact|user))?|enabled|confirmed|verified|opted in|opt in|optin|single opt in|double opt in"
    "|implied|implicit|express|explicit|confirmed opt in|resubscribed|subscriber|current|valid"
    "|deliverable|mailable|reachable|engaged|regular|premium|gifted|comped|complimentary|accepted"
    "|marketing contact|accepts marketing|granted|given|ok|okay|good|clean"
)
_UNSUBSCRIBED = (
    "unsubscribed?|unsub|unsubs|unsubbed|not (currently )?subscribed|non ?subscribed|non subscriber|not a subscriber"
    "|no longer subscribed|never( subscribed)?|opted ?out|opt ?out|user opt out|on hold opt out|out"
    "|in ?active( (member|subscriber|contact|user))?|not active|deactivated|archived?|removed?|deleted?|trashed?|cancell?ed|left"
    "|pending|unconfirmed|not confirmed|unverified|not verified|un ?activated|awaiting confirmation"
    "|pending confirmation|confirmation pending|not opted in|not in|transactional( only)?"
    "|no permission( set)?|not set|non marketing( contact)?|not a marketing contact"
    "|disabled|suspended|withdrawn|revoked|declined|refused|objected|denied|resigned|quit|lapsed|expired"
)
_UNSUBSCRIBED_FROM_ALL = (
    "unsubscribed from (everything|all|all e ?mails?)|unsubscribed from all( e ?mails?)?"
    "|(global|globally|fully|permanently) unsub(scribed?)?|unsubscribed? (globally|all)"
)
_BOUNCED = (
    "bounced?|bounces|bouncing|hard ?bounc(e|ed|ing)|previous(ly)? bounced?|bounced? hard|cleaned"
    "|undeliverable|undelivered|not deliverable|non deliverable|invalid( e ?mail)?( address)?|not valid"
    "|bad( e ?mail)?( address)?|is bad|on hold|hold|held|on hold bounce|unreachable|returned|no such (user|mailbox)"
    "|non ?existent|does not exist"
)
_DO_NOT_MAIL = (
    "suppress(ed)?|manual|blocked|block ?listed|black ?listed|deny ?listed|banned|excluded|erased|spammy"
    "|do ?n[o']?t (e ?)?(mail|contact|send|bulk e ?mail|mass e ?mail)( me)?|no (e ?)?(mails?|contact|bulk e ?mails?)"
    "|dnc|dnm|dne|never (e ?)?(mail|contact)|deceased|dead|died"
)
_COMPLAINED = (
    "(isp )?complain(t|ts|ed|er|ing)?|(previous )?(spam|abuse)( complaint| complained| report(ed)?)?"
    "|(marked|reported)( as)? (spam|junk|abuse)|junk|(previous )?complaint"
)
_EXACT = tuple(
    (standing, re.compile(words))
    for standing, words in (
        (Standing.COMPLAINED, _COMPLAINED),
        (Standing.DO_NOT_MAIL, _DO_NOT_MAIL),
        (Standing.UNSUBSCRIBED_FROM_ALL, _UNSUBSCRIBED_FROM_ALL),
        (Standing.UNSUBSCRIBED, _UNSUBSCRIBED),
        (Standing.BOUNCED, _BOUNCED),
        (Standing.SUBSCRIBED, _SUBSCRIBED),
    )
)
# What follows these can make nobody mailable again: "Unsubscribed by admin", "Bounced (5.1.1)".
_BEGINNINGS = (
    (Standing.COMPLAINED, re.compile(r"(spam |abuse )?complain|(marked|reported) as spam")),
    (Standing.UNSUBSCRIBED, re.compile(r"unsubscri|opted out\b|removed by|deleted by")),
    (Standing.BOUNCED, re.compile(r"(hard )?bounced\b|on hold\b|undeliverable\b|cleaned\b")),
    (
        Standing.DO_NOT_MAIL,
        re.compile(r"do not (e ?)?(mail|contact)|block ?list|black ?list|deceased"),
    ),
)
_NEGATED = re.compile(r"(not|never|no|isn't|un)\b")
_SUPPRESSED = "suppressed: "

YES = frozenset(
    [
        "yes",
        "y",
        "true",
        "t",
        "1",
        "x",
        "on",
        "checked",
        "yes please",
        "yep",
        "✓",
        "✔",
        "☑",
        "✅",
        "√",
    ]
)
NO = frozenset(
    [
        *("no", "n", "false", "f", "0", "off", "none", "unchecked", "no thanks", "no thank you"),
        *("nope", "✗", "✘", "☐", "❌", "-"),
    ]
)


def standing_of(word: str) -> Standing | None:
    """The standing that a status word stands for, None for a word that is not known.

    Case, punctuation and what stands in parentheses behind it do not matter.
    """
    text = _plain(word)
    if text.startswith(_SUPPRESSED):
        reason = standing_of(text.removeprefix(_SUPPRESSED)) or Standing.DO_NOT_MAIL
        from_all = reason is Standing.UNSUBSCRIBED
        return Standing.UNSUBSCRIBED_FROM_ALL if from_all else reason
    spaced = _spaced(text)
    translated = in_english(spaced)
    for candidate in (spaced, translated, in_english(_spaced(re.sub(r"\(.*", "", text)))):
        for standing, pattern in _EXACT:
            if pattern.fullmatch(candidate):
                return standing
    if _NEGATED.match(translated):
        return None
    return next((standing for standing, pattern in _BEGINNINGS if pattern.match(translated)), None)


def flag_of(text: str) -> bool | None:
    """Yes or no in any spelling; None for anything else. A number above 0 is a yes."""
    plain = without_accents(text.strip().lower())
    plain = re.sub(r"\s*\(.*\)$", "", plain.strip("[]")).strip(" .!,\"'")
    plain = answer_in_english(plain)
    number = re.fullmatch(r"([0-9]+)(\.0+)?", plain)
    if plain in YES or (number and int(number[1]) > 0):
        return True
    if plain in NO or not plain or number:
        return False
    return None


def plain_words(text: str) -> str:
    """Text as lower-case words without accents and punctuation but apostrophes.

    Those about leaving are in English.
    """
    return in_english(_spaced(_plain(text)))


def _plain(word: str) -> str:
    return " ".join(without_accents(word.lower()).split()).strip("\"'*.!")


def _spaced(text: str) -> str:
    return re.sub(r"[^\w']+", " ", text.replace("_", " ")).strip()
