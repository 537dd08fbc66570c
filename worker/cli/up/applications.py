"""Who may push into our broker: each application that WORKER_SOURCES names, or that has a login of Postgres."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from worker.api.operation import Operation
from worker.devkit.processes.folder import write_private
from worker.devkit.valkey import Valkey
from worker.errors import WorkerError
from worker.settings import Pace, sources_of


class Applications:
    """Each has a user there that may push to its own queue and read nothing, and its address in a file of the folder,
    to be given to it; who has no login any more has neither.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], valkey: Valkey) -> None:
        self._folder, self._environ, self._valkey = folder, environ, valkey
        self._named = sources_of(environ)
        self._tick = Pace.from_environ(environ).tick.total_seconds()
        self._next_look = 0.0
        for source in self._named:
            self._hand_out(source)

    def look(self) -> None:
        """Called often, looks once a tick. A server that is away is looked after elsewhere."""
        if self._valkey.separates and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + self._tick
            with suppress(WorkerError, OSError):
                self._keep({*self._named, *self._with_login()})

    def _with_login(self) -> tuple[str, ...]:
        with Operation.from_env(self._environ) as operation:
            return operation.applications()

    def _keep(self, wanted: set[str]) -> None:
        there = set(self._valkey.sources)
        for source in wanted - there:
            self._valkey.let_in(source)
            self._hand_out(source)
        for source in there - wanted:
            self._valkey.shut_out(source)
        for file in self._folder.glob("broker.*.env"):  # also of whom was removed while nobody was here
            if file not in map(self._file, wanted):
                file.unlink(missing_ok=True)

    def _hand_out(self, source: str) -> None:
        write_private(self._file(source), f"CELERY_BROKER_URL='{self._valkey.source_url(source)}'\n")

    def _file(self, source: str) -> Path:
        return self._folder / f"broker.{source}.env"
