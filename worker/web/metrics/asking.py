"""The ledger, asked once in a second however many ask us, and by one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from worker.api.reports import Reports
from worker.errors import WorkerError
from worker.remembered import Remembered
from worker.reporting.now import BALANCE_FOR, BalanceShown, Now
from worker.web.metrics.families import families, nothing

FIGURES = 1.0  # seconds for which these are remembered

Told = tuple[Now, BalanceShown | None]


class Asked(Collector):
    """What Prometheus's library asks at each scrape. tell: hears once that Postgres is away, once that it is back."""

    def __init__(self, reports: Reports, tell: Callable[[str], object]) -> None:
        self._reports, self._tell = reports, tell
        self._trouble: str | None = None
        self._balance = Remembered(reports.balance, seconds=BALANCE_FOR)
        self._told = Remembered(self._ask, seconds=FIGURES)

    def collect(self) -> Iterator[Metric]:
        """All that is told."""
        told = self._told.get()
        return nothing() if told is None else families(*told)

    def _ask(self) -> Told | None:
        """None: Postgres is away, which is remembered too, or each who asks would wait for it in turn."""
        try:
            told = self._reading()
        except WorkerError as error:
            self._note(str(error))
            return None
        self._note(None)
        return told

    def _reading(self) -> Told:
        try:
            return self._reports.now(), self._balance.get()
        except WorkerError:
            if self._trouble is not None:
                raise
            # Postgres was restarted between two scrapes: the connection is lost, and a new one may be had.
            return self._reports.now(), self._balance.get()

    def _note(self, trouble: str | None) -> None:
        if (trouble is None) != (self._trouble is None):
            self._tell(f"esms_up 0: {trouble}" if trouble else "esms_up 1: Postgres answers again")
        self._trouble = trouble
