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
_REFUSED_IN_ITS_WORDS = _REFUSED._replace(
    remedy="check user, password and database name; its log says which of them, or whether it is out of connections"
)
_NOT_NOW = _Meaning(
    "{place} answers, and lets nobody in just now, or not us", "see its log", "DATABASE_URL", lacks=Lack.ANSWER
)
_FULL = _Meaning("{place} is out of connections", "make room and try again", lacks=Lack.ROOM)
_SILENT = _Meaning("no Postgres answers at {place}", "start it, or fix the variable", "DATABASE_URL", lacks=Lack.ANSWER)
_NO_OPTIONS = _Meaning("a pooler at {place} takes no options for a session", _POOLED, "DATABASE_URL")
_ANOTHER_SESSION = _Meaning("a pooler at {place} changes sessions between two transactions", _POOLED, "DATABASE_URL")
_BY_STATE = {
    "42P01": _OLD_SCHEMA,  # no such table
    "42703": _OLD_SCHEMA,  # no such column
    "42883": _OLD_SCHEMA,  # no such function
    "53100": _Meaning("{place} is out of disk space", "make room and try again", lacks=Lack.ROOM),
    "53200": _Meaning("{place} is out of memory", "make room and try again", lacks=Lack.ROOM),
    "53300": _FULL,
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


# Before there is a connection psycopg knows no SQLSTATE, and only words tell. libpq's own are English; the server's are
# those of its lc_messages, of which nothing is known but their form: the severity, a colon and two spaces.
_SAID = {
    re.compile(r"unsupported startup parameter"): _NO_OPTIONS,
    re.compile(r"does not exist|authentication failed|no password supplied|not permitted"): _REFUSED,
    re.compile(r"pg_hba\.conf|permission denied for"): _REFUSED,
    re.compile(r"too many (clients|connections)|connection slots|no more connections"): _FULL,
    re.compile(r"starting up|shutting down|not (yet )?accepting|in recovery|cannot connect|login has been"): _SILENT,
}
_SERVERS_WORDS = re.compile(r"(^|failed: )[^:\n]+:  \S", re.MULTILINE)


def _of_the_connection(error: SQLAlchemyError, state: str) -> _Meaning | None:
    if state.startswith("28"):
        return _REFUSED
    if _was_never_made(error):
        return _of_none_made(getattr(error, "orig", None))
    if "unsupported startup parameter" in str(getattr(error, "orig", "")):
        return _NO_OPTIONS
    return _SILENT if getattr(error, "connection_invalidated", False) or state.startswith(("08", "57P")) else None


def _of_none_made(origin: BaseException | None) -> _Meaning:
    told = next((meaning for words, meaning in _SAID.items() if words.search(str(origin))), None)
    if told or not _SERVERS_WORDS.search(str(origin)):
        return told or _SILENT
    # It has looked at a password: that it is starting, or full, it would have said before.
    has_asked = getattr(getattr(origin, "pgconn", None), "used_password", False)
    return _REFUSED_IN_ITS_WORDS if has_asked else _NOT_NOW


def _was_never_made(error: SQLAlchemyError) -> bool:
    """Was there no connection at all? Such an error has no SQLSTATE, and nothing was asked."""
    from psycopg import OperationalError

    origin = getattr(error, "orig", None)
    return isinstance(error, PoolTimeout) or (
        isinstance(origin, OperationalError) and not origin.sqlstate and getattr(error, "statement", None) is None
    )
