"""What the HTTP door is measured against: the same framework with one bare insert and commit, and nothing else.

python -m benchmarks.bare_door PORT; BARE_URL names the database, which has a table `bare`.
"""

from __future__ import annotations

import os
import sys
from uuid import uuid4

import uvicorn
from fastapi import FastAPI
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

THREADS = 16  # connections; as many as our own door has

app = FastAPI()


class Body(BaseModel):
    """A message, as ours takes it."""

    to: str
    content: str
    sms_type: int
    reference: str


pool = ConnectionPool(os.environ.get("BARE_URL", ""), min_size=THREADS, max_size=THREADS, open=False)


@app.post("/v1/messages", status_code=201)
def put(body: Body) -> dict[str, str]:
    """One row."""
    row = (uuid4(), body.to, body.content, body.sms_type, body.reference)
    with pool.connection() as connection:
        connection.execute("INSERT INTO bare VALUES (%s, %s, %s, %s, %s)", row)
    return {"id": str(row[0])}


if __name__ == "__main__":
    pool.open()
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
