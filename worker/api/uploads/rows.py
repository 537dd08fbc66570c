"""The rows of a file that was uploaded, as a sheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from worker.ledger.uploads import all_upload_rows
from worker.spreadsheets import RefusedRow, Row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Read in this transaction."""

    session: Session
    upload: UUID

    def read(self) -> Iterator[Row | RefusedRow]:
        """Each of them, some in memory at a time."""
        return all_upload_rows(self.session, self.upload)
