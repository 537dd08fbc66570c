"""From an application's event to the attendees' phones, through real worker and beat processes that die in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tests.journeys.conftest import crew_at_work
from tests.journeys.test_ending import kill_all_celery
from tests.journeys.test_journeys import celery_app
from tests.support import Bench, eventually
from worker.ledger.templates import StoredTemplate, add_template
from worker.lifecycle import Kind

pytestmark = pytest.mark.journey

GUESTS = 900  # numbers that end in 100: each of them gets it


@pytest.mark.long
def test_an_event_by_task_name_reaches_each_attendee_once_whoever_dies(
    environ: dict[str, str], said: list[str], bench: Bench
) -> None:
    """The reminder is overdue when the event comes: it goes out at once, since the meeting has not begun."""
    with bench.database.begin() as session:
        add_template(session, StoredTemplate(name="visit", kind=Kind.SMS, content="Nhac hen luc {time}"))
    fields = {
        "source": "clinic",
        "key": "17",
        "starts_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat(),
        "template": "visit",
        "offsets": ["3h"],
        "attendees": [{"key": f"g{place}", "phone": f"0901{place:03}100"} for place in range(100, 100 + GUESTS)],
        "version": 1,
    }

    def count(which: str) -> int:
        with bench.database.begin() as session:
            return int(session.scalar(text(f"SELECT count(*) FROM {which}")) or 0)

    def made() -> int:
        return count("occurrence WHERE state = 'made'")

    with celery_app(environ) as other:
        for _ in range(2):  # Celery may deliver a task twice
            other.send_task("worker.upsert_event", kwargs=fields, queue="enqueue")
    environ["WORKER_LEASE"] = "12"
    with crew_at_work(environ, said) as crew:
        eventually(lambda: made() > 0)
        kill_all_celery(crew)
    with crew_at_work(environ, said):
        eventually(lambda: made() == GUESTS)
        eventually(lambda: count("message WHERE status IN ('queued', 'sending')") == 0)
    assert count("message") == GUESTS
    assert count("notification") == GUESTS
    assert bench.simulator.ledger().twice() == {}
