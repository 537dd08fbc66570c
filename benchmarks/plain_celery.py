"""The plain way to send SMS from Celery, to compare with: one task per message, `requests.get`, two ORM commits.

Written as a good engineer writes it in an hour, and set up sensibly: no results, no events, the pool of connections
as large as the worker. It has none of the guarantees: a process that dies leaves its message "sending" for ever.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import cast
from uuid import UUID, uuid4

import requests
from celery import Celery
from sqlalchemy import Engine, create_engine, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

QUEUE = "plain"
PARKED = "plain.parked"  # nobody listens here; renaming it to QUEUE is the starting signal


class Base(DeclarativeBase):
    pass


class PlainMessage(Base):
    """A message as the plain way keeps it."""

    __tablename__ = "plain_message"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone: Mapped[str]
    content: Mapped[str]
    status: Mapped[str]
    request_id: Mapped[str | None]
    sms_id: Mapped[str | None]
    code: Mapped[str | None]


app = Celery("plain", broker=os.environ.get("CELERY_BROKER_URL"))
app.conf.update(
    task_default_queue=QUEUE,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_send_task_events=False,
)

_sessions: sessionmaker[Session] | None = None


def sessions() -> sessionmaker[Session]:
    """Made on first use: after Celery has forked."""
    global _sessions
    if _sessions is None:
        engine: Engine = create_engine(os.environ["DATABASE_URL"], pool_size=int(os.environ.get("PLAIN_THREADS", "1")))
        _sessions = sessionmaker(engine, expire_on_commit=False)
    return _sessions


@app.task(name="plain.send")
def send(message_id: str) -> None:
    """Send one message and note what eSMS said."""
    with sessions()() as session:
        message = session.get_one(PlainMessage, UUID(message_id))
        message.status, message.request_id = "sending", uuid4().hex
        session.commit()
        reply = requests.get(url(), params=parameters(message), timeout=(5, 15)).json()
        message.status = "accepted" if reply["CodeResult"] == "100" else "rejected"
        message.code, message.sms_id = reply["CodeResult"], reply.get("SMSID")
        session.commit()


def url() -> str:
    """Where an SMS is handed to eSMS."""
    return f"{os.environ['ESMS_REST_URL']}/json/SendMultipleMessage_V4_get"


def parameters(message: PlainMessage) -> dict[str, str]:
    """What eSMS wants to know."""
    return {
        "Phone": message.phone,
        "Content": message.content,
        "ApiKey": os.environ["ESMS_API_KEY"],
        "SecretKey": os.environ["ESMS_SECRET_KEY"],
        "SmsType": "2",
        "Brandname": os.environ["ESMS_BRANDNAME"],
        "RequestId": message.request_id or "",
    }


def store(engine: Engine, messages: Sequence[tuple[str, str]]) -> list[UUID]:
    """A row for each (phone, content); their ids."""
    rows = [{"id": uuid4(), "phone": phone, "content": content, "status": "queued"} for phone, content in messages]
    with Session(engine) as session:
        session.execute(insert(PlainMessage), rows)
        session.commit()
    return [cast(UUID, row["id"]) for row in rows]


def park(task: str, broker_url: str, ids: Sequence[UUID]) -> None:
    """Publish a task for each where no worker looks yet."""
    with app.connection_for_write(broker_url) as connection, app.amqp.Producer(connection) as producer:
        for id_ in ids:
            app.send_task(task, (str(id_),), queue=PARKED, producer=producer)
