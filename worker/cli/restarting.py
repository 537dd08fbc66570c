"""A process that died is started again: at once the first time, later and later when it goes on dying."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from worker.cli.output import say
from worker.devkit.processes import Child

FIRST_WAIT = 1.0  # seconds
LONGEST_WAIT = 60.0  # seconds
STEADY = 60.0  # seconds: whoever has lived so long begins anew


@dataclass
class _Life:
    started: float
    wait: float = 0.0  # before the next start
    due: float | None = None  # when it is started again; None: it is alive


class Restarts:
    """Looks after children that are alive when first seen."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lives: dict[str, _Life] = {}

    def look_after(self, child: Child) -> None:
        """Start it again if it died and its wait is over. Called often."""
        life = self._lives.setdefault(child.name, _Life(self._now()))
        if child.alive:
            return
        if life.due is None:
            life.wait = self._wait_after(life)
            life.due = self._now() + life.wait
            say(f"{child.name} ended with exit code {child.exit_code}: starting it again in {life.wait:g} s")
        if self._now() >= life.due:
            self._lives[child.name] = _Life(self._now(), life.wait)
            child.start()

    def _wait_after(self, life: _Life) -> float:
        steady = self._now() - life.started >= STEADY
        return FIRST_WAIT if steady or not life.wait else min(2 * life.wait, LONGEST_WAIT)
