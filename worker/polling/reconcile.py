"""Find in GetSmsSentData what became of SMS that no id can be asked about any more; a day's rows serve many of them.

One match settles it. For what eSMS surely took, none may mean that the row is not there yet: it stays open. For what
it may have taken, none twice in a row means that it was not: it is sent. Several that could be it, or eSMS's silence,
leave it to a person: a guess would send twice or lose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from enum import Enum
from typing import Any

from worker import backoff, ledger
from worker.database import Database
from worker.esms import Client, EsmsError, Exchange, Finished, SentSms
from worker.ledger import HttpCall, Look, Lost
from worker.lifecycle import Status
from worker.polling.matching import days_of, end_of, matches
from worker.settings import Pace
from worker.telemetry import emit

ABSENCES_PROVE = 2  # looks in a row without a trace
LOOKS_MOST = 12  # without an answer: about nine hours

TAKEN = "eSMS took it; its SMSID is lost"
DOUBT = "eSMS may have taken it, and can't be asked again"
FOUND = "its SMSID was lost; found in the sent data by number, text and time"


Days = tuple[date, date]  # the first and the last


class Sight(Enum):
    """Why a look did not find it."""

    ABSENT = "the sent data does not show it"
    SEVERAL = "several rows of the sent data could be it"
    UNANSWERED = "eSMS did not show the sent data"


def find_lost(database: Database, client: Client, exchange: Exchange, pace: Pace) -> int:
    """Look for what is due to be looked for; how many were found, or proved not taken."""
    with database.begin() as session:
        lost = ledger.claim_lost(session, most=pace.claim_most * 10, lease=pace.lease, window=pace.request_id_window)
    decided: list[Look] = []
    for days, messages in sorted(_by_days(lost).items()):
        looks = list(_look(messages, _sent_on(days, client, exchange), database, pace))
        with database.begin() as session:  # at once: many days of a slow eSMS may outlast the lease
            won = ledger.looked(session, looks)
        decided += [look for look in looks if look.outcome and look.lost.message_id in won]
    _tell(decided)
    return len(decided)


def _tell(decided: Sequence[Look]) -> None:
    if not_taken := sum(look.status is Status.QUEUED for look in decided):
        emit("messages.not_taken", messages=not_taken)
    if held := sum(look.status is Status.HELD for look in decided):
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
        yield from (_not_found(lost, Sight.UNANSWERED, http_call, pace) for lost in messages)
        return
    known = _known(database, rows)
    # Advertising requests that are in the data, at least for some of their recipients, found now or earlier.
    seen = {request_id for request_id in known.values() if request_id}
    absent: list[Lost] = []
    for alike, could_be in matches(messages, rows, known):
        if not could_be:
            absent += alike
        elif len(alike) > 1 or len(could_be) > 1:
            yield from (_not_found(lost, Sight.SEVERAL, http_call, pace) for lost in alike)
        else:
            yield _found(alike[0], could_be[0], http_call, pace)
        seen |= {lost.request_id for lost in alike if lost.request_id} if could_be else set()
    for lost in absent:
        yield _not_found(lost, Sight.SEVERAL if lost.request_id in seen else Sight.ABSENT, http_call, pace)


def _known(database: Database, rows: Sequence[SentSms]) -> dict[tuple[str, str], str | None]:
    sms_ids = [row.sms_id for row in rows if row.sms_id is not None]
    with database.begin() as session:
        return ledger.known(session, sms_ids)


def _found(lost: Lost, row: SentSms, http_call: HttpCall, pace: Pace) -> Look:
    if row.sms_id is not None:
        return Look(
            lost=lost,
            status=Status.ACCEPTED,
            sms_id=row.sms_id,
            reason=FOUND,
            outcome="SMSID found",
            http_call=http_call,
        )
    if lost.status is Status.UNCONFIRMED:  # that it was taken is known now; what became of it, the next look tells
        return Look(lost=lost, status=Status.ACCEPTED, reason=FOUND, outcome="found", http_call=http_call)
    if (end := end_of(row)) is not None:
        return Look(lost=lost, status=end, reason=FOUND, outcome=str(end), http_call=http_call)
    return _later(lost, Sight.ABSENT, pace)


def _not_found(lost: Lost, sight: Sight, http_call: HttpCall, pace: Pace) -> Look:
    if lost.status is Status.ACCEPTED:
        return _later(lost, sight, pace)
    reason = f"{DOUBT}; {sight.value}"
    if sight is Sight.ABSENT and lost.absences + 1 >= ABSENCES_PROVE:
        if lost.handed_over:  # it may stand there under another day, or still be to come: sending it could double it
            return Look(lost=lost, status=Status.HELD, reason=reason, outcome="held", http_call=http_call)
        reason = "eSMS did not take it: the sent data does not show it"
        return Look(lost=lost, status=Status.QUEUED, reason=reason, outcome="not taken", http_call=http_call)
    if sight is Sight.SEVERAL or (sight is Sight.UNANSWERED and lost.polls >= LOOKS_MOST):
        return Look(lost=lost, status=Status.HELD, reason=reason, outcome="held", http_call=http_call)
    return _later(lost, sight, pace, http_call)


def _later(lost: Lost, sight: Sight, pace: Pace, http_call: HttpCall | None = None) -> Look:
    known = TAKEN if lost.status is Status.ACCEPTED else DOUBT
    return Look(
        lost=lost,
        status=lost.status,
        reason=f"{known}; {sight.value} (yet)",
        absent=sight is Sight.ABSENT,
        wait=backoff.before_looking_again(lost.polls, pace.sent_data_after),
        outcome="absent" if http_call and sight is Sight.ABSENT else None,
        http_call=http_call,
    )
