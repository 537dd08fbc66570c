"""How many webhooks a second one process calls, at an endpoint that takes 50 ms; and what it costs in CPU.

python -m benchmarks.webhooks [--events 10000]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys
import time

from sqlalchemy import text

from benchmarks.support import stage
from worker import Notifier, Sms, SmsType
from worker.database import Database
from worker.webhooks import Caller

LEAST = 2000  # a second
TAKES = 0.05  # seconds
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await reader.readuntil(b"\r\n\r\n"):
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        await asyncio.sleep(TAKES)
        writer.write(OK)


async def _endpoint() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=10_000)
    asked.add_argument("--endpoint", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.endpoint:
        asyncio.run(_endpoint())
    command = [sys.executable, "-m", "benchmarks.webhooks", "--endpoint"]
    with stage() as here, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as endpoint:
        assert endpoint.stdout is not None
        try:
            return _measured(here.environ["DATABASE_URL"], int(endpoint.stdout.readline()), given.events)
        finally:
            endpoint.kill()


def _measured(url: str, port: int, events: int) -> int:
    with Database(url) as database, Notifier.from_env({"DATABASE_URL": url}) as notifier:
        made = notifier.webhooks.add("https://shop.example/", source=None, events=["message.cancelled"])
        sms = Sms(to="0901234567", content="Ma: 1", sms_type=SmsType.NOTIFY)
        notifier.enqueue_many([sms] * events, campaign="bench")
        notifier.cancel_campaign("bench")
        with database.begin() as session:
            here = {"url": f"http://127.0.0.1:{port}/", "id": made.id}
            session.execute(text("UPDATE webhook SET url = :url WHERE id = :id"), here)
        begun, cpu = time.monotonic(), _cpu()
        Caller(database, private=True).run(lambda: False)
        seconds, cpu = time.monotonic() - begun, _cpu() - cpu
        assert notifier.webhooks.list()[0].waiting == 0
    print(f"{events / seconds:,.0f} calls a second (target {LEAST:,}), {cpu / events * 1000:.2f} ms of CPU each")
    return int(events / seconds < LEAST)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
