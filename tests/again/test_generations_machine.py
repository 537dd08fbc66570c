"""Generations in any order: retries, corrections, fallbacks, late successes, cancels; the rows always tell one chain.

`ESMS_MACHINE=500` runs it long.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from tests.again.test_follow_ups import CALL, pass_time
from tests.history.sums import ZONE, counted, people
from tests.support import Bench, otp
from worker import Corrected, Failed, Retry, again, ledger
from worker.errors import Invalid, NotFound
from worker.lifecycle import FINAL, Status

EXAMPLES = int(os.environ.get("ESMS_MACHINE", "4"))
MOST = 4  # notifications
PICK = st.integers(0, MOST - 1)
FAILED = ("undelivered", "rejected", "expired")
TIMES = 2  # that each is sent again by itself

_ROWS = text("""
    SELECT m.id, m.phone, m.status, m.generation, m.replaces, m.replaced_by, m.lane FROM message AS m
    ORDER BY m.phone, m.generation, m.created_at
""")


@dataclass
class Chain:
    """All that was tried for one recipient."""

    generation: int = 0
    places: int = 1  # messages, each in the place of the one before
    called: bool = False  # its fallback was made
    by_call: bool = True  # is it promised one? Else that it is sent again by itself, alone
    promised: bool = True  # something may follow its last message by itself
    stays: bool = False  # nothing does, since it failed as it did; it may once a person sends it again
    overdue: bool = False  # the fallback's time has come for that one


class Generations(RuleBasedStateMachine):
    """The ledger beside a model of how often each recipient was tried, and by how many messages."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench

    @initialize()
    def begin(self) -> None:
        with self.bench.database.begin() as session:
            session.execute(text("TRUNCATE notification, message, request, follow_up, rerun, attempt, settlement"))
            ledger.begin_anew(session, ZONE)
        self.chains = [Chain(by_call=place % 2 == 0) for place in range(MOST)]
        for place, chain in enumerate(self.chains):
            called: dict[str, Any] = {"fallback": CALL, "fallback_after": "10m"} if chain.by_call else {}
            again_ = Retry(times=TIMES, wait="1h")
            self.bench.put(otp(self._phone(place)), campaign="tet", retry_undelivered=again_, **called)

    @rule(pick=PICK, status=st.sampled_from(FAILED))
    def fails(self, pick: int, status: str) -> None:
        code = "'118'" if status == "rejected" else "NULL"
        self._turn(pick, f"status = '{status}', settled_at = now(), code = {code}, lease_until = NULL", "queued")

    @rule(pick=PICK)
    def arrives(self, pick: int) -> None:
        self._turn(pick, "status = 'delivered', settled_at = now(), accepted_at = now()", "queued")

    @rule(pick=PICK)
    def is_taken_and_not_known_yet(self, pick: int) -> None:
        self._turn(pick, "status = 'accepted', accepted_at = now()", "queued")

    @rule(pick=PICK)
    def arrives_late(self, pick: int) -> None:
        self._turn(pick, "status = 'delivered', settled_at = now()", "accepted")

    @rule(pick=PICK)
    def a_person_cancels(self, pick: int) -> None:
        if (last := self._last(pick)) is not None:
            self.bench.notifier.cancel(self.bench.notifier.locate(str(last.id)).notification)
            self.chains[pick].promised = self.chains[pick].stays = False  # nothing is to follow what went out, either

    @rule(pick=PICK, text_=st.sampled_from([None, "Ma: 2", "Ma: 3"]))
    def a_person_sends_it_again(self, pick: int, text_: str | None) -> None:
        last, chain = self._last(pick), self.chains[pick]
        assert last is not None
        corrected = None if text_ is None else Corrected(content=text_)
        limit = self.bench.settings.retry_limit
        fits = last.status in FAILED and last.generation < limit and (text_ is None or last.lane != "voice")
        try:
            moved = self.bench.notifier.again.retry(Failed(ids=[str(last.id)]), by="lan", corrected=corrected).moved
        except (Invalid, NotFound):
            moved = 0
        assert moved == int(fits)
        chain.generation += moved
        chain.places += int(bool(moved and text_))
        chain.overdue &= not (moved and text_)
        if moved and chain.stays:
            chain.promised, chain.stays = True, False

    @rule()
    def the_fallbacks_time_comes(self) -> None:
        for chain in self.chains:
            chain.overdue = True
        pass_time(self.bench)
        self._follow()

    @rule()
    def it_is_known_for_an_hour_what_was_not_delivered(self) -> None:
        with self.bench.database.begin() as session:
            session.execute(text("UPDATE message SET settled_at = settled_at - interval '61 minutes'"))
            session.execute(text("UPDATE follow_up SET due_at = now() WHERE due_at IS NOT NULL"))
        self._follow(an_hour=True)

    def _follow(self, *, an_hour: bool = False) -> None:
        before = [self._last(pick) for pick in range(MOST)]
        for _ in range(3):
            again.follow(self.bench.database, self.bench.settings)
        for chain, row in zip(self.chains, before, strict=True):
            if not chain.promised:
                continue
            if row.status in ("delivered", "cancelled"):
                chain.promised = False
            elif chain.by_call and chain.overdue and row.status in (*FAILED, "queued"):
                assert not chain.called
                chain.called, chain.promised = True, False
                chain.generation, chain.places = chain.generation + 1, chain.places + 1
            elif an_hour and row.status == "undelivered" and chain.generation < TIMES:
                chain.generation += 1
            elif not chain.by_call and row.status in FAILED and self._is_closed(row.status, chain.generation):
                chain.promised, chain.stays = False, chain.generation < TIMES

    @staticmethod
    def _is_closed(status: str, generation: int) -> bool:
        return status != "undelivered" or generation >= TIMES

    @rule()
    def a_tick_adds_up(self) -> None:
        self.bench.roll_up()

    def teardown(self) -> None:
        self._recipients_are_counted_once()
        with self.bench.database.begin() as session:
            ledger.begin_anew(session, ZONE)
        self._recipients_are_counted_once()

    def _recipients_are_counted_once(self) -> None:
        self.bench.roll_up()
        with self.bench.database.begin() as session:
            whom = people(session)
            assert counted(session) == whom
        assert sum(whom.values()) == MOST
        reports = self.bench.notifier.reports
        failed = sum(line.failed for line in reports.campaigns())
        assert len(list(reports.failures())) == len(list(reports.failures(campaign="tet"))) == failed

    @invariant()
    def a_recipient_has_one_chain_in_which_each_stands_in_the_place_of_the_one_before(self) -> None:
        for pick, chain in enumerate(self.chains):
            rows = self._rows(pick)
            assert len(rows) == chain.places
            by_id = {row.id: row for row in rows}
            assert sum(row.replaced_by is None for row in rows) == 1
            assert sum(row.replaces is None for row in rows) == 1
            for row in rows:
                assert row.replaced_by is None or by_id[row.replaced_by].replaces == row.id
            assert max(row.generation for row in rows) == chain.generation

    @invariant()
    def whoever_has_another_in_its_place_is_over_for_good(self) -> None:
        for pick in range(MOST):
            assert all(Status(row.status) in FINAL for row in self._rows(pick) if row.replaced_by is not None)

    @invariant()
    def the_other_channel_comes_once(self) -> None:
        for pick, chain in enumerate(self.chains):
            assert sum(row.lane == "voice" and row.replaces is not None for row in self._rows(pick)) == chain.called

    @invariant()
    def what_was_promised_stands_with_the_last_one_alone(self) -> None:
        open_ = self._followed()
        for pick, chain in enumerate(self.chains):
            theirs = [row.id for row in self._rows(pick) if row.id in open_]
            assert theirs == [self._last(pick).id] * chain.promised

    def _phone(self, pick: int) -> str:
        return f"+8490100000{pick}"

    def _rows(self, pick: int) -> list[Any]:
        with self.bench.database.begin() as session:
            return [row for row in session.execute(_ROWS) if row.phone == self._phone(pick)]

    def _last(self, pick: int) -> Any:
        return next((row for row in self._rows(pick) if row.replaced_by is None), None)

    def _followed(self) -> set[object]:
        with self.bench.database.begin() as session:
            return set(session.scalars(text("SELECT message_id FROM follow_up WHERE due_at IS NOT NULL")))

    def _turn(self, pick: int, change: str, status: str) -> None:
        with self.bench.database.begin() as session:
            session.execute(
                text(
                    f"UPDATE message SET {change} WHERE phone = :phone AND status = '{status}' AND replaced_by IS NULL"
                ),
                {"phone": self._phone(pick)},
            )


@pytest.mark.long
def test_in_whatever_order_a_recipient_is_tried_in_one_chain(bench: Bench) -> None:
    many = settings(max_examples=EXAMPLES, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(lambda: Generations(bench), settings=many)  # type: ignore[arg-type]  # a factory does
