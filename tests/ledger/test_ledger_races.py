"""Two real transactions race for each pair of moves: whichever comes first, one wins, and the other is told.

The first has moved and not committed when the second begins; it ends once the second is through, or waits for it.
No sleep decides anything: Postgres says who waits for whom.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.support import HTTP_CALL, Bench, eventually, looked, otp, settle, somebody_waits
from tests.support import retry as send_again
from worker import RecordCall, Sms, SmsType, Ticket, ledger
from worker.intake import Enqueue, accept
from worker.ledger import Claim, Lost, Outcome, Poll
from worker.lifecycle import Lane, Status

NOW, DAY = timedelta(0), timedelta(days=1)
ADVERTISED = 30  # recipients of the advertising request


@dataclass
class Scene:
    """A notification in some status, and what the processes that race for it have in hand."""

    bench: Bench
    ticket: Ticket | None = None
    claim: Claim | None = None
    message_ids: list[UUID] = field(default_factory=list)

    def standing(self) -> str:
        """The status of its messages, which is the same for all of them."""
        assert self.ticket is not None
        [status] = {message["status"] for message in self.bench.messages(self.ticket)}
        return str(status)


@dataclass(frozen=True)
class Move:
    """What a process does, and where that leads if it wins."""

    name: str
    act: Callable[[Session, Scene], object]
    to: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Start:
    """A status, and the moves that lead away from it."""

    name: str
    make: Callable[[Bench], Scene]
    moves: tuple[Move, ...]


# Where they start...


def queued(bench: Bench) -> Scene:
    return Scene(bench, bench.put())


def advertised(bench: Bench) -> Scene:
    numbers = [f"0902000{number}" for number in range(100, 100 + ADVERTISED)]
    return Scene(bench, bench.put(Sms(to=numbers, content="Sale", sms_type=SmsType.ADVERTISING)))


def _claimed(bench: Bench, ticket: Ticket) -> Scene:
    [claim] = bench.claim()
    return Scene(bench, ticket, claim, [fence.id for fence in claim.fences])


def sending(bench: Bench) -> Scene:
    return _claimed(bench, bench.put())


def overdue(bench: Bench) -> Scene:
    scene = sending(bench)
    bench.set(_ticket(scene), lease_until="now() - interval '1 second'")
    return scene


def call_claimed(bench: Bench) -> Scene:
    return _claimed(bench, bench.put(RecordCall(to="0901000001", record_id="2001")))


def call_overdue(bench: Bench) -> Scene:
    scene = call_claimed(bench)
    with bench.database.begin() as session:
        ledger.intend(session, _claim(scene).fences)
    bench.set(_ticket(scene), lease_until="now() - interval '1 second'")
    return scene


def _recorded(scene: Scene, status: Status, **facts: str | None) -> Scene:
    with scene.bench.database.begin() as session:
        outcome = Outcome(claim=_claim(scene), status=status, reason="test", wait=NOW, poll_wait=NOW, **facts)  # type: ignore[arg-type]
        ledger.record(session, [outcome])
    return scene


def unconfirmed(bench: Bench) -> Scene:
    return _recorded(sending(bench), Status.UNCONFIRMED)


def call_unconfirmed(bench: Bench) -> Scene:
    return _recorded(call_claimed(bench), Status.UNCONFIRMED)


def accepted(bench: Bench) -> Scene:
    return _recorded(sending(bench), Status.ACCEPTED, sms_id="77")


def lost(bench: Bench) -> Scene:
    return _recorded(sending(bench), Status.ACCEPTED)


def rejected(bench: Bench) -> Scene:
    return _recorded(sending(bench), Status.REJECTED)


def held(bench: Bench) -> Scene:
    return _recorded(call_claimed(bench), Status.HELD)


def _ticket(scene: Scene) -> Ticket:
    assert scene.ticket is not None
    return scene.ticket


def _claim(scene: Scene) -> Claim:
    assert scene.claim is not None
    return scene.claim


# What they do...


def claim(session: Session, _: Scene) -> object:
    return ledger.claim(session, list(Lane), most=9, lease=DAY, group_most=1000)


def claim_doubtful(session: Session, _: Scene) -> object:
    return ledger.claim_doubtful(session, list(Lane), most=9, lease=DAY, window=DAY)


def cancel(session: Session, scene: Scene) -> object:
    return ledger.cancel(session, [_ticket(scene).id])


def retry(session: Session, scene: Scene) -> object:
    return send_again(session, scene.bench.settings, _ticket(scene))


def hand_back(session: Session, scene: Scene) -> object:
    return ledger.hand_back(session, [_claim(scene)])


def intend(session: Session, scene: Scene) -> object:
    return ledger.intend(session, _claim(scene).fences)


def rescue(session: Session, _: Scene) -> object:
    return ledger.rescue(session, ask_again_after=NOW, deaths_most=9).messages


def hold_calls(session: Session, _: Scene) -> object:
    return ledger.hold_calls(session)


def give_up(session: Session, _: Scene) -> object:
    return ledger.give_up(session, poll_until=NOW)


def record(status: Status) -> Callable[[Session, Scene], object]:
    def act(session: Session, scene: Scene) -> object:
        outcome = Outcome(claim=_claim(scene), status=status, sms_id="77", poll_wait=NOW, http_call=HTTP_CALL)
        return ledger.record(session, [outcome])

    return act


def told(status: Status) -> Callable[[Session, Scene], object]:
    def act(session: Session, scene: Scene) -> object:
        poll = Poll(message_id=scene.message_ids[0], sms_id="77", polls=1, alone=True, due_at=datetime.now(UTC))
        return settle(session, poll, status)

    return act


def look(was: Status, status: Status) -> Callable[[Session, Scene], object]:
    def act(session: Session, scene: Scene) -> object:
        lost = Lost(
            message_id=scene.message_ids[0],
            status=was,
            request_id=None,
            phone="+84901000001",
            content="Ma: 1234",
            lane=Lane.URGENT,
            since=datetime.now(UTC),
            until=datetime.now(UTC),
            handed_over=False,
            polls=0,
        )
        return looked(session, lost, status)

    return act


def resolve(status: Status) -> Callable[[Session, Scene], object]:
    def act(session: Session, scene: Scene) -> object:
        horizons = scene.bench.settings.horizons
        return ledger.resolve(session, scene.message_ids[0], status, "test", horizons)

    return act


CLAIM, CANCEL = Move("claim", claim, "sending"), Move("cancel", cancel, "cancelled")
HAND_BACK, RESCUE = Move("hand_back", hand_back, "queued"), Move("rescue", rescue, "unconfirmed")
RECORD = [Move(f"record {status}", record(status), status) for status in (Status.ACCEPTED, Status.REJECTED)]
SETTLE = [Move(f"settle {status}", told(status), status) for status in (Status.DELIVERED, Status.UNDELIVERED)]
FIND = [
    Move(f"find {status}", look(Status.ACCEPTED, status), status) for status in (Status.DELIVERED, Status.UNDELIVERED)
]
LOOK = [
    Move(f"find {status}", look(Status.UNCONFIRMED, status), status)
    for status in (Status.ACCEPTED, Status.QUEUED, Status.HELD)
]
DECIDE = [
    Move(f"resolve {status}", resolve(status), status)
    for status in (Status.QUEUED, Status.DELIVERED, Status.UNDELIVERED, Status.CANCELLED)
]
GIVE_UP = Move("give_up", give_up, "unknown")

STARTS = (
    Start("queued", queued, (CLAIM, CANCEL)),
    Start("advertising", advertised, (CLAIM, CANCEL)),
    Start("sending", sending, (*RECORD, HAND_BACK)),
    Start("lease over", overdue, (*RECORD, HAND_BACK, RESCUE)),
    Start("call dialled, lease over", call_overdue, (*RECORD, RESCUE)),
    Start("unconfirmed", unconfirmed, (Move("claim_doubtful", claim_doubtful, "sending"), *LOOK)),
    Start("call unconfirmed", call_unconfirmed, (Move("hold_calls", hold_calls, "held"),)),
    Start("held", held, tuple(DECIDE)),
    Start("rejected", rejected, (Move("retry", retry, "queued"),)),
    Start("accepted", accepted, (*SETTLE, GIVE_UP)),
    Start("SMSID lost", lost, (*FIND, GIVE_UP)),
)


PAIRS = [(start, first, second) for start in STARTS for first in start.moves for second in start.moves]


# The race...


class Undone(Exception):
    """The first transaction is rolled back, as when its process dies."""


def race(scene: Scene, first: Move, second: Move, *, undone: bool = False) -> tuple[bool, bool]:
    """Who won: the one that moved first, the one that began while the first was not yet committed."""
    told: list[bool] = []

    def chase() -> None:
        with scene.bench.database.begin() as session:
            told.append(bool(second.act(session, scene)))

    chasing = Thread(target=chase)
    with suppress(Undone), scene.bench.database.begin() as session:
        won = bool(first.act(session, scene))
        chasing.start()
        eventually(lambda: not chasing.is_alive() or somebody_waits(scene.bench))
        if undone:
            raise Undone
    chasing.join()
    return won, told[0]


def named(value: object) -> str:
    return value.name if isinstance(value, Start) else str(value)


@pytest.mark.parametrize(("start", "first", "second"), PAIRS, ids=named)
def test_of_two_moves_the_first_wins_and_the_other_is_told(
    bench: Bench, start: Start, first: Move, second: Move
) -> None:
    """But what the process that was given up says in the end is heard, as long as nobody has tried again."""
    scene = start.make(bench)
    late = first is RESCUE and second in (*RECORD, HAND_BACK)
    assert race(scene, first, second) == (True, late)
    assert scene.standing() == (second if late else first).to


@pytest.mark.parametrize(("start", "first", "second"), PAIRS, ids=named)
def test_a_move_that_is_undone_leaves_the_other_its_turn(bench: Bench, start: Start, first: Move, second: Move) -> None:
    """At once where it waited; where it passes over what is locked, the next time."""
    scene = start.make(bench)
    _, won = race(scene, first, second, undone=True)
    if not won:
        with bench.database.begin() as session:
            assert second.act(session, scene)
    assert scene.standing() == second.to


@pytest.mark.parametrize(("first", "second"), [(intend, hand_back), (hand_back, intend)])
def test_a_call_is_either_about_to_be_dialled_or_handed_back(
    bench: Bench, first: Callable[[Session, Scene], object], second: Callable[[Session, Scene], object]
) -> None:
    scene = call_claimed(bench)
    assert race(scene, Move("", first, ""), Move("", second, "")) == (True, False)
    assert scene.standing() == ("sending" if first is intend else "queued")


@pytest.mark.parametrize("status", ["queued", "sending"])
def test_a_cancel_never_reaches_what_is_being_sent(bench: Bench, status: str) -> None:
    """Nor what comes back into the queue while it looks: it says so, and can be asked again."""
    scene = sending(bench)
    outcome = RECORD[0] if status == "sending" else HAND_BACK
    assert race(scene, outcome, CANCEL) == (True, False)


def test_a_message_whose_time_runs_out_is_sent_or_expires_and_never_both(bench: Bench) -> None:
    """The claim began before that moment, so to it the message is still good."""
    scene = queued(bench)
    for first, second in (("claim", "expire"), ("expire", "claim")):
        assert _race_with_time(scene, first, second) == {first: True, second: False}


def _race_with_time(scene: Scene, first: str, second: str) -> dict[str, bool]:
    acts: dict[str, Callable[[Session], object]] = {
        "claim": lambda session: claim(session, scene),
        "expire": ledger.expire,
    }
    with scene.bench.database.begin() as claiming:
        claiming.execute(text("SELECT now()"))  # its clock stands still from here, and the time runs out right after
        scene.bench.set(_ticket(scene), status="'queued'", lease_until="NULL", expires_at="now()")
        with scene.bench.database.begin() as expiring:
            sessions = {"claim": claiming, "expire": expiring}
            return {name: bool(acts[name](sessions[name])) for name in (first, second)}


def test_a_question_is_asked_by_one_of_two(bench: Bench) -> None:
    scene = accepted(bench)
    ask = Move("claim_polls", lambda session, _: ledger.claim_polls(session, most=9, lease=DAY), "accepted")
    assert race(scene, ask, ask) == (True, False)


def test_a_reference_that_two_use_at_once_stands_for_one_notification(bench: Bench) -> None:
    for undone in (False, True):
        wanted = Enqueue(request=otp(), reference=f"order:{undone}", source="shop")

        def put(session: Session, scene: Scene, wanted: Enqueue = wanted) -> object:
            [ticket], _ = accept(session, [wanted], scene.bench.settings, now=datetime.now(UTC))
            return not ticket.repeated

        both = race(Scene(bench), Move("put", put, "queued"), Move("put", put, "queued"), undone=undone)
        assert both == (True, undone)
