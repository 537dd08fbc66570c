"""Put notifications and their messages in the ledger, many in one statement.

Reminders and advertising for a number that opted out are stored and cancelled at once, so that people can see why.
A reference that its source used before is not inserted: the caller gets the first notification's id and fingerprint.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.ahead import goes_ahead
from worker.law.outlook import RuleOutlook
from worker.law.rules import Did, rule_in
from worker.ledger.insert_statements import PUTS, promise
from worker.ledger.opt_out import Withheld, withheld_of, withhold_all_of
from worker.ledger.plans import fit_to, messages_of
from worker.ledger.rows import as_rows
from worker.ledger.rule_outlook import NumberRules, rule_outlook_of_stored
from worker.ledger.rule_uses import Uses, note_uses
from worker.ledger.streams import stream_key
from worker.lifecycle import FOR_THE_WILLING, PURPOSE, Kind, Lane, Purpose
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What many notifications may share: everything but recipients, text and reference. Passed once for all of them."""

    kind: Kind
    purpose: Purpose
    lane: Lane
    grouped: bool
    source: str
    campaign: str | None
    options: dict[str, Any]
    send_date: datetime | None
    hand_over: bool
    expires_at: datetime | None
    horizon: timedelta  # how long after its date it is still sent, where the producer gave no expires_at
    wanted_by: str | None = None  # who has it sent again; None: its producer
    follow_up: dict[str, Any] | None = None  # what is to follow by itself; see ledger/follow_ups.py
    not_before: datetime | None = None  # by a sending rule, which `waits` names
    waits: str | None = None
    number_rules: NumberRules | None = None  # of advertising: the rules about which `Put.rules` tells
    warnings: tuple[str, ...] = ()  # of hours that only warn

    @property
    def due_at(self) -> datetime | None:
        """None: at once."""
        return self.not_before or (None if self.hand_over else self.send_date)


@dataclass(slots=True)  # not frozen: tens of thousands a second are made, and that would take three times as long
class Stored:
    """One notification as it is to stand in the ledger, with one message per recipient."""

    id: UUID
    terms: Terms
    messages: Sequence[tuple[str, str]]  # id in 32 hexadecimal digits, phone in E.164
    requests: Sequence[int]  # of advertising: how many of them go out together, in their order
    reference: str | None
    content: str | None
    segments: int | None  # SMS that one recipient's text is billed as; None for a call
    plain_segments: int | None  # where it were fewer without accents: how many
    template_id: str | None
    fingerprint: str
    replaces: Mapping[str, UUID] | None = None  # by phone, the message that each takes the place of


@dataclass(frozen=True, slots=True)
class First:
    """The notification that has a reference already, and what it is."""

    id: UUID
    fingerprint: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Put:
    """What came of storing. firsts: notifications that were there already, by source and reference.

    opted_out: numbers whose messages were cancelled at once, by notification. rules: what the sending rules would do to
    the others of a new notification, if they went out now.
    """

    firsts: Mapping[tuple[str, str], First]
    opted_out: Mapping[UUID, Sequence[str]]
    rules: Mapping[UUID, Sequence[RuleOutlook]]

    def __or__(self, other: Put) -> Put:
        """Both."""
        return Put(
            {**self.firsts, **other.firsts}, {**self.opted_out, **other.opted_out}, {**self.rules, **other.rules}
        )


_FOLLOW = text(promise(f"unnest({messages_of(':ids')}) AS i (id) {by_key('message', 'm', of='i.id')}"))

_FIRST_OF_REFERENCE = text(f"""
    SELECT n.source, n.reference, n.id, n.fingerprint, {PURPOSE} AS purpose
    FROM notification AS n
    JOIN unnest(CAST(:source AS text[]), CAST(:reference AS text[])) AS asked (source, reference)
      ON (n.source, n.reference) = (asked.source, asked.reference)
""")


_STANDS = text("SELECT EXISTS (SELECT FROM notification WHERE source = :source AND reference = :reference)")


def stands(session: Session, *, source: str, reference: str) -> bool:
    """Is there a notification with this reference?"""
    return bool(session.scalar(_STANDS, {"source": source, "reference": reference}))


def is_one_statement(rows: Sequence[Stored]) -> bool:
    """Does `put` ask one thing alone, whose error undoes all of it? So it is with most of what goes out by itself."""
    if len(rows) != 1:
        return False
    terms = rows[0].terms
    return not (terms.purpose in FOR_THE_WILLING or terms.follow_up or terms.waits or terms.number_rules)


MANY = 100  # notifications of one statement, from which on its plans are looked after (`fit_to`)


def put(
    session: Session, rows: Sequence[Stored], laid_out: Mapping[str, str] | None = None, *, ahead: bool = False
) -> Put:
    """Insert them, except those whose reference is taken, and cancel at once what a recipient does not want.

    laid_out: the same rows by `lay_out`, if that was done before. ahead: the commit does not wait for the disk.
    """
    if ahead:
        goes_ahead(session)
    if len(rows) >= MANY:
        fit_to(session, len(rows))
    statement = PUTS[any(row.reference is not None for row in rows), ahead]
    repeated = set(session.scalars(statement, laid_out or lay_out(rows)).all()) if rows else set()
    fresh = [row for row in rows if row.id not in repeated] if repeated else rows
    if followed := [row.id for row in fresh if row.terms.follow_up]:
        session.execute(_FOLLOW, {"ids": followed})
    repeats = [row for row in rows if row.id in repeated]
    firsts = _firsts(session, repeats)
    stored = complete(session, fresh, firsts) | Put({}, _by_notification(_withheld_of(session, firsts)), {})
    # A reference that was removed since the first statement stands for nothing any more: that row is stored after all.
    new = [row for row in repeats if (row.terms.source, row.reference) not in firsts]
    return stored | put(session, new) if new else stored


def complete(session: Session, rows: Sequence[Stored], firsts: Mapping[tuple[str, str], First]) -> Put:
    """After they are inserted: cancel what a recipient does not want, and note which rules make the others wait."""
    opted_out = _by_notification(
        withhold_all_of(session, [row.id for row in rows if row.terms.purpose in FOR_THE_WILLING])
    )
    _note_waiting(session, [row for row in rows if row.terms.waits])
    return Put(firsts, opted_out, rule_outlook_of_stored(session, rows, opted_out))


def _withheld_of(session: Session, firsts: Mapping[tuple[str, str], First]) -> Withheld:
    return withheld_of(session, [first.id for first in firsts.values() if first.purpose in FOR_THE_WILLING])


def _by_notification(withheld: Withheld) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    for id_, phone in withheld:
        found[id_].append(phone)
    return found


def _note_waiting(session: Session, rows: Sequence[Stored]) -> None:
    """Note the rule that made these wait: stored with a later date, they pass no claim that would note it."""
    held: Uses = Counter()
    for row in rows:
        held[rule_in(str(row.terms.waits)), Did.HELD] += len(row.messages)
    if held and (until := rows[0].terms.not_before):
        note_uses(session, datetime.now(until.tzinfo).date(), held)


def lay_out(rows: Sequence[Stored]) -> dict[str, str]:
    """The rows as parameters; made beforehand, so that the thread that stores only waits for Postgres."""
    places: dict[int, int] = {}  # of terms by identity; equal ones may be there twice
    terms: list[dict[str, Any]] = []
    firsts: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for row in rows:
        if (place := places.get(id(row.terms))) is None:
            place = places[id(row.terms)] = len(terms)
            terms.append(terms_as_row(row.terms, place))
        first, *more = _messages(row, place)
        firsts.append(first)
        others += more
    return {"terms": as_rows(terms), "rows": as_rows(firsts), "others": as_rows(others)}


def terms_as_row(terms: Terms, place: int) -> dict[str, Any]:
    """Terms as a row of the parameter. place: the number by which other rows refer to them."""
    return {"t": place, "stream": stream_key(terms.source, terms.campaign)} | {
        name: getattr(terms, name) for name in _TERMS
    }


_TERMS = [field.name for field in fields(Terms) if field.name not in ("number_rules", "warnings")]


def _messages(row: Stored, place: int) -> list[dict[str, Any]]:
    """A row for each recipient; the first brings the notification along. A key that is absent becomes NULL."""
    messages: list[dict[str, Any]] = [
        {"id": row.id, "t": place, "message_id": id_, "phone": phone} for id_, phone in row.messages
    ]
    for message, request_id in zip(messages, request_ids(row), strict=False):
        message["request_id"] = request_id
    first = messages[0]
    first["content"], first["segments"], first["fingerprint"] = row.content, row.segments, row.fingerprint
    first["reference"], first["template_id"] = row.reference, row.template_id
    if row.plain_segments is not None:
        first["plain_segments"] = row.plain_segments
    return messages


def request_ids(row: Stored) -> Iterator[str]:
    """Each advertising message's RequestId: that of its request's first one. Other messages get theirs when claimed."""
    firsts = accumulate(row.requests[:-1], initial=0)
    return (row.messages[first][0] for first, size in zip(firsts, row.requests, strict=False) for _ in range(size))


def _firsts(session: Session, repeats: Sequence[Stored]) -> dict[tuple[str, str], First]:
    if not repeats:
        return {}
    asked = {"source": [row.terms.source for row in repeats], "reference": [row.reference for row in repeats]}
    found = session.execute(_FIRST_OF_REFERENCE, asked)
    return {(row.source, row.reference): First(row.id, row.fingerprint, Purpose(row.purpose)) for row in found}
