"""Who may sign in on the page: `Users(database)`; made by `esms-worker users`, looked up at each request."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from worker import passwords
from worker.access import UserRole, digest_of, new_secret
from worker.actor import Actor, Via, acting
from worker.checks import label
from worker.database import Database
from worker.errors import Invalid, NotFound, Unavailable
from worker.ledger import note_act, page_users
from worker.ledger.page_users import UserRow as UserRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LASTS = timedelta(days=7)  # a session ends after this, used or not
IDLE = timedelta(hours=12)  # and after this without being used
LINK_LASTS = timedelta(hours=1)
FIRST = "admin"  # whom `up` makes where there is nobody


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in."""

    name: str
    role: UserRole
    can_change: bool = True
    """Whatever their role: False while the database takes no writes."""

    @property
    def sees_people(self) -> bool:
        """May whole numbers and texts be shown?"""
        return self.role.covers(UserRole.OPERATOR)


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was made, to be shown once: only its hash is kept."""

    name: str
    password: str = field(repr=False)


class Users:
    """Make, list, change and disable; sign in and out. Every method may raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, role: UserRole | str, password: str | None = None) -> NewPassword:
        """Let a person sign in; without a password one is made. Raises Invalid, also where the name is taken."""
        name, role = label("name", name), _role(role)
        password, hashed = _hashed(name, password)
        with self._database.begin() as session:
            if not page_users.add_user(session, name, role, hashed):
                raise Invalid("name", "is somebody's already", "choose another, or see `esms-worker users list`")
            note_act(session, "user.add", user=name, role=role)
        return NewPassword(name, password)

    def list(self) -> Sequence[UserRow]:
        """All, by name, those that are let in no more included."""
        with self._database.begin() as session:
            return page_users.users(session, idle=IDLE)

    def show(self, name: str) -> UserRow:
        """One of them. Raises NotFound."""
        for each in self.list():
            if each.name == name:
                return each
        raise _unknown(name)

    def change(self, name: str, role: UserRole | str) -> None:
        """Give another role; who was disabled is let in again. Raises NotFound, Invalid, also for the last admin."""
        role = _role(role)
        with self._database.begin() as session:
            if role is not UserRole.ADMIN:
                _refuse_last_admin(session, name)
            if not page_users.set_role(session, name, role):
                raise _unknown(name)
            note_act(session, "user.change", user=name, role=role)

    def disable(self, name: str) -> bool:
        """Let in no more, sessions under way included; False where that was so already.

        Raises NotFound, and Invalid for the last admin.
        """
        with self._database.begin() as session:
            _refuse_last_admin(session, name)
            if disabled := page_users.disable_user(session, name):
                note_act(session, "user.disable", user=name)
        return self._known(name, changed=disabled)

    def enable(self, name: str) -> bool:
        """Let in again, with the role that they had; False where that was so already. Raises NotFound."""
        with self._database.begin() as session:
            if enabled := page_users.enable_user(session, name):
                note_act(session, "user.enable", user=name)
        return self._known(name, changed=enabled)

    def _known(self, name: str, *, changed: bool) -> bool:
        if not changed:
            self.show(name)
        return changed

    def end_sessions(self, name: str) -> int:
        """Sign them out wherever they are signed in; how many sessions that were. Raises NotFound."""
        self.show(name)
        with self._database.begin() as session:
            if ended := page_users.end_sessions(session, name):
                note_act(session, "user.end-sessions", ended, user=name)
        return ended

    def set_password(self, name: str, password: str | None = None, *, keep: str | None = None) -> NewPassword:
        """Another password; without one it is made. Every session of theirs ends. Raises NotFound, Invalid.

        keep: the secret of a session that goes on.
        """
        password, hashed = _hashed(name, password)
        with self._database.begin() as session:
            if not page_users.set_password(session, name, hashed, but=digest_of(keep) if keep else None):
                raise _unknown(name)
            note_act(session, "user.password", user=name)
        return NewPassword(name, password)

    def has_password(self, name: str) -> bool:
        """Have they a password? Without one only links let them in."""
        with self._database.begin() as session:
            return page_users.password_of(session, name) is not None

    def is_password(self, name: str, password: str, place: str) -> bool:
        """Is it theirs? Counted as `sign_in` does."""
        return self._tried(name, password, place) == "right"

    def sign_in(self, name: str, password: str, place: str) -> str | None:
        """A session's secret, to be kept by the browser alone; None: the name or the password is wrong.

        place: the address that it comes from. Raises Locked after too many wrong ones.
        """
        tried = self._tried(name, password, place)
        if tried == "locked":
            raise Locked("too many wrong passwords: wait 15 minutes, or `esms-worker users password NAME`")
        return self._begun(name, place) if tried == "right" else None

    def _tried(self, name: str, password: str, place: str) -> str:
        """right, wrong, or locked. Hashing takes a while: no transaction is open meanwhile."""
        with self._database.begin() as session:
            may, stored = page_users.begin_try(session, name, place), page_users.password_of(session, name)
        right = passwords.matches(stored, password)
        if not may:
            return "locked"
        if right:
            with self._database.begin() as session:
                page_users.succeed(session, name, place)
        return "right" if right else "wrong"

    def link(self, name: str = FIRST, *, role: UserRole = UserRole.ADMIN) -> str:
        """A secret by which this user, made where there is none, signs in once within an hour, without a password."""
        secret = new_secret()
        with self._database.begin() as session:
            if page_users.add_user(session, name, role, None):
                note_act(session, "user.add", user=name, role=role)
            page_users.begin_session(session, digest_of(secret), name, lasts=LINK_LASTS, once=True)
        return secret

    def enter(self, link: str, place: str) -> str | None:
        """A session's secret for a link, which is used up by that; None: it is none, or was used, or is over."""
        with self._database.begin() as session:
            name = page_users.take_session(session, digest_of(link))
        return None if name is None else self._begun(name, place)

    def person(self, secret: str, *, by_hand: bool = True) -> Person | None:
        """Whose session this is; None: nobody's, or it has ended.

        by_hand: a person asked, so that it goes on; not a page that looks again by itself.
        """
        with self._database.reading() as session:
            found = page_users.find_session(session, digest_of(secret), idle=IDLE)
        if found is not None and by_hand and found.takes_writes and not found.used_lately:
            self._note_use(secret)
        return _person(found)

    def named(self, name: str) -> Person | None:
        """The person of this name, whom a proxy has signed in; None: nobody of this name is let in here."""
        with self._database.reading() as session:
            return _person(page_users.find_user(session, name))

    def _note_use(self, secret: str) -> None:
        with suppress(Unavailable), self._database.begin() as session:  # no room for that is no reason to show nothing
            page_users.note_use(session, digest_of(secret))

    def sign_out(self, secret: str) -> None:
        """End this session."""
        with self._database.begin() as session:
            if name := page_users.end_session(session, digest_of(secret)):
                note_act(session, "user.sign-out", user=name)

    def _begun(self, name: str, place: str) -> str:
        secret = new_secret()
        with acting(Actor(name, Via.PAGE, place)), self._database.begin() as session:
            page_users.begin_session(session, digest_of(secret), name, lasts=LASTS)
            note_act(session, "user.sign-in", user=name)
        return secret


class Locked(Invalid):
    """Too many wrong passwords, for now."""

    def __init__(self, problem: str) -> None:
        super().__init__("password", problem, "try again later")


def _person(found: page_users.Visitor | None) -> Person | None:
    return None if found is None else Person(found.name, found.role, found.takes_writes)


def _hashed(name: str, password: str | None) -> tuple[str, str]:
    password = passwords.made() if password is None else passwords.checked(password, name)
    return password, passwords.hash_of(password)


def _role(role: UserRole | str) -> UserRole:
    try:
        return UserRole(role)
    except ValueError:
        raise Invalid("role", "there is no such role", f"choose from {', '.join(UserRole)}") from None


def _refuse_last_admin(session: Session, name: str) -> None:
    if page_users.is_last_admin(session, name):
        raise Invalid("name", "is the last admin", "make somebody else an admin first")


def _unknown(name: str) -> NotFound:
    return NotFound(f"no user is called {name!r}: `esms-worker users list` shows them")
