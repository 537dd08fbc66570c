"""The consent ledger: who agreed to what, when and how, and who took it back. Rows are added and never changed.

The last that somebody said for a purpose and channel counts, by when it was said: a list of last year's consents that
comes in today undoes no withdrawal. Each claim looks (worker/ledger/gate.py); that a withdrawal cancels what waits, in
its own transaction, tells people sooner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.law.consents import Consent, ConsentAct
from worker.law.rules import Channel
from worker.ledger.cancelling import cancelled
from worker.ledger.gate import WITHDRAWN
from worker.ledger.plans import still
from worker.ledger.rows import as_rows
from worker.lifecycle import CHANNEL, PURPOSE, Purpose

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

STOOD_ON_MOST = 1000  # messages of one consent that are told


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow(Consent):
    """One row as it stands. recorded_at: when it was written down."""

    id: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoodOn:
    """A message that went out on a consent."""

    consent_id: int
    message_id: UUID
    status: str
    accepted_at: datetime | None


_COLUMNS = "phone, act, purpose, channel, frequency, wording, how, at, proof, source"
_ADD = text(f"""
    INSERT INTO consent ({_COLUMNS})
    SELECT {_COLUMNS} FROM json_to_recordset(CAST(:rows AS json)) AS r (
        phone text, act text, purpose text, channel text, frequency text, wording text, how text, at timestamptz,
        proof text, source text
    )
""")
_OF = text(f"SELECT id, recorded_at, {_COLUMNS} FROM consent WHERE phone = ANY(:phones) ORDER BY at, id")
_CANCEL = text(f"""
    UPDATE message AS m SET {cancelled(f"'{WITHDRAWN}'")}
    FROM notification AS n, json_to_recordset(CAST(:rows AS json)) AS r (
        phone text, purpose text, channel text, at timestamptz
    )
    WHERE m.phone = r.phone AND {still("queued")} AND n.id = m.notification_id AND {PURPOSE} = r.purpose
      AND (r.channel IS NULL OR r.channel = {CHANNEL})
      AND NOT EXISTS (  -- it was said before something else was
          SELECT FROM consent AS c WHERE c.phone = r.phone AND c.purpose = r.purpose AND c.act = 'given'
            AND (c.channel IS NULL OR r.channel IS NULL OR c.channel = r.channel) AND c.at > r.at
      )
""")
_STOOD_ON = text("""
    SELECT consent_id, id AS message_id, status, accepted_at FROM message
    WHERE phone = :phone AND consent_id IS NOT NULL ORDER BY created_at DESC LIMIT :most
""")


def add_consents(session: Session, consents: Sequence[Consent]) -> int:
    """Append them; how many messages were cancelled with those that withdraw."""
    rows = [{name: getattr(each, name) for name in Consent.__dataclass_fields__} for each in consents]
    session.execute(_ADD, {"rows": as_rows(rows)})
    withdrawn = [row for row in rows if row["act"] is ConsentAct.WITHDRAWN]
    if not withdrawn:
        return 0
    return session.execute(_CANCEL, {"rows": as_rows(withdrawn)}).rowcount  # type: ignore[attr-defined, no-any-return]


def consents_of(session: Session, phones: Sequence[str]) -> list[ConsentRow]:
    """All that this number ever said, in the order in which it was. phones: E.164, and what it is hidden as."""
    return [_row(row) for row in session.execute(_OF, {"phones": list(phones)})]


def stood_on(session: Session, phone: str) -> list[StoodOn]:
    """The last messages to this number that stood on a consent."""
    found = session.execute(_STOOD_ON, {"phone": phone, "most": STOOD_ON_MOST})
    return [StoodOn(**row._mapping) for row in found]


def _row(row: Any) -> ConsentRow:
    known = {"act": ConsentAct(row.act), "purpose": Purpose(row.purpose)}
    return ConsentRow(**dict(row._mapping) | known | {"channel": Channel(row.channel) if row.channel else None})
