"""Exports of other systems with every way of leaving: nobody who left is mailed, nobody is lost."""

import pytest

from tests.support.list_project import ListProject
from tests.support.vendor_exports import PEOPLE, STAYS, VENDORS, export_of

LEFT = ("unsubscribed", "unsubscribed_from_all", "bounced", "complained", "do_not_mail")
# A label of an address book says it in the office's own words, so it is asked about.
ANSWERS = dict.fromkeys(("Google Contacts", "Outlook"), ("--status", "Do not email=do-not-mail"))
CAMPAIGN = """---
subject: The vote is Tuesday
preheader: Two calls
list: members
---
Come on Tuesday. [Read more](https://www.example.org/vote)
"""


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.system)
def test_every_way_of_leaving_is_understood(vendor, tmp_path, capfd, monkeypatch):
    project = ListProject(tmp_path, capfd, monkeypatch)
    text, counts = export_of(vendor)
    project.write("export.csv", text)
    totals = project.imported("export.csv", options=ANSWERS.get(vendor.system, ()))
    assert totals["system"] == vendor.system
    assert {STAYS: totals["mailable"], **{n: totals[n] for n in LEFT if totals[n]}} == counts
    assert sum(counts.values()) == totals["read"] == PEOPLE
    assert len(project.mailable()) == counts[STAYS]


def test_a_dry_run_of_a_send_counts_exactly_those_who_may_be_mailed(tmp_path, capfd, monkeypatch):
    project = ListProject(tmp_path, capfd, monkeypatch)
    (tmp_path / "campaigns").mkdir()
    project.write("campaigns/vote.md", CAMPAIGN)
    mailable = 0
    for vendor in VENDORS:
        text, counts = export_of(vendor, 60)
        name = vendor.system.lower().replace(" ", "-")
        project.write("export.csv", text.replace("person", f"{name}-"))
        project.imported("export.csv", options=ANSWERS.get(vendor.system, ()))
        mailable += counts[STAYS]
    out = project.run("send", "vote", "--dry-run")
    assert f"{mailable:,}" in out
