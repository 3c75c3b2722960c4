"""A list as CSV: what stands in each column."""

import io

from mailer.lists.export import write_members
from mailer.lists.membership import Membership, SuppressionReason
from mailer.lists.subscriber import Subscriber

ANA = Subscriber(
    *(1, "ana@example.org", "=Ana", "Silva", "02139", "Cambridge", "MA", "Middlesex County"),
    *("America/New_York", {"donor": "yes", "-x": "@1"}, ("donor", "faith leader")),
)
BO = Subscriber(2, "bo@example.org")


def test_writes_a_row_for_each_member_with_formulas_defused():
    subscribed = Membership("members", "subscribed", "2019-01-25T10:00:00+00:00", "import")
    left = Membership("members", "unsubscribed", "2020-02-01", "form")
    members = [
        (ANA, subscribed, SuppressionReason.BOUNCED),
        (ANA, subscribed, None),
        (BO, left, None),
    ]
    stream = io.BytesIO()
    assert write_members(stream, members, ["donor", "-x"], "utf-8") == 3
    ana = (
        "ana@example.org,'=Ana,Silva,02139,Cambridge,MA,Middlesex County,America/New_York,"
        "donor; faith leader,2019-01-25,"
    )
    place = "zip,city,state,county,timezone"
    assert stream.getvalue().decode().split("\r\n") == [
        f"email,first_name,last_name,{place},tags,member_since,list_status,donor,'-x",
        f"{ana}suppressed: bounced,yes,'@1",
        f"{ana}subscribed,yes,'@1",
        "bo@example.org,,,,,,,,,2020-02-01,unsubscribed,,",
        "",
    ]
