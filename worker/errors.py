"""What can go wrong that is not our bug: one family, each message one line that a user can act on.

WorkerError
├── Invalid            a field of a request: which, what is wrong with it, what to do
├── Conflict           the reference is taken by a notification with another content
├── NotFound           no such notification
├── SettingsError      a wrong or missing environment variable
└── Unavailable        a server we need does not answer, or is not ready for us
    ├── Busy           others hold what we need, just now
    └── Forbidden      our login may not do this: it is another source's
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

MIGRATE = "run `esms-worker migrate`"  # the remedy for a schema of another version
LET_IT_WRITE = "name the primary in DATABASE_URL if it is a replica, else let it write (default_transaction_read_only)"


class Lack(StrEnum):
    """What keeps Postgres from serving us, where a person is told more than that it does not."""

    ANSWER = "answer"
    LOGIN = "login"
    SCHEMA = "schema"
    WRITES = "writes"
    ROOM = "room"
    TURN = "turn"


def shown(text: object, most: int = 300) -> str:
    """A stranger's words on one line of a log or an error: cut, and what is no visible character is written out."""
    whole = str(text)
    cut = whole if len(whole) <= most else f"{whole[:most]}…"
    return cut if cut.isprintable() else "".join(map(_visible, cut))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


class WorkerError(Exception):
    """Something a user caused or can fix; `str()` of it is one line."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Celery carries exceptions from child to parent: their own way would call `__init__` with the message."""
        return _rebuilt, (type(self), str(self), self.__dict__)


def _rebuilt(kind: type[WorkerError], message: str, facts: dict[str, Any]) -> WorkerError:
    error = kind.__new__(kind, message)
    error.__dict__.update(facts)
    return error


class Invalid(WorkerError, ValueError):
    """A field of a request has a value that can't be sent; nothing was stored.

    `item` is the position in `enqueue_many`'s iterable, counted from 0; None elsewhere. `argument` is the one
    whose field it is, where a method takes several: corrected of `again.retry`.
    """

    argument: str | None = None

    def __init__(self, field: str, problem: str, remedy: str, *, item: int | None = None) -> None:
        self.field, self.problem, self.remedy, self.item = shown(field, 100), shown(problem), shown(remedy, 500), item
        where = self.field if item is None else f"item {item}: {self.field}"
        super().__init__(f"{where}: {self.problem}: {self.remedy}")

    def at(self, item: int | None) -> Invalid:
        """The same error, telling which item of many it was; None: it was the only one."""
        return Invalid(self.field, self.problem, self.remedy, item=item)


class Conflict(WorkerError):
    """This source used this reference before, for a notification with another content; nothing was stored."""

    def __init__(self, source: str, reference: str) -> None:
        self.source, self.reference = source, reference
        self.problem = f"{reference!r} of source {source!r} already stands for a notification with another content"
        self.remedy = "use a new reference, or send the same content"
        super().__init__(f"reference: {self.problem}: {self.remedy}")


class NotFound(WorkerError):
    """No notification has this id or reference."""


class SettingsError(WorkerError):
    """An environment variable is missing or wrong."""

    def __init__(self, variable: str, problem: str, remedy: str) -> None:
        self.variable = variable
        super().__init__(f"{variable}: {problem}: {remedy}")


class Unavailable(WorkerError):
    """A server that we need does not answer, or is not ready for us.

    Where its answer to a commit was lost, what was asked may have been done: ask again with the same reference.
    """

    def __init__(self, what: str, problem: str, remedy: str, *, lacks: Lack | None = None) -> None:
        self.lacks = lacks
        super().__init__(f"{what}: {problem}: {remedy}")


class Busy(Unavailable):
    """Others held the rows or tables that we need for too long; nothing was done."""


class Forbidden(Unavailable):
    """Postgres does not let our login do this: it is another source's, or needs more rights; nothing was done."""


class Unusable(ValueError):
    """A text that can't be used for what it is given for, before it is known whose field it is: see `Invalid`."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem, self.remedy = problem, remedy

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"
