"""What every tick looks after: leases, dates, doubt grown old, pauses, the balance, the account's brandnames."""

from worker.maintenance.balance import watch_balance
from worker.maintenance.brandnames import refresh_brandnames
from worker.maintenance.probes import probe_pauses
from worker.maintenance.upkeep import keep_house

__all__ = ["keep_house", "probe_pauses", "refresh_brandnames", "watch_balance"]
