"""Find what eSMS took without our learning its SMSID: by number, text and time in GetSmsSentData, a day for many.

One match settles it. None may mean that the row is not there yet, several that the same text went to the same number
twice: both stay open, and end as unknown rather than as a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from worker import backoff, ledger, phone
from worker.database import Database
from worker.esms import VIETNAM, Client, EsmsError, Exchange, SentSms, Trace
from worker.ledger import Evidence, Found, Lost
from worker.lifecycle import Status
from worker.settings import Pace
from worker.telemetry import emit

EARLIER, LATER = timedelta(minutes=10), timedelta(days=1)  # clocks differ; slow types wait at eSMS for hours

Key = tuple[str, str]  # E.164, text

NONE_YET = "eSMS took it; its SMSID is lost, and the sent data does not show it (yet)"
UNANSWERED = "eSMS took it; its SMSID is lost, and eSMS did not show the sent data"
SEVERAL = "eSMS took it; its SMSID is lost, and several rows of the sent data could be it"


def find_lost(database: Database, client: Client, exchange: Exchange, pace: Pace) -> int:
    """Look for what is due to be looked for; how many were found."""
    with database.begin() as session:
        lost = ledger.claim_lost(session, most=pace.claim_most * 10, lease=pace.lease)
    search = _Search(lost, pace)
    for day, messages in sorted(_by_day(lost).items()):
        rows, trace = _sent_on(day, client, exchange)
        if trace is not None:
            search.look(messages, rows, trace, _known(database, rows))
        else:
            search.unanswered.update(messages)
    with database.begin() as session:
        found = ledger.settle_lost(session, search.found)
        ledger.look_later(session, list(search.still_open()))
    return len(found)


@dataclass
class _Search:
    lost: Sequence[Lost]
    pace: Pace
    found: list[Found] = field(default_factory=list)
    unanswered: set[Lost] = field(default_factory=set)
    _ambiguous: set[Lost] = field(default_factory=set)

    def look(self, messages: Sequence[Lost], rows: Sequence[SentSms], trace: Trace, known: set[str]) -> None:
        """Match these messages with the rows of their day that belong to nobody yet."""
        free = _by_key(row for row in rows if row.sms_id is None or row.sms_id not in known)
        for key, alike in _alike(messages).items():
            matches = [row for row in free.get(key, ()) if _may_be(row, alike[0])]
            if len(alike) > 1 or len(matches) > 1:
                self._ambiguous.update(alike if matches else ())
            elif matches and (found := _found(alike[0], matches[0], trace)):
                self.found.append(found)

    def still_open(self) -> Iterator[tuple[Lost, timedelta, str]]:
        """What was not found, until when to wait, and why."""
        settled = {found.lost for found in self.found}
        for lost in self.lost:
            if lost not in settled:
                wait = backoff.before_polling_again(lost.polls, self.pace.sent_data_after)
                yield lost, wait, self._why(lost)

    def _why(self, lost: Lost) -> str:
        if lost in self.unanswered:
            return UNANSWERED
        return SEVERAL if lost in self._ambiguous else NONE_YET


def _by_day(lost: Sequence[Lost]) -> dict[date, list[Lost]]:
    days: dict[date, list[Lost]] = defaultdict(list)
    for each in lost:
        days[each.since.astimezone(VIETNAM).date()].append(each)
    return days


def _sent_on(day: date, client: Client, exchange: Exchange) -> tuple[Sequence[SentSms], Trace | None]:
    """The rows of a day and the one after it, for what is sent across midnight; no trace: eSMS did not say."""
    exchange.put(day, client.prepare_sent_data(day, day + timedelta(days=1)))
    while True:
        for finished in exchange.take(1.0):
            try:
                return finished.result(), finished.trace
            except EsmsError as error:
                emit("sent_data.failed", day=day, reason=error.reason)
                return (), None


def _known(database: Database, rows: Sequence[SentSms]) -> set[str]:
    sms_ids = [row.sms_id for row in rows if row.sms_id is not None]
    with database.begin() as session:
        return ledger.known(session, sms_ids)


def _by_key(rows: Iterator[SentSms]) -> dict[Key, list[SentSms]]:
    keyed: dict[Key, list[SentSms]] = defaultdict(list)
    for row in rows:
        if number := phone.e164_of(row.phone):
            keyed[number, _bare(row.content)].append(row)
    return keyed


def _alike(messages: Sequence[Lost]) -> dict[Key, list[Lost]]:
    keyed: dict[Key, list[Lost]] = defaultdict(list)
    for each in messages:
        keyed[each.phone, _bare(each.content)].append(each)
    return keyed


def _bare(content: str) -> str:
    """eSMS may trim a text or fold its line ends."""
    return " ".join(content.split())


def _may_be(row: SentSms, lost: Lost) -> bool:
    at: datetime | None = row.sent_at
    return at is None or lost.since - EARLIER <= at <= lost.since + LATER


# The manual's SentStatus is published as a truth value; as a number it would be a SendStatus, which tells less.
SPOKEN = {"true": Status.DELIVERED, "false": Status.UNDELIVERED}
UNFINISHED = {0, 1, 2, 3}
ENDED = {4: Status.REJECTED, 6: Status.REJECTED}


def _status(row: SentSms) -> Status | None:
    if row.delivered is not None:
        return Status.DELIVERED if row.delivered else Status.UNDELIVERED
    return SPOKEN.get((row.sent_status or "").lower()) or ENDED.get(row.send_status or 0)


def _is_over(row: SentSms) -> bool:
    """A failure is one only when eSMS has finished trying."""
    return row.send_status is None or row.send_status not in UNFINISHED


def _found(lost: Lost, row: SentSms, trace: Trace) -> Found | None:
    status = _status(row)
    if row.sms_id is None and (status is None or not _is_over(row)):
        return None
    evidence = Evidence.of(trace, with_reply=False)  # it holds other people's texts
    return Found(lost=lost, sms_id=row.sms_id, status=status, evidence=evidence)
