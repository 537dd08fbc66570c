"""Who has very many messages is forgotten beside workers that claim and record: nobody waits for the other for long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.people.test_people import NUMBER, care, people
from tests.retention.time_travel import KEY_TEXT
from tests.support import HTTP_CALL, Bench, eventually, somebody_waits
from worker import ledger
from worker.api.people import People
from worker.ledger import Claim, Outcome
from worker.ledger import people as ledger_people
from worker.ledger.people import Before, Meanwhile, known_by, note_request
from worker.lifecycle import Lane, PersonRequestKind, Status
from worker.pseudonym import PrivacyKey

__all__ = ["people"]

E164 = "+84" + NUMBER[1:]
KEY = PrivacyKey(KEY_TEXT)


def hers(bench: Bench, messages: int) -> None:
    bench.notifier.enqueue_many([care(content=f"Lan {n}") for n in range(messages)])


def recorded(session: Session, *claims: Claim) -> None:
    """As a worker does once eSMS took them."""
    wait = timedelta(hours=1)
    outcomes = [
        Outcome(claim=each, status=Status.ACCEPTED, sms_id=each.request_id, poll_wait=wait, http_call=HTTP_CALL)
        for each in claims
    ]
    ledger.record(session, outcomes)


def standing(bench: Bench) -> dict[tuple[str, str | None], int]:
    with bench.database.begin() as session:
        rows = session.execute(text("SELECT status, emptied_by, count(*) FROM message GROUP BY 1, 2"))
        return {(row[0], row[1]): row[2] for row in rows}


def test_a_worker_records_while_the_forgetting_waits_for_another_one(bench: Bench, people: People) -> None:
    hers(bench, 3)
    first, second = bench.claim(Lane.NORMAL, most=2)
    with ThreadPoolExecutor(1) as hands:
        with bench.database.begin() as session:
            recorded(session, second)
            forgot = hands.submit(people.forget, NUMBER, by="test")
            eventually(lambda: somebody_waits(bench) or forgot.done())
            with bench.database.begin() as another:
                another.execute(text("SET LOCAL lock_timeout = '2s'"))
                recorded(another, first)
        assert forgot.result().cancelled == 1
    assert standing(bench) == {("accepted", "person"): 2, ("cancelled", "person"): 1}


def test_nothing_of_a_step_is_kept_in_which_somebody_held_one_of_hers(bench: Bench, people: People) -> None:
    bench.notifier.contacts.upsert(key="17", source="clinic", name="Lan", phones=[NUMBER])
    hers(bench, 2)
    with bench.database.begin() as other:
        other.execute(text("SELECT FROM message LIMIT 1 FOR UPDATE"))
        with bench.database.begin() as session:
            person = known_by(session, phone=E164)
            request = note_request(session, PersonRequestKind.FORGET, person.hashes(KEY), by="test")
        with pytest.raises(Meanwhile), bench.database.begin() as session:
            ledger_people.forget(
                session, person, KEY, request, opt_out_too=False, before=Before(since=datetime.now(UTC))
            )
    assert standing(bench) == {("queued", None): 2}
    assert people.forget("17", by="test").removed == {"contact": 1}
    assert [each.id for each in people.requests()] == [request]  # asked for anew, and not twice


def test_who_is_asked_to_forget_anew_after_it_died_in_between_goes_on(bench: Bench, people: People) -> None:
    bench.notifier.contacts.upsert(key="17", source="clinic", name="Lan", phones=[NUMBER])
    hers(bench, 3)
    with bench.database.begin() as session:
        person = known_by(session, phone=E164)
        request = note_request(session, PersonRequestKind.FORGET, person.hashes(KEY), by="test")
        assert ledger_people.call_off(session, person, KEY, request).cancelled == 3
    [open_one] = people.requests()
    assert open_one.done_at is open_one.answered_at is None
    forgot = people.forget("17", source="clinic", by="test")
    assert (forgot.removed, forgot.waiting) == ({"contact": 1}, 3)


@pytest.mark.long
def test_beside_three_workers_nobody_gives_up_and_nothing_goes_out_twice(bench: Bench, people: People) -> None:
    hers(bench, 6000)
    over, taken = Event(), list[str]()

    def works() -> None:
        while not over.is_set() and (claims := bench.claim(Lane.NORMAL, most=50)):
            taken.extend(each.request_id for each in claims)
            with bench.workers.begin() as session:
                recorded(session, *reversed(claims))

    with ThreadPoolExecutor(4) as hands:
        workers = [hands.submit(works) for _ in range(3)]
        eventually(lambda: len(taken) > 300)
        forgot = people.forget(NUMBER, by="test")
        over.set()
        for each in workers:
            each.result()
    assert len(set(taken)) == len(taken)
    assert standing(bench) == {("accepted", "person"): len(taken), ("cancelled", "person"): forgot.cancelled}
    assert forgot.cancelled + len(taken) == 6000
