"""Count a notification's messages by status and by what they wait for, reading each once: there may be a million."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.database import compile_nothing
from worker.law.rules import NOT_BEFORE
from worker.lifecycle import Status

if TYPE_CHECKING:
    from worker.database import Reader

NAMED = 20  # messages that replace another or were replaced: so many are named
FIRST_STEP, STEP = 2_000, 25_000  # messages that one statement counts; the first answers soon


@dataclass(frozen=True, slots=True)
class Alike:
    """Messages with the same status that wait for the same, if for anything. Where they differ, the least is given."""

    status: str
    lane: str
    waits_for: str | None
    due_at: datetime
    poll_at: datetime | None
    failures: int
    reason: str | None
    messages: int
    replaces: Sequence[UUID] = ()
    """The messages in whose place these went; twenty at most."""
    replaced_by: Sequence[UUID] = ()
    """The messages that went in the place of these; twenty at most."""

    def __add__(self, other: Alike) -> Alike:
        """Both together."""
        names = ("due_at", "poll_at", "failures", "reason")
        least = {name: _least(getattr(self, name), getattr(other, name)) for name in names}
        return replace(
            self,
            messages=self.messages + other.messages,
            replaces=(*self.replaces, *other.replaces)[:NAMED],
            replaced_by=(*self.replaced_by, *other.replaced_by)[:NAMED],
            **least,
        )


_NAMED = ", ".join(
    f"coalesce((array_agg({name}) FILTER (WHERE {name} IS NOT NULL))[1\\:{NAMED}], '{{}}')"
    for name in ("replaces", "replaced_by")
)

# Only these three statuses wait for something that is told here; what is held waits for a person. It is one text, since
# each further column to group by costs as much as reading the row.
_COUNTED = """
    SELECT status, lane, waits_for, min(due_at), min(poll_at), min(failures), min(reason), count(*), {named}{last}
    FROM (
        SELECT *, CASE WHEN status IN ('queued', 'unconfirmed', 'accepted') THEN CASE
            WHEN starts_with(reason, :not_before) THEN reason || (due_at > now()) || (failures > 0)
            WHEN failures > 0 THEN CASE WHEN due_at > now() THEN 'tried, later' ELSE 'tried, due' END
            WHEN due_at > now() THEN 'later'
            ELSE 'due'
        END END AS waits_for
        FROM message WHERE {which}
    ) AS m
    GROUP BY status, lane, waits_for
"""
_ALL = text(_COUNTED.format(named=_NAMED, last="", which="notification_id = :id"))
# Costs a third less, for where the first and last few messages suggest that none waits any more.
_OVER = text(
    f"""
    SELECT status, '', NULL, min(due_at), NULL, 0, NULL, count(*), {_NAMED} FROM message WHERE notification_id = :id
    GROUP BY status
    """  # noqa: S608 — our own constants
)
# BETWEEN and not `=`: with `=` Postgres drops the column from the order, and may walk along the ids of all messages.
_WITHIN = "notification_id BETWEEN :id AND :id"
_SEEMS_OVER = text(f"""
    SELECT bool_and(status NOT IN ('queued', 'unconfirmed', 'accepted')) FROM (
        (SELECT status FROM message WHERE {_WITHIN} ORDER BY notification_id, id LIMIT 50)
        UNION ALL (SELECT status FROM message WHERE {_WITHIN} ORDER BY notification_id DESC, id DESC LIMIT 50)
    ) AS m
""")  # noqa: S608 — our own constants
_MAY_WAIT = {Status.QUEUED, Status.UNCONFIRMED, Status.ACCEPTED}
_SOME = text(
    _COUNTED.format(
        named=_NAMED,
        last=', max(CAST(id AS text) COLLATE "C")',  # max(uuid) comes with Postgres 18
        which=f"{_WITHIN} AND id > CAST(:after AS uuid) ORDER BY notification_id, id LIMIT :most",
    )
)
# Postgres expects a notification to have few messages. For many, sorting costs as much as reading, so it is forbidden.
# To count all, they are read page by page (no index scan); in steps, in the order of the index, or each would read all.
_UNSORTED = text("SELECT set_config('enable_sort', 'off', true)")
_BY_PAGES = text("SELECT set_config('enable_indexscan', 'off', true)")


def alike(session: Reader, notification_id: UUID) -> list[Alike]:
    """Its messages by status and what they wait for. Leaves settings of the planner behind."""
    asked = {"id": notification_id, "not_before": NOT_BEFORE}
    compile_nothing(session)
    session.execute(_UNSORTED)
    seems_over = session.scalar(_SEEMS_OVER, asked)
    session.execute(_BY_PAGES)
    found = [Alike(*row) for row in session.execute(_OVER, asked)] if seems_over else []
    if seems_over and not _MAY_WAIT & {each.status for each in found}:
        return found
    return [Alike(*row) for row in session.execute(_ALL, asked)]


def alike_by_steps(session: Reader, notification_id: UUID, told: Callable[[int], object]) -> list[Alike]:
    """The same, some at a time. told: called after each step but the last, with how many messages it counted."""
    compile_nothing(session)
    session.execute(_UNSORTED)
    found: dict[tuple[str, str, str | None], Alike] = {}
    for each in chain.from_iterable(_steps(session, notification_id, told)):
        key = each.status, each.lane, each.waits_for
        found[key] = found[key] + each if key in found else each
    return list(found.values())


def _steps(session: Reader, notification_id: UUID, told: Callable[[int], object]) -> Iterator[Sequence[Alike]]:
    asked: dict[str, Any] = {"id": notification_id, "not_before": NOT_BEFORE}
    after, most = str(UUID(int=0)), FIRST_STEP
    while True:
        rows = session.execute(_SOME, asked | {"after": after, "most": most}).all()
        yield (step := [Alike(*columns) for *columns, _ in rows])
        if (counted := sum(each.messages for each in step)) < most:
            return
        told(counted)
        after, most = max(row[-1] for row in rows), STEP


def _least(one: Any, other: Any) -> Any:
    given: Iterable[Any] = (each for each in (one, other) if each is not None)
    return min(given, default=None)
