"""What headings say about who may be mailed, and which are about something else."""

import pytest

from mailer.lists.leaving_columns import Signal, signal_of
from mailer.lists.standing import Standing, flag_of, standing_of


@pytest.mark.parametrize(
    ("signal", "headings"),
    [
        (Signal.STATUS, ["Status", "Email Status", "Subscription status", "subscriber_type"]),
        (Signal.STATUS, ["Marketing contact status", "Opt-in status", "Subscription"]),
        (Signal.OPT_IN, ["subscribed_to_emails", "email_opt_in", "Accepts Email Marketing"]),
        (Signal.OPT_IN, ["GDPR consent", "confirmed", "Newsletter", "Active", "Opt-in date"]),
        (Signal.OPT_IN, ["Would you like to receive our e-mails?"]),
        (Signal.OPT_OUT, ["Unsubscribed", "UNSUB_TIME", "Email Opt Out", "HasOptedOutOfEmail"]),
        (Signal.OPT_OUT, ["deleted_at", "Inactive", "Unsubscribed from all email", "remove"]),
        (Signal.BOUNCED, ["CLEAN_TIME", "email1_is_bad", "On Hold", "Hard bounced at"]),
        (Signal.BOUNCED, ["EmailBouncedDate", "IsEmailBounced", "Undeliverable"]),
        (Signal.COMPLAINED, ["Complained", "Marked as spam", "Spam complaint date"]),
        (Signal.DO_NOT_MAIL, ["Do Not Email", "Do Not Contact", "doNotContact", "DNC"]),
        (Signal.DO_NOT_MAIL, ["npsp__Deceased__c", "Date of death", "EMAIL_BLACKLISTED"]),
        (Signal.DO_NOT_MAIL, ["blocklisted", "Suppressed", "email_disabled", "Disabled"]),
        (Signal.REASON, ["UNSUB_REASON", "UNSUB_CAMPAIGN_TITLE", "EmailBouncedReason"]),
        (Signal.DOUBTFUL, ["Bounce count", "Photo consent", "Block captain", "Spam score"]),
        (Signal.DOUBTFUL, ["Confirmed attendance", "Do not solicit again?", "Permission level"]),
        (Signal.DOUBTFUL, ["Cancel date", "Cancelled", "Cancelled at"]),
    ],
)
def test_headings_that_are_about_leaving(signal, headings):
    for heading in headings:
        expected = Signal.DO_NOT_MAIL if "solicit" in heading else signal
        assert signal_of(heading) is expected, heading


@pytest.mark.parametrize(
    "heading",
    [
        *("can2_sms_status", "Do Not Call", "SMS_BLACKLISTED", "Mobile opt-in", "Do not trade"),
        *("Household ID", "Threshold", "Shareholder", "Adopted", "Option", "Deadline", "Urban"),
        *("Marital Status", "Donor Status", "Membership Status", "Status date", "subscribed_at"),
        *("OPTIN_IP", "Consent source", "Newsletter name", "Active volunteer", "Soft bounces"),
        *("Favorite issue", "Subscriber ID", "Last email received", "", "2024"),
    ],
)
def test_headings_that_are_about_something_else(heading):
    assert signal_of(heading) is None


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing.SUBSCRIBED, ["subscribed", "Active", "ENABLED", "Subscribed (single opt-in)"]),
        (Standing.UNSUBSCRIBED, ["Unsubscribed", "not subscribed", "never", "inactive", "pending"]),
        (Standing.UNSUBSCRIBED, ["opted-out", "Opt_Out", "archived", "Unsubscribed by admin"]),
        (Standing.UNSUBSCRIBED_FROM_ALL, ["globally unsubscribed", "suppressed: unsubscribed"]),
        (Standing.BOUNCED, ["cleaned", "Hard Bounce", "undeliverable", "on hold", "Bounced (550)"]),
        (Standing.COMPLAINED, ["spam complaint", "Marked as spam", "complained", "abuse"]),
        (Standing.DO_NOT_MAIL, ["blocklisted", "Do Not Email", "deceased", "suppressed"]),
        (None, ["Gold", "not bounced", "", "maybe", "previously active", "1"]),
    ],
)
def test_status_words(standing, words):
    for word in words:
        assert standing_of(word) is standing, word


@pytest.mark.parametrize(
    ("flag", "texts"),
    [
        (True, ["yes", "Y", "TRUE", "1", "x", "On", "2"]),
        (False, ["no", "N", "false", "0", "", "Off", "-"]),
        (None, ["maybe", "Unsubscribed", "2024-05-01", "-1"]),
    ],
)
def test_yes_and_no(flag, texts):
    for text in texts:
        assert flag_of(text) is flag, text
