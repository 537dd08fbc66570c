"""What a claim costs beside a held snapshot, beside a paused campaign of a million, and behind another source's flood.

And what it costs to send beside three readers that began one after the other, and while all is dumped: Postgres's CPU.
Each case is measured beside itself: before the snapshot was held and a hundred thousand were claimed, and without the
paused campaign. Commits and rows fetched are in it.

    python -m benchmarks.hard_day [--rows 1000000] [--claimed 100000] [--claims 30] [--sent 30000]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from statistics import median

import psutil
from rich.table import Table
from sqlalchemy import make_url, text

from benchmarks.history_cost import cpu_of, taken
from benchmarks.reports import server_of
from benchmarks.support import Stage, console, load, outside, stage
from worker import Notifier, Sms, ledger
from worker.database import Database
from worker.devkit.postgres import programs
from worker.ledger import Claim, Floors
from worker.ledger.streams import stream_key
from worker.lifecycle import Lane

MOST_TIMES_HELD = 1.5
MOST_TIMES_PAUSED = 1.3
MOST_TIMES_SENDING = 1 / 0.9  # nine tenths of the rate
READERS = 3
BATCH = 100
BIG = "big"

MESSAGES = """
    WITH put AS (
        INSERT INTO notification (id, kind, source, campaign, content, options, hand_over, fingerprint)
        SELECT gen_random_uuid(), 'sms', :source, :campaign, 'Chao quy khach', '{"sms_type": 4}', false, ''
        FROM generate_series(1, :rows) RETURNING id
    ), told AS (
        INSERT INTO stream (lane, key, source, campaign, due_from) VALUES ('normal', :key, :source, :campaign, now())
    )
    INSERT INTO message (id, notification_id, phone, lane, stream, status, grouped, due_at)
    SELECT id, id, '+84901234567', 'normal', :key, 'queued', false, now() FROM put
"""


def put(on: Stage, rows: int, *, source: str, campaign: str | None = None) -> None:
    """So many that are due."""
    asked = {"rows": rows, "source": source, "campaign": campaign, "key": stream_key(source, campaign)}
    with on.database.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text(MESSAGES), asked)


def claim(on: Stage, floors: Floors, most: int = BATCH) -> tuple[float, list[Claim]]:
    """Milliseconds, and what was claimed."""
    started = time.perf_counter()
    with on.database.begin() as session:
        claims = ledger.claim(
            session, [Lane.NORMAL], most=most, lease=timedelta(hours=1), group_most=1000, floors=floors
        )
    return (time.perf_counter() - started) * 1000, claims


def cost(on: Stage, floors: Floors, claims: int) -> float:
    """Milliseconds of a claim."""
    taken = []
    for _ in range(claims):
        milliseconds, claimed = claim(on, floors)
        assert len(claimed) == BATCH
        taken.append(milliseconds)
    return median(taken)


@contextmanager
def held_snapshot(on: Stage) -> Iterator[None]:
    """As pg_dump has one."""
    with on.database.engine.connect() as connection:
        old = connection.execution_options(isolation_level="REPEATABLE READ")
        old.execute(text("SET idle_in_transaction_session_timeout = 0"))
        old.execute(text("SELECT FROM message LIMIT 1"))
        yield
        old.rollback()


def held(on: Stage, claimed: int, claims: int) -> tuple[float, float]:
    """Before, and after so many were claimed beside a held snapshot."""
    put(on, claimed + 3 * claims * BATCH, source="shop")
    outside(on.database, "VACUUM (ANALYZE) message, notification")
    floors = Floors()
    cost(on, floors, 5)
    with held_snapshot(on):
        before = cost(on, floors, claims)
        for _ in range(claimed // BATCH):
            claim(on, floors)
        return before, cost(on, floors, claims)


def sending(on: Stage, messages: int) -> tuple[float, float, float]:
    """Seconds of Postgres's CPU to claim and write down so many: alone, beside readers, and while it is dumped."""
    put(on, 4 * messages, source="shop")
    outside(on.database, "VACUUM (ANALYZE) message, notification")
    with Database(on.environ["DATABASE_URL"], pool_size=1) as database, ExitStack() as held:
        server, floors = server_of(database), Floors()
        _sent(database, server, floors, messages)
        alone = _sent(database, server, floors, messages)
        with dump(on) as dumping:
            dumped = _sent(database, server, floors, messages)
            assert dumping.poll() is None, "pg_dump was over too soon"
        beside = 0.0
        for _ in range(READERS):  # each stays to the end, and so all three overlap
            held.enter_context(held_snapshot(on))
            beside += _sent(database, server, floors, messages // READERS)
        return alone, beside, dumped


def _sent(database: Database, server: psutil.Process, floors: Floors, messages: int) -> float:
    before = cpu_of(server)
    for _ in range(messages // BATCH):
        with database.begin() as session:
            claims = ledger.claim(
                session, [Lane.NORMAL], most=BATCH, lease=timedelta(hours=1), group_most=1000, floors=floors
            )
        with database.begin() as session:
            ledger.record(session, [taken(each) for each in claims])
    return cpu_of(server) - before


@contextmanager
def dump(on: Stage) -> Iterator[subprocess.Popen[bytes]]:
    """All of it, until this ends; slowly, as to a disk elsewhere."""
    url = make_url(on.environ["DATABASE_URL"]).set(drivername="postgresql")
    command = [str(programs() / "pg_dump"), "--file=/dev/stdout", url.render_as_string(hide_password=False)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as dumping:  # a pipe that nobody reads: it waits
        assert dumping.stdout and dumping.stdout.read(1)
        yield dumping
        dumping.kill()


def paused(on: Stage, rows: int, claims: int) -> tuple[float, float, float, float]:
    """A claim of others before and after a large campaign is paused; seconds to pause it, and until it goes on."""
    put(on, rows, source="shop", campaign=BIG)
    put(on, 3 * claims * BATCH, source="shop")
    outside(on.database, "VACUUM (ANALYZE) message, notification")
    environ = {name: value for name, value in on.environ.items() if name not in {"REDIS_URL", "CELERY_BROKER_URL"}}
    with Notifier.from_env(environ) as notifier:
        on.execute("UPDATE stream SET due_from = 'infinity' WHERE campaign IS NOT NULL")  # as if it were not there
        floors = Floors()
        cost(on, floors, 5)
        before = cost(on, floors, claims)
        on.execute("UPDATE stream SET due_from = now() WHERE campaign IS NOT NULL")
        pausing = _seconds(lambda: notifier.pause_campaign(BIG))
        after = cost(on, floors, claims)
        on.execute("UPDATE message SET status = 'cancelled' WHERE status = 'queued' AND stream = " + _others())

        def go_on() -> None:
            notifier.resume_campaign(BIG)
            assert len(claim(on, floors)[1]) == BATCH

        return before, after, pausing, _seconds(go_on)


def _others() -> str:
    return str(stream_key("shop", None))


def _seconds(step: object) -> float:
    started = time.perf_counter()
    step()  # type: ignore[operator]
    return time.perf_counter() - started


def behind_a_flood(on: Stage, rows: int) -> int:
    """How many of another source's go out before the one code of this source, which came last."""
    put(on, rows, source="flood")
    environ = {name: value for name, value in on.environ.items() if name not in {"REDIS_URL", "CELERY_BROKER_URL"}}
    with Notifier.from_env(environ) as notifier:
        notifier.enqueue(Sms(to="0909999999", content="x", brandname="sangbrand"), source="clinic")
    before = 0
    while True:
        _, claims = claim(on, Floors())
        if any(each.phones == ("+84909999999",) for each in claims):
            return before
        before += len(claims)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--claimed", type=int, default=100_000)
    parser.add_argument("--sent", type=int, default=30_000)
    parser.add_argument("--claims", type=int, default=30)
    options = parser.parse_args()
    console.print(load())
    with stage() as on:
        on.execute("ALTER TABLE message SET (autovacuum_enabled = false)")
        held_before, held_after = held(on, options.claimed, options.claims)
        on.execute("TRUNCATE request, message, notification, stream")
        before, after, pausing, resuming = paused(on, options.rows, options.claims)
        on.execute("TRUNCATE request, message, notification, stream, pause")
        alone, beside, dumped = sending(on, options.sent)
        on.execute("TRUNCATE request, message, notification, stream, settlement")
        flood = behind_a_flood(on, 5_000)
    table = Table("case", "ms before", "ms after", "times", "wanted at most", title=f"A claim of {BATCH}")
    of_one = 1000 * BATCH / options.sent
    cases = (
        ("claimed and written down, three readers beside it", alone * of_one, beside * of_one, MOST_TIMES_SENDING),
        ("claimed and written down, while it is dumped", alone * of_one, dumped * of_one, MOST_TIMES_SENDING),
        (f"held snapshot, {options.claimed:,} claimed beside it", held_before, held_after, MOST_TIMES_HELD),
        (f"a campaign of {options.rows:,} paused", before, after, MOST_TIMES_PAUSED),
    )
    for name, first, last, most in cases:
        table.add_row(name, f"{first:.2f}", f"{last:.2f}", f"{last / first:.2f}", f"{most:g}")
    console.print(table)
    console.print(f"to pause it {pausing:.3f} s; from resume to the first {BATCH} of it claimed {resuming:.3f} s")
    console.print(
        f"claimed before another source's one message, behind a flood of 5,000: {flood}; wanted fewer than {BATCH}"
    )
    return 0 if flood < BATCH and all(last / first <= most for _, first, last, most in cases) else 1


if __name__ == "__main__":
    sys.exit(main())
