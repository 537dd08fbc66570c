"""Which row of the sent data could be which message: by number, text and time, and what stands against it. Pure.

A row that is missed would be sent again, and one that is taken for another's loses a message: what is not certain both
ways is left to a person.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from worker import phone
from worker.esms import VIETNAM, Function, SentSms
from worker.esms.codes import Verdict, meaning_of
from worker.evidence import Evidence
from worker.ledger import Known, Lost
from worker.lifecycle import Lane, Status
from worker.polling.answers import DELETED, FINISHED, REFUSED
from worker.text import strip_diacritics

# Wide on purpose: clocks and time zones differ, slow types wait at eSMS for hours, and an SMS in doubt was asked for
# over a day.
EARLIER, LATER = timedelta(hours=12), timedelta(hours=36)
CLOCKS = timedelta(minutes=30)  # by so much eSMS's clock may be behind ours
ADDED_MOST = 4  # words that may stand before a text, or after it: `[QC]`, a brandname

Rows = Mapping[str | None, Sequence[SentSms]]  # by E.164; None: the number can't be read
Ours = Mapping[str, Sequence[Known]]  # by E.164


@dataclass(frozen=True, slots=True)
class Sight:
    """What the list shows of one message; its row where only one can be meant."""

    evidence: Evidence
    row: SentSms | None = None


def days_of(lost: Lost) -> tuple[date, date]:
    """The first and last day, in Viet Nam, on which its row may be in the sent data."""
    first, last = (moment.astimezone(VIETNAM).date() for moment in (lost.since - EARLIER, lost.since + LATER))
    return first, last


def by_number(rows: Iterable[SentSms]) -> Rows:
    """The rows of each number."""
    found: dict[str | None, list[SentSms]] = defaultdict(list)
    for row in rows:
        found[phone.e164_of(row.phone)].append(row)
    return found


def sighted(lost: Lost, rows: Rows, ours: Ours, shown_to: datetime | None, *, old: datetime) -> Sight:
    """What the list shows of this message.

    shown_to: when the latest of our SMS that it shows was taken. old: what was sent before has had its time to arrive.
    """
    known = ours.get(lost.phone, ())
    learned = {sms_id for each in known for sms_id in each.sms_ids}
    free = [row for row in rows.get(lost.phone, ()) if row.sms_id is None or row.sms_id not in learned]
    own = [row for row in free if alike(row.content, lost.content) and not _from_before(row, lost)]
    if own:
        one = len(own) == 1 and not any(_may_be_of(own[0], each, lost) for each in known)
        return Sight(_found(own[0], lost, old), own[0]) if one else Sight(Evidence.SEVERAL)
    if any(not any(_may_be_of(row, each, lost) for each in known) for row in free):
        return Sight(Evidence.SEVERAL)  # it may be this one, with another text or from another clock
    unread = any(not row.content or alike(row.content, lost.content) for row in rows.get(None, ()))
    if unread or shown_to is None or shown_to < lost.until:
        return Sight(Evidence.ABSENT_UNPROVED)
    slow = lost.handed_over or lost.lane is Lane.BULK
    return Sight(Evidence.ABSENT_SLOW if slow else Evidence.ABSENT)


def _from_before(row: SentSms, lost: Lost) -> bool:
    return row.sent_at is not None and row.sent_at < lost.since - CLOCKS


def _may_be_of(row: SentSms, known: Known, lost: Lost) -> bool:
    """Could this row, which no SMSID gives to anybody, be another SMS of ours, or an earlier attempt of this one?"""
    if known.emptied_after is not None:
        return _may_be_of_emptied(row, known)
    if not alike(row.content, known.content):
        return False
    if known.message_id == lost.message_id:
        return known.tried_before and row.sms_id is None and (row.sent_at is None or _from_before(row, lost))
    sent_before = row.sent_at is not None and row.sent_at < known.created_at - CLOCKS
    return known.tried and not sent_before and (row.sms_id is None or known.sms_id is None)


def _may_be_of_emptied(row: SentSms, known: Known) -> bool:
    """Nobody can compare its text any more: whatever was sent until it ended may be it."""
    assert known.emptied_after is not None
    first, last = known.created_at - CLOCKS, known.emptied_after + CLOCKS
    meanwhile = row.sent_at is None or first <= row.sent_at <= last
    return known.tried and meanwhile and (row.sms_id is None or known.sms_id is None)


def shown_to(rows: Rows, ours: Ours) -> datetime | None:
    """When the latest of our SMS that the list shows was taken; None where it shows none for certain."""
    return max(_shown(rows, ours), default=None)


def _shown(rows: Rows, ours: Ours) -> Iterator[datetime]:
    for number, known in ours.items():
        taken = {each.sms_id: each.taken_at for each in known if each.sms_id and each.taken_at}
        for row in rows.get(number, ()):
            moment = _taken_by_text(row, known) if row.sms_id is None else taken.get(row.sms_id)
            if moment is not None:
                yield moment


def _taken_by_text(row: SentSms, known: Sequence[Known]) -> datetime | None:
    could_be = [each for each in known if each.tried and alike(row.content, each.content)]
    if len(could_be) != 1 or row.sent_at is None:
        return None
    moment = could_be[0].taken_at
    return moment if moment and row.sent_at >= moment - CLOCKS else None


def some_later(rows: Iterable[SentSms], moment: datetime, *, most: int) -> list[SentSms]:
    """Rows of about that moment or later, as many as it takes to find some of ours; those with an SMSID first."""
    later = [row for row in rows if row.sent_at is None or row.sent_at >= moment - CLOCKS]
    return sorted(later, key=lambda row: row.sms_id is None)[:most]


# Texts...


def alike(sent: str, text: str) -> bool:
    """Are these the same but for accents, case, blanks, signs, and a few words before or after the text as sent?"""
    theirs, our = _words(sent), _words(text)
    if theirs == our:
        return bool(our) or sent.strip() == text.strip()
    added = len(theirs) - len(our)
    if not our or not 0 < added <= 2 * ADDED_MOST:
        return False
    starts = range(max(0, added - ADDED_MOST), min(added, ADDED_MOST) + 1)
    return any(theirs[start : start + len(our)] == our for start in starts)


@lru_cache(maxsize=4096)
def _words(content: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", strip_diacritics(content).casefold()))


# What one row says...

# The manual's SentStatus is published as a truth value; as a number it would be a SendStatus, which tells less.
SPOKEN = {"true": True, "false": False}
ENDED = {REFUSED, DELETED}


def _found(row: SentSms, lost: Lost, old: datetime) -> Evidence:
    if row.sms_id is not None:
        return Evidence.ROW_WITH_ID
    return Evidence.ROW_TAKEN if lost.status is Status.UNCONFIRMED else end_of(row, old)


def end_of(row: SentSms, old: datetime) -> Evidence:
    """What the row says became of it. old: a SentTime before it is long enough ago for `false` to mean no."""
    arrived = row.delivered if row.delivered is not None else SPOKEN.get((row.sent_status or "").lower())
    refused = row.send_status in ENDED or _is_refusal(row.code)
    if arrived:
        return Evidence.ROW_ARRIVED if row.send_status in (None, FINISHED) and not refused else Evidence.ROW_OPEN
    if refused:
        return Evidence.ROW_REFUSED
    over = row.send_status == FINISHED or (row.send_status is None and row.sent_at is not None and row.sent_at <= old)
    return Evidence.ROW_NOT_ARRIVED if arrived is False and over else Evidence.ROW_OPEN


def _is_refusal(code: str | None) -> bool:
    meaning = meaning_of(Function.SEND_SMS, code) if code else None
    return meaning is not None and meaning.verdict is Verdict.REFUSED
