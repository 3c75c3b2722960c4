"""The rehearsal of a send through the fake SES: what it must reach follows from the pace of the loop."""

import pytest

from tools.rehearse.ses import MARGIN, Rehearsal


@pytest.mark.parametrize(("method", "batch"), [("raw", 20), ("bulk", 100)])
def test_each_sender_may_be_ahead_by_one_batch(method, batch):
    assert Rehearsal(100, 40 / MARGIN, method, senders=2).batch == min(batch, 80)
