"""Who may sign in on the page, and who has: users, their sessions, and how often a password was tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import text

from worker.access import UserRole
from worker.database import TAKES_WRITES

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.orm import Session

WINDOW = timedelta(minutes=15)  # for which wrong passwords count
HERE_MOST, PLACE_MOST, NAME_MOST = 5, 30, 50  # of one user from one address, from one address, of one user
KNOWN_FOR = timedelta(days=30)  # an address from which a user signed in is let try, whatever strangers do
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """A user, without the password. Times in UTC."""

    name: str
    role: UserRole
    created_at: datetime
    disabled_at: datetime | None
    seen_at: datetime | None  # last used a session
    sessions: int  # under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks for a page. takes_writes: does Postgres? used_lately: within a minute, so nothing is to be noted."""

    name: str
    role: UserRole
    takes_writes: bool
    used_lately: bool = True


_ADD = text("INSERT INTO page_user (name, role, password) VALUES (:name, :role, :password) ON CONFLICT DO NOTHING")

_LIST = text("""
    SELECT name, role, created_at, disabled_at,
        (SELECT max(s.used_at) FROM page_session AS s WHERE s.user_name = u.name AND NOT s.once) AS seen_at,
        (SELECT count(*) FROM page_session AS s
         WHERE s.user_name = u.name AND NOT s.once AND s.until > now() AND s.used_at > now() - :idle) AS sessions
    FROM page_user AS u ORDER BY name
""")

_PASSWORD = text("SELECT password FROM page_user WHERE name = :name AND disabled_at IS NULL")

_SET_PASSWORD = text("UPDATE page_user SET password = :password WHERE name = :name")

_SET_ROLE = text("UPDATE page_user SET role = :role, disabled_at = NULL WHERE name = :name")

_DISABLE = text("UPDATE page_user SET disabled_at = now() WHERE name = :name AND disabled_at IS NULL")

_ENABLE = text("UPDATE page_user SET disabled_at = NULL WHERE name = :name AND disabled_at IS NOT NULL")

# Locked in one order: of two admins who take each other's role away, one waits and is told.
_ADMINS = text("SELECT name FROM page_user WHERE role = 'admin' AND disabled_at IS NULL ORDER BY name FOR UPDATE")

_BEGIN = text("""
    INSERT INTO page_session (digest, user_name, once, until) VALUES (:digest, :name, :once, now() + :lasts)
""")

# Used to the minute: a row written for each request would be a queue of writers. Apart from the question, which is
# answered where nothing can be written.
_FIND = text(f"""
    SELECT u.name, u.role, s.used_at >= now() - interval '1 minute' AS used_lately, {TAKES_WRITES} AS takes_writes
    FROM page_session AS s JOIN page_user AS u ON u.name = s.user_name
    WHERE s.digest = :digest AND NOT s.once AND u.disabled_at IS NULL
      AND s.until > now() AND s.used_at > now() - :idle
""")

_USE = text("UPDATE page_session SET used_at = now() WHERE digest = :digest AND used_at < now() - interval '1 minute'")

_NAMED = text(f"""
    SELECT name, role, {TAKES_WRITES} AS takes_writes FROM page_user WHERE name = :name AND disabled_at IS NULL
""")

_TAKE = text("""
    DELETE FROM page_session AS s USING page_user AS u
    WHERE s.digest = :digest AND s.once AND s.until > now() AND u.name = s.user_name AND u.disabled_at IS NULL
    RETURNING u.name
""")

_END = text("DELETE FROM page_session WHERE digest = :digest RETURNING user_name")

_END_OTHERS = text("DELETE FROM page_session WHERE user_name = :name AND digest IS DISTINCT FROM :but")

_CLEAN = text("DELETE FROM page_session WHERE until < now() - :kept")

_CLEAN_TRIES = text("DELETE FROM sign_in WHERE greatest(tried_at, succeeded_at) < now() - :kept")

_LOCKED = text("""
    SELECT coalesce(sum(failures) FILTER (WHERE name = :name AND place = :place), 0) >= :here_most
        OR coalesce(sum(failures) FILTER (WHERE place = :place), 0) >= :place_most
        OR (coalesce(sum(failures) FILTER (WHERE name = :name ), 0) >= :name_most
            AND NOT EXISTS (SELECT FROM sign_in AS s WHERE s.name = :name AND s.place = :place
                            AND s.succeeded_at > now() - :known_for))
    FROM sign_in WHERE (name = :name OR place = :place) AND tried_at > now() - :window
""")

_TRY = text("""
    INSERT INTO sign_in AS s (name, place, failures) VALUES (:name, :place, 1)
    ON CONFLICT (name, place) DO UPDATE
    SET failures = CASE WHEN s.tried_at > now() - :window THEN s.failures + 1 ELSE 1 END, tried_at = now()
    RETURNING failures
""")

_SUCCEED = text("UPDATE sign_in SET failures = 0, succeeded_at = now() WHERE name = :name AND place = :place")

_FORGIVE = text("UPDATE sign_in SET failures = 0 WHERE name = :name")

_IS_KNOWN = text("SELECT EXISTS (SELECT FROM page_user WHERE name = :name)")


def add_user(session: Session, name: str, role: UserRole, password: str | None) -> bool:
    """False where there is one of this name."""
    return bool(session.execute(_ADD, {"name": name, "role": role, "password": password}).rowcount)  # type: ignore[attr-defined]


def users(session: Session, *, idle: timedelta) -> list[UserRow]:
    """All, by name, those that are let in no more included. idle: a session ends after this without being used."""
    rows = session.execute(_LIST, {"idle": idle}).mappings()
    return [UserRow(**{**row, "role": UserRole(row["role"])}) for row in rows]


def is_last_admin(session: Session, name: str) -> bool:
    """Is there no other? So until the transaction ends."""
    return session.scalars(_ADMINS).all() == [name]


def password_of(session: Session, name: str) -> str | None:
    """The hash of this user's password; None: there is none, or no such user is let in."""
    found: str | None = session.scalar(_PASSWORD, {"name": name})
    return found


def set_password(session: Session, name: str, password: str, *, but: bytes | None) -> bool:
    """And end every session but that one; what was tried before counts no more. False: there is no such user."""
    if not session.execute(_SET_PASSWORD, {"name": name, "password": password}).rowcount:  # type: ignore[attr-defined]
        return False
    session.execute(_FORGIVE, {"name": name})
    session.execute(_END_OTHERS, {"name": name, "but": but})
    return True


def set_role(session: Session, name: str, role: UserRole) -> bool:
    """And let in again. False: there is no such user."""
    return bool(session.execute(_SET_ROLE, {"name": name, "role": role}).rowcount)  # type: ignore[attr-defined]


def disable_user(session: Session, name: str) -> bool:
    """Let in no more, from now on; False where that is so already, or there is no such user."""
    session.execute(_END_OTHERS, {"name": name, "but": None})
    return bool(session.execute(_DISABLE, {"name": name}).rowcount)  # type: ignore[attr-defined]


def enable_user(session: Session, name: str) -> bool:
    """Let in again; False where that is so already, or there is no such user."""
    return bool(session.execute(_ENABLE, {"name": name}).rowcount)  # type: ignore[attr-defined]


def end_sessions(session: Session, name: str) -> int:
    """All of theirs, links that nobody used yet included; how many."""
    return int(session.execute(_END_OTHERS, {"name": name, "but": None}).rowcount)  # type: ignore[attr-defined]


def begin_session(session: Session, digest: bytes, name: str, *, lasts: timedelta, once: bool = False) -> None:
    """Let whoever has the secret with this digest be this user. once: it is a link that only begins a session."""
    session.execute(_CLEAN, {"kept": timedelta(0)})
    session.execute(_CLEAN_TRIES, {"kept": KEPT})
    session.execute(_BEGIN, {"digest": digest, "name": name, "lasts": lasts, "once": once})


def find_session(session: Session | Connection, digest: bytes, *, idle: timedelta) -> Visitor | None:
    """The user of this session, if it still holds."""
    return _visitor(session.execute(_FIND, {"digest": digest, "idle": idle}).mappings().first())


def note_use(session: Session, digest: bytes) -> None:
    """A person asked by this session: it goes on."""
    session.execute(_USE, {"digest": digest})


def find_user(session: Session | Connection, name: str) -> Visitor | None:
    """The user of this name, if they are let in."""
    return _visitor(session.execute(_NAMED, {"name": name}).mappings().first())


def _visitor(row: RowMapping | None) -> Visitor | None:
    return None if row is None else Visitor(**{**row, "role": UserRole(row["role"])})


def take_session(session: Session, digest: bytes) -> str | None:
    """The user of this link, which is used up by asking."""
    found: str | None = session.scalar(_TAKE, {"digest": digest})
    return found


def end_session(session: Session, digest: bytes) -> str | None:
    """End this session; whose it was."""
    found: str | None = session.scalar(_END, {"digest": digest})
    return found


def begin_try(session: Session, name: str, place: str) -> bool:
    """May a password be tried? It counts as wrong until `succeed`, so that many at once are counted too."""
    known = name if session.scalar(_IS_KNOWN, {"name": name}) else _nobody(name)
    limits = {"here_most": HERE_MOST, "place_most": PLACE_MOST, "name_most": NAME_MOST}
    which = {"name": known, "place": place, "window": WINDOW}
    if session.scalar(_LOCKED, which | limits | {"known_for": KNOWN_FOR}):
        return False
    return int(session.execute(_TRY, which).scalar_one()) <= HERE_MOST


def _nobody(name: str) -> str:
    """By which a name that is nobody's is counted: a password may stand in the wrong field."""
    return f"?{sha256(name.encode()).hexdigest()[:8]}"


def succeed(session: Session, name: str, place: str) -> None:
    """Note that the password was right: earlier tries count no more."""
    session.execute(_SUCCEED, {"name": name, "place": place})
