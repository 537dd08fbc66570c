"""What many ask for is asked for once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from worker.remembered import Remembered


def test_whoever_waits_for_an_answer_takes_it_however_long_it_took() -> None:
    asked: list[float] = []

    def ask() -> int:
        asked.append(time.monotonic())
        time.sleep(0.5)  # longer than it is remembered
        return len(asked)

    remembered = Remembered(ask, seconds=0.05)
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: remembered.get(), range(8))) == {1}
    assert remembered.get() == 2  # who comes later than that asks anew
