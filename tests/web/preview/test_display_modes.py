"""The mail in dark and in light mode of the preview."""

from __future__ import annotations

from mailer.web.preview.display_modes import apply_mode


def test_the_mail_is_asked_for_its_dark_side_and_answers():
    html = (
        "<html><head><style>@media (prefers-color-scheme: dark) { p { color: red } }"
        "@media screen and ( PREFERS-COLOR-SCHEME:light ) { p { color: blue } }</style></head></html>"
    )
    dark, light = apply_mode(html, "dark"), apply_mode(html, "light")
    for mail, yes, no in ((dark, "red", "blue"), (light, "blue", "red")):
        assert f"(min-width: 0px) {{ p {{ color: {yes}" in mail
        assert f"(max-width: 0px) {{ p {{ color: {no}" in mail
    assert "color-scheme: only dark" in dark
