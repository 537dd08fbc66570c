"""What is in the way, in the page's words, each with the command that helps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING

from worker.catalogue.pages.now import WORDS
from worker.catalogue.text import Language, moment, number, span
from worker.cli.decisions import resumed
from worker.errors import LET_IT_WRITE
from worker.lifecycle import Status
from worker.reporting import PauseShown, Stopped
from worker.reporting.now import MOST_UNTAKEN
from worker.reporting.operation import SET_ASIDE_MOST

if TYPE_CHECKING:
    from worker.reporting.now import BalanceShown, Now

EN = Language.EN


@dataclass(frozen=True, slots=True)
class Alarm:
    """name: what kind, for programs."""

    name: str
    text: str


def alarms(now: Now, balance: BalanceShown | None, zone: tzinfo) -> Iterator[Alarm]:
    """Those that keep most from being sent come first."""
    yield from _processes(now)
    yield from (_paused(each, zone) for each in now.pauses)
    for limit in now.used_up:
        remedy = "raise it: `esms-worker producers limit SOURCE`"
        yield _alarm("limit_used_up", remedy, source=limit.source, at=moment(limit.until, zone, EN))
    yield from (_alarm("step_fails", what=each) for each in now.troubles)
    yield from (_stopped(each) for each in now.stopped)
    yield from _left(now)
    if balance is not None and balance.days is not None and balance.is_short:
        yield _alarm("money_short", days=number(balance.days, EN, decimals=1))


def _alarm(name: str, remedy: str = "", /, **values: object) -> Alarm:
    """remedy: what else to do than the sentence says."""
    said = WORDS[name].say(EN, **values)
    return Alarm(name, f"{said.rstrip('.:')}: {remedy}" if remedy else said)


def _processes(now: Now) -> Iterator[Alarm]:
    if not now.takes_writes:  # who is at work can't say so
        yield Alarm("no_writes", f"Nothing is sent or changed: Postgres takes no writes: {LET_IT_WRITE}")
    elif not now.has_room:
        yield Alarm("no_room", "Nothing is sent: Postgres is out of disk space: make room, and all goes on by itself")
    elif now.starting and (now.missing or not now.beats):
        told = f"Started {span(now.seconds_since_start or 0, EN)} ago: not all parts have been heard of yet."
        yield Alarm("just_started", told)
    elif now.seconds_since_beat is None:
        yield _alarm("beat_never")
    elif not now.beats:
        yield _alarm("beat_silent", span=span(now.seconds_since_beat, EN))
    elif now.missing:
        yield _alarm("nobody_listens", queues=", ".join(now.missing))


def _paused(each: PauseShown, zone: tzinfo) -> Alarm:
    name = "lane_paused" if each.lane else "campaign_paused"
    said = WORDS[name].say(EN, name=each.lane or each.campaign, reason=each.reason)
    since = WORDS["paused_since"].say(EN, at=moment(each.since, zone, EN))
    return Alarm(name, f"{said}, {since}: {resumed(each)}")


def _stopped(each: Stopped) -> Alarm:
    name = "rerun_failed" if each.code is None else "rerun_cancelled" if each.was_cancelled else "rerun_stopped"
    what = each.campaign or WORDS["rerun_messages"].say(EN, name=each.asked_by)
    counts = {"moved": number(each.moved, EN), "rest": number(each.messages - each.moved, EN)}
    return _alarm(name, "see `esms-worker doctor`", what=what, code=each.code or "–", **counts)


def _left(now: Now) -> Iterator[Alarm]:
    """What a person has to look at or decide about."""
    if count := len(now.set_aside):
        told = f"{count}+" if count == SET_ASIDE_MOST else f"{count}"
        yield _alarm("follow_ups_wait", "`esms-worker retry --go-on --all`", count=told)
    for each in now.refused:
        remedy = f"{each.reason}: `esms-worker refused list`"
        yield _alarm("no_tasks", remedy, times=number(each.times, EN), queue=each.queue)
    if now.untaken:
        told = number(now.untaken, EN) + ("+" if now.untaken == MOST_UNTAKEN else "")
        yield _alarm("untaken", "`esms-worker refused list`", count=told)
    if held := now.standing_in(Status.HELD):
        yield Alarm("held", f"{WORDS['held'].en}: {number(held, EN)}: `esms-worker held list`")
