"""Ask the account whether a paused lane may go on.

GetBalance proves that keys and account are in order. It can't prove that the balance suffices, that a price list
exists or that our address is welcome: then the lane is let go to try, ever more seldom; a refused try costs nothing.
"""

from __future__ import annotations

from decimal import Decimal

from worker import backoff, ledger
from worker.database import Database
from worker.esms import Client
from worker.ledger import Paused
from worker.lifecycle import Lane, PauseCode
from worker.maintenance.balance import ask_for_balance, floors
from worker.settings import Pace
from worker.telemetry import emit

PROVED = frozenset({"101", "143", PauseCode.UNREACHABLE})  # wrong keys, account locked, no answer


def probe_pauses(database: Database, client: Client, pace: Pace) -> None:
    """Probe what is due to be probed; one process of many asks."""
    with database.begin() as session:
        due = ledger.due_probes(session)
        for pause in due:  # taken for the time of the probe: nobody else asks meanwhile
            wait = backoff.before_probing_again(pause.probes + 1, pause.code)
            ledger.probed(session, pause.id, wait=wait)
    if due:
        _probe(database, client, due, floors(pace))


def _probe(database: Database, client: Client, due: list[Paused], floors: dict[Lane, int]) -> None:
    if (balance := ask_for_balance(client)) is None:
        return
    over = [pause.lane for pause in due if _may_go_on(pause, balance, floors.get(pause.lane, 0))]
    with database.begin() as session:
        for lane in ledger.lift(session, over, by="probe"):
            emit("lane.lifted", lane=lane)


def _may_go_on(pause: Paused, balance: Decimal, floor: int) -> bool:
    if pause.code == PauseCode.RESERVE:
        return balance >= floor
    return pause.code in PROVED or balance > 0
