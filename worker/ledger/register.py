"""The Do-Not-Call register: numbers that get no advertising at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_STAGE = text("CREATE TEMP TABLE listed (phone text) ON COMMIT DROP")
_ADD = text("""
    INSERT INTO do_not_call (phone) SELECT DISTINCT phone FROM listed ORDER BY phone ON CONFLICT (phone) DO NOTHING
""")
_TAKE_OUT = text("DELETE FROM do_not_call AS d WHERE NOT EXISTS (SELECT FROM listed AS l WHERE l.phone = d.phone)")


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
    return session.execute(_ADD).rowcount  # type: ignore[attr-defined, no-any-return]
