"""A correction takes over what its producer asked to follow by itself: once, for the new one, and never for both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from tests.again.promises import correct, follow, last, outcomes, put, turn
from tests.again.test_follow_ups import CALL, FAILED, calls, pass_time
from tests.support import Bench, otp
from worker import Corrected, Failed, RecordCall, Retry, Sms, Ticket, again, ledger
from worker.again.steps import step
from worker.errors import Invalid
from worker.ledger.follow_ups import follow_none_of
from worker.lifecycle import SmsType

NEW = "0902000009"
MANY = 30


@pytest.mark.parametrize("status", ["undelivered", "rejected", "expired"])
def test_the_new_one_is_followed_so_long_after_its_own_date_and_the_old_one_no_more(bench: Bench, status: str) -> None:
    ticket = put(bench, status)
    pass_time(bench, 9)
    assert correct(bench, ticket.id) == 1
    new = last(bench, ticket)
    assert outcomes(bench) == [("taken over", False), (None, True)]
    turn(bench, new.id, "status = 'undelivered', settled_at = now(), accepted_at = now()")
    with bench.database.begin() as session:
        session.execute(
            text("UPDATE notification SET created_at = created_at - interval '9 minutes' WHERE id = :id"),
            {"id": new.notification_id},
        )
        session.execute(text("UPDATE follow_up SET due_at = now() WHERE due_at IS NOT NULL"))
    follow(bench)
    assert calls(bench) == 0  # nine minutes, though eighteen of the old one
    pass_time(bench, 2)
    follow(bench)
    assert calls(bench) == 1
    call = last(bench, ticket)
    assert (call.lane, call.replaces, call.generation) == ("voice", new.id, 2)
    pass_time(bench)
    follow(bench)
    assert calls(bench) == 1


@pytest.mark.parametrize(
    ("stands", "made"),
    [
        ("status = 'delivered', settled_at = now(), accepted_at = now()", 0),
        ("status = 'accepted', accepted_at = now()", 0),
        ("status = 'cancelled', settled_at = now()", 0),
        ("status = 'rejected', code = '104', settled_at = now()", 1),
        ("status = 'queued'", 1),
    ],
)
def test_only_where_the_new_one_is_closed_the_other_channel_follows_it(bench: Bench, stands: str, made: int) -> None:
    ticket = put(bench)
    correct(bench, ticket.id)
    turn(bench, last(bench, ticket).id, stands)
    pass_time(bench)
    follow(bench)
    assert calls(bench) == made


def test_the_other_channel_goes_to_the_number_that_was_corrected(bench: Bench) -> None:
    ticket = put(bench)
    assert correct(bench, ticket.id, to=NEW) == 1
    turn(bench, last(bench, ticket).id, "status = 'undelivered', settled_at = now(), accepted_at = now()")
    pass_time(bench)
    follow(bench)
    call = last(bench, ticket)
    assert (call.lane, call.phone) == ("voice", "+84902000009")


def test_a_number_that_the_other_channel_can_not_reach_is_refused(bench: Bench) -> None:
    ticket = bench.put(
        RecordCall(to="0901000001", record_id="1"), fallback=Sms(content="Goi lai", sms_type=8), fallback_after="10m"
    )
    bench.set(ticket, **FAILED)
    with pytest.raises(Invalid, match=r"^fallback\.to: "):
        correct(bench, ticket.id, to="02838123456")
    assert outcomes(bench) == [(None, True)]


def test_what_was_followed_already_is_followed_by_nothing_more(bench: Bench) -> None:
    ticket = put(bench)
    pass_time(bench)
    follow(bench)
    call = last(bench, ticket)
    turn(bench, call.id, "status = 'undelivered', settled_at = now(), accepted_at = now()")
    assert correct(bench, ticket.id) == 0
    assert correct(bench, call.id, template="10") == 1
    turn(bench, last(bench, ticket).id, "status = 'undelivered', settled_at = now(), accepted_at = now()")
    pass_time(bench)
    follow(bench)
    assert calls(bench) == 2  # the call, and the one that a person asked for
    assert outcomes(bench) == [("fallback", False)]


def test_a_correction_of_a_correction_takes_it_over_too(bench: Bench) -> None:
    ticket = put(bench)
    for content in ("Ma: 2", "Ma: 3"):
        assert correct(bench, last(bench, ticket).id, content=content) == 1
        turn(bench, last(bench, ticket).id, "status = 'undelivered', settled_at = now(), accepted_at = now()")
    assert outcomes(bench) == [("taken over", False), ("taken over", False), (None, True)]
    pass_time(bench)
    follow(bench)
    assert calls(bench) == 1


@pytest.mark.parametrize(("times", "more"), [(1, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("status", ["undelivered", "rejected"])
def test_what_is_left_of_its_times_is_the_new_ones(bench: Bench, status: str, times: int, more: int) -> None:
    ticket = put(bench, status, fallback=None, fallback_after=None, retry_undelivered=Retry(times=times, wait="1h"))
    if status == "rejected":  # which is not sent again by itself; but what a person makes of it may be
        pass_time(bench)
        follow(bench)
        assert outcomes(bench) == [("stays", False)]
    assert correct(bench, ticket.id) == 1
    for generation in [1 + min(n, more) for n in range(1, 4)]:
        new = last(bench, ticket)
        turn(bench, new.id, "status = 'undelivered', settled_at = now() - interval '2 hours', accepted_at = now()")
        pass_time(bench)
        again.follow(bench.database, bench.settings)
        assert last(bench, ticket).generation == generation
    assert last(bench, ticket).replaces is not None


def test_both_are_taken_over_as_they_were(bench: Bench) -> None:
    put(bench, retry_undelivered=Retry(times=2, wait="1h"), fallback_in_doubt=True)
    with bench.database.begin() as session:
        [old] = session.scalars(text("SELECT id FROM notification")).all()
    correct(bench, old)
    with bench.database.begin() as session:
        one, other = session.scalars(text("SELECT follow_up FROM notification")).all()
    assert one == other


def test_what_was_called_off_is_not_taken_over(bench: Bench) -> None:
    ticket = put(bench)
    with bench.database.begin() as session:
        follow_none_of(session, [ticket.id], reason="the event was cancelled")
    correct(bench, ticket.id)
    assert outcomes(bench) == [("nothing", False)]


def test_whoever_calls_off_the_first_calls_off_all_that_came_of_it(bench: Bench) -> None:
    tickets = [put(bench) for _ in range(2)]
    for ticket in tickets:
        correct(bench, ticket.id)
    turn(bench, last(bench, tickets[0]).id, "status = 'undelivered', settled_at = now(), accepted_at = now()")
    pass_time(bench)
    with bench.database.begin() as session:  # of the first a call waits, of the second its correction
        ledger.fall_back(session, [row for row in ledger.due_follow_ups(session) if row.status == "undelivered"])
        follow_none_of(session, [each.id for each in tickets], reason="the event was cancelled")
    follow(bench)
    assert [last(bench, each).status for each in tickets] == ["cancelled", "cancelled"]
    assert calls(bench) == 1


def test_of_several_recipients_only_those_whose_promise_is_open_are_followed(bench: Bench) -> None:
    ticket = bench.put(otp(("0901000001", "0901000002")), fallback=CALL, fallback_after="10m")
    bench.set(ticket, **FAILED)
    with bench.database.begin() as session:
        session.execute(
            text("""
                UPDATE follow_up AS f SET due_at = NULL, outcome = 'nothing' FROM message AS m
                WHERE m.id = f.message_id AND m.phone = '+84901000002'
            """)
        )
    assert correct(bench, ticket.id) == 2
    with bench.database.begin() as session:
        session.execute(
            text("UPDATE message SET status = 'undelivered', settled_at = now() WHERE replaces IS NOT NULL")
        )
    pass_time(bench)
    follow(bench)
    assert calls(bench) == 1


def test_advertising_that_is_followed_in_another_way_is_not_gathered_with_it(bench: Bench) -> None:
    """Too few of each failed, and together they are enough: but they are not of one promise."""
    ad = Sms(to=[f"09010000{n:02}" for n in range(20)], content="Sale (QC)", sms_type=SmsType.ADVERTISING)
    tickets = [
        bench.put(ad, fallback=Sms(content=content, sms_type=8), fallback_after="10m")
        for content in ("Sale 1", "Sale 1", "Sale 2")
    ]
    for place, ticket in enumerate(tickets):
        with bench.database.begin() as session:
            session.execute(
                text("""
                    UPDATE message SET status = 'undelivered', settled_at = now()
                    WHERE notification_id = :id AND right(phone, 2)::int % 2 = :half
                """),
                {"id": ticket.id, "half": place % 2},
            )
    failed = Failed(ids=[str(ticket.id) for ticket in tickets])
    assert bench.notifier.again.retry(failed, by="lan").moved == 20
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM follow_up WHERE outcome = 'taken over'")) == 20


def test_nothing_follows_what_may_not_be_sent_any_more(bench: Bench) -> None:
    ticket = put(bench, expires_at=datetime.now(UTC) + timedelta(minutes=15))
    with bench.database.begin() as session:
        session.execute(text("UPDATE notification SET expires_at = now() + interval '5 minutes'"))
    correct(bench, ticket.id)
    turn(bench, last(bench, ticket).id, "status = 'undelivered', settled_at = now(), accepted_at = now()")
    with bench.database.begin() as session:
        session.execute(text("UPDATE notification SET expires_at = now() - interval '1 minute'"))
    pass_time(bench)
    follow(bench)
    assert calls(bench) == 0
    assert outcomes(bench)[-1] == ("too late", False)


def test_who_dies_before_the_commit_leaves_the_old_ones_promise(bench: Bench) -> None:
    ticket = put(bench)
    chosen, corrected = ledger.Chosen(notifications=[ticket.id], generations=5), Corrected(content="Ma: 2")
    with pytest.raises(RuntimeError), bench.database.begin() as session:
        assert step(session, chosen, corrected, bench.settings, by="lan", most=10).moved == 1
        raise RuntimeError
    assert outcomes(bench) == [(None, True)]
    assert correct(bench, ticket.id) == 1
    assert outcomes(bench) == [("taken over", False), (None, True)]


def test_a_correction_at_the_very_moment_of_the_call_leaves_one_of_both(bench: Bench) -> None:
    tickets = [put(bench) for _ in range(MANY)]
    pass_time(bench)
    line = Barrier(3)
    moved: list[int] = []

    def corrects(part: Sequence[Ticket]) -> None:
        line.wait()
        moved.extend(correct(bench, each.id) for each in part)

    def follows() -> None:
        line.wait()
        follow(bench)

    hands = [Thread(target=corrects, args=(tickets,)), Thread(target=follows), Thread(target=follows)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sum(moved) + calls(bench) == MANY
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM follow_up WHERE due_at IS NOT NULL")) == sum(moved)
        assert session.scalar(text("SELECT count(DISTINCT replaces) FROM message WHERE replaces IS NOT NULL")) == MANY
