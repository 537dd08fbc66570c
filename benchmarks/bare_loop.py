"""What two cores can do at all: our rows and our commits, a loop over bare sockets between them, and nothing else.

No lane, no rate, no rule, no lease that is looked at, no error that is told from another: whoever would write the
fastest sender by hand, on the same tables, would come to this. How near our own comes to it, by turns within one run,
holds on any machine; messages a second do not.

    python -m benchmarks.bare_loop [--rounds 3] [--messages 160000]
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from select import EPOLLIN, epoll
from typing import Any
from urllib.parse import quote, urlsplit

import psutil
import psycopg

from benchmarks.end_to_end import OUR_WARM_UP, Entry, Wanted, compare, our_entries, tell
from benchmarks.provider import BRANDNAME
from benchmarks.setups import Way
from benchmarks.support import (
    Stage,
    console,
    enqueue_ours,
    forget_ours,
    load,
    silent,
    stage,
    unaccepted_of_ours,
)
from worker.devkit.processes import Child

NEARNESS = 0.93  # of the bare loop's messages a second that ours is to reach, at least
PROCESSES = 2
SOCKETS = 600  # of each
MOST = 600  # messages of one claim
RECORD_EVERY = 0.1  # seconds, as ours
READY = "ready"

CLAIM = """
    UPDATE message AS m SET status = 'sending', attempts = m.attempts + 1, lease_until = now() + interval '2 minutes',
        request_id = replace(m.id::text, '-', '')
    FROM (
        SELECT id, notification_id FROM message
        WHERE lane = 'normal' AND stream = %s AND status = 'queued' AND NOT grouped AND due_at <= now()
        ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
    ) AS due JOIN notification AS n ON n.id = due.notification_id
    WHERE m.id = due.id RETURNING m.id::text, m.phone, n.content, m.request_id
"""
RECORD = """
    WITH o AS MATERIALIZED (
        SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
            AS o (id, request_id, sms_id, at, reply)
    ), won AS (
        UPDATE message AS m SET status = 'accepted', lease_until = NULL, code = '100', sms_id = o.sms_id,
            accepted_at = now(), poll_at = now() + interval '1 hour'
        FROM o WHERE m.id = o.id
    )
    INSERT INTO request
        (message_id, attempt, request_id, sms_id, function, at, seconds, http_status, code, outcome, reply)
    SELECT id, 1, request_id, sms_id, 'SendMultipleMessage_V4_get', at, 0.05, 200, '100', 'accepted', reply FROM o
"""


# One of its processes...


class Loop:
    """Sends all that is due, at each signal."""

    def __init__(self) -> None:
        self._base = urlsplit(os.environ["ESMS_REST_URL"])
        self._postgres = psycopg.connect(os.environ["DATABASE_URL"].replace("+psycopg", ""))
        self._epoll = epoll()
        self._free = deque(self._connections())
        self._flying: dict[int, tuple[socket.socket, str, str, datetime]] = {}
        self._answers: list[tuple[str, str, str, datetime, str]] = []

    def _connections(self) -> Iterator[socket.socket]:
        for _ in range(SOCKETS):
            each = socket.create_connection((self._base.hostname or "", self._base.port or 80))
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.setblocking(False)
            self._epoll.register(each, EPOLLIN)
            yield each

    def run(self) -> None:
        """Until nothing is due."""
        [(stream,)] = self._ask("SELECT key FROM stream WHERE lane = 'normal' LIMIT 1", ())
        more, record_at = True, 0.0
        while more or self._flying or self._answers:
            if more and len(self._free) >= SOCKETS // 8:
                claimed = self._ask(CLAIM, (stream, min(len(self._free), MOST)))
                more = bool(claimed)
                for row in claimed:
                    self._send(*row)
            if self._flying:
                self._hear(RECORD_EVERY)
            if self._answers and (time.monotonic() >= record_at or not self._flying):
                self._record()
                record_at = time.monotonic() + RECORD_EVERY

    def _ask(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        rows = self._postgres.execute(statement, values).fetchall()
        self._postgres.commit()
        return rows

    def _send(self, id_: str, phone: str, content: str, request_id: str) -> None:
        each = self._free.popleft()
        each.send(
            b"GET %b/json/SendMultipleMessage_V4_get?Phone=%b&Content=%b&ApiKey=k&SecretKey=s&SmsType=2&Brandname=%b"
            b"&RequestId=%b HTTP/1.1\r\nHost: %b\r\n\r\n"
            % tuple(
                part.encode()
                for part in (self._base.path, quote(phone), quote(content), BRANDNAME, request_id, self._base.netloc)
            )
        )
        self._flying[each.fileno()] = each, id_, request_id, datetime.now(UTC)

    def _hear(self, patience: float) -> None:
        for fd, _ in self._epoll.poll(patience):
            each, id_, request_id, at = self._flying.pop(fd)
            reply = each.recv(65536).decode()
            self._free.append(each)
            body = reply.partition("\r\n\r\n")[2]
            assert '"CodeResult":"100"' in body, reply
            self._answers.append((id_, request_id, body.partition('"SMSID":"')[2][:-2], at, body))

    def _record(self) -> None:
        self._postgres.execute(RECORD, [list(column) for column in zip(*self._answers, strict=True)])
        self._postgres.commit()
        self._answers.clear()


def work() -> None:
    """Wait for the signal, again and again."""
    go = {signal.SIGUSR1}
    signal.pthread_sigmask(signal.SIG_BLOCK, go)
    loop = Loop()
    print(READY, flush=True)
    while True:
        signal.sigwait(go)
        loop.run()


# By turns with ours...


@contextmanager
def bare_way(on: Stage) -> Iterator[Way]:
    """The bare loop, in as many processes as ours has."""
    with ExitStack() as stack:
        notifier = stack.enter_context(silent(on))
        loops = [on.python(f"bare-{place}", ["benchmarks.bare_loop", "--work"]) for place in range(PROCESSES)]
        for loop in loops:
            stack.callback(loop.stop)
        on.until(lambda: all(READY in loop.log_lines() for loop in loops), "bare loops ready", *loops)
        yield Way(
            "bare loop",
            loops,
            forget=lambda: forget_ours(on),
            enqueue=lambda messages: enqueue_ours(notifier, messages),
            go=lambda: _go(loops),
            unsettled=lambda: unaccepted_of_ours(on),
        )


def _go(loops: list[Child]) -> None:
    for loop in loops:
        psutil.Process(loop.pid).send_signal(signal.SIGUSR1)


def bare_entry(messages: int) -> Entry:
    """The bare loop's line of the comparison."""
    return Entry("bare loop", f"{PROCESSES} processes", messages, bare_way, [], OUR_WARM_UP)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=160_000, help="in each round; of few, coming to pace is much")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work()
    console.print(load())
    bare, ours = bare_entry(options.messages), our_entries(options.messages, options.messages)[-1]
    with stage() as on:
        compare(on, [bare, ours], options.rounds)
    nearness = Wanted("ours: messages/s beside the bare loop", ours.rate / bare.rate, NEARNESS)
    tell([bare, ours], [nearness])
    return 0 if nearness.met else 1


if __name__ == "__main__":
    sys.exit(main())
