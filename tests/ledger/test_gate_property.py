"""Whatever is handed over, agreed to and taken back: by the simulator's books, what went out kept the rules.

The judge reads the rules by itself, from the books and from what was done when; it shares nothing with the gate. The
clock is moved by moving everything that is stored back, and the zone along.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.law import VIETNAM, decree
from tests.support import Bench, empty
from worker import RecordCall, Sms, ledger
from worker.law.rules import Mode
from worker.ledger.law_rules import _recent

NUMBERS = tuple(f"090200010{n}" for n in range(3))
DAY = timedelta(days=1)
FREQUENCIES = {"1 a day": (1, DAY), "2 tin moi tuan": (2, 7 * DAY)}
OTHERS = ("reminder", "service", "consent", "withdraw", "opt out", "register")
MOVED = {
    "message": ("due_at", "expires_at", "created_at", "accepted_at", "poll_at", "settled_at", "wanted_at"),
    "consent": ("at", "recorded_at"),
    "stream": ("due_from",),
}

step = st.one_of(
    st.tuples(st.just("ad"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("ad"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("call"), st.sampled_from(NUMBERS)),
    st.tuples(st.sampled_from(OTHERS), st.sampled_from(NUMBERS)),
    st.tuples(st.sampled_from(tuple(FREQUENCIES)), st.sampled_from(NUMBERS)),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 9, 13, 23, 25])),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 9, 13, 23, 25])),
)


@dataclass
class World:
    """One installation, and what was done in it when, by its own clock."""

    bench: Bench
    consented: bool  # is consent asked for?
    shift: int = 0  # hours
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)  # of each: what it is for, and to whom
    said: dict[tuple[str, str], list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    sent: list[tuple[datetime, str, str, str]] = field(default_factory=list)  # when, function, to whom, text

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(hours=self.shift)

    def do(self, what: str, of: Any) -> None:
        notifier = self.bench.notifier
        match what:
            case "wait":
                self.drain()
                self.move(of)
            case "consent" | "1 a day" | "2 tin moi tuan":
                self.said[of, "consent"].append((self.now, "given"))
                self.said[of, "frequency"].append((self.now, what))
                notifier.consents.add(of, wording="Toi dong y", frequency=what if what in FREQUENCIES else None)
            case "withdraw":
                self.said[of, "consent"].append((self.now, "withdrawn"))
                notifier.consents.withdraw(of)
            case "opt out":
                self.said[of, "opt out"].append((self.now, "out"))
                notifier.contacts.opt_out_phones([of])
            case "register":
                self.said[of, "register"].append((self.now, "in"))
                notifier.law.import_register([of])
            case "call":
                self.bench.put(RecordCall(to=of, record_id="2001"), purpose="advertising")
            case _:
                purpose = "advertising" if what == "ad" else what
                content = f"[QC] so {len(self.texts)}. Tu choi: soan TC gui 8xxx"
                self.texts[content] = purpose, of
                sms = Sms(to=of, content=content, sms_type=3 if what == "ad" else 4)
                self.bench.put(sms, purpose=purpose)

    def move(self, hours: int) -> None:
        """All that is stored was so much earlier."""
        self.shift += hours
        back = f"interval '{hours} hours'"
        with self.bench.database.begin() as session:
            for table, columns in MOVED.items():
                moved = ", ".join(f"{column} = {column} - {back}" for column in columns)
                session.execute(text(f"UPDATE {table} SET {moved}"))
            session.execute(text(f"UPDATE advertised SET at = ARRAY(SELECT unnest(at) - {back})"))
            ledger.find_missed_streams(session)
        self.set_zone()

    def set_zone(self) -> None:
        hour = (7 + self.shift) % 24
        zone: Any = timezone(timedelta(hours=hour - 24 if hour > 12 else hour))  # Postgres takes none beyond 16 hours
        self.bench.settings = replace(self.bench.settings, time_zone=zone)
        self.bench.notifier._intake._settings = self.bench.settings

    def drain(self) -> None:
        self.bench.deliver()
        self.bench.look_after_ledger()
        for each in self.bench.simulator.sends()[len(self.sent) :]:
            [number] = each["phones"]
            self.sent.append((self.now, each["function"], number, each["content"]))

    # The judge...

    def faults(self) -> Iterator[str]:
        """What should not have gone out."""
        ads: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        for at, function, number, content in self.sent:
            channel = "call" if function.startswith("MakeCall") else "sms"
            purpose = "advertising" if channel == "call" else self.texts[content][0]
            if purpose in ("advertising", "reminder") and self.last(number, "opt out", at):
                yield f"{purpose} to who opted out"
            if purpose != "advertising":
                continue
            hour = (at + timedelta(hours=7)).hour
            first, last, most = (8, 17, 1) if channel == "call" else (7, 22, 3)
            if not first <= hour < last:
                yield f"{channel} at {hour}"
            lately = [one for one in ads[number, channel] if at - one < DAY]
            if len(lately) >= most:
                yield f"{channel} number {len(lately) + 1} in a day"
            if frequency := FREQUENCIES.get(self.last(number, "frequency", at) or ""):
                since = max(when for when, _ in self.said[number, "frequency"] if when <= at)
                if (
                    len([one for one in ads[number, channel] if one >= since and at - one < frequency[1]])
                    >= frequency[0]
                ):
                    yield f"{channel} more often than agreed"
            ads[number, channel].append(at)
            if self.last(number, "register", at):
                yield "to a number in the register"
            agreed = self.last(number, "consent", at)
            if agreed == "withdrawn" or (self.consented and agreed != "given"):
                yield f"consent: {agreed}"

    def last(self, number: str, about: str, at: datetime) -> str | None:
        told = [what for when, what in self.said[number, about] if when <= at]
        return told[-1] if told else None


def begun(bench: Bench, consented: bool) -> World:
    empty(bench.database)
    bench.simulator.reset()
    bench.simulator.set(latency=0, pace=0)
    _recent.clear()
    consent = replace(VIETNAM["vn.ads.consent"], mode=Mode.REFUSE if consented else Mode.WARN)
    decree(bench.database, *(VIETNAM | {"vn.ads.consent": consent}).values())
    world = World(bench, consented)
    world.move((9 - datetime.now(UTC).hour - 7) % 24)
    return world


def lived(bench: Bench, consented: bool, steps: list[tuple[str, Any]]) -> None:
    world = begun(bench, consented)
    for what, of in steps:
        event(what)
        world.do(what, of)
    world.drain()
    world.move((9 + 24 - (world.now + timedelta(hours=7)).hour) % 24 or 24)
    world.drain()  # it is morning: what waited for that goes
    assert list(world.faults()) == []
    sent = [content for _, function, _, content in world.sent if not function.startswith("MakeCall")]
    assert len(sent) == len(set(sent))
    assert {each for each, (purpose, _) in world.texts.items() if purpose == "service"} <= set(sent)
    with bench.database.begin() as session:
        waiting = session.execute(text("SELECT reason FROM message WHERE status = 'queued'")).scalars().all()
    assert all(any(word in reason for word in ("count", "hours", "frequency")) for reason in waiting)


SHARED = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
LIVES = given(consented=st.booleans(), steps=st.lists(step, min_size=3, max_size=16))


@settings(SHARED, max_examples=2)
@LIVES
def test_some_lives_keep_the_rules_at_the_simulators_books(
    bench: Bench, consented: bool, steps: list[tuple[str, Any]]
) -> None:
    lived(bench, consented, steps)


@pytest.mark.long
@settings(SHARED, max_examples=int(os.environ.get("ESMS_LIVES", "40")))
@LIVES
def test_many_lives_keep_the_rules_at_the_simulators_books(
    bench: Bench, consented: bool, steps: list[tuple[str, Any]]
) -> None:
    lived(bench, consented, steps)


def test_the_judge_sees_what_no_gate_stopped(bench: Bench) -> None:
    world = begun(bench, consented=True)
    with bench.database.begin() as session:
        session.execute(text("DELETE FROM law_rule"))
    _recent.clear()
    world.move(14)  # it is 23 o'clock
    world.do("1 a day", NUMBERS[0])
    for number in (*[NUMBERS[0]] * 4, NUMBERS[1]):
        world.do("ad", number)
    world.drain()
    assert set(world.faults()) == {
        "sms at 23", "sms number 4 in a day", "sms more often than agreed", "consent: None",
    }  # fmt: skip
