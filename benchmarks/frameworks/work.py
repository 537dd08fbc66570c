"""What a task does in every framework: read the row, commit "sending", call eSMS, commit what it said."""

from __future__ import annotations

import os
import threading
from functools import cache
from uuid import UUID, uuid4

import requests
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.plain_celery import PlainMessage, parameters, url

_mine = threading.local()


@cache
def sessions() -> sessionmaker[Session]:
    """Made on first use: after a framework has forked."""
    pool_size = int(os.environ.get("PLAIN_THREADS", "1"))
    return sessionmaker(create_engine(os.environ["DATABASE_URL"], pool_size=pool_size), expire_on_commit=False)


def connection() -> requests.Session:
    """This thread's own; its connection to eSMS stays open."""
    if not hasattr(_mine, "session"):
        _mine.session = requests.Session()
    session: requests.Session = _mine.session
    return session


def send(message_id: str) -> None:
    """Send one message and note what eSMS said."""
    with sessions()() as session:
        message = session.get_one(PlainMessage, UUID(message_id))
        message.status, message.request_id = "sending", uuid4().hex
        session.commit()
        reply = connection().get(url(), params=parameters(message), timeout=(5, 15)).json()
        message.status = "accepted" if reply["CodeResult"] == "100" else "rejected"
        message.code, message.sms_id = reply["CodeResult"], reply.get("SMSID")
        session.commit()
