from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer import palettes
from mailer.config import Colors
from tests.support.contrast import contrast

colors = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
brands = st.builds(
    Colors, primary=colors, accent=colors, text=colors, muted=colors, background=colors, surface=colors
)  # fmt: skip


@given(brands)
def test_words_of_any_brand_can_be_read_on_the_pages(palette):
    for made in (palettes.light(palette), palettes.dark(palette)):
        for words in ("text", "link", "accent"):
            assert contrast(made[words], made["surface"]) >= 4.5
        assert contrast(made["header"], made["background"]) >= 4.5
        assert contrast(made["on_button"], made["button"]) >= 4.5
        assert contrast(made["muted"], made["background"]) >= 4.5
