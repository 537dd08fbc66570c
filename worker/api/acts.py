"""What people did by the page, the command line and HTTP: kept for good, and read here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from worker.catalogue.acts import ACTS
from worker.database import Database
from worker.errors import Invalid
from worker.ledger.acts import note_act
from worker.reporting.acts import ActShown as ActShown
from worker.reporting.acts import acts
from worker.settings import Settings


class Acts:
    """Every method may raise Unavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def downloaded(self, file: str) -> None:
        """Somebody takes people's data away. file: what it is, without a name or number of anybody."""
        with self._database.begin() as session:
            note_act(session, "people.download", file=file)

    def list(
        self,
        *,
        who: str | None = None,
        what: str | None = None,
        since: datetime | None = None,
        before: UUID | None = None,
        most: int = 50,
    ) -> Sequence[ActShown]:
        """The last first; what: like `campaign.pause`; before: an act's id, to go on after it.

        since: a naive one is in TIME_ZONE. Raises Invalid for an act that there is not.
        """
        if what is not None and what not in ACTS:
            raise Invalid("what", "there is no such act", f"choose from {', '.join(ACTS)}")
        aware = None if since is None else self._settings.aware(since)
        with self._database.reading() as session:
            return acts(session, who=who, what=what, since=aware, before=before, most=most)
