"""What Postgres's errors mean to whoever asked, and what to do about each: by SQLSTATE, and by how the call failed."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy.exc import DataError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.errors import LET_IT_WRITE, MIGRATE, Busy, Forbidden, Invalid, Lack, Unavailable, WorkerError


class _Meaning(NamedTuple):
    problem: str  # {place}: host, port and database
    remedy: str
    what: str = "Postgres"
    kind: type[Unavailable] = Unavailable
    lacks: Lack | None = None


_POOLED = "set WORKER_POOLER=transaction"
_OLD_SCHEMA = _Meaning("the schema in {place} is not this version's", MIGRATE, lacks=Lack.SCHEMA)
_IN_USE = _Meaning("others were at work on the same rows in {place}", "try again", kind=Busy, lacks=Lack.TURN)
_REFUSED = _Meaning(
    "{place} lets us not in", "check user, password and database name", "DATABASE_URL", lacks=Lack.LOGIN
)
_SILENT = _Meaning("no Postgres answers at {place}", "start it, or fix the variable", "DATABASE_URL", lacks=Lack.ANSWER)
_NO_OPTIONS = _Meaning("a pooler at {place} takes no options for a session", _POOLED, "DATABASE_URL")
_ANOTHER_SESSION = _Meaning("a pooler at {place} changes sessions between two transactions", _POOLED, "DATABASE_URL")
_BY_STATE = {
    "42P01": _OLD_SCHEMA,  # no such table
    "42703": _OLD_SCHEMA,  # no such column
    "42883": _OLD_SCHEMA,  # no such function
    "53100": _Meaning("{place} is out of disk space", "make room and try again", lacks=Lack.ROOM),
    "53200": _Meaning("{place} is out of memory", "make room and try again", lacks=Lack.ROOM),
    "53300": _Meaning("{place} is out of connections", "make room and try again", lacks=Lack.ROOM),
    "25006": _Meaning("{place} takes no writes (SQLSTATE 25006)", LET_IT_WRITE, lacks=Lack.WRITES),
    "55P03": _IN_USE,  # no lock in time
    "40P01": _IN_USE,  # a deadlock
    "57014": _IN_USE,  # the statement's time was up
    "25P03": _Meaning(
        "{place} ended our transaction: it was kept open for a minute with nothing to do",
        "try again; where you hand over many, produce them faster",
    ),
    "3D000": _REFUSED,
    "26000": _ANOTHER_SESSION,  # no such prepared statement
    "42P05": _ANOTHER_SESSION,  # one of this name is there already
    "42501": _Meaning(
        "our login may not do this in {place}: it is another source's, or needs more rights",
        "use a source of its own, or ask who runs the worker",
        kind=Forbidden,
    ),
}


def ours(error: SQLAlchemyError, place: str) -> WorkerError:
    """The error of ours that this one is; its text is left out, for it may quote rows. place: host, port, database."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    if meaning := _BY_STATE.get(state) or _of_the_connection(error, state):
        return meaning.kind(meaning.what, meaning.problem.format(place=place), meaning.remedy, lacks=meaning.lacks)
    if not state and isinstance(error, DataError):  # psycopg's, before it asks Postgres
        return Invalid("text", "holds a NUL character (U+0000), which Postgres can't store", "leave it out")
    if state.startswith(("22", "23", "42")):  # what was asked is wrong, whenever it is asked
        return WorkerError(f"Postgres: it refused what we asked (SQLSTATE {state}): report this, and what you did")
    return Unavailable("Postgres", f"{place} could not do it now (SQLSTATE {state or 'unknown'})", "try again")


# Before there is a connection psycopg knows no SQLSTATE: only its words tell who answered from who did not.
_NOT_LET_IN = re.compile(r"does not exist|authentication failed|no password supplied|pg_hba\.conf|not permitted")


def _of_the_connection(error: SQLAlchemyError, state: str) -> _Meaning | None:
    if state.startswith("28") or (_was_never_made(error) and _NOT_LET_IN.search(str(getattr(error, "orig", "")))):
        return _REFUSED
    if "unsupported startup parameter" in str(getattr(error, "orig", "")):
        return _NO_OPTIONS
    is_lost = getattr(error, "connection_invalidated", False) or state.startswith(("08", "57P"))
    return _SILENT if is_lost or _was_never_made(error) else None


def _was_never_made(error: SQLAlchemyError) -> bool:
    """Was there no connection at all? Such an error has no SQLSTATE, and nothing was asked."""
    from psycopg import OperationalError

    origin = getattr(error, "orig", None)
    return isinstance(error, PoolTimeout) or (
        isinstance(origin, OperationalError) and not origin.sqlstate and getattr(error, "statement", None) is None
    )
