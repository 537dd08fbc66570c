"""How long to wait before the next try: arithmetic only, the clock is the database's.

Every wait carries jitter, so that ten thousand messages that failed together do not come back together. What was
surely not taken takes the full range from nothing on; where too early an answer would tell nothing, half of the wait
is certain. None of them counts tries to an end: what ends a message is its expires_at.

`python -m worker.backoff` prints the table that docs/retries.md shows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import random

from worker.lifecycle import PauseCode

SEND_FIRST, SEND_MOST = timedelta(seconds=5), timedelta(minutes=10)
POLL_MOST = timedelta(hours=1)
PROBE_FIRST, PROBE_MOST = timedelta(seconds=10), timedelta(minutes=30)
# Of webhooks, as Standard Webhooks recommends: three days in all.
CALLS = (5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))  # seconds
SILENCE_MOST = timedelta(minutes=1)  # between two probes of an eSMS that did not answer: that ends as it began


def before_sending_again(failures: int, left: timedelta | None = None, dice: float | None = None) -> timedelta:
    """The wait after `failures` sends in a row that surely were not taken: up to 5 s, doubling to up to 10 min.

    left: of its life, until its expires_at. No wait is longer than an eighth of it: a code is tried more often than
    a birthday wish, and more often the older it is.
    """
    most = SEND_MOST if left is None else max(SEND_FIRST, min(SEND_MOST, left / 8))
    return _doubled(SEND_FIRST, failures, most) * _rolled(dice)


def before_calling_again(attempts: int, dice: float | None = None) -> timedelta | None:
    """The wait after `attempts` calls of a webhook that nobody took; None: that was the last one, after three days."""
    return _jittered(timedelta(seconds=CALLS[attempts - 1]), dice) if attempts <= len(CALLS) else None


def before_trying_once_more(wait: timedelta, dice: float | None = None) -> timedelta:
    """About so long: for what only came at the wrong moment."""
    return _jittered(wait, dice)


def before_asking_again(asked: int, first: timedelta, dice: float | None = None) -> timedelta:
    """The wait before an SMS in doubt is asked again under the same RequestId: doubles from `first` to an hour."""
    return _jittered(_doubled(first, asked, POLL_MOST), dice)


def before_polling_again(polls: int, first: timedelta, dice: float | None = None) -> timedelta:
    """The wait after `polls` questions about an accepted message: doubles from `first` to hourly."""
    return _jittered(_doubled(first, polls, POLL_MOST), dice)


def before_looking_again(looks: int, first: timedelta, dice: float | None = None) -> timedelta:
    """The wait after `looks` looks into the sent data for a message: doubles from `first` to hourly."""
    return _jittered(_doubled(first, looks, POLL_MOST), dice)


def before_probing_again(probes: int, code: str | None = None, dice: float | None = None) -> timedelta:
    """The wait before the account is asked again whether a lane paused with this code may go on: 10 s to half an hour,
    or to a minute where eSMS was silent.
    """
    return _jittered(_doubled(PROBE_FIRST, probes, probe_most(code)), dice)


def probe_most(code: str | None) -> timedelta:
    """The longest wait between two probes of a pause with this code."""
    return SILENCE_MOST if code == PauseCode.UNREACHABLE else PROBE_MOST


def _doubled(first: timedelta, times: int, most: timedelta) -> timedelta:
    doubled: timedelta = first * 2 ** min(max(times - 1, 0), 20)
    return min(doubled, most)


def _jittered(wait: timedelta, dice: float | None) -> timedelta:
    return wait * (0.5 + 0.5 * _rolled(dice))


def _rolled(dice: float | None) -> float:
    return random() if dice is None else dice  # noqa: S311 — jitter needs no cryptography


# The table in the docs...

TRIES = 10
WAITS: dict[str, Callable[[int, float], timedelta]] = {
    "surely not taken: sent again": lambda n, dice: before_sending_again(n, None, dice),
    "the same, a code with 10 minutes left": lambda n, dice: before_sending_again(n, timedelta(minutes=10), dice),
    "in doubt: asked again": lambda n, dice: before_asking_again(n, timedelta(minutes=1), dice),
    "no SMSID: looked for again": lambda n, dice: before_looking_again(n, timedelta(minutes=5), dice),
    "accepted: polled again": lambda n, dice: before_polling_again(n, timedelta(seconds=15), dice),
    "lane paused: probed again": lambda n, dice: before_probing_again(n, None, dice),
    "no answer from eSMS: probed again": lambda n, dice: before_probing_again(n, PauseCode.UNREACHABLE, dice),
}


def table() -> str:
    """Shortest and longest wait after each try, in Markdown, with the settings at their defaults."""
    head = ["after try", *(str(n) for n in range(1, TRIES + 1))]
    rows = [[what, *(_span(wait, n) for n in range(1, TRIES + 1))] for what, wait in WAITS.items()]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def _span(wait: Callable[[int, float], timedelta], tries: int) -> str:
    return f"{_short(wait(tries, 0.0))} to {_short(wait(tries, 1.0))}"


def _short(wait: timedelta) -> str:
    seconds = wait.total_seconds()
    return f"{seconds:g} s" if seconds < 100 else f"{seconds / 60:.3g} min"


if __name__ == "__main__":
    print(table())  # noqa: T201
