"""Which row of the sent data could be which message: by number, text and time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta

from worker import phone
from worker.esms import VIETNAM, SentSms
from worker.ledger import Lost
from worker.lifecycle import Status

# Wide on purpose: clocks and time zones differ, slow types wait at eSMS for hours, and an SMS in doubt was asked for
# over a day. A row that is missed would be sent again; one too many is left to a person.
EARLIER, LATER = timedelta(hours=12), timedelta(hours=36)

Key = tuple[str, str]  # E.164, text


def days_of(lost: Lost) -> tuple[date, date]:
    """From which day on to which, in Viet Nam, its row would stand."""
    first, last = (moment.astimezone(VIETNAM).date() for moment in (lost.since - EARLIER, lost.since + LATER))
    return first, last


def matches(
    messages: Sequence[Lost], rows: Sequence[SentSms], known: Collection[tuple[str, str]]
) -> Iterator[tuple[list[Lost], list[SentSms]]]:
    """Messages that can't be told apart, with all the rows that could be theirs and are nobody's yet."""
    free = _by_key(rows, known)
    for key, alike in _alike(messages).items():
        yield alike, free.get(key, [])


def _by_key(rows: Iterable[SentSms], known: Collection[tuple[str, str]]) -> dict[Key, list[SentSms]]:
    keyed: dict[Key, list[SentSms]] = defaultdict(list)
    for row in rows:
        number = phone.e164_of(row.phone)
        if number and (row.sms_id, number) not in known:
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


# The manual's SentStatus is published as a truth value; as a number it would be a SendStatus, which tells less.
SPOKEN = {"true": Status.DELIVERED, "false": Status.UNDELIVERED}
UNFINISHED = {0, 1, 2, 3}
ENDED = {4: Status.REJECTED, 6: Status.REJECTED}


def end_of(row: SentSms) -> Status | None:
    """What became of it, once that is over: a failure is one only when eSMS has finished trying."""
    if row.code not in (None, "100"):
        return Status.REJECTED
    if row.send_status in UNFINISHED:
        return None
    if row.delivered is not None:
        return Status.DELIVERED if row.delivered else Status.UNDELIVERED
    return SPOKEN.get((row.sent_status or "").lower()) or ENDED.get(row.send_status or 0)
