"""Which sources a login of Postgres is bound to; worker/roles makes the logins, and Postgres keeps them to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from worker.settings.reader import names_a_queue

_ALL = text("SELECT role_name, array_agg(source ORDER BY source) FROM producer_source GROUP BY role_name ORDER BY 1")
_SOURCES = text("SELECT DISTINCT source FROM producer_source ORDER BY source")
_BIND = text("INSERT INTO producer_source (role_name, source) SELECT :role, unnest(CAST(:sources AS text[]))")
_UNBIND = text("DELETE FROM producer_source WHERE role_name = :role")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A login of Postgres, and the sources that it is bound to."""

    role: str
    sources: Sequence[str]


def bound(connection: Connection) -> list[Bound]:
    """Every login that is bound to sources."""
    return [Bound(role=role, sources=sources) for role, sources in connection.execute(_ALL)]


def sources(connection: Connection) -> tuple[str, ...]:
    """The sources of which an application has a login, and so a queue of its own, if a queue can be called so."""
    return tuple(filter(names_a_queue, connection.scalars(_SOURCES)))


def bind(connection: Connection, role: str, sources: Collection[str]) -> None:
    """Bind a role to these sources, besides those that it has."""
    connection.execute(_BIND, {"role": role, "sources": sorted(sources)})


def unbind(connection: Connection, role: str) -> None:
    """None is."""
    connection.execute(_UNBIND, {"role": role})
