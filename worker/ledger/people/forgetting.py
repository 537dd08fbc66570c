"""Forget a person: what can go goes at once, what is under way as soon as it is over, and a tombstone keeps it so.

What was handed over before reaches them no more: each of their messages is marked (`emptied_by`) until it is emptied,
and what is marked is neither claimed nor sent again, whichever way it became queued. Who hands over anew may.

They may be thousands, and workers are at work on them: some at a time are marked in a transaction of their own, none
that somebody else holds, and who holds one is waited for with nothing in hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.ledger import retention
from worker.ledger.clock import clock
from worker.ledger.follow_ups import IS_OPEN, follow_nobody_forgotten
from worker.ledger.gate import FORGOTTEN
from worker.ledger.people.holdings import HOLDINGS
from worker.ledger.people.knowing import Known
from worker.ledger.people.makers import wait_for_makers
from worker.ledger.people.requests import finish_request, is_asked_for, requests
from worker.ledger.people.written import WRITTEN, beginning, remove_written
from worker.ledger.plans import still
from worker.lifecycle import ASKED, PersonRequestKind
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader
    from worker.pseudonym import PrivacyKey

# How long a message keeps its number once it is over: another one to the same number may be in doubt, and the rows of
# eSMS's sent data can be told apart only by it.
KEEP = timedelta(days=1)
NO_REQUEST = 0
MOST = 500
SCANNED = 10_000  # numbers that one look at all of them goes through

# What is under way keeps its status. A message is taken together with what may follow it, or not at all: whoever is
# deciding about that has locked both.
_WAITS = still("queued", message="t")
_UNMARKED = f"t.phone = ANY(:phones) AND t.emptied_at IS NULL AND (t.emptied_by IS NULL OR {_WAITS})"
_MARK = text(f"""
    WITH found AS MATERIALIZED (
        SELECT t.ctid AS place, t.id, {_WAITS} AS waits FROM message AS t
        WHERE {_UNMARKED} LIMIT :most FOR UPDATE SKIP LOCKED
    ), followed AS MATERIALIZED (
        SELECT f.message_id AS id FROM found {by_key("follow_up", "f", of="found.id", key="message_id")} WHERE {IS_OPEN}
    ), ours AS MATERIALIZED (
        SELECT f.message_id AS id FROM follow_up AS f WHERE f.message_id IN (SELECT id FROM followed)
        FOR UPDATE SKIP LOCKED
    ), theirs AS MATERIALIZED (
        SELECT * FROM found WHERE id NOT IN (SELECT id FROM followed) OR id IN (SELECT id FROM ours)
    ), later AS (
        INSERT INTO removal (message_id, step, look_at) SELECT id, :step, now() FROM theirs ON CONFLICT DO NOTHING
    )
    UPDATE message AS m SET emptied_by = '{ASKED}', paused = m.paused AND NOT theirs.waits,
        status = CASE WHEN theirs.waits THEN 'cancelled' ELSE m.status END,
        settled_at = CASE WHEN theirs.waits THEN now() ELSE m.settled_at END,
        reason = CASE WHEN theirs.waits THEN '{FORGOTTEN}' ELSE m.reason END
    FROM theirs WHERE m.ctid = theirs.place
    RETURNING m.id, theirs.waits
""")
# Messages whose number was replaced by its hash before: the hash goes at once.
_HIDDEN = text(f"""
    UPDATE message SET phone = '', emptied_by = '{ASKED}' WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM message WHERE phone = ANY(CAST(:hashes AS text[])) LIMIT :most FOR UPDATE SKIP LOCKED
    ))
""")
# One of those that are left, since somebody else has locked them.
_HELD = text(f"""
    SELECT t.id FROM message AS t WHERE {_UNMARKED}
    UNION ALL SELECT id FROM message WHERE phone = ANY(CAST(:hashes AS text[]))
    LIMIT 1
""")
_WAIT_FOR = tuple(
    text(f"SELECT FROM {table} WHERE {key} = :id FOR UPDATE")
    for table, key in (("message", "id"), ("follow_up", "message_id"))
)
_BURY = text("INSERT INTO tombstone (person) SELECT unnest(CAST(:people AS text[])) ON CONFLICT DO NOTHING")
_STANDING = text(f"""
    SELECT count(*) AS "all", count(*) FILTER (WHERE {_WAITS}) AS waits FROM message AS t
    WHERE t.phone = ANY(:phones) AND t.emptied_at IS NULL
""")
_LEFT = text("SELECT count(*) FROM removal WHERE step = :step")
_HIDE_CONSENTS = text("SELECT hide_consents(CAST(:phones AS text[]), CAST(:hashes AS text[]), :opt_out_too)")
_NO_OPT_OUT = text("DELETE FROM opt_out WHERE phone = ANY(:phones)")
_TOMBSTONES = text("SELECT person FROM tombstone")
_NUMBERS = text("""
    WITH RECURSIVE each AS (
        (SELECT min(phone) AS phone FROM message WHERE phone > :after)
        UNION ALL
        SELECT (SELECT min(phone) FROM message WHERE phone > each.phone) FROM each WHERE each.phone IS NOT NULL
    ) SELECT phone FROM each WHERE phone IS NOT NULL LIMIT :most
""")
_OTHERS = text("""
    SELECT unnest(phones) FROM contact UNION SELECT phone FROM attendee WHERE phone IS NOT NULL
    UNION SELECT phone FROM opt_out UNION SELECT phone FROM consent WHERE phone LIKE '+%'
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgot:
    """What became of all that stands about somebody."""

    cancelled: int
    """Messages that waited."""
    removed: Mapping[str, int]
    """Rows, by table."""
    waiting: int
    """Messages that are emptied by themselves, each once it has been over for a day."""
    stays: Mapping[str, int]
    """Rows, by table; `why_it_stays` tells the reason."""
    shared: int = 0
    """Of somebody who was named by a key: numbers that another contact has too, so that these stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a forgetting did before its last transaction.

    since: when the search for rows that name them within a text began; what was written since is searched once more.
    cancelled: messages. removed: such rows, by table.
    """

    since: datetime
    cancelled: int = 0
    removed: Mapping[str, int] = field(default_factory=dict)


class Meanwhile(Exception):
    """Somebody else has locked a message of theirs: roll this transaction back, and begin again with `call_off`."""


@dataclass(frozen=True, slots=True)
class CalledOff:
    """What a step of `call_off` did.

    cancelled: messages that waited. more: there may be further ones. held: one of those that are left, which somebody
    else has locked, as all of them are; None: none is left.
    """

    cancelled: int
    more: bool
    held: UUID | None = None


def forget(
    session: Session,
    person: Known,
    key: PrivacyKey,
    request: int,
    *,
    opt_out_too: bool,
    before: Before,
    empties: bool = True,
) -> Forgot:
    """Remove all that can be removed now, and note what has to wait; doing it twice does no harm. Raises Meanwhile.

    before: what was done before this transaction. empties: also empty messages that have been over for a day, which
    takes a worker's login; without it the workers do that.
    """
    asked, step = person.asked(key), step_of(request)
    cancelled = before.cancelled
    wait_for_makers(session)
    bury(session, person.hashes(key))
    removed = dict(+(Counter(before.removed) + Counter(dict(_removed(session, asked | {"since": before.since})))))
    cancelled += _rest_called_off(session, person, key, request)  # only now can no more be made of them
    stays = _stays(session, asked)
    if opt_out_too and (count := session.execute(_NO_OPT_OUT, asked).rowcount):  # type: ignore[attr-defined]
        removed["opt_out"] = count
        stays.pop("opt_out", None)
    session.execute(_HIDE_CONSENTS, asked | {"hashes": person.hashes(key), "opt_out_too": opt_out_too})
    marked = _left(session, step)
    waiting = empty_step(session, step) if empties else marked
    if marked > waiting:
        removed["message"] = marked - waiting
    told = Forgot(cancelled=cancelled, removed=removed, waiting=waiting, stays=stays, shared=len(person.shared))
    finish_request(session, request, {"removed": removed, "waiting": waiting, "stays": stays}, done=not waiting)
    return told


def refuse_who_may_not(session: Session, key: PrivacyKey, *, opt_out_too: bool, empties: bool) -> None:
    """Run every statement for nobody: a login that lacks a right to one of them is refused before anything is done."""
    nobody = Known(phones=())
    asked = nobody.asked(key) | {"since": clock(session), "people": [], "hashes": [], "opt_out_too": opt_out_too}
    for statement in (_BURY, _HIDE_CONSENTS, *([_NO_OPT_OUT] if opt_out_too else ())):
        session.execute(statement, asked)
    for table in WRITTEN:
        remove_written(session, table, asked, [beginning(table)])
    list(_removed(session, asked))
    _stays(session, asked)
    call_off(session, nobody, key, NO_REQUEST)
    finish_request(session, NO_REQUEST, {}, done=False)
    if empties:
        empty_step(session, step_of(NO_REQUEST))


def foresee(
    session: Reader, person: Known, key: PrivacyKey, written: Mapping[str, int], *, opt_out_too: bool
) -> Forgot:
    """What `forget` would come to, counted. written: rows that name them within a text."""
    asked, hashes = person.asked(key), person.hashes(key)
    stays, messages = _stays(session, asked), session.execute(_STANDING, asked).one()
    if hashes:  # what it would note itself
        is_noted = is_asked_for(session, PersonRequestKind.FORGET, hashes)
        stays |= {"person_request": stays.get("person_request", 0) + (not is_noted), "tombstone": len(set(hashes))}
    removed = _counted(session, asked, removed=True) | {table: count for table, count in written.items() if count}
    if opt_out_too and "opt_out" in stays:
        removed["opt_out"] = stays.pop("opt_out")
    return Forgot(
        cancelled=messages.waits,
        removed=removed,
        waiting=messages.all,
        stays=stays,
        shared=len(person.shared),
    )


def call_off(session: Session, person: Known, key: PrivacyKey, request: int) -> CalledOff:
    """Cancel some of their messages that wait and mark the others, so that none goes out; locked ones are left."""
    asked = {"phones": list(person.phones), "hashes": person.hashes(key), "step": step_of(request), "most": MOST}
    marked = session.execute(_MARK, asked).all()
    follow_nobody_forgotten(session, [row.id for row in marked])
    hidden: int = session.execute(_HIDDEN, asked).rowcount  # type: ignore[attr-defined]
    held = None if marked or hidden else session.scalar(_HELD, asked)
    return CalledOff(sum(row.waits for row in marked), more=bool(marked or hidden), held=held)


def wait_for_others(begin: Callable[[], AbstractContextManager[Session]], held: UUID) -> None:
    """Wait until nobody holds the lock of this message, nor of what is to follow it; each in its own transaction."""
    for statement in _WAIT_FOR:
        with begin() as session:
            session.execute(statement, {"id": held})


def _rest_called_off(session: Session, person: Known, key: PrivacyKey, request: int) -> int:
    cancelled, went = 0, CalledOff(0, more=True)
    while went.more:
        went = call_off(session, person, key, request)
        cancelled += went.cancelled
    if went.held is not None:
        raise Meanwhile
    return cancelled


def step_of(request: int) -> str:
    """The name in `removal` of the messages that wait to be emptied for this request."""
    return f"person {request}"


def empty_step(session: Session, step: str) -> int:
    """Empty those of these messages that are over; how many are left."""
    terms = retention.Terms(keep=KEEP, by=ASKED, hide=lambda _: "", references=timedelta(days=100_000))
    ids = list(retention.look_again(session, step, most=MOST))
    retention.put_off(session, step, retention.empty_messages(session, ids, terms), keep=KEEP)
    return _left(session, step)


def empty_forgotten(session: Session) -> None:
    """Empty what was still under way when its recipient asked: a step for each request that is not done."""
    for request in requests(session, all_=False):
        if request.kind == PersonRequestKind.FORGET and request.outcome is not None:
            left = empty_step(session, step_of(request.id))
            finish_request(session, request.id, {**request.outcome, "waiting": left}, done=not left)


def bury(session: Session, people: Sequence[str]) -> None:
    """Note that the people with these hashes were forgotten."""
    session.execute(_BURY, {"people": list(people)})


def tombstones(session: Session) -> set[str]:
    """The hashes of all who were forgotten."""
    return set(session.scalars(_TOMBSTONES))


def lost_tombstones(session: Session, people: Sequence[str], key: PrivacyKey) -> list[str]:
    """After a backup was restored: the numbers here, of people who were forgotten elsewhere by these hashes."""
    missing = set(people) - tombstones(session)
    return [phone for phone in _all_numbers(session) if key.hide(phone) in missing] if missing else []


def _all_numbers(session: Session) -> Iterator[str]:
    after = "+"
    while page := session.scalars(_NUMBERS, {"after": after, "most": SCANNED}).all():
        yield from page
        after = page[-1]
    yield from session.scalars(_OTHERS)


def _stays(session: Reader, asked: dict[str, Any]) -> dict[str, int]:
    return _counted(session, asked, removed=False)


def _counted(session: Reader, asked: dict[str, Any], *, removed: bool) -> dict[str, int]:
    """Rows about them, of the tables that lose them or else that keep them; but for tables without an index for it."""
    counted = {
        table: session.scalar(text(f"SELECT count(*) FROM {table} AS t WHERE {holding.of}"), asked) or 0
        for table, holding in HOLDINGS.items()
        if (holding.remove is not None) is removed and not holding.key
    }
    return {table: count for table, count in counted.items() if count}


def _removed(session: Session, asked: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Remove rows, table by table; of tables without an index for it only what was written since the search began."""
    for table, holding in HOLDINGS.items():
        if holding.remove is not None and (not holding.key or holding.since):
            since = f" AND {holding.since}" if holding.since else ""
            yield table, session.execute(text(holding.remove + since), asked).rowcount  # type: ignore[attr-defined]


def _left(session: Session, step: str) -> int:
    return session.scalar(_LEFT, {"step": step}) or 0
