"""The work as a procrastinate task: its queue is Postgres.

An async task that hands the work to threads: a sync one would run in asyncio's own few threads, six on two cores,
whatever concurrency the worker is given.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from procrastinate import App, PsycopgConnector

from benchmarks.frameworks import work

QUEUE = "plain"

app = App(connector=PsycopgConnector(conninfo=os.environ["DATABASE_URL"].replace("+psycopg", "", 1)))
threads = ThreadPoolExecutor(int(os.environ.get("PLAIN_THREADS", "1")))


@app.task(queue=QUEUE, name="send")
async def send(message_id: str) -> None:
    """See `work.send`."""
    await asyncio.get_running_loop().run_in_executor(threads, work.send, message_id)
