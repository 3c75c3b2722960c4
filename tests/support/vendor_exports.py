"""Exports as other systems write them: a thousand invented people with every way of leaving.

Headings and words are those of each system's own export, as its help pages describe it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import cycle, islice

PEOPLE = 1_000
FIRST = ("Ana", "Bo", "Cy", "Dee", "Zoë", "José", "Uta", "Kay")
LAST = ("Fern", "Lunt", "Quist", "Tarr", "O'Hale", "Núñez", "Owl")
PLACES = (("Portland", "OR", "Oregon", "97212"), ("Cambridge", "MA", "Massachusetts", "02139"))

STAYS = "mailable"


@dataclass(frozen=True)
class Vendor:
    system: str
    """As an import names it, "" where it is not recognized."""
    header: str
    row: str
    """A template of one row; `{0}` and so on are filled from the way of leaving."""
    ways: tuple[tuple[str, ...], ...]
    """What is counted in the end, then the values that say so."""


VENDORS = (
    Vendor(
        "Action Network",
        "uuid,first_name,last_name,email,can2_phone,can2_user_city,can2_state_abbreviated,zip_code,"
        "can2_user_tags,can2_subscription_status,can2_sms_status",
        'u{n},{first},{last},{email},,{city},{st},{zip},"volunteer, board",{0},unsubscribed',
        (
            (STAYS, "subscribed"),
            ("unsubscribed", "unsubscribed"),
            ("bounced", "bouncing"),
            ("bounced", "previous bounce"),
            ("complained", "spam complaint"),
            ("complained", "previous spam complaint"),
        ),
    ),
    Vendor(
        "Mailchimp",
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,TIMEZONE,CC,REGION,"
        "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,UNSUB_REASON_OTHER,CLEAN_TIME,LEID,EUID,TAGS",
        '{email},{first},{last},2,2023-01-15 10:20:30,,America/New_York,US,{st},{0},,{1},,{2},{n},e,"""a"",""b"""',
        (
            (STAYS, "", "", ""),
            ("unsubscribed", "2024-05-01 09:00:00", "NORMAL", ""),
            ("complained", "2024-05-01 09:00:00", "SPAM", ""),
            ("bounced", "", "", "2024-05-01 09:00:00"),
        ),
    ),
    Vendor(
        "NationBuilder",
        "nationbuilder_id,first_name,last_name,email,email1,email1_is_bad,email_opt_in,is_deceased,"
        "do_not_contact,do_not_call,mobile_opt_in,unsubscribed_at,tag_list,primary_city,primary_state,"
        "primary_zip,created_at",
        "{n},{first},{last},{email},{email},{0},{1},{2},{3},false,false,{4},vip,{city},{st},{zip},"
        "2024-01-15T10:20:30-08:00",
        (
            (STAYS, "false", "true", "false", "false", ""),
            ("bounced", "true", "true", "false", "false", ""),
            ("unsubscribed", "false", "false", "false", "false", ""),
            ("unsubscribed", "false", "true", "false", "false", "2025-02-02T10:20:30-08:00"),
            ("do_not_mail", "false", "true", "true", "false", ""),
            ("do_not_mail", "false", "true", "false", "true", ""),
        ),
    ),
    Vendor(
        "CiviCRM",
        "Contact ID,Contact Type,First Name,Last Name,Do Not Phone,Do Not Email,Do Not Mail,Do Not Sms,"
        "Do Not Trade,No Bulk Emails (User Opt Out),On Hold,Deceased,City,State,Postal Code,Email",
        "{n},Individual,{first},{last},Yes,{0},Yes,,,{1},{2},{3},{city},{state},{zip},{email}",
        (
            (STAYS, "", "", "No", ""),
            ("do_not_mail", "Yes", "", "No", "No"),
            ("unsubscribed", "", "Yes", "No", ""),
            ("bounced", "", "", "On Hold Bounce", ""),
            ("unsubscribed", "", "", "On Hold Opt Out", ""),
            ("do_not_mail", "", "", "No", "Yes"),
        ),
    ),
    Vendor(
        "Ghost",
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,"
        "deleted_at,labels,tiers,email_disabled",
        "g{n},{email},{first} {last},,{0},false,,2024-01-15T10:00:00.000Z,{1},volunteer,,{2}",
        (
            (STAYS, "true", "", "false"),
            ("unsubscribed", "false", "", "false"),
            ("unsubscribed", "true", "2025-01-01T00:00:00.000Z", "false"),
            ("bounced", "true", "", "true"),
        ),
    ),
    Vendor(
        "listmonk",
        "uuid,email,name,attributes,status,created_at,updated_at",
        'u{n},{email},{first} {last},"{{}}",{0},2024-01-15T10:00:00Z,2024-01-15T10:00:00Z',
        ((STAYS, "enabled"), ("unsubscribed", "disabled"), ("do_not_mail", "blocklisted")),
    ),
    Vendor(
        "Salesforce",
        "Contact ID,First Name,Last Name,Email,Email Opt Out,Do Not Call,Email Bounced Reason,"
        "Email Bounced Date,Mailing City,Mailing State/Province,Mailing Zip/Postal Code,"
        "npsp__Deceased__c",
        "c{n},{first},{last},{email},{0},1,{1},{2},{city},{st},{zip},{3}",
        (
            (STAYS, "0", "", "", "FALSE"),
            ("unsubscribed", "1", "", "", "FALSE"),
            ("bounced", "0", "550 no such user", "5/1/2024", "FALSE"),
            ("do_not_mail", "0", "", "", "TRUE"),
        ),
    ),
    Vendor(
        "Mautic",
        "firstname,lastname,email,city,state,zipcode,points,date_identified,Do Not Contact",
        "{first},{last},{email},{city},{state},{zip},3,2024-01-15,{0}",
        (
            (STAYS, ""),
            (STAYS, "0"),
            ("unsubscribed", "Unsubscribed"),
            ("bounced", "Bounced"),
            ("do_not_mail", "1"),
            ("do_not_mail", "Manual"),
        ),
    ),
    Vendor(
        "phpList",
        "id,email,confirmed,blacklisted,optedin,bouncecount,entered,modified,uniqid,htmlemail,disabled",
        "{n},{email},{0},{1},0,{2},2024-01-15 10:00:00,2024-01-15 10:00:00,x,1,{3}",
        (
            (STAYS, "1", "0", "3", "0"),
            ("unsubscribed", "0", "0", "0", "0"),
            ("do_not_mail", "1", "1", "0", "0"),
            ("do_not_mail", "1", "0", "0", "1"),
        ),
    ),
    Vendor(
        "EveryAction",
        "VANID,Last,First,Preferred Email,Email Subscription Status,Do Not Call,Zip/Postal,City,State",
        "{n},{last},{first},{email},{0},,{zip},{city},{st}",
        (
            (STAYS, "Subscribed"),
            ("unsubscribed", "Unsubscribed"),
            ("unsubscribed", "Not Subscribed"),
            ("do_not_mail", "Do Not Email"),
            ("bounced", "Bounced"),
        ),
    ),
    Vendor(
        "ActionKit",
        "user_id,email,first_name,last_name,zip,city,state,subscription_status",
        "{n},{email},{first},{last},{zip},{city},{st},{0}",
        (
            (STAYS, "subscribed"),
            ("unsubscribed", "unsubscribed"),
            ("bounced", "bounced"),
            ("unsubscribed", "never"),
        ),
    ),
    Vendor(
        "Buttondown",
        "email,notes,tags,subscriber_type,source,creation_date,unsubscription_date,unsubscription_reason",
        "{email},,vip,{0},import,2024-01-15,{1},{2}",
        (
            (STAYS, "regular", "", ""),
            (STAYS, "premium", "", ""),
            ("unsubscribed", "unsubscribed", "2024-05-01", "too many"),
            ("unsubscribed", "unactivated", "", ""),
            ("unsubscribed", "removed", "", ""),
            ("bounced", "undeliverable", "", ""),
            ("complained", "complained", "", ""),
        ),
    ),
    Vendor(
        "Substack",
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at",
        "{email},{1},,other,{0},2024-01-15T10:00:00.000Z,",
        (
            (STAYS, "false", "false"),
            (STAYS, "false", "true"),
            ("unsubscribed", "true", "false"),
        ),
    ),
    Vendor(
        "Keila",
        "Email,First name,Last name,Data,Status,External ID",
        '{email},{first},{last},"{{}}",{0},{n}',
        ((STAYS, "active"), ("unsubscribed", "unsubscribed"), ("bounced", "unreachable")),
    ),
    Vendor(
        "Sendy",
        "Name,Email,Last activity,Status",
        "{first} {last},{email},2024-01-15,{0}",
        (
            (STAYS, "Subscribed"),
            ("unsubscribed", "Unsubscribed"),
            ("unsubscribed", "Unconfirmed"),
            ("bounced", "Bounced"),
            ("complained", "Marked as spam"),
        ),
    ),
    Vendor(
        "Constant Contact",
        "Email address,First name,Last name,Email status,Email permission status,Email update source,"
        "Confirmed Opt-Out Date,Confirmed Opt-Out Source,Confirmed Opt-Out Reason,Email Lists,"
        "City - Home,State/Province - Home,Zip/Postal Code - Home",
        "{email},{first},{last},{0},{1},Account,{2},,{3},General,{city},{st},{zip}",
        (
            (STAYS, "Active", "Implied", "", ""),
            (STAYS, "Active", "Express", "", ""),
            ("unsubscribed", "Unsubscribed", "Unsubscribed", "5/1/2024", "too many"),
            ("unsubscribed", "Active", "Awaiting confirmation", "", ""),
            ("unsubscribed", "Active", "No Permission Set", "", ""),
        ),
    ),
    Vendor(
        "Google Contacts",
        "First Name,Middle Name,Last Name,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,"
        "Address 1 - City,Address 1 - Region,Address 1 - Postal Code,Address 1 - Country",
        "{first},,{last},,{0},Home,{email},{city},{st},{zip},United States",
        ((STAYS, "* myContacts ::: volunteers"), ("do_not_mail", "* myContacts ::: Do not email")),
    ),
    Vendor(
        "Outlook",
        "First Name,Middle Name,Last Name,E-mail Address,E-mail 2 Address,Home City,Home State,"
        "Home Postal Code,Home Country/Region,Categories",
        "{first},,{last},{email},,{city},{state},{zip},United States of America,{0}",
        ((STAYS, "Volunteers;Board"), ("do_not_mail", "Volunteers;Do not email")),
    ),
    Vendor(
        "Google Forms",
        "Timestamp,Email Address,Full Name,ZIP Code (5 digits),Would you like to receive our e-mails?",
        "3/1/2026 10:20:30,{email},{first} {last},{zip},{0}",
        ((STAYS, "Yes"), ("unsubscribed", "No")),
    ),
)


def export_of(vendor: Vendor, number: int = PEOPLE) -> tuple[str, dict[str, int]]:
    """The file's text, and how many of its people are to be counted as what."""
    counts: dict[str, int] = {}
    lines = [vendor.header]
    for n, (counted, *values) in enumerate(islice(cycle(vendor.ways), number)):
        city, st, state, code = PLACES[n % len(PLACES)]
        person = {
            "n": n,
            "first": FIRST[n % len(FIRST)],
            "last": LAST[n % len(LAST)],
            "email": f"person{n}@example.org",
            "city": city,
            "st": st,
            "state": state,
            "zip": code,
        }
        lines.append(vendor.row.format(*values, **person))
        counts[counted] = counts.get(counted, 0) + 1
    text = "\n".join(lines) + "\n"
    width = len(vendor.header.split(","))
    assert all(len(cells) == width for cells in csv.reader(io.StringIO(text)))
    return text, counts
