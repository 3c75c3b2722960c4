"""A list as CSV: what stands in each column."""

import io

from mailer.lists.export import write_members
from mailer.lists.membership import ExportedMember, Membership, SuppressionReason
from mailer.lists.subscriber import Subscriber

ANA = Subscriber(
    *(1, "ana@example.org", "=Ana", "Silva", "02139", "Cambridge", "MA", "Middlesex County"),
    *("America/New_York", {"donor": "yes", "-x": "@1"}, ("donor", "faith leader")),
)
BO = Subscriber(2, "bo@example.org")


def member(subscriber, membership, *suppression):
    suppressed = suppression or ("", "", "")
    return ExportedMember(subscriber, membership, *suppressed, "2019-01-01", "a fair")


def test_writes_a_row_for_each_member_with_formulas_defused():
    subscribed = Membership("members", "subscribed", "2019-01-25T10:00:00+00:00", "import")
    left = Membership("members", "unsubscribed", "2020-02-01", "import", "Status: =left")
    members = [
        member(ANA, subscribed, SuppressionReason.BOUNCED, "2020-03-01", "550 no such user"),
        member(BO, left),
    ]
    stream = io.BytesIO()
    assert write_members(stream, members, ["donor", "-x"], "utf-8") == 2
    ana = (
        "ana@example.org,'=Ana,Silva,02139,Cambridge,MA,Middlesex County,America/New_York,"
        "donor; faith leader,2019-01-25T10:00:00+00:00,"
    )
    place = "zip,city,state,county,timezone"
    kept = "membership,membership_by,membership_note,suppressed_since,suppression_note"
    bo = "bo@example.org,,,,,,,,,2020-02-01,unsubscribed,,,unsubscribed,import,Status: =left,,,"
    assert stream.getvalue().decode() == (
        f"email,first_name,last_name,{place},tags,member_since,list_status,donor,'-x,"
        f"{kept},known_since,consent_source\r\n"
        f"{ana}suppressed: bounced,yes,'@1,subscribed,import,,2020-03-01,550 no such user,"
        "2019-01-01,a fair\r\n"
        f"{bo}2019-01-01,a fair\r\n"
    )
