"""The preview of a project with several brands and senders."""

from __future__ import annotations

from mailer.web.preview import compile_cache as working
from mailer.web.preview.overview import Overview
from tests.support.preview_project import NOW, edit, somebody

SENDER_PROFILES = """
[senders.bo]
name = "Bo Lund"
email = "bo@river.example.org"

[brands.river]
name = "River Watch"
website = "https://river.example.org"
"""


def test_a_campaign_is_shown_in_each_brand_and_in_its_own(compile_cache, root):
    assert compile_cache.brands() == {}
    with (root / "mailer.toml").open("a", encoding="utf-8") as settings:
        settings.write(SENDER_PROFILES)
    edit(root, "list: members", "list: members\nbrand: river\nsender: bo")

    def names(brand):
        html = compile_cache.show("vote", somebody, brand).merged.html
        return "River Watch" in html, "Juniper Street Action" in html.replace("is a 501", "")

    usual = working.USUAL_BRAND
    assert compile_cache.brands() == {usual: "Juniper Street Action", "river": "River Watch"}
    assert names("")[0]
    assert names("river")[0]
    assert names(usual) == (False, True)
    assert names("no such brand")[0]


def test_the_overview_and_the_mails_frame_name_a_sender_and_a_brand_of_their_own(
    compile_cache, root
):
    overview = Overview(compile_cache, None, lambda: NOW)
    content = compile_cache.snapshot("vote").content
    assert overview.sender_profile(content) == ""
    with (root / "mailer.toml").open("a", encoding="utf-8") as settings:
        settings.write(SENDER_PROFILES)
    edit(root, "list: members", "list: members\nbrand: river\nsender: bo")
    content = compile_cache.snapshot("vote").content
    assert overview.sender_profile(content) == "From Bo Lund · Brand: River Watch"
