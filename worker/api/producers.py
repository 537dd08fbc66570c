"""Logins of Postgres for applications, each bound to its sources: what an administrator gives to whom."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import Connection

from worker import ledger
from worker.api.connected import Connected
from worker.checks import label
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.ledger import note_act, producers
from worker.ledger.prices import all_prices
from worker.ledger.producers import Bound
from worker.reporting.limits import LimitShown, limits
from worker.roles import Role, logins
from worker.roles.logins import PREFIX
from worker.settings import Settings, administration
from worker.source_limits import Limit

__all__ = ["Bound", "Limit", "LimitShown", "Login", "Producers"]

MOST = 10**15
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How an application reaches Postgres. url: for its DATABASE_URL, with the password; it can't be had again."""

    role: str
    sources: Sequence[str]
    url: str = field(repr=False)


class Producers(Connected):
    """Every method may raise Unavailable: when Postgres can't be reached, or its login may not make roles."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Database(settings.database_url, pool_size=1))
        self._zone = settings.time_zone

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """With an administrator's DATABASE_URL; in a folder of `esms-worker up` with its own. Raises SettingsError."""
        return cls(Settings.from_environ(administration() if environ is None else environ))

    def add(self, name: str, sources: Sequence[str], *, sql_only: bool = False) -> Login:
        """A login that sees and moves these sources' alone, and hands over in their names alone.

        sql_only: by the functions of the schema `esms`; it touches no table, and a Notifier can't use it.

        Raises Invalid for a name or source that can't be, or a name that is taken.
        """
        role = _role(name)
        wanted = [label("source", each) for each in sources]
        if not wanted:
            raise Invalid("source", "none is given", "give one or more")
        password = secrets.token_urlsafe(24)
        with self._database.begin() as session:
            connection = session.connection()
            if logins.is_there(connection, role):
                raise Invalid("name", f"there is a login {role} already", "rotate its password, or remove it first")
            within = Role.CALLER if sql_only else Role.SOURCE
            logins.bind(connection, role, set(wanted), password, within=within)
            note_act(session, "producer.add", login=role, sources=sorted(set(wanted)))
        url = self._database.url_for(role, password)
        if sql_only:
            url = url.replace("+psycopg", "", 1)  # as psql and the drivers of other languages take it
        return Login(role=role, sources=sorted(set(wanted)), url=url)

    def list(self) -> Sequence[Bound]:
        """Every login and the sources that it is bound to."""
        with self._database.begin() as session:
            return producers.bound(session.connection())

    def rotate(self, name: str) -> Login:
        """Another password; the former one ends at once, connections that are open stay. Raises NotFound, Invalid."""
        password = secrets.token_urlsafe(24)
        with self._database.begin() as session:
            found = self._found(session.connection(), _role(name))
            logins.renew(session.connection(), found.role, password)
            note_act(session, "producer.rotate", login=found.role)
        return Login(role=found.role, sources=found.sources, url=self._database.url_for(found.role, password))

    def remove(self, name: str) -> None:
        """Take a login away; what it handed over stays. Raises NotFound, Invalid."""
        with self._database.begin() as session:
            found = self._found(session.connection(), _role(name))
            logins.unbind(session.connection(), found.role)
            note_act(session, "producer.remove", login=found.role)

    def limits(self) -> Sequence[LimitShown]:
        """What sources may hand to eSMS at most, and what of it they have used today, by source."""
        with self._database.reading() as session:
            return limits(session)

    def limit(self, limit: Limit) -> None:
        """Limit what a source may hand to eSMS, from the next claim on; a `Limit` without limits removes them.

        What is over is not refused but waits: for a moment, or until the next day of TIME_ZONE begins. What expires
        meanwhile expires. Raises Invalid for a limit that is none, or one of money where no price is known.
        """
        label("source", limit.source)
        for name, value in (("rate", limit.rate), ("messages", limit.messages_a_day), ("dong", limit.dong_a_day)):
            if value is not None and not 0 < value < MOST:
                raise Invalid(name, "is no limit", f"give a number above 0 and below {MOST:,}")
        with self._database.begin() as session:
            if limit.dong_a_day is not None and not all_prices(session):
                raise Invalid(
                    "dong", "can't be counted without prices", "import a price list (`esms-worker prices import`)"
                )
            ledger.set_limit(session, limit, str(self._zone))
            note_act(session, "producer.limit", source=limit.source)

    @staticmethod
    def _found(connection: Connection, role: str) -> Bound:
        for each in producers.bound(connection):
            if each.role == role:
                return each
        raise NotFound(f"no producer has the login {role}: `esms-worker producers list` shows them")


def _role(name: str) -> str:
    bare = name.removeprefix(PREFIX)
    if not _NAME.fullmatch(bare):
        raise Invalid("name", "can't be part of a role's name", "use a to z, digits and _, 40 at most, a letter first")
    return PREFIX + bare
