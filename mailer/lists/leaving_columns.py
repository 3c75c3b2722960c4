"""The columns that say whether a person may be mailed, by the words of their headings."""

from __future__ import annotations

import re
from enum import StrEnum

from mailer.lists.standing import Standing
from mailer.lists.translation import in_english, plain_heading


class Signal(StrEnum):
    """How a column says who may be mailed. Each is also a target of `--map`."""

    STATUS = "list_status"
    """Words: subscribed, unsubscribed, cleaned…"""
    OPT_IN = "opt_in"
    """Yes, or a date, for those who may be mailed."""
    OPT_OUT = "opt_out"
    """Yes, or a date, for those who left."""
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    DO_NOT_MAIL = "do_not_mail"
    REASON = "reason"
    """Why a person left, beside a column that says that they did."""
    DOUBTFUL = "doubtful"
    """The heading smells of leaving, but what its values mean is not certain."""


STANDING = {
    Signal.OPT_IN: Standing.UNSUBSCRIBED,
    Signal.OPT_OUT: Standing.UNSUBSCRIBED,
    Signal.BOUNCED: Standing.BOUNCED,
    Signal.COMPLAINED: Standing.COMPLAINED,
    Signal.DO_NOT_MAIL: Standing.DO_NOT_MAIL,
}
"""The value of a flag that says a person left: no for `OPT_IN`, yes for any other."""


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_OTHER_CHANNEL = _any(
    r"\b(sms|phones?|mobile|landline|texts?|texting|calls?|robo ?calls?|calling|fax|whats ?app|push)\b",
    r"\b(postal|direct mail|trade|knock|canvass|walk|visit|share|exchange|cell|signal|telegram)\b",
    r"calls?$|phone$|sms$",
)
_EMAIL = re.compile(r"e ?mail")
_STATUS = re.compile(
    r"\bstatus\b|status$|\bstatus ?(id|code)$|^subscription$|\bsubscri(ber|ption) (type|state|level)\b"
)
_STATUS_OF_LEAVING = re.compile(
    r"^(contact|user|account|member|record|person|list|member list|current|mail|mailing|delivery|deliverability"
    r"|.*(e ?mail|subscri|list|opt|marketing|newsletter|bounc|consent|permission|unsub|confirm)\w*( \w+)*)? ?status$"
    r"|^subscription$|\bsubscri(ber|ption) (type|state|level)\b|e ?mail\w* status|^status\b"
    r"|^(member|contact|user|subscriber|e ?mail|list) ?status ?(id|code)$"
)
_COMPLAINED = _any(r"complain", r"\bspam", r"\babuse\b", r"\bjunk\b")
_BOUNCED = _any(
    r"bounc",
    r"undeliver",
    r"\b(on ?)?hold\b",
    r"\bcleaned\b|\bclean (at|date|time|on)\b|^clean (campaign|reason)",
    r"\bis ?bad\b|\bbad (e ?mail|address)|(e ?mail|address) bad\b",
    r"\binvalid\b|unreachable|\bhard fail",
)
_DO_NOT_MAIL = _any(
    r"do ?n[o']?t ?(e ?mail|contact|mail|send|bulk|disturb|solicit)",
    r"\bd ?n ?[ce]\b",
    r"\bno ?(bulk|mass|e ?mails?|contact|mail)\b",
    r"suppress",
    r"\bblocked\b|block ?list|black ?list|deny ?list|\bbanned\b",
    r"^(is )?disabled$|(mails?|account|user|subscriber|contact|delivery|sending) ?disabled",
    r"deceased|\bdied\b|\bdead\b|\bdeath\b",
    r"\bexcluded?\b|\berased?\b",
)
_OPT_OUT = _any(
    r"unsub|\bun subscri",
    r"opt(ed|s)? ?out",
    r"^(has )?left$|^(has |date )?left( the list| list)?( at| on| date)?$",
    r"\bremoved?\b|\bdeleted?\b|\bdeletion\b|\bwithdr|\brevok|\bdeclin",
    r"\btake \w+ off\b|\bstop (sending|e ?mail|mail|contact)",
    r"\bun ?(confirmed|verified|activated|approved)\b",
    r"\binactive\b|\bdeactivat|\bsuspended\b|\barchived?\b|\bobject(s|ed|ion)\b|\brefus|\bquit\b",
)
_OPT_IN = _any(
    r"^(is |has |was |currently )?subscribed|^subscribe\b|subscribed to|^(is )?subscriber$",
    r"opt(ed|s)? ?in\b",
    r"^((e ?mail|marketing|gdpr|contact|newsletter|mailing) )*(consent|permission)(ed)?( given| granted)?( at| date| time| on)?$",
    r"(consent|permission) (to|for) (be )?(e ?mail|contact|marketing|newsletter)|^gdpr( ok| yes)?$",
    r"^consent( \w{1,4}){0,2} (e ?mails?|marketing\w*|newsletter)$",
    r"^(is )?((e ?mail|subscription|opt in|address|subscriber) )*confirm(ed|ation)?( at| date| time| on)?$",
    r"\b(accepts?|receives?|wants?|agrees? to( receive)?) .*(e ?mail|marketing|news|updates|contact)",
    r"^(send )?(e ?mail )?news ?letters?$|\bsign(ed)? (me )?up for .*(e ?mail|news|updates)",
    r"mailable|contactable|^marketing (contact|e ?mails?|allowed)|e ?mail marketing$",
    r"^(is )?(e ?mail )?(active|enabled)( subscriber)?$|^activated( at| on| date)?$",
    r"\b(can|may|ok|okay|allowed?) (we |to )?(e ?mail|contact|send)|\bcontact me\b|\bkeep me\b",
    r"would you like .*(e ?mail|news|updates)",
)
_DETAIL = _any(
    r"\b(reason|why|campaign|title|id|ip|source|method|comments?|notes?|by|via|url|link|form|code"
    r"|details?|version|type|message|category|text|agent|browser|country|name|other|process|channel)\b"
)
_STATISTIC = _any(
    r"\b(counts?|scores?|rate|number|total|percent|num)\b|count$|^(soft |hard )?bounces$"
)
_DATE = re.compile(r"\b(at|date|time|on|since|day|timestamp)\b|(date|time)$")
# The last resort: such a column is asked about, unless all of it is blank.
_SMELL = _any(
    r"unsub|\bopt(ed|s)? ?(in|out)?\b|optin|optout|consent|bounc|\bhold\b|onhold|\bblock|suppress|spam",
    r"complain|disabled|deceased|do ?not\b|don'?t\b|\bclean(ed)?\b|black ?list|confirmed|\bdnc\b",
    r"\bcancel",  # of a paid plan, an order, or of the newsletter
    r"^subscri(be|ption)\b|\bgone\b|permission|\bagrees?d?\b|\bgdpr\b|^stop$|\bscrubbed\b|^dod$",
)
_NEGATED = re.compile(
    r"\b(not|never|no longer|no|non|without|(is|was|has|are)n't)"
    r" (be |been |being |yet |currently |a |an )*"
)
_ADDRESS_BESIDE = re.compile(
    r"e ?mail ?(address ?)?[2-9]\b|(second(ary)?|alternat\w*|other) e ?mail"
)
_PERSONAL_LINK = re.compile(r"\b(url|link|token|hash|key|page)\b")
_POSITIVE = re.compile(r"consent|opt(ed|s)? ?in|optin|confirm|permission|gdpr|agree|subscri")
_JOINED = re.compile(r"^(date )?subscri(be|bed|ption)( on| at| date| time)*$|^(date )?subscribed$")


def signal_of(heading: str) -> Signal | None:
    """What a column says about who may be mailed; None for a column about something else.

    Channels other than e-mail are something else: "SMS opt-in", "Do not phone".
    """
    text = _spaced(heading)
    if not text or is_other_channel(heading):
        return None
    if _STATUS.search(text):
        about_leaving = _STATUS_OF_LEAVING.search(text) and not _DATE.search(text)
        return Signal.STATUS if about_leaving else None
    if (_JOINED.match(text) and _DATE.search(text)) or re.search(r"\bsoft\b", text):
        return None  # a soft bounce: such a mailbox was full, or its server busy
    if signal := _negated(text) or _leaving(text):
        return _of_leaving(signal, text)
    if _OPT_IN.search(text):
        return None if _DETAIL.search(text) or _STATISTIC.search(text) else Signal.OPT_IN
    if _POSITIVE.search(text) and (_DETAIL.search(text) or _DATE.search(text)):
        return None
    return Signal.DOUBTFUL if _SMELL.search(text) else None


def is_other_channel(heading: str) -> bool:
    """Whether a heading is about telephone, SMS or the post rather than e-mail."""
    text = _spaced(heading)
    return bool(_OTHER_CHANNEL.search(text)) and not _EMAIL.search(text)


def _of_leaving(signal: Signal, text: str) -> Signal | None:
    """The signal of a heading about leaving, or that it holds a detail of it."""
    if _PERSONAL_LINK.search(text):
        return None
    if _STATISTIC.search(text) or _ADDRESS_BESIDE.search(text):
        return Signal.DOUBTFUL
    return Signal.REASON if _DETAIL.search(_without_stem(text)) else signal


def _negated(text: str) -> Signal | None:
    """What a heading says that denies something: "Not opted in", "Email not valid".

    "Do not email" denies nothing here: it is about leaving as it stands.
    """
    negation = _NEGATED.search(text)
    if negation is None:
        return None
    denied = text[negation.end() :]
    if re.match(r"(valid|deliverable|reachable)\b", denied):
        return Signal.BOUNCED
    if re.match(r"(unsub|bounc|complain|opt(ed)? ?out|deceased|dead|suppress|block)", denied):
        return Signal.DOUBTFUL
    positive = _OPT_IN.search(denied) or re.match(r"(active|enabled|verified|approved)\b", denied)
    if positive or _POSITIVE.match(denied):
        return Signal.OPT_OUT if negation.start() == 0 or positive else Signal.DOUBTFUL
    return None


def _leaving(text: str) -> Signal | None:
    for signal, stems in (
        (Signal.COMPLAINED, _COMPLAINED),
        (Signal.OPT_OUT, _OPT_OUT) if "opt out" in text else (Signal.DO_NOT_MAIL, _DO_NOT_MAIL),
        (Signal.DO_NOT_MAIL, _DO_NOT_MAIL),
        (Signal.BOUNCED, _BOUNCED),
        (Signal.OPT_OUT, _OPT_OUT),
    ):
        if stems.search(text):
            return signal
    return None


def _without_stem(text: str) -> str:
    return re.sub(r"e ?mail|do not contact", "", text)


def _spaced(heading: str) -> str:
    """A heading as lower-case words in English: `emailOptOut`, `npsp__Deceased__c`, `Abgemeldet`."""
    text = re.sub(r"__c$", "", heading.strip(), flags=re.IGNORECASE)
    text = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", text)
    return in_english(plain_heading(text))
