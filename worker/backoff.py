"""How long to wait before the next try: arithmetic only, the clock is the database's.

Every wait carries jitter, so that ten thousand messages that failed together do not come back together.
"""

from __future__ import annotations

from datetime import timedelta
from random import random

SEND_FIRST, SEND_MOST = timedelta(seconds=5), timedelta(minutes=10)
POLL_MOST = timedelta(hours=1)
PROBE_FIRST, PROBE_MOST = timedelta(seconds=10), timedelta(minutes=30)


def before_sending_again(failures: int, dice: float | None = None) -> timedelta:
    """The wait after `failures` sends in a row that surely were not taken: doubles from 5 s to 10 min."""
    return _jittered(_doubled(SEND_FIRST, failures, SEND_MOST), dice)


def before_asking_again(asked: int, first: timedelta, dice: float | None = None) -> timedelta:
    """The wait before an SMS in doubt is asked again under the same RequestId: doubles from `first` to an hour."""
    return _jittered(_doubled(first, asked, POLL_MOST), dice)


def before_polling_again(polls: int, first: timedelta, dice: float | None = None) -> timedelta:
    """The wait after `polls` questions about an accepted message: doubles from `first` to hourly."""
    return _jittered(_doubled(first, polls, POLL_MOST), dice)


def before_probing_again(probes: int, dice: float | None = None) -> timedelta:
    """The wait before the account is asked again whether a paused lane may go on: 10 s to half an hour."""
    return _jittered(_doubled(PROBE_FIRST, probes, PROBE_MOST), dice)


def _doubled(first: timedelta, times: int, most: timedelta) -> timedelta:
    doubled: timedelta = first * 2 ** min(max(times - 1, 0), 20)
    return min(doubled, most)


def _jittered(wait: timedelta, dice: float | None) -> timedelta:
    return wait * (0.5 + 0.5 * (random() if dice is None else dice))  # noqa: S311 — jitter needs no cryptography
