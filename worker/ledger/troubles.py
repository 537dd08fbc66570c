"""Which steps of the upkeep fail, since when and why: noted tick by tick, for whoever asks `doctor`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_NOTE = text("""
    INSERT INTO trouble (name, error) SELECT * FROM unnest(CAST(:names AS text[]), CAST(:errors AS text[]))
    ON CONFLICT (name) DO UPDATE SET error = excluded.error, at = now()
""")

_FORGET = text("DELETE FROM trouble WHERE name = ANY(:names)")


def note_troubles(session: Session, *, tried: Sequence[str], failed: Mapping[str, str]) -> None:
    """What of these steps failed, and its error; of the others it is forgotten that they ever did."""
    if failed:
        session.execute(_NOTE, {"names": list(failed), "errors": list(failed.values())})
    session.execute(_FORGET, {"names": [name for name in tried if name not in failed]})
