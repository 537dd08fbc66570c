"""A pretend eSMS: a real HTTP server of its own process, for tests, demos and benchmarks.

It knows nothing of the worker and shares no code with its client: it was written from the provider's manual alone, so
that one misreading can't hide in both. `docs/simulator.md` shows how another project's tests use it.

    with simulator.start(latency=0) as esms:
        requests.get(f"{esms.rest_url}/json/SendMultipleMessage_V4_get", params=...)
        assert esms.ledger().sms == {("0901234001", "Xin chao"): 1}
"""

from worker.devkit.simulator.knobs import KnobError
from worker.devkit.simulator.running import Ledger, Running, start
from worker.devkit.simulator.server import CannotStart, Options, run

__all__ = ["CannotStart", "KnobError", "Ledger", "Options", "Running", "run", "start"]
