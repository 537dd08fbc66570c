"""Killed right before or right after any of its commits: what came by SQL becomes one message, and no event is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench
from tests.webhooks.endpoint import listening
from worker.api.inbox import Inbox
from worker.bell import Bell
from worker.webhooks import Caller

# Dies at its n-th commit, before or after it. argv: what it does, the database, which commit, when.
PROGRAM = """
import os, signal, sys
from worker.api.inbox import Inbox
from worker.database import Database
from worker.bell import Bell
from worker.settings import Settings
from worker.webhooks import Caller

what, url, number, when = sys.argv[1:]
database, commits = Database(url), 0

really = database.engine.dialect.do_commit

def commit(connection):
    global commits
    commits += 1
    if commits == int(number):
        if when == "after":
            really(connection)
        os.kill(os.getpid(), signal.SIGKILL)
    really(connection)

database.engine.dialect.do_commit = commit

if what == "inbox":
    Inbox(database, Settings.from_environ({"DATABASE_URL": url}), Bell(None, None)).take_in()
else:
    Caller(database, private=True).run(lambda: False)
"""


def dies(*arguments: object) -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM, *map(str, arguments)], timeout=60)
    assert ended.returncode == -signal.SIGKILL


def one(bench: Bench, statement: str) -> Any:
    with bench.database.begin() as session:
        return session.scalar(text(statement))


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_came_by_sql_becomes_one_message(bench: Bench, database_url: str, when: str) -> None:
    id_ = one(bench, "SELECT esms.enqueue_sms('shop', 'R1', '0901000001', 'Ma: 1', 7)")
    dies("inbox", database_url, 1, when)
    assert one(bench, "SELECT count(*) FROM notification") == (when == "after")
    Inbox(bench.database, bench.settings, Bell(None, None)).take_in()
    assert one(bench, "SELECT count(*) FROM message") == 1
    assert bench.notifier.find("R1", "shop") == id_


# Which webhooks there are; what is put out; what is claimed; what was called.
@pytest.mark.long
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("commit", [1, 2, 3, 4])
def test_no_event_is_lost(bench: Bench, database_url: str, commit: int, when: str) -> None:
    with listening() as endpoint:
        id_ = bench.notifier.webhooks.add("https://shop.example/", source=None, events=["message.accepted"]).id
        one(bench, f"UPDATE webhook SET url = '{endpoint.url}' WHERE id = '{id_}' RETURNING 1")
        bench.put()
        bench.deliver()
        dies("webhooks", database_url, commit, when)
        bench.put()
        bench.deliver()
        one(bench, "WITH c AS (UPDATE webhook_call SET due_at = now()) SELECT 1")
        Caller(bench.database, private=True).run(lambda: False)
        told = {headers["webhook-id"] for headers, _ in endpoint.calls}
        assert len(told) == 2
        assert len(endpoint.calls) == 2 + (commit == 4 and when == "before")
        assert one(bench, "SELECT count(*) FROM webhook_call") == 0
