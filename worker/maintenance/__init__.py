"""What every tick looks after: leases, dates, doubt grown old, pauses, the balance, the account's brandnames."""

from worker.database import Database
from worker.esms import Client
from worker.maintenance.balance import watch_balance
from worker.maintenance.brandnames import refresh_brandnames
from worker.maintenance.marks import Marks
from worker.maintenance.probes import probe_pauses
from worker.maintenance.restores import keep_marks, may_send
from worker.maintenance.retention import remove_what_is_old
from worker.maintenance.rolling import roll_up
from worker.maintenance.steps import take
from worker.maintenance.upkeep import look_after_ledger
from worker.settings import Pace
from worker.settings.retention import Retention

__all__ = [
    "keep_house",
    "keep_marks",
    "look_after_ledger",
    "may_send",
    "probe_pauses",
    "refresh_brandnames",
    "remove_what_is_old",
    "roll_up",
    "take",
    "watch_balance",
]


def keep_house(database: Database, client: Client, pace: Pace, zone: str, retention: Retention, marks: Marks) -> None:
    """All that a tick looks after: the ledger, what eSMS is to be asked, the reports' sums by this zone's days."""
    look_after_ledger(database, pace)
    roll_up(database, zone)  # before what waits for eSMS: the sums are never older than a minute
    take(database, {"keep the marks": lambda: keep_marks(database, marks, retention.key)})
    take(database, {"remove what is old": lambda: remove_what_is_old(database, retention, pace.tick)})
    steps = {
        "probe pauses": lambda: probe_pauses(database, client, pace),
        "watch the balance": lambda: watch_balance(database, client, pace),
        "refresh brandnames": lambda: refresh_brandnames(database, client),
    }
    take(database, steps)
