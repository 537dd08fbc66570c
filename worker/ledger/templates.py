"""Templates by name and version: added, never changed; the newest version that is not removed counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from worker.lifecycle import Kind
from worker.text import Body, Diacritics

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTemplate:
    """A template as it is to stand: a text for an SMS, or a call's template at eSMS with its variables in order."""

    name: str
    kind: Kind  # an SMS or a template call
    content: str | None = None
    template_id: str | None = None
    variables: Sequence[str] = ()  # texts like "{name}", left to right
    diacritics: Diacritics = Diacritics.KEEP

    def texts(self) -> tuple[Body, ...]:
        """What is to be filled in: the SMS's text, or each of the call's variables."""
        bodies = [self.content] if self.content is not None else self.variables
        return tuple(Body(body, self.diacritics) for body in bodies)

    def names(self) -> frozenset[str]:
        """All variables of its texts."""
        return frozenset(name for text in self.texts() for name in text.variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRow(StoredTemplate):
    """One version of a template."""

    version: int
    created_at: datetime
    removed_at: datetime | None


_COLUMNS = "name, version, kind, content, template_id, variables, diacritics, created_at, removed_at"

_ONE_WRITER = text("SELECT pg_advisory_xact_lock(hashtextextended('esms-worker: template ' || :name, 0))")

_NEWEST = text(f"""
    SELECT * FROM (SELECT {_COLUMNS} FROM template WHERE name = :name ORDER BY version DESC LIMIT 1) AS newest
    WHERE removed_at IS NULL
""")

_VERSION = text(f"SELECT {_COLUMNS} FROM template WHERE name = :name AND version = :version")

_ALL = text(f"""
    SELECT * FROM (SELECT DISTINCT ON (name) {_COLUMNS} FROM template ORDER BY name, version DESC) AS newest
    WHERE removed_at IS NULL ORDER BY name
""")

_VERSIONS = text(f"SELECT {_COLUMNS} FROM template WHERE name = :name ORDER BY version")

_ADD = text("""
    INSERT INTO template (name, version, kind, content, template_id, variables, diacritics)
    VALUES (
        :name, (SELECT coalesce(max(version), 0) + 1 FROM template WHERE name = :name),
        :kind, :content, :template_id, :variables, :diacritics
    )
    RETURNING version
""")

_REMOVE = text("""
    UPDATE template SET removed_at = now()
    WHERE name = :name AND removed_at IS NULL AND version = (SELECT max(version) FROM template WHERE name = :name)
""")


def add_template(session: Session, new: StoredTemplate) -> int:
    """Store it as the newest version of its name, and give its number; the same once more is the same version."""
    session.execute(_ONE_WRITER, {"name": new.name})
    newest = template(session, new.name)
    if newest is not None and _content(newest) == _content(new):
        return newest.version
    return int(session.execute(_ADD, _content(new)).scalar_one())


def template(session: Session, name: str, version: int | None = None) -> TemplateRow | None:
    """The newest version, None if it was removed; or the version asked for, removed or not."""
    asked: dict[str, Any] = {"name": name} if version is None else {"name": name, "version": version}
    row = session.execute(_NEWEST if version is None else _VERSION, asked).mappings().one_or_none()
    return None if row is None else _row(row)


def templates(session: Session) -> list[TemplateRow]:
    """The newest version of each name that is not removed."""
    return [_row(row) for row in session.execute(_ALL).mappings()]


def versions_of(session: Session, name: str) -> list[TemplateRow]:
    """Every version that this name ever had, the first one first."""
    return [_row(row) for row in session.execute(_VERSIONS, {"name": name}).mappings()]


def remove_template(session: Session, name: str) -> bool:
    """Remove a template by its name; its versions stay. False: there was none."""
    session.execute(_ONE_WRITER, {"name": name})
    removed: int = session.execute(_REMOVE, {"name": name}).rowcount  # type: ignore[attr-defined]
    return removed > 0


def _content(each: StoredTemplate) -> dict[str, Any]:
    return {
        "name": each.name,
        "kind": str(each.kind),
        "content": each.content,
        "template_id": each.template_id,
        "variables": list(each.variables),
        "diacritics": str(each.diacritics),
    }


def _row(row: Any) -> TemplateRow:
    known = dict(row) | {"kind": Kind(row["kind"]), "diacritics": Diacritics(row["diacritics"])}
    return TemplateRow(**known)
