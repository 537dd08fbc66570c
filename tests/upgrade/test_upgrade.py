"""`make upgrade` with some thousands; how long anything stood still is judged there alone."""

from __future__ import annotations

import pytest

from tests.upgrade import former
from tests.upgrade.journey import Sizes, travel

pytestmark = [pytest.mark.long, pytest.mark.journey, pytest.mark.timeout(600)]


@pytest.mark.skipif(not former.is_known(), reason="a clone without history has no former release")
def test_the_former_releases_workers_send_on_through_a_migration_that_is_killed_and_nothing_is_lost_or_doubled() -> (
    None
):
    outcome = travel(Sizes(stored=5_000, waiting=1_500, reader=2.0, kills=(3, 8, 15)))
    assert (outcome.lost, outcome.doubled, outcome.held) == (0, 0, 0), str(outcome)
