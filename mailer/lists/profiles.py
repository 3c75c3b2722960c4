"""The exports of other systems, recognized by their headings, and what those headings mean there.

Only headings that the general rules of `header_mapping` and `leaving_columns` do not know, or would
read otherwise, are named here. The systems' own help pages on exports are the source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELD = ""
"""A column that is kept as a further field, even if its heading looks like one about leaving."""


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    signatures: tuple[frozenset[str], ...]
    """Keys of headings; a file that has all of one of these sets is such an export."""
    targets: Mapping[str, str] = field(default_factory=dict)
    """Key of a heading → target, `FIELD` for none."""


def _profile(system: str, /, *signatures: str, **targets: str) -> Profile:
    return Profile(system, tuple(frozenset(keys.split()) for keys in signatures), targets)


def _fields(keys: str) -> dict[str, str]:
    return dict.fromkeys(keys.split(), FIELD)


PROFILES = (
    _profile(
        "Action Network",
        "can2_subscription_status",
        "can2_user_tags",
        "can2_state_abbreviated",
        can2_user_city="city",
        can2_state_abbreviated="state",
        can2_user_tags="tags",
        can2_subscription_status="list_status",
        can2_county="county",
    ),
    _profile(
        "Mailchimp",
        "email_address member_rating",
        "email_address leid euid",
        "email_address optin_time",
        cc="country",
        region="state",
        optin_time="member_since",
        timezone="timezone",
        unsub_reason="reason",
        **_fields(
            "confirm_time confirm_ip optin_ip last_changed unsub_campaign_title"
            " unsub_campaign_id unsub_reason_other clean_campaign_title clean_campaign_id"
        ),
    ),
    _profile(
        "NationBuilder",
        "nationbuilder_id",
        "email_opt_in email1_is_bad",
        "signup_nationbuilder_id",
        email="email",
        tag_list="tags",
        primary_city="city",
        primary_state="state",
        primary_zip="zip",
        primary_country_code="country",
        primary_country="country",
        **_fields(
            "email1 email2 email3 email4 email2_is_bad email3_is_bad email4_is_bad is_mobile_bad"
            " mobile_opt_in federal_donotcall banned_at"
        ),
    ),
    _profile(
        "CiviCRM",
        "contact_id do_not_email",
        "contact_id on_hold",
        "contact_id no_bulk_emails_user_opt_out",
        "internal_contact_id do_not_email",
        "contact_id is_opt_out",
        **_fields("do_not_mail do_not_trade do_not_phone do_not_sms"),
        no_bulk_emails_user_opt_out="opt_out",
        is_opt_out="opt_out",
        on_hold="bounced",
        state="state",
        postal_code="zip",
    ),
    _profile(
        "Ghost",
        "email subscribed_to_emails",
        "email complimentary_plan",
        labels="tags",
        name="full_name",
        email_disabled="bounced",
    ),
    _profile(
        "listmonk",
        "uuid email name attributes status",
        "uuid email name attribs status",
        name="full_name",
        status="list_status",
    ),
    _profile(
        "Salesforce",
        "email_opt_out",
        "hasoptedoutofemail",
        hasoptedoutofemail="opt_out",
        mailingcity="city",
        mailingstate="state",
        mailingpostalcode="zip",
        mailingcountry="country",
        mailing_zip_postal_code="zip",
        mailing_state_province="state",
        emailbounceddate="bounced",
        **_fields("emailbouncedreason email_bounced_reason donotcall do_not_call"),
    ),
    _profile(
        "Mautic",
        "firstname lastname do_not_contact",
        "firstname lastname donotcontact",
        "email points date_identified",
        zipcode="zip",
    ),
    _profile(
        "phpList",
        "email confirmed blacklisted",
        "email blacklisted optedin",
        "email bouncecount uniqid",
        "is_the_email_of_this_subscriber_confirmed",
        confirmed="opt_in",
        is_the_email_of_this_subscriber_confirmed="opt_in",
        blacklisted="do_not_mail",
        is_this_subscriber_blacklisted="do_not_mail",
        disabled="do_not_mail",
        is_this_subscriber_disabled="do_not_mail",
        entered="member_since",
        **_fields(
            "optedin bouncecount number_of_bounces_on_this_subscriber subscribepage"
            " did_this_subscriber_manually_confirm number_of_bounces subscribe_page"
            " subscribe_page_used_to_register send_this_subscriber_html_emails htmlemail"
        ),
    ),
    _profile(
        "EveryAction",
        "vanid",
        "van_id",
        last="last_name",
        first="first_name",
        preferred_email="email",
        preferredemail="email",
        zip_postal="zip",
        email_subscription_status="list_status",
    ),
    _profile(
        "ActionKit",
        "user_id email subscription_status",
        "user_id email akid",
        subscription_status="list_status",
        region="state",
        postal="zip",
    ),
    _profile(
        "Buttondown",
        "email subscriber_type",
        "email type creation_date",
        "email_address type creation_date",
        subscriber_type="list_status",
        type="list_status",
        creation_date="member_since",
        unsubscription_date="opt_out",
        unsubscription_reason="reason",
    ),
    _profile(
        "Substack",
        "email active_subscription",
        "email email_disabled expiry",
        "email email_disabled plan",
        email_disabled="opt_out",
        created_at="member_since",
        **_fields("active_subscription subscription_status plan expiry first_payment_at"),
    ),
    _profile("Keila", "email first_name last_name status data", status="list_status"),
    _profile(
        "Sendy",
        "name email last_activity",
        "name email status last_activity",
        name="full_name",
        status="list_status",
    ),
    _profile(
        "Constant Contact",
        "email_permission_status",
        "email_address email_update_source",
        "email_address confirmed_opt_out_date",
        email_permission_status="list_status",
        email_status="list_status",
        confirmed_opt_out_date="opt_out",
        confirmed_opt_out_reason="reason",
        email_lists="tags",
        zip_postal_code_home="zip",
        state_province_home="state",
        city_home="city",
        country_home="country",
        **_fields("confirmed_opt_out_source email_update_source source_name"),
    ),
    _profile(
        "Google Contacts",
        "e_mail_1_value",
        e_mail_1_value="email",
        address_1_city="city",
        address_1_region="state",
        address_1_postal_code="zip",
        address_1_country="country",
        labels="tags",
        group_membership="tags",
        given_name="first_name",
        family_name="last_name",
        name="full_name",
    ),
    _profile(
        "Outlook",
        "e_mail_address e_mail_display_name",
        "e_mail_address e_mail_2_address",
        "e_mail_address home_postal_code",
        "e_mail_address business_postal_code",
        e_mail_address="email",
        home_city="city",
        home_state="state",
        home_postal_code="zip",
        home_country_region="country",
        categories="tags",
    ),
    _profile(
        "Google Forms",
        "timestamp email_address",
        "timestamp email",
        "timestamp username",
        timestamp="member_since",
        username="email",
    ),
)


def profile_of(keys: Sequence[str]) -> Profile | None:
    """The system whose export has these headings; None for an office's own list."""
    present = set(keys)
    matching = [
        (len(signature), profile)
        for profile in PROFILES
        for signature in profile.signatures
        if signature <= present
    ]
    return max(matching, key=lambda match: match[0])[1] if matching else None
