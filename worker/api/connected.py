"""What has connections of its own to Postgres: closed by itself, or at the end of a `with`."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from worker.database import Database


class Connected:
    """Until it is closed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """Give the connection back."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
