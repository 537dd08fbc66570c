"""Whether this database has woken up from a backup: by a mark that goes on with each tick, and stands elsewhere too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

# What a replica that was promoted may lack, where it was not a synchronous one.
FORGIVEN = timedelta(minutes=1)

_STATE = text("SELECT installation, marked_at, restored_at, seen_until FROM restore_guard")
_BEGIN = text("INSERT INTO restore_guard (id, installation) VALUES (1, gen_random_uuid()) ON CONFLICT DO NOTHING")
_GO_ON = text("""
    UPDATE restore_guard SET marked_at = greatest(marked_at, now()) WHERE restored_at IS NULL RETURNING marked_at
""")
_HOLD = text("""
    UPDATE restore_guard SET restored_at = now(), seen_until = :until
    WHERE restored_at IS NULL AND marked_at < CAST(:until AS timestamptz) - CAST(:forgiven AS interval)
    RETURNING id
""")
_LET_GO = text("""
    UPDATE restore_guard
    SET restored_at = NULL, marked_at = greatest(now(), seen_until), let_go_at = now(), let_go_by = :by
    WHERE restored_at IS NOT NULL RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Guarded:
    """installation: its id, the same in every copy. restored_at: since when nothing is sent; seen_until: of the mark
    elsewhere that was later than its own, marked_at.
    """

    installation: str
    marked_at: datetime
    restored_at: datetime | None
    seen_until: datetime | None

    def is_behind(self, mark: datetime | None) -> bool:
        """Was this installation at work after what this database knows?"""
        return mark is not None and mark > self.marked_at + FORGIVEN


def guarded(session: Reader) -> Guarded | None:
    """The guard as it stands; None: no tick was heard yet."""
    row = session.execute(_STATE).one_or_none()
    return None if row is None else Guarded(str(row.installation), row.marked_at, row.restored_at, row.seen_until)


def begin_guard(session: Session) -> None:
    """Give the installation its id, once."""
    session.execute(_BEGIN)


def mark_on(session: Session) -> datetime | None:
    """Note that the installation is at work now, and return that moment; None: it is held."""
    marked: datetime | None = session.scalar(_GO_ON)
    return marked


def hold_restored(session: Session, until: datetime) -> bool:
    """Send nothing from now on, since a mark elsewhere is later (`until`). False: another process was first."""
    return session.execute(_HOLD, {"until": until, "forgiven": FORGIVEN}).first() is not None


def let_go_restored(session: Session, by: str) -> bool:
    """A person says that it may go on; False: it is not held."""
    return session.execute(_LET_GO, {"by": by}).first() is not None
