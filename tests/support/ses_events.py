"""Sample events of Amazon SES, whole and damaged."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st

SAMPLES = Path(__file__).parents[1] / "events" / "ses-events"
NAMES = sorted(file.stem for file in SAMPLES.glob("*.json"))


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def damaged(draw):
    """A sample with one of its values replaced by anything, or taken away."""
    event = sample(draw(st.sampled_from(NAMES)))
    place, steps = event, draw(st.integers(1, 4))
    for _ in range(steps):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        inner = place[key]
        if isinstance(inner, (dict, list)) and inner and draw(st.booleans()):
            place = inner
            continue
        if draw(st.booleans()):
            place[key] = draw(ANYTHING)
        else:
            del place[key]
        break
    return json.dumps(event)
