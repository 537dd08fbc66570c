"""Reminder rules in the ledger: kept by name, taken one at a time when due, moved on when an occurrence is made.

A rule's row is the lock: whoever makes its occurrences, edits, pauses or removes it holds it until the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.ledger.rows import as_rows
from worker.lifecycle import ReminderKind
from worker.reminder_rows import RuleRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule or event stands in the line of what is due: by time, then by id."""

    at: datetime
    id: UUID


FRONT = Place(datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))


_COLUMNS = ", ".join(RuleRow.__dataclass_fields__)

_ADD = text("""
    INSERT INTO reminder (id, name, kind, spec, template, channel, tags, source, zone, next_at, created_at, updated_at)
    SELECT r.id, r.name, r.kind, r.spec, r.template, r.channel, :tags, r.source, r.zone, r.next_at, :now, :now
    FROM json_to_recordset(CAST(:rows AS json)) AS r (
        id uuid, name text, kind text, spec jsonb, template text, channel jsonb, source text, zone text,
        next_at timestamptz
    )
    ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING
    RETURNING id
""")

_REWRITE = text("""
    UPDATE reminder AS old
    SET kind = r.kind, spec = r.spec, template = r.template, channel = r.channel, tags = :tags, source = r.source,
        zone = r.zone, next_at = r.next_at, cursor = NULL, failing_since = NULL, version = old.version + 1,
        updated_at = :now
    FROM json_to_recordset(CAST(:rows AS json)) AS r (
        id uuid, kind text, spec jsonb, template text, channel jsonb, source text, zone text, next_at timestamptz
    )
    WHERE old.id = r.id
""")

_ONE = text(f"SELECT {_COLUMNS} FROM reminder WHERE name = :name AND removed_at IS NULL")
_ONE_LOCKED = text(f"SELECT {_COLUMNS} FROM reminder WHERE name = :name AND removed_at IS NULL FOR UPDATE")
_ALL = text(f"SELECT {_COLUMNS} FROM reminder WHERE removed_at IS NULL ORDER BY name")

_WITH = text("""
    SELECT name FROM reminder
    WHERE :template IN (template, channel ->> 'fallback_template') AND removed_at IS NULL ORDER BY name
""")

_TAKE = text(f"""
    SELECT {_COLUMNS} FROM reminder
    WHERE next_at <= :until AND paused_at IS NULL AND removed_at IS NULL
      AND (next_at, id) > (:after_at, :after_id) AND id <> ALL(:besides)
    ORDER BY next_at, id LIMIT 1
    FOR UPDATE SKIP LOCKED
""")

_ADVANCE = text("UPDATE reminder SET next_at = :next_at, cursor = :cursor, failing_since = NULL WHERE id = :id")
_PAUSE = text("UPDATE reminder SET paused_at = coalesce(paused_at, :now), updated_at = :now WHERE id = :id")
_RESUME = text("UPDATE reminder SET paused_at = NULL, updated_at = :now WHERE id = :id")
_REMOVE = text("UPDATE reminder SET removed_at = :now, updated_at = :now WHERE id = :id")


def add_rule(session: Session, rule: RuleRow, *, now: datetime) -> bool:
    """Put a new rule; False when its name is taken."""
    return session.execute(_ADD, _written(rule, now)).one_or_none() is not None


def rewrite_rule(session: Session, rule: RuleRow, *, now: datetime) -> None:
    """Give a rule that is locked other content; what it has made stays made."""
    session.execute(_REWRITE, _written(rule, now))


def find_rule(session: Session, name: str, *, lock: bool = False) -> RuleRow | None:
    """The rule of this name; lock: nobody fires or changes it until this transaction ends."""
    found = session.execute(_ONE_LOCKED if lock else _ONE, {"name": name}).one_or_none()
    return None if found is None else _row(found)


def all_rules(session: Session) -> list[RuleRow]:
    """Every rule that is not removed, by name."""
    return [_row(found) for found in session.execute(_ALL)]


def rules_with(session: Session, template: str) -> list[str]:
    """The names of the rules that use this template."""
    return list(session.scalars(_WITH, {"template": template}))


def take_rule(session: Session, *, until: datetime, after: Place, besides: Sequence[UUID]) -> RuleRow | None:
    """The next rule in line that is due until then, locked; None: there is none that nobody else works on."""
    asked = {"until": until, "after_at": after.at, "after_id": after.id, "besides": list(besides)}
    found = session.execute(_TAKE, asked).one_or_none()
    return None if found is None else _row(found)


def advance_rule(session: Session, id_: UUID, *, next_at: datetime | None, cursor: UUID | None = None) -> None:
    """Note how far a rule's occurrences are made."""
    session.execute(_ADVANCE, {"id": id_, "next_at": next_at, "cursor": cursor})


def pause_rule(session: Session, id_: UUID, *, now: datetime) -> None:
    """Make none of its occurrences until it is resumed."""
    session.execute(_PAUSE, {"id": id_, "now": now})


def resume_rule(session: Session, id_: UUID, *, now: datetime) -> None:
    """Let it go on from its `next_at`."""
    session.execute(_RESUME, {"id": id_, "now": now})


def remove_rule(session: Session, id_: UUID, *, now: datetime) -> None:
    """End it; its name is free again, and what it made stays on record."""
    session.execute(_REMOVE, {"id": id_, "now": now})


def _written(rule: RuleRow, now: datetime) -> dict[str, Any]:
    return {"rows": as_rows([asdict(rule)]), "tags": list(rule.tags), "now": now}


def _row(found: Any) -> RuleRow:
    facts = found._asdict()
    return RuleRow(**facts | {"kind": ReminderKind(facts["kind"]), "tags": tuple(facts["tags"])})
