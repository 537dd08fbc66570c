"""A transaction of somebody else's program as a session of ours: SQLAlchemy Core's, Django's, psycopg's.

It is theirs to commit or to roll back: what we do stands in a savepoint of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import local
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, NullPool, create_engine

from worker.errors import Invalid

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.orm import Session

REMEDY = "give one of SQLAlchemy, of Django with psycopg 3, or of psycopg 3"


class Lending:
    """One for a process; threads lend their connections at the same time."""

    def __init__(self) -> None:
        self._lent = local()

    @contextmanager
    def session(self, connection: object) -> Iterator[Session]:
        """A session within this connection's transaction. Raises Invalid."""
        from sqlalchemy.orm import Session

        if isinstance(connection, Connection):
            if not connection.in_transaction():
                connection.begin()
            with Session(connection, join_transaction_mode="create_savepoint") as session, session.begin():
                yield session
            return
        self._lent.connection = _Lent(_driver_of(connection))
        with Session(self._engine) as session:
            yield session

    @cached_property
    def _engine(self) -> Engine:
        return create_engine(
            "postgresql+psycopg://",
            creator=lambda: self._lent.connection,
            poolclass=NullPool,
            use_native_hstore=False,  # to look for it would take psycopg's own class of connection
            hide_parameters=True,
        )


class _Lent:
    """It is neither committed, rolled back nor closed here, and rows come as tuples whatever its owner made of them."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def cursor(self) -> Any:
        from psycopg import Cursor
        from psycopg.rows import tuple_row

        return Cursor(self._connection, row_factory=tuple_row)

    def commit(self) -> None:
        """Do nothing: to commit is the owner's."""

    rollback = close = commit

    def add_notice_handler(self, _: object) -> None:
        """Do nothing: the handler would stay on the owner's connection."""


def _driver_of(connection: Any) -> psycopg.Connection[Any]:
    import psycopg
    from psycopg.pq import TransactionStatus

    if hasattr(connection, "ensure_connection"):  # Django's
        connection.ensure_connection()
        connection = connection.connection
    if not isinstance(connection, psycopg.Connection):
        raise Invalid("connection", "is none that we can join", REMEDY)
    if connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE:
        raise Invalid("connection", "is in no transaction", "begin one first")
    return connection
