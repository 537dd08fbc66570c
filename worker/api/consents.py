"""Who agreed to what: `notifier.consents.add("0901234567", wording="…", how="form")`, shown, withdrawn and proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from worker import ledger
from worker.checks import iso, known_fields, phone_of
from worker.database import Database
from worker.errors import Invalid
from worker.law.consents import Consent, ConsentAct, checked
from worker.law.rules import Channel
from worker.ledger import consents as stored
from worker.ledger.consents import ConsentRow, StoodOn
from worker.lifecycle import Purpose
from worker.pseudonym import known_as
from worker.settings import Settings
from worker.spreadsheets import Readable, RefusedRow, Row, Unreadable
from worker.spreadsheets.rows import Cell

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Consent", "ConsentAct", "ConsentRow", "Consents", "Proof", "StoodOn"]

AT_ONCE = 1000  # rows in one transaction
COLUMNS = ("phone", "act", "purpose", "channel", "frequency", "wording", "how", "at", "proof")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """All that a number said, and the last messages that stood on it."""

    consents: Sequence[ConsentRow]
    messages: Sequence[StoodOn]


class Consents:
    """The consent ledger, to which rows are only added. Every method may raise Unavailable.

    session: where a method takes one, it joins that transaction.
    """

    def __init__(self, database: Database, settings: Settings, *, source: str = "") -> None:
        """source: who says so where a call names nobody."""
        self._database, self._settings, self._source = database, settings, source

    def show(self, phone: str) -> Sequence[ConsentRow]:
        """All that this number ever said, the oldest first. Raises Invalid."""
        number = phone_of("phone", phone, for_sms=False)
        with self._database.begin() as session:
            return stored.consents_of(session, known_as(number, self._settings.privacy_key))

    def add(
        self,
        phone: str,
        *,
        wording: str,
        purpose: Purpose = Purpose.ADVERTISING,
        channel: Channel | None = None,
        frequency: str | None = None,
        how: str | None = None,
        at: datetime | None = None,
        proof: str | None = None,
        source: str = "",
        session: Session | None = None,
    ) -> None:
        """This number agreed, at `at` (by default now; naive: in TIME_ZONE). Raises Invalid, which names the field."""
        given = Consent(
            phone=phone,
            act=ConsentAct.GIVEN,
            purpose=purpose,
            at=self._moment(at),
            channel=channel,
            frequency=frequency,
            wording=wording,
            how=how,
            proof=proof,
            source=source or self._source,
        )
        self.add_many([given], session=session)

    def withdraw(
        self,
        phone: str,
        *,
        purpose: Purpose = Purpose.ADVERTISING,
        channel: Channel | None = None,
        how: str | None = None,
        at: datetime | None = None,
        proof: str | None = None,
        source: str = "",
        session: Session | None = None,
    ) -> int:
        """This number takes it back: what waits for it is cancelled in the same transaction; how many that were.

        From now on nothing of this purpose goes to it, whatever the rule about consent does, until it agrees again.
        Raises Invalid.
        """
        withdrawn = Consent(
            phone=phone,
            act=ConsentAct.WITHDRAWN,
            purpose=purpose,
            at=self._moment(at),
            channel=channel,
            how=how,
            proof=proof,
            source=source or self._source,
        )
        return self.add_many([withdrawn], session=session)

    def add_many(self, consents: Iterable[Consent], *, session: Session | None = None) -> int:
        """Append many, all or none; how many messages were cancelled. Raises Invalid, which tells the item."""
        now, given = datetime.now(UTC), list(consents)
        with self._database.joined(session) as joined:
            rows = [_at(place if len(given) > 1 else None, each, now) for place, each in enumerate(given)]
            ledger.note_act(joined, "consent.add", len(rows))
            return stored.add_consents(joined, rows)

    def import_rows(
        self, rows: Iterable[Mapping[str, str]], *, refuse: Callable[[int, Invalid], object], source: str = ""
    ) -> int:
        """Append a file's rows, a thousand to a transaction; how many were taken.

        rows: by the names of COLUMNS; what is absent or empty is not told, `act` is given, `purpose` advertising.
        refuse: is told of each row that was not taken, by its place from 1.
        """
        taken, chunk, act = 0, list[Consent](), ledger.Act("consent.add")
        for place, row in enumerate(rows, 1):
            try:
                chunk.append(checked(self._consent_of(row, source), datetime.now(UTC)))
            except Invalid as error:
                refuse(place, error)
            if len(chunk) == AT_ONCE:
                taken, chunk = taken + self._keep(chunk, act), []
        return taken + self._keep(chunk, act)

    def import_sheet(
        self,
        sheet: Readable,
        titles: Sequence[str],
        *,
        refuse: Callable[[RefusedRow], object],
        advance: Callable[[int], object] = int,
        source: str = "",
    ) -> int:
        """The same of a spreadsheet's rows, by the titles of its columns. Raises Unreadable where none is `phone`.

        refuse: is told of each row that was not taken; advance: of each that was read.
        """
        places = {name: place for place, title in enumerate(titles) if (name := title.strip().casefold()) in COLUMNS}
        if "phone" not in places:
            raise Unreadable("columns", "none is called phone", f"name them {', '.join(COLUMNS)}")
        reading = _Reading(sheet, places, refuse, advance)
        return self.import_rows(reading.rows(), refuse=reading.not_taken, source=source)

    def proof(self, phone: str) -> Proof:
        """What this number agreed to, and the last thousand messages that stood on it. Raises Invalid."""
        number = phone_of("phone", phone, for_sms=False)
        with self._database.begin() as session:
            said = stored.consents_of(session, known_as(number, self._settings.privacy_key))
            return Proof(consents=said, messages=stored.stood_on(session, number))

    def _keep(self, chunk: Sequence[Consent], act: ledger.Act) -> int:
        """Checked ones, in a transaction of their own."""
        if chunk:
            with self._database.begin() as session:
                act.note(session, len(chunk))
                stored.add_consents(session, chunk)
        return len(chunk)

    def _consent_of(self, row: Mapping[str, str], source: str) -> Consent:
        given: dict[str, Any] = {name: row.get(name, "").strip() or None for name in COLUMNS}
        known_fields(sorted(row), COLUMNS, "is no field of a consent")
        given["act"] = _one_of("act", given["act"] or ConsentAct.GIVEN, ConsentAct)
        given["purpose"] = _one_of("purpose", given["purpose"] or Purpose.ADVERTISING, Purpose)
        given["channel"] = given["channel"] and _one_of("channel", given["channel"], Channel)
        given["at"] = self._moment(iso("at", given["at"]))
        return Consent(**given | {"phone": given["phone"] or "", "source": source or self._source})

    def _moment(self, at: datetime | None) -> datetime:
        return datetime.now(UTC) if at is None else self._settings.aware(at)


class _Reading:
    """A sheet of consents, on its way in."""

    def __init__(
        self,
        sheet: Readable,
        places: Mapping[str, int],
        refuse: Callable[[RefusedRow], object],
        advance: Callable[[int], object],
    ) -> None:
        self._sheet, self._places, self._refuse, self._advance = sheet, places, refuse, advance
        self._last: Row

    def rows(self) -> Iterator[Mapping[str, str]]:
        for row in self._sheet.read():
            self._advance(1)
            if isinstance(row, RefusedRow):
                self._refuse(row)
            else:
                self._last = row
                yield {name: _as_text(row.cells[place]) for name, place in self._places.items()}

    def not_taken(self, _: int, error: Invalid) -> None:
        """Note what is wrong with the row that was read last."""
        column = error.field if error.field in self._places else None
        problem = f"{error.problem}: {error.remedy}" if column else str(error)
        self._refuse(RefusedRow(self._last.number, column, problem, self._last.cells))


def _as_text(cell: Cell) -> str:
    return cell.isoformat() if isinstance(cell, date) else cell


def _at(place: int | None, consent: Consent, now: datetime) -> Consent:
    try:
        return checked(consent, now)
    except Invalid as error:
        raise error.at(place) from None


def _one_of(field: str, value: str, kind: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise Invalid(field, "is not known", f"use one of {', '.join(kind)}") from None
