"""What stopped goes on when a person says so: the rest of a rerun, what was to follow messages and was set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from worker import ledger
from worker.bell import Bell
from worker.database import Database
from worker.errors import NotFound
from worker.ledger import Act
from worker.queues import Task

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Which = Mapping[str, str | None]  # a campaign and a source, or either; neither: all


def let_go(session: Session, id_: UUID, by: str, source: str | None) -> int:
    """The rest of this rerun, or what was to follow this message; how many, at most. Raises NotFound."""
    if (rest := ledger.go_on_anyway(session, id_, by=by, source=source)) is not None:
        ledger.note_act(session, "rerun.go_on", rest, rerun=id_)
        return rest
    if not ledger.let_go(session, id_, source=source):
        raise NotFound(f"no rerun {str(id_)!r} stopped: `esms-worker doctor` shows those that did")
    ledger.note_act(session, "follow_up.go_on", message=id_)
    return 1


def count_set_aside(database: Database, which: Which) -> int:
    """How many are set aside."""
    with database.reading() as session:
        return ledger.count_set_aside(session, campaign=which["campaign"], source=which["source"])


def let_all_go(database: Database, bell: Bell, which: Which, told: Callable[[int], object]) -> int:
    """How many that were; told: is given how many, some at a time, each of these in a transaction of its own."""
    act, found, after = Act("follow_up.go_on", **which), 0, UUID(int=0)
    while True:
        with database.begin() as session:
            ids = ledger.let_some_go(session, campaign=which["campaign"], source=which["source"], after=after)
            act.note(session, len(ids))
        if not ids:
            return found
        bell.again(Task.SEND_AGAIN)
        found, after = found + len(ids), ids[-1]
        told(len(ids))
