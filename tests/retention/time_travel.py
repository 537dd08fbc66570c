"""A database as it looks after some time in which nothing happened, and what reports say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from tests.support import Bench
from worker import ledger
from worker.database import Database
from worker.maintenance import remove_what_is_old
from worker.maintenance.retention import walks
from worker.reporting import GroupBy
from worker.settings.retention import KEY, Retention

KEY_TEXT = "a key of forty random characters, or so it is"
WITH_KEY = Retention.from_environ({KEY: KEY_TEXT})

# Every moment of every table, but for those of the walks themselves: they are places in the same time.
_MOMENTS = text(r"""
    SELECT table_name, string_agg(format('%1$I = %1$I - \:by', column_name), ', ')
    FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'timestamp with time zone' AND table_name <> 'alembic_version'
    GROUP BY table_name
""")
_PLACES = "UPDATE retention_place SET place = place || jsonb_build_object('at', (place->>'at')::timestamptz - :by)"


def travel(database: Database, by: timedelta) -> None:
    """Everything that happened was so much longer ago. No trigger hears of it."""
    with database.begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table, moved in session.execute(_MOMENTS).all():
            session.execute(text(f"UPDATE {table} SET {moved}"), {"by": by})
        session.execute(text(f"{_PLACES} WHERE place ? 'at'"), {"by": by})


def remove(bench: Bench, settings: Retention = WITH_KEY) -> None:
    """Tick by tick until nothing is left to remove, with the rights of a worker."""
    for _ in range(50):
        with bench.database.begin() as session:
            session.execute(text("UPDATE retention_place SET caught_up_at = caught_up_at - interval '1 hour'"))
        bench.roll_up()
        remove_what_is_old(bench.workers, settings, timedelta(minutes=1))
        with bench.database.begin() as session:
            behind = session.scalar(text("SELECT count(*) FROM retention_place WHERE caught_up_at IS NULL"))
            begun = session.scalar(text("SELECT count(*) FROM retention_place"))
        if not behind and begun == len(list(walks(settings))):
            return
    raise AssertionError("it goes on for ever")


PERSONAL = ("phone", "name", "reference", "last_try")  # of a list: whom it was about, and a request that is gone


def reports(bench: Bench) -> dict[str, Any]:
    """All that reports say but for whom it was about."""
    of = bench.notifier.reports
    by: Sequence[GroupBy] = ("day", "source", "campaign", "purpose", "lane", "sms_type", "network", "status", "code")
    sums: dict[str, Any] = {
        "daily": list(of.daily(by=by)),
        "campaigns": list(of.campaigns()),
        "networks": list(of.networks()),
        "latency": list(of.latency()),
        "costs": list(of.costs(by=("month", "source", "campaign", "network"))),
        "reminders": list(of.reminders()),
        "messages": [_nobody(asdict(each)) for each in of.messages()],
        "failures": [_nobody(asdict(each)) for each in of.failures()],
    }
    return sums


def _nobody(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in PERSONAL}


def summed_anew(bench: Bench) -> dict[str, Any]:
    """The same, every day added up from the beginning."""
    with bench.database.begin() as session:
        ledger.begin_anew(session, "Asia/Ho_Chi_Minh")
    bench.roll_up()
    return reports(bench)
