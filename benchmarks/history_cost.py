"""What history and the reports' sums cost a message in the database: Postgres's own CPU, with and without.

The same lives (enqueued, claimed, accepted, delivered, in batches as a worker writes them) with the triggers that keep
history and the fold that adds it up, without the fold, and without either, in turns, in one run: the ratios are what
counts, since the machine is others' as well.

    python -m benchmarks.history_cost [--messages 10000] [--rounds 5] [--without message_wanted_idx]
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from statistics import median

import psutil
from sqlalchemy import text

from benchmarks.support import Stage, console, enqueue_ours, load, stage
from worker import Notifier, ledger
from worker.database import Database
from worker.evidence import Evidence
from worker.ledger import Claim, HttpCall, Outcome, Poll, Settlement
from worker.lifecycle import Lane, Status
from worker.settings import Settings

MOST_TIMES = 1.1  # what a message may cost with the sums, in times of what it costs with history alone
BATCH = 100
MINUTE = timedelta(minutes=1)
HTTP_CALL = HttpCall(
    function="SendMultipleMessage_V4_get", at=datetime.now(UTC), seconds=0.05, http_status=200, code="100", reply="{}"
)
WAYS = (("with history and sums", True, True), ("with history", True, False), ("without", False, False))
SWITCH = "ALTER TABLE message {} TRIGGER USER"
EMPTY = """
    TRUNCATE request, message, notification, settlement, attempt, report_daily, report_month, report_latency,
        report_latency_month, roll_up
"""


def lives(database: Database, messages: int, *, kept: bool, folds: bool) -> float:
    """Seconds of the CPU of Postgres's process that serves us, for so many messages from enqueueing to delivered."""
    with database.begin() as session:
        session.execute(text(EMPTY))
        session.execute(text(SWITCH.format("ENABLE" if kept else "DISABLE")))
        server = psutil.Process(session.scalar(text("SELECT pg_backend_pid()")))
    before = cpu_of(server)
    enqueue_ours(Notifier(Settings.from_environ({"DATABASE_URL": "postgresql://x/y"}), database=database), messages)
    for step in (_send, _ask, _fold) if folds else (_send, _ask):
        while step(database):
            pass
    spent = cpu_of(server) - before
    with database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM message WHERE status = 'delivered'")) == messages
        if folds:
            assert session.scalar(text("SELECT sum(messages) FROM report_daily")) == messages
    return spent


def cpu_of(process: psutil.Process) -> float:
    """Seconds so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _send(database: Database) -> bool:
    with database.begin() as session:
        claims = ledger.claim(session, [Lane.NORMAL], most=BATCH, lease=MINUTE, group_most=1000)
    with database.begin() as session:
        ledger.record(session, [taken(each) for each in claims])
    return bool(claims)


def _ask(database: Database) -> bool:
    with database.begin() as session:
        polls = ledger.claim_polls(session, most=BATCH, lease=MINUTE)
    with database.begin() as session:
        ledger.settle(session, [_arrived(poll) for poll in polls])
    return bool(polls)


def taken(claim: Claim) -> Outcome:
    """eSMS accepted it, and is to be asked at once."""
    return Outcome(
        claim=claim,
        status=Status.ACCEPTED,
        code="100",
        sms_id=claim.request_id,
        poll_wait=timedelta(0),
        http_call=HTTP_CALL,
    )


def _arrived(poll: Poll) -> Settlement:
    return Settlement(poll=poll, phone=None, evidence=Evidence.ARRIVED, network="viettel", http_call=HTTP_CALL)


def _fold(database: Database) -> bool:
    with database.begin() as session:
        return ledger.fold(session, "Asia/Ho_Chi_Minh")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without", nargs="*", default=[], metavar="INDEX", help="To see what these cost.")
    options = parser.parse_args()
    console.print(load())
    with stage() as on:
        return _measured(on, options.messages, options.rounds, options.without)


def _measured(on: Stage, messages: int, rounds: int, without: list[str]) -> int:
    on.execute(*(f"DROP INDEX {name}" for name in without))
    with Database(on.environ["DATABASE_URL"], pool_size=1) as database:
        lives(database, messages // 5, kept=True, folds=True)
        turns = [[lives(database, messages, kept=kept, folds=folds) for _, kept, folds in WAYS] for _ in range(rounds)]
    for (name, _, _), spent in zip(WAYS, zip(*turns, strict=True), strict=True):
        console.print(f"{name}: {median(spent) / messages * 1e6:.1f} µs of Postgres's CPU a message")
    sums, all_of_it = (median(each[0] / each[beside] for each in turns) for beside in (1, 2))
    console.print(f"the sums: {sums:.3f} times (median of {rounds} rounds); wanted {MOST_TIMES:g} or less")
    console.print(f"history and sums together: {all_of_it:.3f} times")
    return 0 if sums <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
