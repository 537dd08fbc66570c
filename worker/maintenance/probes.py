"""Ask the account whether a paused lane may go on.

GetBalance proves that the SMS base answers and that keys and account are in order. It can't prove that the balance
suffices, that a price list exists or that our address is welcome, and says nothing of a voice base elsewhere. Where it
gives hope the lane is let go to try, since a refused try costs nothing; where it can't, one message goes on trial.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from worker import backoff, ledger
from worker.database import Database
from worker.esms import Client
from worker.ledger import Paused
from worker.lifecycle import Lane, PauseCode
from worker.maintenance.balance import ask_for_balance, floors
from worker.settings import Pace
from worker.telemetry import emit

PROVED = frozenset({"101", "143", PauseCode.UNREACHABLE})  # wrong keys, account locked, no answer


class _Next(Enum):
    LIFT = "all may go"
    TRIAL = "one may go"
    WAIT = "none may go"


def probe_pauses(database: Database, client: Client, pace: Pace) -> None:
    """Probe what is due to be probed; one process of many asks."""
    with database.begin() as session:
        due = ledger.due_probes(session)
        for pause in due:  # taken for the time of the probe: nobody else asks meanwhile
            wait = backoff.before_probing_again(pause.probes + 1, None if _is_elsewhere(pause, client) else pause.code)
            ledger.probed(session, pause.id, wait=wait)
    if due:
        _probe(database, client, due, floors(pace))


def _probe(database: Database, client: Client, due: list[Paused], floors: dict[Lane, int]) -> None:
    balance = ask_for_balance(client)
    found = {pause: _next(pause, client, balance, floors.get(pause.lane, 0)) for pause in due}
    over = [pause.lane for pause, what in found.items() if what is _Next.LIFT]
    with database.begin() as session:
        for pause, what in found.items():
            if what is _Next.TRIAL:
                ledger.allow_trial(session, pause.id)
        for lane in ledger.lift(session, over, by="probe"):
            emit("lane.lifted", lane=lane)


def _next(pause: Paused, client: Client, balance: Decimal | None, floor: int) -> _Next:
    if _is_elsewhere(pause, client):  # each call on trial that gets no answer is held: seldom, then
        return _Next.TRIAL
    if balance is None:
        return _Next.WAIT
    if pause.code == PauseCode.RESERVE:
        return _Next.LIFT if balance >= floor else _Next.WAIT
    # A postpaid account may have nothing, or less. Advertising goes out many to a request: it has no single message.
    hopeful = pause.code in PROVED or balance > 0 or pause.lane is Lane.BULK
    return _Next.LIFT if hopeful else _Next.TRIAL


def _is_elsewhere(pause: Paused, client: Client) -> bool:
    """Is it a silence that no question to the SMS base can break?"""
    return pause.lane is Lane.VOICE and pause.code == PauseCode.UNREACHABLE and client.voice_is_elsewhere
