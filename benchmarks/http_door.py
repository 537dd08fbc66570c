"""The HTTP door beside the same framework with one bare insert, and ten thousand at once beside `enqueue_many`.

Both are asked by the same program over the same number of connections, in turns; what counts is the ratio.

    python -m benchmarks.http_door [--seconds 5] [--connections 32]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from socket import socket
from statistics import median
from uuid import uuid4

import httpx
import psycopg

from benchmarks.support import Stage, stage
from worker import Enqueue, Notifier, Sms, SmsType
from worker.devkit.processes import free_port
from worker.settings import Settings

SINGLE_LEAST, MANY_LEAST = 0.7, 0.8
AT_ONCE = 10_000
ROUNDS = 3
TABLE = 'CREATE TABLE bare (id uuid PRIMARY KEY, "to" text, content text, sms_type int, reference text)'


def fields() -> dict[str, str | int]:
    """One message, with a reference that nothing has."""
    return {"to": "0901234567", "content": "Ma xac nhan: 123456", "sms_type": 4, "reference": uuid4().hex}


async def rate(port: int, token: str, seconds: float, connections: int) -> float:
    """Answers a second."""
    until = time.monotonic() + seconds
    done = await asyncio.gather(*(_asked(port, token, until) for _ in range(connections)))
    return sum(done) / seconds


async def _asked(port: int, token: str, until: float) -> int:
    """One connection; by hand, so that the asking costs as little as it can."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = 0
    while time.monotonic() < until:
        content = json.dumps(fields()).encode()
        head = (
            f"POST /v1/messages HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        writer.write(head.encode() + content)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 201"), answer
        await reader.readexactly(int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        done += 1
    writer.close()
    return done


def many(notifier: Notifier, port: int, token: str) -> float:
    """How fast ten thousand at once are by HTTP, as a share of `enqueue_many`."""
    content = json.dumps([fields() for _ in range(AT_ONCE)])
    started = time.monotonic()
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/messages", content=content, headers=headers, timeout=60)
    by_http = time.monotonic() - started
    assert answer.json()["accepted"] == AT_ONCE, answer.text[:500]
    text = Sms(to="0901234567", content="Ma xac nhan: 123456", sms_type=SmsType.NOTIFY)
    items = [Enqueue(request=text, reference=uuid4().hex, source="b") for _ in range(AT_ONCE)]
    started = time.monotonic()
    notifier.enqueue_many(items)
    return (time.monotonic() - started) / by_http


@contextmanager
def listening(on: Stage) -> Iterator[int]:
    """The port of ours."""
    port = free_port()
    with on.python("ours", ["worker.cli", "serve", "--port", str(port)]):
        on.until(lambda: _listens(port), "the door")
        yield port


@contextmanager
def doors(on: Stage) -> Iterator[tuple[int, int]]:
    """The ports of ours and of the bare one."""
    plain = on.environ["DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(TABLE)
    port = free_port()
    with listening(on) as ours, on.python("bare", ["benchmarks.bare_door", str(port)], BARE_URL=plain):
        on.until(lambda: _listens(port), "the bare door")
        yield ours, port


def _listens(port: int) -> bool:
    with socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=32)
    asked = parser.parse_args()
    if find_spec("psycopg_pool") is None:
        parser.error("the bare door needs the extra `bench`: make bench installs it")
    with stage() as on, doors(on) as (ours, bare), Notifier(Settings.from_environ(on.environ)) as notifier:
        token = notifier.tokens.add("b", source="b", may=["enqueue"]).token
        shares = []
        for _ in range(ROUNDS):
            mine, other = (asyncio.run(rate(port, token, asked.seconds, asked.connections)) for port in (ours, bare))
            print(f"one by one: {mine:,.0f}/s, the bare insert {other:,.0f}/s", flush=True)
            shares.append(mine / other)
        batch = median(many(notifier, ours, token) for _ in range(ROUNDS))
    single = median(shares)
    print(f"one by one: {single:.2f} of the bare insert's, at least {SINGLE_LEAST}")
    print(f"ten thousand at once: {batch:.2f} of enqueue_many's, at least {MANY_LEAST}")
    return 0 if single >= SINGLE_LEAST and batch >= MANY_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
