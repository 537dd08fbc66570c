"""The Do-Not-Call register: numbers that get no advertising at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from worker.ledger.upkeep import beat

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

COUNTED = 100_000  # numbers; of more Postgres's own estimate is told
BROUGHT_IN = "do-not-call register"  # a heartbeat

_STAGE = text("CREATE TEMP TABLE listed (phone text) ON COMMIT DROP")
_ADD = text("""
    INSERT INTO do_not_call (phone) SELECT DISTINCT l.phone FROM listed AS l
    WHERE NOT EXISTS (SELECT FROM do_not_call AS d WHERE d.phone = l.phone)  -- most of a register were there before
    ORDER BY 1 ON CONFLICT (phone) DO NOTHING
""")
_TAKE_OUT = text("DELETE FROM do_not_call AS d WHERE NOT EXISTS (SELECT FROM listed AS l WHERE l.phone = d.phone)")


_SIZE = text(f"""
    SELECT (SELECT at FROM heartbeat WHERE name = '{BROUGHT_IN}') AS imported_at,
        CASE WHEN reltuples > {COUNTED} THEN CAST(reltuples AS bigint) ELSE (SELECT count(*) FROM do_not_call) END
            AS numbers
    FROM pg_class WHERE oid = CAST('do_not_call' AS regclass)
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """numbers: about so many, where there are many. imported_at: when some were last brought in."""

    numbers: int
    imported_at: datetime | None


def register(session: Reader) -> Register:
    """How large and how old it is."""
    return Register(**session.execute(_SIZE).one()._mapping)


def fill(session: Session, phones: Iterable[str], *, replace_all: bool) -> int:
    """Put these numbers (E.164) in; how many were not there. replace_all: and take all others out."""
    session.execute(_STAGE)
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy("COPY listed (phone) FROM STDIN") as copy:
        for phone in phones:
            copy.write_row((phone,))
    session.execute(text("ANALYZE listed"))
    if replace_all:
        session.execute(_TAKE_OUT)
    beat(session, BROUGHT_IN)
    return session.execute(_ADD).rowcount  # type: ignore[attr-defined, no-any-return]
