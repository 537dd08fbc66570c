"""Who makes messages of what is stored about people, and who forgets one of them, do not do it at the same time.

A batch of reminders has read its contacts before it stores their messages: a contact that is removed in between would
be reminded all the same. So whoever forgets waits until the batches that are under way are committed, and sees what
they made; the next ones wait for it, and find the contact gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MAKERS = 7203_8813  # an advisory lock's number: any, but the same everywhere

_MAKE = text("SELECT pg_advisory_xact_lock_shared(:number)")
_WAIT = text("SELECT pg_advisory_xact_lock(:number)")


def make_beside_others(session: Session) -> None:
    """Before people are read of whom this short transaction makes messages: nobody is forgotten until its end."""
    session.execute(_MAKE, {"number": MAKERS})


def wait_for_makers(session: Session) -> None:
    """Before somebody is forgotten: what is being made is there, and nothing is made until this transaction ends."""
    session.execute(_WAIT, {"number": MAKERS})
