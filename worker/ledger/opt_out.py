"""Numbers that want no reminder and no advertising: who said so, and what must not go out to them any more.

An opt-out is of a number, and is known for ever. A contact that has one of these numbers is marked, and stays so when
its numbers change; then the new ones get nothing either. Only `opt_in` undoes it, never an import.

Opting out and storing wait for each other (a lock of the transaction): else a message that is being stored in the very
moment of the opt-out would be seen by neither, and go out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from worker.lifecycle import FOR_THE_WILLING

REASON = "the recipient opted out"

# Of a notification `n`. What was stored before there were purposes has the one that its source and SmsType meant.
PURPOSE = """coalesce(n.purpose, CASE
        WHEN n.source = 'reminders' THEN 'reminder'
        WHEN n.options ->> 'sms_type' IN ('1', '3') THEN 'advertising'
        WHEN n.options ->> 'sms_type' IN ('6', '7') THEN 'code'
        ELSE 'service'
    END)"""
_LOCK = "hashtextextended('esms-worker: opt-outs', 0)"
_STORING = text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})")
_DECIDING = text(f"SELECT pg_advisory_xact_lock({_LOCK})")

_IS_FOR_THE_WILLING = f"{PURPOSE} IN ({', '.join(repr(str(each)) for each in sorted(FOR_THE_WILLING))})"

_REMEMBER = text("""
    INSERT INTO opt_out (phone, source)
    SELECT DISTINCT phone, :source FROM unnest(CAST(:phones AS text[])) AS p (phone) ORDER BY phone
    ON CONFLICT (phone) DO NOTHING
""")

_MARK = text("""
    UPDATE contact SET opted_out_at = now(), updated_at = now()
    WHERE (phones && CAST(:phones AS text[]) OR id = ANY(CAST(:ids AS uuid[]))) AND opted_out_at IS NULL
""")

_CANCEL = text(f"""
    UPDATE message AS m
    SET status = 'cancelled', settled_at = now(), paused = false, reason = '{REASON}'
    FROM notification AS n
    WHERE m.phone = ANY(CAST(:phones AS text[])) AND m.status = 'queued' AND n.id = m.notification_id
      AND {_IS_FOR_THE_WILLING}
""")

_WITHHOLD = text(f"""
    UPDATE message AS m
    SET status = 'cancelled', settled_at = now(), paused = false, reason = '{REASON}'
    FROM notification AS n
    WHERE m.notification_id = ANY(:ids) AND m.status = 'queued' AND n.id = m.notification_id
      AND {_IS_FOR_THE_WILLING}
      AND (EXISTS (SELECT FROM opt_out AS o WHERE o.phone = m.phone)
           OR EXISTS (SELECT FROM contact AS c WHERE c.opted_out_at IS NOT NULL AND c.phones @> ARRAY[m.phone]))
""")

_OPTED_OUT = text("""
    SELECT phone FROM opt_out WHERE phone = ANY(:phones)
    UNION
    SELECT unnest(phones) FROM contact WHERE opted_out_at IS NOT NULL AND phones && CAST(:phones AS text[])
""")

_FORGET = text("DELETE FROM opt_out WHERE phone = ANY(:phones)")

# Another contact may share one of the numbers, and have opted out by another one.
_UNMARK = text("""
    UPDATE contact AS c SET opted_out_at = NULL, updated_at = now()
    WHERE (c.phones && CAST(:phones AS text[]) OR c.id = ANY(CAST(:ids AS uuid[]))) AND c.opted_out_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM opt_out AS o WHERE o.phone = ANY(c.phones))
""")


def opt_out(session: Session, phones: Collection[str], source: str, *, ids: Collection[UUID] = ()) -> int:
    """These numbers (E.164) want nothing; how many reminders and advertising messages were cancelled with that.

    source: who told us. ids: contacts to be marked even if they have no number.
    What has been claimed already can't be called back.
    """
    asked = {"phones": list(phones), "ids": list(ids)}
    deciding(session)
    session.execute(_REMEMBER, asked | {"source": source})
    session.execute(_MARK, asked)
    return session.execute(_CANCEL, asked).rowcount  # type: ignore[attr-defined, no-any-return]


def opt_in(session: Session, phones: Collection[str], *, ids: Collection[UUID] = ()) -> int:
    """These numbers want reminders and advertising again; how many had opted out. Nothing cancelled comes back."""
    asked = {"phones": list(phones), "ids": list(ids)}
    deciding(session)
    forgotten: int = session.execute(_FORGET, asked).rowcount  # type: ignore[attr-defined]
    session.execute(_UNMARK, asked)
    return forgotten


def opted_out(session: Session, phones: Collection[str]) -> set[str]:
    """Which of these numbers (E.164) get no reminder and no advertising."""
    return set(session.scalars(_OPTED_OUT, {"phones": list(phones)})) & set(phones)


def deciding(session: Session) -> None:
    """From here to the end of the transaction nobody stores a contact, a reminder or advertising."""
    session.execute(_DECIDING)


def storing(session: Session) -> None:
    """From here to the end of the transaction nobody opts out; what others opted out before can be seen."""
    session.execute(_STORING)


def withhold(session: Session, ids: Sequence[UUID]) -> int:
    """Cancel, of what was just queued of these notifications, reminders and advertising for those who opted out."""
    if not ids:
        return 0
    storing(session)
    return session.execute(_WITHHOLD, {"ids": list(ids)}).rowcount  # type: ignore[attr-defined, no-any-return]
