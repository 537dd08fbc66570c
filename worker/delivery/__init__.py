"""Claim what is due, send it side by side, record what happened; and look after what was left lying.

No transaction is open while we wait for the provider.
"""

from worker.delivery.balance import watch_balance
from worker.delivery.brandnames import refresh_brandnames
from worker.delivery.drain import Drain
from worker.delivery.house import keep_house
from worker.delivery.probes import probe_pauses

__all__ = ["Drain", "keep_house", "probe_pauses", "refresh_brandnames", "watch_balance"]
