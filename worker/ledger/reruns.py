"""Reruns of many: the first hundred go out, and the rest waits, failed as it is, until it is known how those fared.

Which messages, what is different about them and how far it has come stands in one row, moved on in the transaction that
queues some of them: whoever dies leaves both undone, and no two go on with the same one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import text

from worker.ids import uuid7
from worker.ledger.failed import Chosen, Place, count, count_of_campaign
from worker.lifecycle import ALL_CANCELLED, FINAL, Status
from worker.lookups import by_keys

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SOON = "interval '5 seconds'"  # between two looks at how the first hundred fare
REST_MOST = 0.5  # seconds that reruns rest after a step, at most
LONG_ENOUGH = "interval '10 minutes'"  # after eSMS took one of the first, the rest goes without waiting for its end

# What the choice becomes once its number is removed: '#' is nobody's number, and none at all would mean everybody.
_OF_NOBODY = """chosen || '{"phone": "#"}'"""
TO_NOBODY = f"chosen = {_OF_NOBODY}, corrected = NULL"

# A rerun has no trial while its first hundred are still being taken. If no further step comes for LONG_ENOUGH, whoever
# took them died, and it is looked at all the same.
_BEGIN = text(f"""
    INSERT INTO rerun AS r (id, at, asked_by, source, chosen, corrected, messages, moved, trial, state, look_at,
        most_left, after_notification, after_message)
    VALUES (:id, coalesce(:asked_at, now()), :by, :source, CAST(:chosen AS jsonb), CAST(:corrected AS jsonb),
        :messages, :moved, coalesce(:trial, CAST('{{}}' AS uuid[])), 'trying',
        CASE WHEN CAST(:trial AS uuid[]) IS NULL THEN now() + {LONG_ENOUGH} ELSE now() END,
        :most_left, :after_notification, :after_message)
    ON CONFLICT (id) DO UPDATE SET messages = excluded.messages, moved = excluded.moved, trial = excluded.trial,
        look_at = excluded.look_at, most_left = excluded.most_left,
        after_notification = excluded.after_notification, after_message = excluded.after_message
""")
_STILL_TRIED = text("""
    SELECT state = 'trying' AS is_tried, messages - moved AS rest, chosen -> 'without' AS without
    FROM rerun WHERE id = :id FOR UPDATE
""")
_END_TRIAL = text("""
    UPDATE rerun SET state = 'done', moved = :moved, decided_at = now(), after_notification = NULL, after_message = NULL
    WHERE id = :id
""")
# Steps of a trial share this lock, by their campaign ('': several); who cancels a campaign takes both alone.
_LOCK = "hashtextextended('esms-worker: rerun of ' || :campaign, 0)"
_BESIDE_CANCELS = text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})")
_WAIT_FOR_TRIALS = text(f"SELECT pg_advisory_xact_lock({_LOCK})")

# Former versions left a null there, which would mean everybody.
_CHOSEN = f"CASE WHEN chosen -> 'phone' = 'null' THEN {_OF_NOBODY} ELSE chosen END AS chosen"

# While one rerun rests, all do. A look_at beyond any rest (the clock was turned back) stops none of the others.
_NEXT = text(f"""
    SELECT id, at, coalesce(decided_by, asked_by) AS asked_by,
        {_CHOSEN}, corrected, trial, state, after_notification, after_message, most_left
    FROM rerun WHERE state IN ('trying', 'going') AND look_at <= now() AND NOT EXISTS (
        SELECT FROM rerun AS resting
        WHERE state = 'going' AND look_at > now() AND look_at <= now() + make_interval(secs => {REST_MOST})
    )
    ORDER BY look_at, id LIMIT 1
    FOR UPDATE SKIP LOCKED
""")

_LOOK_LATER = text(f"UPDATE rerun SET look_at = now() + {SOON} WHERE id = :id")
_DECIDED = text("UPDATE rerun SET state = :state, code = :code, decided_at = now(), look_at = now() WHERE id = :id")
_MOVED = text("""
    UPDATE rerun SET moved = moved + :moved, state = :state, most_left = most_left - :moved,
        look_at = clock_timestamp() + make_interval(secs => :rest),
        after_notification = :after_notification, after_message = :after_message
    WHERE id = :id
""")
_REST = text(f"""
    SELECT at, {_CHOSEN}, corrected, messages, moved, after_notification, after_message, most_left
    FROM rerun WHERE id = :id AND state <> 'done'
""")
_GO_ON_ANYWAY = text("""
    UPDATE rerun SET state = 'going', decided_by = :by, decided_at = now(), look_at = now()
    WHERE id = :id AND state = 'stopped' AND (CAST(:source AS text) IS NULL OR source = :source)
    RETURNING messages - moved
""")

_CALL_OFF = text("""
    UPDATE rerun SET state = 'done', decided_at = now()
    WHERE state IN ('trying', 'going') AND chosen ->> 'campaign' = :campaign
      AND (CAST(:source AS text) IS NULL OR source = :source)
    RETURNING messages - moved
""")

# Reruns of several campaigns; also those that stopped, since a person may have their rest sent later. One that has no
# rest then is over; one that goes on finds that out itself.
_OF_SEVERAL = text(f"""
    SELECT id, at, {_CHOSEN}, messages - moved AS rest, after_notification, after_message, most_left FROM rerun
    WHERE state IN ('trying', 'going', 'stopped') AND chosen ->> 'campaign' IS NULL
      AND NOT coalesce(chosen -> 'without', '[]') @> to_jsonb(CAST(:campaign AS text))
      AND (CAST(:source AS text) IS NULL OR source = :source)
    ORDER BY id FOR UPDATE
""")
_LEAVE_OUT = text("""
    UPDATE rerun SET messages = messages - :fewer,
        chosen = jsonb_set(
            chosen, '{without}', coalesce(chosen -> 'without', '[]') || to_jsonb(CAST(:campaign AS text))
        ),
        state = CASE WHEN state <> 'going' AND messages - :fewer <= moved THEN 'done' ELSE state END
    WHERE id = :id
""")

# Where the first hundred stand; of corrected ones the messages that took their places.
_TRIAL = text(f"""
    SELECT m.status, coalesce(m.code, '') AS code, count(*) AS messages,
        bool_or(m.accepted_at <= now() - {LONG_ENOUGH}) AS long_ago
    FROM {by_keys("message", "m", of=":trial")} GROUP BY 1, 2
""")
_NO_PLACE = {"after_notification": None, "after_message": None}
_ALIKE = frozenset({Status.REJECTED, Status.UNDELIVERED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the first hundred say about the rest."""

    go: bool = False
    stop: bool = False
    code: str | None = None  # with which all of them failed; ALL_CANCELLED: all were cancelled


def begin_rerun(
    session: Session,
    chosen: Chosen,
    corrected: Mapping[str, Any] | None,
    *,
    by: str,
    messages: int,
    moved: int,
    trial: Sequence[UUID] | None,
    place: Place,
    most_left: int | None,
    rerun: UUID | None = None,
) -> UUID:
    """Keep what is to follow once the first hundred (`trial`) fare well. messages: how many were chosen in all.

    trial: None: they are still being taken, and the next step asks `still_tried` whether it may go on. rerun: the id
    under which an earlier step kept it.
    """
    id_ = rerun or uuid7()
    asked = {
        "id": id_,
        "by": by,
        "source": chosen.source,
        "chosen": orjson.dumps({name: each for name, each in chosen.parameters().items() if each is not None}).decode(),
        "corrected": None if corrected is None else json.dumps(corrected),
        "messages": messages,
        "moved": moved,
        "trial": None if trial is None else list(trial),
        "most_left": most_left,
    }
    session.execute(_BEGIN, asked | place.parameters())
    return id_


def try_beside_cancels(session: Session, campaign: str | None) -> None:
    """Before a step of a trial; campaign: None: it may be of several. Who cancels one waits until it is committed."""
    session.execute(_BESIDE_CANCELS, {"campaign": campaign or ""})


def still_tried(session: Session, rerun: UUID) -> tuple[Sequence[str] | None, int | None]:
    """Which campaigns it goes on without; and how many are kept from it, where all of it is called off, else None."""
    row = session.execute(_STILL_TRIED, {"id": rerun}).one()
    return row.without, None if row.is_tried else row.rest


def end_trial(session: Session, rerun: UUID, *, moved: int) -> None:
    """Nothing is to follow: no more than the first hundred went."""
    session.execute(_END_TRIAL, {"id": rerun, "moved": moved})


def next_rerun(session: Session) -> Any | None:
    """One that is to be looked at or gone on with, locked; None: there is none, or others are at it."""
    return session.execute(_NEXT).one_or_none()


def judge(session: Session, trial: Sequence[UUID]) -> Verdict:
    """Go once one of them arrived, eSMS took one ten minutes ago, or they ended in several ways; stop where all failed
    alike, or somebody cancelled them all; else neither, yet. What was cancelled of them says nothing of the others.
    """
    if not trial:  # who took it died before it was complete
        return Verdict(stop=True)
    found = session.execute(_TRIAL, {"trial": list(trial)}).all()
    rows = [row for row in found if row.status != Status.CANCELLED]
    if found and not rows:
        return Verdict(stop=True, code=ALL_CANCELLED)
    statuses = {Status(row.status) for row in rows}
    if len(rows) == 1 and statuses <= _ALIKE:
        return Verdict(stop=True, code=rows[0].code)
    arrived = statuses & {Status.DELIVERED, Status.SANDBOXED}
    return Verdict(go=bool(arrived) or any(row.long_ago for row in rows) or statuses <= FINAL)


def look_later(session: Session, rerun: UUID) -> None:
    """Nothing is known yet."""
    session.execute(_LOOK_LATER, {"id": rerun})


def decided(session: Session, rerun: UUID, verdict: Verdict) -> None:
    """Write the verdict down: the rerun goes on, or its rest stays as it is until a person says otherwise."""
    session.execute(_DECIDED, {"id": rerun, "state": "stopped" if verdict.stop else "going", "code": verdict.code})


def rest_of(session: Session, rerun: UUID) -> Any | None:
    """What was chosen for one that is not over, and the place after which its rest begins; None: there is none."""
    return session.execute(_REST, {"id": rerun}).one_or_none()


def go_on_anyway(session: Session, rerun: UUID, *, by: str, source: str | None) -> int | None:
    """A person has the rest sent after all; how many that is, None: it did not stop, or is another source's."""
    rest: int | None = session.scalar(_GO_ON_ANYWAY, {"id": rerun, "by": by, "source": source})
    return rest


def call_off_reruns(session: Session, campaign: str, *, source: str | None) -> int:
    """Send no more of this campaign again; how many were still to be. A step that is under way is waited for."""
    for of in (campaign, ""):
        session.execute(_WAIT_FOR_TRIALS, {"campaign": of})
    asked = {"campaign": campaign, "source": source}
    its_own: int = sum(session.scalars(_CALL_OFF, asked))
    return its_own + sum(_leave_out(session, row, campaign) for row in session.execute(_OF_SEVERAL, asked).all())


def _leave_out(session: Session, row: Any, campaign: str) -> int:
    """Of this rerun's rest; how many fewer go."""
    try:
        which = Chosen(**row.chosen)
    except TypeError:  # another version wrote it: this one's workers stop it
        return 0
    place, rest = Place(row.after_notification, row.after_message, row.at), int(row.rest)
    fewer = count_of_campaign(session, which, campaign, after=place)
    if row.most_left is not None:  # others take their places
        fewer = rest - min(count(session, which, after=place) - fewer, int(row.most_left))
    fewer = max(0, min(fewer, rest))
    session.execute(_LEAVE_OUT, {"id": row.id, "campaign": campaign, "fewer": fewer})
    return fewer


def moved_on(session: Session, rerun: UUID, moved: int, place: Place | None, *, rest: float) -> None:
    """So many more of it were queued, up to there; None: that was all. rest: seconds, REST_MOST at most."""
    asked = {"id": rerun, "moved": moved, "state": "going" if place else "done", "rest": rest}
    session.execute(_MOVED, asked | (place.parameters() if place else _NO_PLACE))
