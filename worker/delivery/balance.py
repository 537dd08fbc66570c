"""Keep some money for codes: below a balance that the settings name, the other lanes wait, bulk first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from worker import backoff, ledger
from worker.database import Database
from worker.esms import Client, EsmsError
from worker.lifecycle import Lane, PauseCode
from worker.settings import Pace
from worker.telemetry import emit

EVERY = timedelta(minutes=1)


def floors(pace: Pace) -> dict[Lane, int]:
    """The balance, in dong, below which each lane waits."""
    return {Lane.BULK: pace.reserve_bulk, Lane.NORMAL: pace.reserve, Lane.VOICE: pace.reserve}


def watch_balance(database: Database, client: Client, pace: Pace) -> None:
    """Ask for the balance once a minute, where a reserve is set; one process of many asks."""
    if not any(floors(pace).values()):
        return
    with database.begin() as session:
        mine = ledger.take_turn(session, "balance", every=EVERY)
    if mine:
        _watch(database, client, pace)


def _watch(database: Database, client: Client, pace: Pace) -> None:
    try:
        balance = client.get_balance().balance
    except EsmsError as error:
        emit("probe.failed", code=error.code, reason=error.reason)
        return
    waits = {"first": backoff.PROBE_FIRST, "most": backoff.PROBE_MOST}
    for lane in _below(balance, pace):
        reason = f"the balance is below the reserve of {floors(pace)[lane]:,} dong"
        with database.begin() as session:
            paused = ledger.pause(session, lane, reason, code=PauseCode.RESERVE, **waits)
        if paused:
            emit("balance.low", lane=lane, balance=int(balance), reserve=floors(pace)[lane])


def _below(balance: Decimal, pace: Pace) -> Iterator[Lane]:
    yield from (lane for lane, floor in floors(pace).items() if balance < floor)
