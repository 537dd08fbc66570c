"""Numbers that want no reminder and no advertising: who said so, and what must not go out to them any more.

An opt-out belongs to a number, and is kept for ever; a trigger writes each into the consent ledger as a withdrawal. A
contact that has such a number is marked, and stays marked when its numbers change: then the new ones get nothing
either. Only `opt_in` undoes it, never an import.

What decides is the check within the claim, which sees every opt-out that was committed before it. The other checks
(when something is stored, when it is queued again, when somebody opts out) only tell people sooner, so none of them
needs a lock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import TextClause, text

from worker.ledger.cancelling import cancelled
from worker.ledger.plans import messages_of, still
from worker.lifecycle import FOR_THE_WILLING, PURPOSE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Withheld = Sequence[tuple[UUID, str]]  # notification and number (E.164) of each message that was cancelled

REASON = "the recipient opted out"

IS_FOR_THE_WILLING = f"{PURPOSE} IN ({', '.join(repr(str(each)) for each in sorted(FOR_THE_WILLING))})"

# The contact's mark is not enough: one that was stored in the very moment of the opt-out has none. bool_or looks at
# every contact with the number, by the index; for EXISTS, which stops at the first, Postgres would walk over them all.
_OPTED_OUT = """(
        EXISTS (SELECT FROM {schema}opt_out AS o WHERE o.phone = {phone})
        OR coalesce((
            SELECT bool_or(
                c.opted_out_at IS NOT NULL
                OR EXISTS (SELECT FROM {schema}opt_out AS o WHERE o.phone = ANY(c.phones))
            ) FROM {schema}contact AS c WHERE c.phones @> ARRAY[{phone}]
        ), false)
    )"""


def opted_out_by_number(phone: str, schema: str) -> str:
    """SQL: has this number opted out of reminders and advertising? For the database's function has_opted_out."""
    return _OPTED_OUT.format(phone=phone, schema=f"{schema}.")


def unwilling(phone: str) -> str:
    """SQL: has the recipient with this number opted out of what the notification `n` is for?"""
    return f"({IS_FOR_THE_WILLING} AND {_OPTED_OUT.format(phone=phone, schema='')})"


_REMEMBER = text("""
    INSERT INTO opt_out (phone, source)
    SELECT DISTINCT phone, :source FROM unnest(CAST(:phones AS text[])) AS p (phone) ORDER BY phone
    ON CONFLICT (phone) DO NOTHING
    RETURNING phone
""")

# Contacts by their numbers, one after the other; the last condition, which never comes to be asked, is dear
# in Postgres's eyes for each row that it expects to pass: so it takes the index.
_THEIRS = """ARRAY(
            SELECT of.id FROM unnest(CAST(:phones AS text[])) AS p (phone) CROSS JOIN LATERAL (
                SELECT c.id FROM contact AS c WHERE c.phones @> ARRAY[p.phone]
                  AND (c.phones <> '{}' OR (SELECT true FROM contact AS k WHERE k.id = c.id)) OFFSET 0
            ) AS of
            UNION ALL SELECT unnest(CAST(:ids AS uuid[]))
        )"""

# In the order in which importers lock them.
_MARK = text(f"""
    WITH theirs AS MATERIALIZED (
        SELECT id FROM contact
        WHERE id = ANY({_THEIRS}) AND opted_out_at IS NULL
        ORDER BY source, key
        FOR UPDATE
    )
    UPDATE contact AS c SET opted_out_at = now(), updated_at = now()
    FROM theirs WHERE c.id = theirs.id AND c.opted_out_at IS NULL
""")

_CANCEL = text(f"""
    UPDATE message AS m SET {cancelled(f"'{REASON}'")}
    FROM notification AS n
    WHERE m.phone = ANY(CAST(:phones AS text[])) AND {still("queued")} AND n.id = m.notification_id
      AND {IS_FOR_THE_WILLING}
""")


# By the database's function: a producer that is bound to a source sees neither another's contacts nor its opt-outs.
# It is asked where an opt-out counts, and nowhere else.
def _withhold(ids: str) -> TextClause:
    return text(f"""
        UPDATE message AS m SET {cancelled(f"'{REASON}'")}
        WHERE m.id = ANY({ids}) AND {still("queued")} AND CASE
            WHEN (SELECT {IS_FOR_THE_WILLING} FROM notification AS n WHERE n.id = m.notification_id)
            THEN has_opted_out(m.phone)
        END
        RETURNING m.notification_id, m.phone
    """)


_WITHHOLD = _withhold("CAST(:ids AS uuid[])")
_WITHHOLD_ALL_OF = _withhold(messages_of(":ids"))

_WITHHELD_OF = text(f"""
    SELECT m.notification_id, m.phone FROM message AS m
    WHERE m.id = ANY({messages_of(":ids")}) AND m.status = 'cancelled' AND m.reason = '{REASON}'
""")

_WHO_OPTED_OUT = text("""
    SELECT p.phone FROM unnest(CAST(:phones AS text[])) AS p (phone) WHERE has_opted_out(p.phone)
""")

_FORGET = text("DELETE FROM opt_out WHERE phone = ANY(:phones)")
_CONSENTED_AGAIN = text("SELECT note_opt_in(CAST(:phones AS text[]))")

# Another contact may share one of the numbers, and have opted out by another one.
_UNMARK = text(f"""
    WITH theirs AS MATERIALIZED (
        SELECT c.id FROM contact AS c
        WHERE c.id = ANY({_THEIRS}) AND c.opted_out_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM opt_out AS o WHERE o.phone = ANY(c.phones))
        ORDER BY c.source, c.key
        FOR UPDATE
    )
    UPDATE contact AS c SET opted_out_at = NULL, updated_at = now() FROM theirs WHERE c.id = theirs.id
""")


def opt_out(
    session: Session,
    phones: Collection[str],
    source: str,
    *,
    ids: Collection[UUID] = (),
    told: Callable[[Sequence[str]], object] = list,
) -> int:
    """Opt these numbers (E.164) out; how many reminders and advertising messages were cancelled with that.

    source: who told us. ids: contacts to be marked even if they have no number. told: is given those that had not
    opted out before. What has been claimed already can't be called back.
    """
    asked = {"phones": list(phones), "ids": list(ids)}
    told(session.scalars(_REMEMBER, asked | {"source": source}).all())
    session.execute(_MARK, asked)
    return session.execute(_CANCEL, asked).rowcount  # type: ignore[attr-defined, no-any-return]


def opt_in(session: Session, phones: Collection[str], *, ids: Collection[UUID] = ()) -> int:
    """Opt these numbers in again; how many had opted out. Nothing that was cancelled comes back."""
    asked = {"phones": list(phones), "ids": list(ids)}
    forgotten: int = session.execute(_FORGET, asked).rowcount  # type: ignore[attr-defined]
    session.execute(_UNMARK, asked)
    session.execute(_CONSENTED_AGAIN, asked)
    return forgotten


def opted_out(session: Session, phones: Collection[str]) -> set[str]:
    """Which of these numbers (E.164) get no reminder and no advertising."""
    return set(session.scalars(_WHO_OPTED_OUT, {"phones": list(phones)}))


def withhold(session: Session, ids: Collection[UUID]) -> Withheld:
    """Cancel, of these messages that were just queued, reminders and advertising for those who opted out."""
    return _cancelled(session, _WITHHOLD, ids)


def withhold_all_of(session: Session, notifications: Sequence[UUID]) -> Withheld:
    """The same for all that is queued of these notifications."""
    return _cancelled(session, _WITHHOLD_ALL_OF, notifications)


def withheld_of(session: Session, notifications: Sequence[UUID]) -> Withheld:
    """What was cancelled of these for that."""
    return _cancelled(session, _WITHHELD_OF, notifications)


def _cancelled(session: Session, statement: TextClause, ids: Collection[UUID]) -> Withheld:
    return [(row.notification_id, row.phone) for row in session.execute(statement, {"ids": list(ids)})] if ids else ()
