"""Find in GetSmsSentData what became of SMS that no id can be asked about any more; a day's rows serve many of them.

One match settles it. For what eSMS surely took, none may mean that the row is not there yet: it stays open. For what
it may have taken, none means that it was not only where the list has caught up with us, twice: then it is sent. What is
not certain is left to a person: a guess would send twice or lose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from worker import backoff, ledger
from worker.database import Database
from worker.esms import Client, EsmsError, Exchange, Finished, SentSms
from worker.evidence import TWICE, Evidence
from worker.ledger import HttpCall, Known, Look, Lost
from worker.lifecycle import Status
from worker.polling.matching import Ours, Sight, by_number, days_of, shown_to, sighted, some_later
from worker.settings import Pace
from worker.telemetry import emit

LOOKS_MOST = 12  # that prove nothing: four to eight hours
SAMPLE = 50  # rows of others that are tried for being ours

TAKEN = "eSMS took it; its SMSID is lost"
DOUBT = "eSMS may have taken it, and can't be asked again"
FOUND = "its SMSID was lost; found in the sent data by number, text and time"
LOST_MOST = 1000  # looked for at once: a day's sent data is read once for all of them
NOT_THERE = "the sent data does not show it"
WHY = {
    Evidence.SEVERAL: "several rows of the sent data could be it",
    Evidence.ABSENT: NOT_THERE,
    Evidence.ABSENT_SLOW: f"{NOT_THERE}, and may still do so much later",
    Evidence.ABSENT_UNPROVED: f"{NOT_THERE}, and may not be complete",
    Evidence.NO_LIST: "eSMS did not show the sent data",
}
UNPROVED = {Evidence.ABSENT_UNPROVED, Evidence.NO_LIST}

Days = tuple[date, date]  # the first and the last


def find_lost(database: Database, client: Client, exchange: Exchange, pace: Pace) -> int:
    """Look for what is due to be looked for; how many were found, or decided otherwise."""
    with database.begin() as session:
        lost = ledger.claim_lost(session, most=LOST_MOST, lease=pace.lease, window=pace.request_id_window)
    decided: list[Status] = []
    for days, messages in sorted(_by_days(lost).items()):
        looks = list(_look(messages, _sent_on(days, client, exchange), database, pace))
        with database.begin() as session:  # at once: many days of a slow eSMS may outlast the lease
            decided += ledger.looked(session, looks).values()
    _tell(decided)
    return len(decided)


def _tell(decided: Sequence[Status]) -> None:
    if not_taken := decided.count(Status.QUEUED):
        emit("messages.not_taken", messages=not_taken)
    if held := decided.count(Status.HELD):
        emit("messages.held", messages=held)


def _by_days(lost: Sequence[Lost]) -> dict[Days, list[Lost]]:
    days: dict[Days, list[Lost]] = defaultdict(list)
    for each in lost:
        days[days_of(each)].append(each)
    return days


def _sent_on(days: Days, client: Client, exchange: Exchange) -> Finished[Any]:
    exchange.put(days, client.prepare_sent_data(*days))
    while True:
        for finished in exchange.take(1.0):
            return finished


def _look(messages: Sequence[Lost], finished: Finished[Any], database: Database, pace: Pace) -> Iterator[Look]:
    http_call = HttpCall.of(finished.trace, with_reply=False)  # it holds other people's texts
    try:
        rows: Sequence[SentSms] = finished.result()
    except EsmsError as error:
        emit("sent_data.failed", code=error.code, reason=error.reason)
        yield from (_looked(lost, Sight(Evidence.NO_LIST), http_call, pace) for lost in messages)
        return
    of_number = by_number(rows)
    ours = _ours(messages, rows, database)
    shown = shown_to(of_number, ours)
    for lost in messages:
        old = http_call.at - pace.denied_again_after(lost.lane)
        yield _looked(lost, sighted(lost, of_number, ours, shown, old=old), http_call, pace)


def _ours(messages: Sequence[Lost], rows: Sequence[SentSms], database: Database) -> Ours:
    """What we know of the numbers that are looked for, and of some others whose rows tell how far the list goes."""
    others = by_number(some_later(rows, min(lost.until for lost in messages), most=SAMPLE))
    numbers = {lost.phone for lost in messages} | {number for number in others if number}
    with database.begin() as session:
        found = ledger.known_to(session, sorted(numbers), since=min(lost.since for lost in messages))
    known: dict[str, list[Known]] = defaultdict(list)
    for each in found:
        known[each.phone].append(each)
    return known


def _looked(lost: Lost, sight: Sight, http_call: HttpCall, pace: Pace) -> Look:
    evidence = sight.evidence
    if lost.status is Status.UNCONFIRMED and evidence in UNPROVED and lost.polls >= LOOKS_MOST:
        evidence = Evidence.NO_PROOF_FOR_HOURS
    again_after = _again_after(evidence, lost, pace)
    return Look(
        lost=lost,
        evidence=evidence,
        again_after=again_after,
        reason=_reason(lost, sight.evidence),
        sms_id=sight.row.sms_id if sight.row else None,
        price=(sight.row.price or None) if sight.row else None,
        wait=max(backoff.before_looking_again(lost.polls, pace.sent_data_after), again_after or timedelta()),
        http_call=http_call,
    )


def _again_after(evidence: Evidence, lost: Lost, pace: Pace) -> timedelta | None:
    if evidence not in TWICE:
        return None
    return pace.sent_data_complete if evidence in WHY else pace.denied_again_after(lost.lane)


def _reason(lost: Lost, evidence: Evidence) -> str:
    if evidence not in WHY:
        return FOUND
    return f"{TAKEN if lost.status is Status.ACCEPTED else DOUBT}; {WHY[evidence]}"
