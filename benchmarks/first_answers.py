"""How soon a command answers among a year's messages, while Postgres has counted none of them.

`show` and `status` of one recipient and of 200,000, what is held, and a cancel, a move and a retry of one and of a
campaign of 100,000: until its first step is told, which is what a person sees first. Counted is the CPU of both sides.

    python -m benchmarks.first_answers [--messages 1000000] [--kept FOLDER]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from rich.table import Table

from benchmarks.reports import cpu, server_of
from benchmarks.support import Stage, console, load
from benchmarks.year import year, year_options
from worker import Failed, Notifier
from worker.database import Database
from worker.ledger.streams import stream_key
from worker.reporting import Located
from worker.settings import Settings

GOAL = 0.100  # seconds
CAMPAIGNS = ("to-cancel", "to-move")
MANY = "ffffffff-ffff-ffff-ffff-ffffffffffff"
ONE, FAILED, FAILED_TOO = (f"{n:032x}" for n in (1, 80, 160))
NOTIFICATION = """
    INSERT INTO notification (id, kind, purpose, source, campaign, content, options, segments, hand_over, fingerprint)
"""
MESSAGE = (
    "INSERT INTO message (id, notification_id, phone, lane, stream, status, grouped, due_at, wanted_at, expires_at)"
)
WAITING = (
    f"""
    {NOTIFICATION} SELECT gen_random_uuid(), 'sms', 'service', 'shop-0', '{{campaign}}', 'x', '{{{{"sms_type": 4}}}}',
        1, false, '' FROM generate_series(1, 100000)
    """,
    f"""
    {MESSAGE} SELECT gen_random_uuid(), id, '+84901234567', 'normal', {{key}}, 'queued', false, now() + interval '9 d',
        now() + interval '9 d', now() + interval '10 d' FROM notification WHERE campaign = '{{campaign}}'
    """,
    """
    INSERT INTO stream (lane, key, source, campaign, due_from)
    VALUES ('normal', {key}, 'shop-0', '{campaign}', now() + interval '9 d')
    """,
)
TO_MANY = (
    f"{NOTIFICATION} VALUES ('{MANY}', 'sms', 'service', 'shop-0', 'many', 'x', '{{\"sms_type\": 4}}', 1, false, '')",
    f"""
    {MESSAGE} SELECT gen_random_uuid(), '{MANY}', '+84901234567', 'normal', 0, CASE WHEN n < 900 THEN 'held' ELSE
        'delivered' END, false, now(), now(), NULL FROM generate_series(1, 200000) AS n
    """,
)
UNCOUNTED = ("DELETE FROM pg_statistic WHERE starelid IN ('message'::regclass, 'notification'::regclass)",)


class Answered(Exception):
    """The first step was told."""


def told(_: int) -> None:
    raise Answered


def questions(notifier: Notifier) -> Iterator[tuple[str, Callable[[], Any]]]:
    """In the order in which they are asked."""
    later = datetime.now(UTC) + timedelta(days=20)
    some = UUID(ONE)
    yield "show: one", partial(notifier.show, some)
    yield (
        "show: 200,000 recipients, the first of them",
        partial(next, notifier.show_in_parts(Located(notification=UUID(MANY)))),
    )
    yield "status: one", partial(notifier.status, some)
    yield "status: 200,000 recipients, the first of them counted", partial(notifier.status, UUID(MANY), told=told)
    yield "status: 200,000 recipients, most of which nobody has looked at", partial(notifier.status, UUID(MANY))
    yield "status: 200,000 recipients, again", partial(notifier.status, UUID(MANY))
    yield "held list", notifier.held.list
    yield "cancel: one", partial(notifier.cancel, some)
    yield "move: one", partial(notifier.move, some, later)
    yield "retry: one", partial(notifier.retry, UUID(FAILED))
    yield "retry: what failed of a campaign of 100,000", partial(notifier.again.retry, Failed(campaign="big"))
    yield "cancel: a campaign of 100,000", partial(notifier.cancel_campaign, CAMPAIGNS[0], told=told)
    yield "move: a campaign of 100,000", partial(notifier.move_campaign, CAMPAIGNS[1], later, told=told)


def put(on: Stage) -> None:
    """What there is besides the year; nobody counts it, nor the year any more."""
    on.execute("SET LOCAL session_replication_role = replica", *TO_MANY)
    for campaign in CAMPAIGNS:
        which = {"campaign": campaign, "key": stream_key("shop-0", campaign)}
        on.execute("SET LOCAL session_replication_role = replica", *(each.format(**which) for each in WAITING))
    on.execute(*UNCOUNTED)


def main() -> int:
    """Exit code 1 where one takes longer than it should."""
    options = year_options(__doc__)
    console.print(load())
    with year(options.messages, options.kept) as on:
        on.execute("ALTER TABLE message SET (autovacuum_enabled = false)")
        put(on)
        database = Database(on.environ["DATABASE_URL"], pool_size=1)
        with Notifier(Settings.from_environ(on.environ | {"REDIS_URL": ""}), database=database) as notifier:
            return _measured(notifier, server_of(database), options.messages)


def _measured(notifier: Notifier, server: Any, messages: int) -> int:
    table, missed = Table("question", "ms of CPU", title=f"Among {messages:,} messages that are not counted"), 0
    notifier.status(UUID(ONE)), notifier.retry(UUID(FAILED_TOO))  # what is imported and connected once
    for name, ask in questions(notifier):
        before = cpu(server)
        with suppress(Answered):
            ask()
        taken = cpu(server) - before
        missed += taken > GOAL
        table.add_row(name, f"{1000 * taken:.0f}" + " missed" * (taken > GOAL))
    console.print(table)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
