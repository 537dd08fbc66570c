"""Take many requests into the ledger at once: check all, store all, or refuse all.

A `reference` that this source used before gives back the first ticket, so that a producer may safely ask twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

from worker import ledger
from worker.errors import Conflict, Invalid
from worker.ids import uuid7s, uuid7s_as_text
from worker.intake.checks import Checked, Checks
from worker.intake.follow_up import check_reach
from worker.intake.remarks import waiting_of
from worker.intake.request import Enqueue
from worker.intake.storing import AT_ONCE, MOST_UNDER_WAY, storing
from worker.law.outlook import RuleOutlook
from worker.ledger import Put, Stored, Terms
from worker.lifecycle import Lane
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a producer gets for a request: the notification's id, to ask about, cancel or retry it by."""

    id: UUID
    messages: int
    """Recipients, each counted once."""
    duplicates: tuple[str, ...] = field(default=(), repr=False)
    """Recipients that were named again, E.164."""
    repeated: bool = False
    """The reference was there already: this is the first ticket, nothing new was stored."""
    opted_out: tuple[str, ...] = field(default=(), repr=False)
    """Recipients that opted out of what this is for, E.164: their messages were cancelled at once."""
    warnings: tuple[str, ...] = ()
    """What is taken all the same, one line each: a service text that reads like advertising, say."""
    not_before: datetime | None = None
    """When the first of it may go out (UTC), where a sending rule has it wait; why, is in `waits` of its status."""
    rules: tuple[RuleOutlook, ...] = ()
    """What sending rules about hours and recipients would do to its messages as things stand. A note, no promise."""


def accept(
    session: Session,
    wanted: Iterable[Enqueue],
    settings: Settings,
    *,
    now: datetime,
    late: bool = False,
    beside: bool = False,
    ahead: bool = False,
) -> tuple[list[Ticket], set[Lane]]:
    """Store them in the session's transaction; the tickets in order, and the lanes that have something due.

    late: what came through a broker may be late without anybody's fault: a date that has passed is no error then.
    beside: nobody else uses the session, so that some are stored while the next are checked.
    ahead: the commit of one code need not wait for the disk, since the caller does: `Ahead.catch_up`.
    Raises Invalid or Conflict; the caller's transaction is then to be rolled back.
    """
    placed = zip(enumerate(wanted), repeat(None), strict=False)
    return _by_turns(session, placed, settings, _checked, _ticket, now=now, late=late, beside=beside, ahead=ahead)


def accept_each(
    session: Session,
    wanted: Iterable[Enqueue | Invalid],
    settings: Settings,
    *,
    now: datetime,
    late: bool = True,
    ids: Sequence[UUID] | None = None,
    beside: bool = False,
    ahead: bool = False,
) -> tuple[list[Ticket | Invalid | Conflict], set[Lane]]:
    """Store those that can be sent, and say of each other one why not, in order; one that is wrong holds up no other.

    wanted: an Invalid stands for one that was wrong before it came here. late, beside, ahead: as for `accept`.
    ids: theirs, where they have some already.
    """
    known = zip(wanted, repeat(None) if ids is None else ids, strict=ids is not None)
    return _by_turns(
        session, known, settings, _checked_or_error, _ticket_or_conflict, now=now, late=late, beside=beside, ahead=ahead
    )


def _by_turns(
    session: Session,
    wanted: Iterable[tuple[T, UUID | None]],
    settings: Settings,
    check: Callable[[T, Checks], Checked | Invalid],
    ticket: Callable[[Checked, Stored, Put], Any],
    *,
    now: datetime,
    late: bool,
    beside: bool,
    ahead: bool,
) -> tuple[list[Any], set[Lane]]:
    """Each with its id, where it has one; some are stored while the next are checked."""
    answers: list[Any] = []
    due: set[Lane] = set()
    with storing(session, beside=beside, ahead=ahead) as store:
        checks = Checks(settings, now=now, late=late, **_asked(store.alone, settings))
        under_way: deque[Callable[[], list[Any]]] = deque()
        for chunk in _chunks(iter(wanted)):
            checked = [check(item, checks) for item, _ in store.giving_way(chunk)]
            good = [item for item in checked if isinstance(item, Checked)]
            given = [id_ for (_, id_), item in zip(chunk, checked, strict=True) if id_ and isinstance(item, Checked)]
            stored = _stored(good, settings, given)
            put = store.put(stored, whole=len(chunk) == 1 and not under_way)
            if len(under_way) == MOST_UNDER_WAY:
                answers += under_way.popleft()()
            under_way.append(partial(_answers, checked, stored, put, ticket))
            due |= _due(good, now)
        return [*answers, *chain.from_iterable(of_chunk() for of_chunk in under_way)], due


class InPlaceOf(NamedTuple):
    """A request, the messages in whose place it goes, and what was to follow these by itself.

    places: by its recipients' numbers (E.164). follow_up: as it is kept; the same object where it is the same.
    """

    request: Enqueue
    places: Mapping[str, UUID]
    follow_up: Mapping[str, Any] | None


def check_in_place(
    session: Session, wanted: Sequence[InPlaceOf], settings: Settings, *, by: str
) -> list[Checked | Invalid]:
    """Each as it is to stand in others' places, with what was to follow those, or why it can't be sent.

    One that stands there for several is checked once, with the numbers that it names itself. by: who has them sent
    again.
    """
    return _checked_once(wanted, _checks(session, settings, now=datetime.now(UTC), late=True), by)


def stored_in_place(items: Sequence[tuple[Checked, Mapping[str, UUID]]], settings: Settings) -> list[Stored]:
    """The rows for `put_in_place`: each with the messages that it replaces, by recipient (E.164)."""
    stored = _stored([item for item, _ in items], settings, whom=[[*of] for _, of in items])
    for row, (_, of) in zip(stored, items, strict=True):
        row.replaces = of
    return stored


def _checked_once(wanted: Sequence[InPlaceOf], checks: Checks, by: str) -> list[Checked | Invalid]:
    """Of each, as wanted by them; the same object where it was the same, and of what it has in common with others."""
    each_once = {id(each.request): each for each in wanted}
    found = {id_: _checked_in_place(each, checks) for id_, each in each_once.items()}
    good = [(item, each_once[id_].follow_up) for id_, item in found.items() if isinstance(item, Checked)]
    several = {(id(item.terms), id(follow_up)): (item.terms, follow_up) for item, follow_up in good}
    terms = {key: _in_place(*of, by) for key, of in several.items()}
    for item, follow_up in good:
        item.terms = terms[id(item.terms), id(follow_up)]
    return [found[id(each.request)] for each in wanted]


def _in_place(terms: Terms, follow_up: Mapping[str, Any] | None, by: str) -> Terms:
    return replace(terms, wanted_by=by, follow_up=dict(follow_up) if follow_up else None)


def _checked_in_place(item: InPlaceOf, checks: Checks) -> Checked | Invalid:
    checked = _checked_or_error(item.request, checks)
    if isinstance(checked, Checked) and item.follow_up:
        try:
            check_reach(item.follow_up, checked.terms, checked.phones)
        except Invalid as error:
            return error
    return checked


def check_one(session: Session, item: Enqueue, settings: Settings, *, now: datetime) -> None:
    """Would this be taken? Stores nothing. Raises Invalid."""
    checked = _checked_or_error(item, _checks(session, settings, now=now, late=True))
    if isinstance(checked, Invalid):
        raise checked


def told_of(session: Session, item: Enqueue, settings: Settings) -> tuple[str, ...]:
    """What would be said of it by the sending rules as things stand, whoever gets it. Stores nothing."""
    settings = replace(settings, brandname=settings.brandname or "-")
    rules = _asked(lambda ask: ask(session), settings)["rules"]
    return Checks(settings, now=datetime.now(UTC), rules=rules).told_of(item)


def _checks(session: Session, settings: Settings, *, now: datetime, late: bool) -> Checks:
    return Checks(settings, now=now, late=late, **_asked(lambda ask: ask(session), settings))


def _asked(alone: Callable[[Callable[[Session], Any]], Any], settings: Settings) -> dict[str, Callable[..., Any]]:
    """If anything needs it at all, and what is the same for all once. alone: asks something in the transaction."""
    rules = partial(ledger.rules_now, zone=settings.time_zone)
    return {
        "registered": cache(partial(alone, ledger.known_brandnames)),
        "rules": cache(partial(alone, rules)),
        "stands": lambda source, reference: alone(partial(ledger.stands, source=source, reference=reference)),
    }


def _checked_or_error(item: Enqueue | Invalid, checks: Checks) -> Checked | Invalid:
    if isinstance(item, Invalid):
        return item
    try:
        return checks.check(item)
    except Invalid as error:
        return error.at(None)


def _answers(
    checked: Sequence[Checked | Invalid],
    rows: Sequence[Stored],
    put: Callable[[], Put],
    ticket: Callable[[Checked, Stored, Put], Any],
) -> list[Any]:
    """What each comes to: the Invalid that it is, or its ticket."""
    stored, theirs = put(), iter(rows)
    return [item if isinstance(item, Invalid) else ticket(item, next(theirs), stored) for item in checked]


def _ticket_or_conflict(item: Checked, row: Stored, put: Put) -> Ticket | Conflict:
    try:
        return _ticket(item, row, put)
    except Conflict as error:
        return error


def _checked(placed: tuple[int, Enqueue], checks: Checks) -> Checked:
    place, item = placed
    try:
        return checks.check(item)
    except Invalid as error:
        raise error.at(place) from None


def _due(items: Iterable[Checked], now: datetime) -> set[Lane]:
    """The lanes that there is any point in ringing for."""
    several = (item.terms for item in _of_each_terms(items))
    return {each.lane for each in several if each.send_date is None or each.hand_over or each.send_date <= now}


def _of_each_terms(items: Iterable[Checked]) -> Iterable[Checked]:
    """One of those that have the same terms: tens of thousands may share one."""
    return {id(item.terms): item for item in items}.values()


def _chunks(items: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(items, AT_ONCE)):
        yield chunk


def _stored(
    items: Sequence[Checked],
    settings: Settings,
    given: Sequence[UUID] | None = None,
    whom: Sequence[Sequence[str]] | None = None,
) -> list[Stored]:
    """whom: to whom each goes, where that is not who it names."""
    ids = given or uuid7s(len(items))
    to = whom or [item.phones for item in items]
    messages = iter(uuid7s_as_text(sum(map(len, to))))
    return [
        Stored(
            id_,
            item.terms,
            [(next(messages), phone) for phone in phones],
            _cut(len(phones), settings) if item.terms.grouped else (),
            item.reference,
            item.content,
            item.segments,
            item.plain_segments,
            item.template_id,
            item.fingerprint(phones),
        )
        for id_, item, phones in zip(ids, items, to, strict=True)
    ]


def _cut(recipients: int, settings: Settings) -> list[int]:
    """So many to each advertising request, and to none so few that eSMS refuses it once some of them opt out."""
    sizes: list[int] = []
    while recipients > (most := settings.advertising_most):
        sizes.append(min(most, (recipients + 1) // 2))
        recipients -= sizes[-1]
    return [*sizes, recipients]


def _ticket(item: Checked, row: Stored, put: Put) -> Ticket:
    source = row.terms.source
    first = put.firsts.get((source, row.reference)) if row.reference is not None else None
    opted_out = tuple(sorted(put.opted_out.get(first.id if first else row.id, ())))
    if first is None or first.id == row.id:
        rules = (*waiting_of(item.terms, len(item.phones) - len(opted_out)), *put.rules.get(row.id, ()))
        return _ticket_of(row.id, item, opted_out=opted_out, rules=rules)
    # Of one that is emptied only the beginning is kept.
    if first.purpose != row.terms.purpose or not row.fingerprint.startswith(first.fingerprint):
        assert row.reference is not None
        raise Conflict(source, row.reference)
    return _ticket_of(first.id, item, repeated=True, opted_out=opted_out)


def _ticket_of(id_: UUID, item: Checked, **besides: Any) -> Ticket:
    return Ticket(
        id=id_,
        messages=len(item.phones),
        duplicates=item.duplicates,
        warnings=item.warnings,
        not_before=item.terms.not_before,
        **besides,
    )
