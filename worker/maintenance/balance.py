"""What the account holds; and some money kept for codes: below a reserve the other lanes wait, bulk first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from worker import ledger
from worker.database import Database
from worker.esms import Client, EsmsError
from worker.lifecycle import Lane, PauseCode
from worker.settings import Pace
from worker.telemetry import emit

EVERY = timedelta(minutes=1)
EVERY_WITHOUT_A_RESERVE = timedelta(minutes=10)  # only to be told


def floors(pace: Pace) -> dict[Lane, int]:
    """The balance, in dong, below which each lane waits."""
    return {Lane.BULK: pace.reserve_bulk, Lane.NORMAL: pace.reserve, Lane.VOICE: pace.reserve}


def ask_for_balance(client: Client) -> Decimal | None:
    """What the account holds, in dong; None when eSMS does not say."""
    try:
        return client.get_balance().balance
    except EsmsError as error:
        emit("probe.failed", code=error.code, reason=error.reason)
        return None


def watch_balance(database: Database, client: Client, pace: Pace) -> None:
    """Ask for the balance once a minute where a reserve is set, else now and then; one process of many asks."""
    every = EVERY if any(floors(pace).values()) else EVERY_WITHOUT_A_RESERVE
    with database.begin() as session:
        mine = ledger.take_turn(session, "balance", every=every)
    if mine:
        _watch(database, client, pace)


def _watch(database: Database, client: Client, pace: Pace) -> None:
    if (balance := ask_for_balance(client)) is None:
        return
    with database.begin() as session:
        ledger.note_balance(session, balance)
    for lane, floor in floors(pace).items():
        if balance < floor and _paused(database, lane, floor):
            emit("balance.low", lane=lane, balance=int(balance), reserve=floor)


def _paused(database: Database, lane: Lane, floor: int) -> bool:
    reason = f"the balance is below the reserve of {floor:,} dong"
    with database.begin() as session:
        return ledger.pause(session, lane, reason, code=PauseCode.RESERVE)
