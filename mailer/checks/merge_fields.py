"""Merge fields of other programs, as people bring them along when they paste an older mail.

The fields are those of the programs' own documentation. Where a program's field is also ordinary
prose, such as `[name]` in a call script, only the words that nobody would say aloud count.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = (
    r"(?:(?:first|last|full|middle|given|family)[ _.-]?name|[fl]name|name|nick_?name|surname"
    r"|e-?mail(?:[ _-]?address)?|city|state|zip(?:[ _-]?code)?|post(?:al)?[ _-]?code|greeting"
    r"|salutation|unsubscribe\w*|web_?v(?:ersion|iew)\w*|view_?in_?browser|forward\w*|preferences\w*)"
)
"""What a field is usually called, in small letters."""
_LINK = r"(?:un_?subscribe|web_?version|web_?view|preferences|update_?profile|confirm)\w*"
_SYMBOL = (
    r"(?:[A-Za-z]\w*(?:\.[A-Za-z]\w*)+"  # contact.first_name
    r"|[A-Za-z]+_\w+"  # first_name
    r"|[a-z]+[A-Z]\w+"  # firstName
    r"|[A-Z][A-Z0-9]{2,40})"  # FNAME
)
_OBJECT = r"(?:recipient|contact|subscriber|user|member|supporter|person|lead|profile|customer)"
_REST = r"(?:\s?[|,:=~?][^{}\n]{0,80}|\s[^{}\n]{1,40})?"
"""What may follow a name: a filter, a default, a format."""

_BEGINNING = (
    r"(?:\*\||%(?:%|[a-z]|[A-Z][A-Z0-9_-]{2}|\w*unsubscribe)|\{|\[(?:[\[%A-Za-z_/]|\w{1,40}[,\s])|<[%<]"
    r"|\$[{\[A-Za-z]|\(\(|\#(?:[A-Z][A-Z0-9_]{2}|\w+:)|@[@A-Z]|«"
    rf"|(?<!\w)(?:(?:FIRST|LAST|FULL|GIVEN|FAMILY)_?NAME|[FL]NAME|(?:first|last)_name|{_OBJECT}\.))"
)
"""How every field below begins: a text without it, as most are, needs no long search."""
_BEGINS = re.compile(_BEGINNING)
_FIELD = rf"""(?={_BEGINNING})(?:
      \*\|[^|\n]{{1,60}}\|\*                       # Mailchimp, Mandrill
    | %%[=\[]?[ ]?[A-Za-z_{{][^%\n]{{0,80}}%%      # Salesforce Marketing Cloud, Acoustic, Ghost
    | \{{![A-Za-z][\w.: ]{{0,60}}\}}               # Salesforce, AWeber
    | \[\[[?A-Za-z][^\[\],\n]{{0,60}}\]\]          # Luminate, EveryAction, Constant Contact, GetResponse
    | %recipient(?:[._]\w+)?%|%\w*unsubscribe\w*%  # Mailgun
    | <%=?\s*[A-Za-z_][\w. ]{{0,60}}%>             # SendGrid
    | (?<![\w%])%[A-Z][A-Z0-9_-]{{2,40}}%(?!\w)    # ActiveCampaign
    | (?<![\w%])%(?:{_WORD}|[a-z]+_[a-z_]+)%(?!\w)
    | \{{\{{\{{[^{{}}\n]{{1,60}}\}}\}}\}}          # SendGrid and others that use Handlebars
    | \{{\{{[^{{}}\n]{{1,80}}\}}\}}                # in finished text: Liquid, Handlebars, Jinja
    | \{{%[^{{}}\n]{{1,80}}%\}}
    | \{{\w{{1,40}}~\w{{1,40}}\}}                  # Engaging Networks
    | \{{(?:\w*field|custom)=[^{{}}\n]{{1,60}}\}}  # Mautic
    | \$\{{[A-Za-z_][^{{}}\n]{{0,60}}\}}           # Responsys, Marketo
    | (?<![{{\w])\{{\s?\$[A-Za-z_]\w*{_REST}\s?\}}(?!\}})    # MailerLite, Smarty
    | (?<![{{\w$])\{{\s?{_SYMBOL}{_REST}\s?\}}(?!\}})        # CiviCRM, Mautic, Ghost, Sendy
    | (?<![{{\w$])\{{\s?(?i:{_WORD}){_REST}\s?\}}(?!\}})
    | (?<!\()\(\(\s?(?:{_SYMBOL}|(?i:{_WORD}))(?:\s?[|,:?][^()\n]{{0,40}})?\s?\)\)(?!\))   # GOV.UK Notify
    | (?<![\w\]])\[(?:subscriber|newsletter|link|date|site|user|contact|recipient|list|data|contact_attribute)
        :[A-Za-z_][^\]\n]{{0,60}}\](?!\()       # MailPoet, Mailjet, Benchmark
    | (?<![\w\]])\[\w{{1,40}},\s*fallback=[^\]\n]{{0,60}}\]  # Campaign Monitor, Sendy
    | (?<![\w\]])\[(?i:{_LINK})\](?!\()            # phpList, Sendy, Brevo
    | (?<![\w\]])\[(?:[A-Z]{{3,}}URL|[FL]NAME|USERID|FORWARD|USERTRACK)\](?!\()  # phpList
    | \[%[^%\]\n]{{1,60}}%\]                       # Emma
    | (?<![\w$])\$\[[A-Za-z][^\]\n]{{0,60}}\]\$    # Zoho
    | (?<![\w$])\$[A-Z][A-Z0-9_]{{2,40}}\$(?!\w)   # Klick-Tipp, CleverReach, Responsys
    | (?<![\w#&/])\#[A-Z][A-Z0-9_]{{2,40}}\#(?!\w)
    | (?<![\w#&/])\#\w+:\w+(?:\|[^#\n]{{0,40}})?\#(?!\w)     # Moosend
    | (?<![\w@])@[A-Z][A-Z0-9_]{{2,40}}@(?!\w)     # Dotdigital
    | «(?:\w+_\w+|[A-Z][a-z]+(?:[A-Z][a-z]+)+|(?i:{_WORD}))»  # Word
    | <<\s?(?:{_SYMBOL}|(?i:{_WORD}))\s?>>
    | (?<![\w@])@@(?:{_SYMBOL}|(?i:{_WORD}))@@(?!\w)
    | (?<![\w\]])\[[\w-]{{1,40}}\s+\w+=["'“][^\]\n]{{0,80}}\](?!\()    # with a fallback; short codes of WordPress
    | (?<![\w\]])\[/[a-z_-]{{3,20}}\](?!\()
    | (?<![\w$])\$(?:[fl]name|(?:first|last|full)_?name)\b(?![$(])
    | (?<![\w@./:?&=#{{\[%$*-])(?:FIRST|LAST|FULL|GIVEN|FAMILY)_?NAME(?![\w@./}}\]%$*-])
    | (?<![\w@./:?&=#{{\[%$*-])[FL]NAME(?![\w@./}}\]%$*-])
    | (?<![\w@./:?&=#{{\[%$*-])(?:first|last)_name(?![\w@./}}\]%$*-])
    | \{{\s?MERGEFIELD\s[^{{}}\n]{{1,60}}\}}
    # a value's name, written without braces
    | (?<![\w@./:?&=-])(?:{_OBJECT}\.(?:[a-z]+_[a-z_]+|[a-z]+[A-Z]\w*|email|city|state|zip|name|county|tags)
        |recipient\.(?:fields|lookups)\.\w+)(?![\w@-]|\.\w)
    )"""


@cache
def _field() -> re.Pattern[str]:
    return re.compile(_FIELD, re.VERBOSE)  # 25 ms, which few campaigns need


def merge_fields(text: str) -> Iterator[re.Match[str]]:
    """Every merge field in a text, in its order."""
    return _field().finditer(text) if _BEGINS.search(text) else iter(())
