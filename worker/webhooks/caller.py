"""All webhooks at once, each in a line of its own: one that fails or hangs slows no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread

from worker.database import Database
from worker.errors import WorkerError
from worker.ledger import webhooks
from worker.telemetry import emit, where
from worker.webhooks.line import Line

LOOK_EVERY = 0.25  # seconds, while others are still at work


class Caller:
    """One task's work. private: webhooks may lie in a private network."""

    def __init__(self, database: Database, *, private: bool) -> None:
        self._database, self._private = database, private
        self._busy: set[Line] = set()

    def run(self, stopping: Callable[[], bool]) -> bool:
        """Until nothing is left, or it is told to stop; True: there is, or may be, more."""
        with self._database.begin() as session:
            active = webhooks.active(session)
        lines = [Line(self._database, id_, url, private=self._private) for id_, url in active]
        self._busy = set(lines)
        threads = [Thread(target=self._serve, args=(line, stopping)) for line in lines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return bool(active) and stopping()

    def _serve(self, line: Line, stopping: Callable[[], bool]) -> None:
        """It looks again while another one is at work, so that it does not wait for that one's end."""

        def more() -> bool:
            self._busy.discard(line)
            if not self._busy:
                return False
            time.sleep(LOOK_EVERY)
            return True

        try:
            line.run(stopping, more)
        except WorkerError as error:
            emit("step.failed", task="call webhooks", error=error)
        except Exception as error:  # noqa: BLE001 — the others go on
            emit("step.failed", task="call webhooks", error=f"{type(error).__name__} at {where(error)}")
        finally:
            self._busy.discard(line)
