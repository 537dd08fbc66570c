"""What came by the broker and was no task: counted by queue and reason, so that a flood of it is one row."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NEWS_AFTER = timedelta(minutes=1)

_COUNT = text("""
    WITH before AS (SELECT at FROM refused_task WHERE queue = :queue AND reason = :reason)
    INSERT INTO refused_task AS r (queue, reason, size, task_id) VALUES (:queue, :reason, :size, :task_id)
    ON CONFLICT (queue, reason) DO UPDATE
    SET times = r.times + 1, at = now(), size = excluded.size, task_id = coalesce(excluded.task_id, r.task_id)
    RETURNING times, coalesce(now() - (SELECT at FROM before) > :news_after, true)
""")

_FORGET = text("DELETE FROM refused_task RETURNING queue")


def count_refused(session: Session, *, queue: str, reason: str, size: int, task_id: str | None) -> tuple[int, bool]:
    """Count one more; how many there are now, and whether it is news: none came in the minute before."""
    what = {"queue": queue, "reason": reason, "size": size, "task_id": task_id}
    times, news = session.execute(_COUNT, what | {"news_after": NEWS_AFTER}).one()
    return times, news


def forget_refused(session: Session) -> int:
    """Begin to count anew; how many rows that took away."""
    return len(session.execute(_FORGET).all())
