"""Uploaded files of people: kept with their rows until they are done with, and gone through by one process at a time.

How far a file is stands in its row, moved on in the transaction that uses some of its rows: whoever dies leaves both
undone, and of two who press the same button one moves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import text

from worker.ids import uuid7
from worker.ledger.rows import as_rows
from worker.lifecycle import UPLOAD_MOVES, UploadKind, UploadState
from worker.spreadsheets import RefusedRow, Row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

AT_ONCE = 1000  # rows in one statement
KEPT = timedelta(days=7)  # after it was last touched
_UNSTORABLE = str.maketrans({"\0": "\ufffd"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadShown:
    """A file, and how far it is."""

    id: UUID
    uploaded_at: datetime
    changed_at: datetime
    uploaded_by: str
    kind: UploadKind
    name: str
    """Of the file, and of the sheet in it."""
    columns: Sequence[str]
    header_row: int
    rows: int
    plan: Mapping[str, Any] | None = field(repr=False)
    """What is to be done with it."""
    state: UploadState
    after_row: int
    foreseen: Mapping[str, Any] | None
    """What it will come to, as the check has it."""
    done: Mapping[str, int] | None
    """What it has come to."""
    error: str | None
    """Why it was stopped."""


_COLUMNS = """
    id, uploaded_at, changed_at, uploaded_by, kind, name, columns, header_row, rows, plan, state, after_row, foreseen,
    done, error
"""
_PUT = text("""
    INSERT INTO upload (id, uploaded_by, kind, name, columns, header_row, rows)
    VALUES (:id, :by, :kind, :name, :columns, :header_row, 0)
""")
_PUT_ROWS = text("""
    INSERT INTO upload_row (upload_id, number, cells, unfit, "column", problem)
    SELECT :id, number, cells, unfit, "column", problem FROM json_to_recordset(CAST(:rows AS json)) AS r (
        number integer, cells jsonb, unfit boolean, "column" text, problem text
    )
""")
_COUNT = text("UPDATE upload SET rows = :rows WHERE id = :id")
_FIND = text(f"SELECT {_COLUMNS} FROM upload WHERE id = :id")
_LIST = text(f"SELECT {_COLUMNS} FROM upload WHERE kind = :kind ORDER BY changed_at DESC, id LIMIT :most")
_OF_CAMPAIGN = text(f"""
    SELECT {_COLUMNS} FROM upload WHERE kind = 'campaign' AND plan ->> 'campaign' = :campaign AND state <> 'draft'
    ORDER BY changed_at DESC, id
""")
_ROWS = text("""
    SELECT number, cells, unfit, "column", problem FROM upload_row
    WHERE upload_id = :id AND number > :after AND (NOT :refused OR problem IS NOT NULL)
    ORDER BY number LIMIT :most
""")
_PLAN = text("""
    UPDATE upload SET plan = CAST(:plan AS jsonb), state = 'draft', foreseen = NULL, error = NULL, changed_at = now()
    WHERE id = :id AND state = ANY(:from)
    RETURNING id
""")
_MOVE = text("""
    UPDATE upload SET state = :to, error = :error, changed_at = now() WHERE id = :id AND state = ANY(:from)
    RETURNING id
""")
_CLEAN = text("""
    UPDATE upload_row SET "column" = NULL, problem = NULL
    WHERE upload_id = :id AND NOT unfit AND problem IS NOT NULL
""")
_NEXT = text(f"""
    SELECT {_COLUMNS} FROM upload
    WHERE state IN ('checking', 'running') AND (CAST(:id AS uuid) IS NULL OR id = :id)
    ORDER BY changed_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
""")
_NOTE = text("""
    UPDATE upload_row AS u SET "column" = r."column", problem = r.problem
    FROM json_to_recordset(CAST(:rows AS json)) AS r (number integer, "column" text, problem text)
    WHERE u.upload_id = :id AND u.number = r.number AND NOT u.unfit
""")
_FORESEE = text("""
    UPDATE upload SET foreseen = CAST(:sums AS jsonb), state = 'checked', error = NULL, changed_at = now()
    WHERE id = :id
""")
_GO_ON = text("""
    UPDATE upload SET done = CAST(:sums AS jsonb), after_row = :after, changed_at = now(),
        state = CASE WHEN :over THEN 'done' ELSE state END
    WHERE id = :id
""")
_CLEAR = text("""
    DELETE FROM upload WHERE id IN (
        SELECT id FROM upload WHERE changed_at < now() - :kept AND state NOT IN ('checking', 'running')
        ORDER BY changed_at LIMIT 10 FOR UPDATE SKIP LOCKED
    ) RETURNING id
""")


def put_upload(
    session: Session, kind: UploadKind, name: str, columns: Sequence[str], header_row: int, *, by: str
) -> UUID:
    """A new file, as yet without rows."""
    asked = {"id": uuid7(), "by": by, "kind": kind, "name": name, "columns": list(columns), "header_row": header_row}
    session.execute(_PUT, asked)
    return asked["id"]  # type: ignore[return-value]


def put_rows(session: Session, upload: UUID, rows: Iterable[Row | RefusedRow]) -> int:
    """Its rows; how many they are. What the caller raises on the way leaves nothing, once it is rolled back."""
    count, left = 0, iter(rows)
    while some := list(islice(left, AT_ONCE)):
        session.execute(_PUT_ROWS, {"id": upload, "rows": as_rows([_stored(row) for row in some])})
        count += len(some)
    session.execute(_COUNT, {"id": upload, "rows": count})
    return count


def find_upload(session: Session, upload: UUID) -> UploadShown | None:
    """The file with this id."""
    row = session.execute(_FIND, {"id": upload}).mappings().one_or_none()
    return None if row is None else _shown(row)


def list_uploads(session: Session, kind: UploadKind, *, most: int) -> list[UploadShown]:
    """The files of this kind, those changed last first."""
    return [_shown(row) for row in session.execute(_LIST, {"kind": kind, "most": most}).mappings()]


def uploads_of(session: Session, campaign: str) -> list[UploadShown]:
    """The files that are, or were to be, sent as this campaign."""
    return [_shown(row) for row in session.execute(_OF_CAMPAIGN, {"campaign": campaign}).mappings()]


def upload_rows(
    session: Session, upload: UUID, *, after: int = 0, most: int = AT_ONCE, refused: bool = False
) -> list[Row | RefusedRow]:
    """Some rows, as they were read. refused: those with a problem, and what it is."""
    rows = session.execute(_ROWS, {"id": upload, "after": after, "most": most, "refused": refused})
    return [_read(row, refused) for row in rows]


def all_upload_rows(session: Session, upload: UUID) -> Iterator[Row | RefusedRow]:
    """All of them, some in memory at a time."""
    after = 0
    while rows := upload_rows(session, upload, after=after):
        yield from rows
        after = rows[-1].number


def plan_upload(session: Session, upload: UUID, plan: Mapping[str, Any]) -> bool:
    """Say what is to be done with it; False when that has begun."""
    came_from = [
        state for state in UploadState if state is UploadState.DRAFT or UploadState.DRAFT in UPLOAD_MOVES[state]
    ]
    asked = {"id": upload, "plan": orjson.dumps(plan).decode(), "from": came_from}
    return session.execute(_PLAN, asked).first() is not None


def move_upload(session: Session, upload: UUID, to: UploadState, *, error: str | None = None) -> bool:
    """Begin to check it or to use it, or stop; False where it does not stand so that it can."""
    asked = {"id": upload, "to": to, "error": error, "from": _before(to)}
    won = session.execute(_MOVE, asked).first() is not None
    if won and to is UploadState.CHECKING:
        session.execute(_CLEAN, {"id": upload})
    return won


def next_upload(session: Session, upload: UUID | None = None) -> UploadShown | None:
    """One that is to be gone on with, locked: this one, or whichever waits longest; None where others are at it."""
    row = session.execute(_NEXT, {"id": upload}).mappings().one_or_none()
    return None if row is None else _shown(row)


def note_refused_rows(session: Session, upload: UUID, refused: Sequence[RefusedRow]) -> None:
    """What is wrong with which rows; of several problems in one row all are told."""
    by_row = groupby(sorted(refused, key=attrgetter("number")), key=attrgetter("number"))
    noted = [_noted(number, list(of_row)) for number, of_row in by_row]
    if noted:
        session.execute(_NOTE, {"id": upload, "rows": as_rows(noted)})


def foresee_upload(session: Session, upload: UUID, sums: Mapping[str, Any]) -> None:
    """The check is over: this is what it will come to."""
    session.execute(_FORESEE, {"id": upload, "sums": orjson.dumps(sums).decode()})


def upload_went_on(session: Session, upload: UUID, sums: Mapping[str, int], *, after: int, over: bool) -> None:
    """So much has come of it by this row."""
    asked = {"id": upload, "sums": orjson.dumps(sums).decode(), "after": after, "over": over}
    session.execute(_GO_ON, asked)


def clear_uploads(session: Session) -> int:
    """Forget files that nobody has touched for long, a few at a time; how many."""
    return len(session.execute(_CLEAR, {"kept": KEPT}).all())


def _before(state: UploadState) -> list[UploadState]:
    return [each for each, moves in UPLOAD_MOVES.items() if state in moves]


def _stored(row: Row | RefusedRow) -> dict[str, Any]:
    refused = isinstance(row, RefusedRow)
    return {
        "number": row.number,
        "cells": [[cell.isoformat()] if isinstance(cell, date) else cell.translate(_UNSTORABLE) for cell in row.cells],
        "unfit": refused,
        "column": row.column if isinstance(row, RefusedRow) else None,
        "problem": row.problem if isinstance(row, RefusedRow) else None,
    }


def _read(row: Any, refused: bool) -> Row | RefusedRow:
    cells = [date.fromisoformat(cell[0]) if isinstance(cell, list) else cell for cell in row.cells]
    if row.unfit or refused:
        return RefusedRow(row.number, row.column, row.problem, cells)
    return Row(row.number, cells)


def _noted(number: int, problems: list[RefusedRow]) -> dict[str, Any]:
    [first, *others] = problems
    told = [first.problem, *(f"{each.column}: {each.problem}" if each.column else each.problem for each in others)]
    return {"number": number, "column": first.column, "problem": "; ".join(told)}


def _shown(row: Any) -> UploadShown:
    return UploadShown(**{**row, "kind": UploadKind(row["kind"]), "state": UploadState(row["state"])})
