"""A year's messages, made in Postgres itself: kept in a folder where one is given, for the next script as well.

python -m benchmarks.year FOLDER [--messages 10000000]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, text

from benchmarks.support import Stage, console, outside, stage
from worker import ledger
from worker.database import Database
from worker.devkit.postgres import Postgres
from worker.migrating import migrate

ZONE = "Asia/Ho_Chi_Minh"
FIRST = date(2025, 1, 1)
BIG = 100_000  # recipients of the campaign whose failures are listed; one in twenty failed

AT = f"timestamptz '{FIRST} 00:00+07' + interval '365 days' * ((n - 0.5) / {{rows}})"
FAILED_AS = "CASE n % 80 WHEN 0 THEN 'undelivered' WHEN 20 THEN 'rejected' WHEN 40 THEN 'expired' ELSE 'unknown' END"
STATUS = f"CASE WHEN n % 20 = 0 THEN {FAILED_AS} WHEN n % 1000 = 1 THEN 'cancelled' ELSE 'delivered' END"
CODE = "CASE n % 80 WHEN 20 THEN (ARRAY['104', '118', '146'])[1 + n / 80 % 3] WHEN 40 THEN NULL ELSE '100' END"
NETWORK = "(ARRAY['viettel', 'viettel', 'mobifone', 'vinaphone', 'vietnamobile', 'gmobile'])[1 + n / 7 % 6]"
ID = "lpad(to_hex(n), 32, '0')::uuid"
# Half of them of five that run all the year, the others of some twelve that run a fortnight; and one that is big.
CAMPAIGN = """CASE WHEN n > {rows} / 2 AND n <= {rows} / 2 + {big} THEN 'big'
    WHEN n % 2 = 0 THEN 'always-' || n / 2 % 5 ELSE 'c-' || n * 282 / {rows} + n / 2 % 12 END"""
FILL = (
    f"""
    INSERT INTO notification (id, kind, purpose, source, reference, campaign, content, options, segments, hand_over,
        fingerprint, created_at)
    SELECT {ID}, 'sms', 'service', 'shop-' || n % 3, 'order:' || n, {CAMPAIGN}, 'x', '{{{{"sms_type": 4}}}}', 1, false,
        '', {AT} FROM generate_series(CAST({{first}} AS bigint), {{last}}) AS n
    """,
    f"""
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, attempts, request_id, code, network,
        accepted_at, settled_at, wanted_at, created_at)
    SELECT {ID}, {ID}, '+849' || lpad(CAST(n * 7919 % 100000000 AS text), 8, '0'), 'normal', {STATUS}, false, {AT}, 1,
        n, {CODE}, {NETWORK}, {AT} + n % 97 * interval '0.1 s', {AT} + interval '15 s', {AT}, {AT}
    FROM generate_series(CAST({{first}} AS bigint), {{last}}) AS n
    """,
    f"""
    INSERT INTO settlement (transaction, at, wanted_at, message_id, notification_id, accepted_after, delivered_after,
        generation, lane, status, code, network)
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), {AT}, {AT}, {ID}, {ID}, n % 97 * 0.1,
        CASE WHEN n % 20 <> 0 THEN 15 - n % 97 * 0.1 END, 0, 'normal', {STATUS}, {CODE}, {NETWORK}
    FROM generate_series(CAST({{first}} AS bigint), {{last}}) AS n
    """,
    """
    INSERT INTO contact (id, source, key, name, phones)
    SELECT gen_random_uuid(), '', CAST(n AS text), 'Lan',
        ARRAY['+849' || lpad(CAST(n * 7919 % 100000000 AS text), 8, '0')]
    FROM generate_series(CAST({first} AS bigint), {last}, 100) AS n
    """,
)
STEP = 500_000  # rows of one statement
PATIENT = {"statement_timeout": "0"}
QUICKLY = "SET session_replication_role = replica; SET maintenance_work_mem = '1GB'; SET statement_timeout = 0"


@contextmanager
def year(messages: int, kept: Path | None = None) -> Iterator[Stage]:
    """A stage with so many messages of a year, and what they add up to. kept: a folder that has them, or is to."""
    with ExitStack() as stack:
        folder = kept or Path(stack.enter_context(TemporaryDirectory(prefix="esms-bench-")))
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)  # PostgreSQL may have to run as another user
        made = folder / "year"
        if not made.exists():
            with (
                Postgres(folder / "postgres", durable=False) as server,
                Database(server.url, limits=PATIENT) as database,
            ):
                migrate(database)
                fill(database, messages)
            made.write_text(str(messages))
        yield stack.enter_context(stage(folder))


def fill(database: Database, rows: int) -> None:
    """A year's messages, and the sums of them."""
    filled(database, FILL, rows)
    more = True
    while more:
        with database.begin() as session:
            more = ledger.fold(session, ZONE, most=STEP)
    outside(database, "VACUUM ANALYZE report_daily, report_latency")


def filled(database: Database, statements: Sequence[str], rows: int) -> None:
    """By statements for the numbers from {first} to {last}, without what only costs time: indexes, triggers, keys."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as on:
        on.execute(text(QUICKLY))
        dropped = without_indexes(on)
        for first in range(1, rows + 1, STEP):
            sizes = {"rows": rows, "big": min(BIG, rows // 10), "first": first, "last": min(first + STEP - 1, rows)}
            for statement in statements:
                on.execute(text(statement.format(**sizes)))
            console.print(f"{sizes['last']:,} messages", end="\r")
        for definition in (*dropped, "VACUUM (FREEZE, ANALYZE)"):
            on.execute(text(definition))
        on.execute(text("RESET ALL"))


def without_indexes(on: Connection) -> list[str]:
    """Drops those of what is large; what makes them again."""
    query = """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid IN ('message'::regclass, 'notification'::regclass, 'settlement'::regclass)
          AND NOT indisprimary AND NOT indisunique
    """
    found = on.execute(text(query)).all()
    for name, _ in found:
        on.execute(text(f"DROP INDEX {name}"))
    return [definition for _, definition in found]


def year_options(about: str | None, *flags: str) -> argparse.Namespace:
    """Of a script that measures over it. flags: its own."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="Of `benchmarks.year`; made where it is not there.")
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


def main() -> int:
    """Only makes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--messages", type=int, default=10_000_000)
    options = parser.parse_args()
    started = time.monotonic()
    with year(options.messages, options.folder) as on:
        rows = on.scalar("SELECT count(*) FROM report_daily")
        took = time.monotonic() - started
        console.print(f"{options.messages:,} messages, {rows:,} rows of report_daily: {took:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
