"""The price list: `notifier.prices.put([PriceRow(sms_type=2, network="viettel", valid_from=day, dong=Decimal(790))])`.

What eSMS tells of a message's price counts before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from worker.checks import label_or_none
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.ledger import note_act
from worker.ledger import prices as stored
from worker.ledger.prices import PriceCounts as PriceCounts
from worker.ledger.prices import PriceRow as PriceRow
from worker.ledger.prices import PriceShown as PriceShown
from worker.lifecycle import SmsType
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.api.price_sheets import Reader
    from worker.spreadsheets import RefusedRow, Sheet

CALL = 0  # in the place of an SmsType
TYPES = frozenset({CALL, *SmsType})
DONG_MOST = 1_000_000  # of one SMS or call: more is a slip


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSummary:
    """What became of a file's rows."""

    counts: PriceCounts
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """In đồng: which network each recipient has is not known before eSMS names it."""

    least: Decimal
    most: Decimal


class Prices:
    """What an SMS or a call costs from a day on. Every method may raise Unavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def list(self, *, on: date | None = None) -> Sequence[PriceShown]:
        """All rows, by kind, network and day. on: only those that hold on that day."""
        with self._database.reading() as session:
            rows = stored.all_prices(session)
        if on is None:
            return rows
        return [row for row in rows if row.valid_from <= on <= (row.valid_until or on)]

    def put(self, rows: Iterable[PriceRow]) -> PriceCounts:
        """Add rows, all or none; one of the same kind, network and day gets the new price. Raises Invalid.

        From its day on a row takes the place of the one before it, whenever it is put in: past costs change along.
        """
        checked = [_at(place, row) for place, row in enumerate(rows)]
        if len({key_of(row) for row in checked}) < len(checked):
            raise Invalid("rows", "two are of the same kind, network and day", "leave one of them out")
        with self._database.begin() as session:
            return _put(session, checked)

    def import_sheet(
        self, sheet: Sheet, reader: Reader, *, dry: bool = False, refuse: Callable[[RefusedRow], object]
    ) -> PriceSummary:
        """Put in what an open sheet says, in one transaction; rows that can't be used are refused, and told.

        dry: everything but the commit. Raises Unreadable.
        """
        rows = reader.rows(sheet, refuse)
        counts = PriceCounts()
        with self._database.begin() as session:
            counts = _put(session, rows)
            if dry:
                session.rollback()
        return PriceSummary(counts=counts, unchanged=len(rows) - counts.added - counts.changed)

    def remove(self, sms_type: int, network: str, valid_from: date) -> None:
        """Take one row away: the one before it holds on. Raises NotFound, Invalid."""
        row = checked(PriceRow(sms_type=sms_type, network=network, valid_from=valid_from, dong=Decimal(0)))
        with self._database.begin() as session:
            if not stored.remove_price(session, row.sms_type, row.network, row.valid_from):
                raise NotFound("no price of this kind and network begins on that day: see `esms-worker prices list`")
            note_act(session, "price.remove", sms_type=row.sms_type, network=row.network, day=row.valid_from)

    def estimate(self, sms_type: int, count: int = 1, *, at: datetime | None = None) -> Estimate | None:
        """What so many SMS or calls of this kind cost by the list. None: the list does not know.

        at: when they are to go out; naive: in TIME_ZONE; by default now.
        """
        zone = self._settings.time_zone
        moment = datetime.now(zone) if at is None else self._settings.aware(at)
        with self._database.reading() as session:
            found = stored.price_range(session, sms_type, moment.astimezone(zone).date())
        return None if found is None else Estimate(least=found[0] * count, most=found[1] * count)


def _put(session: Session, rows: Sequence[PriceRow]) -> PriceCounts:
    counts = stored.put_prices(session, rows)
    note_act(session, "price.put", counts.added + counts.changed)
    return counts


def key_of(row: PriceRow) -> tuple[int, str, date]:
    """What there is one price for."""
    return row.sms_type, row.network, row.valid_from


def checked(row: PriceRow) -> PriceRow:
    """The row as it is to be stored. Raises Invalid."""
    if row.sms_type not in TYPES:
        known = ", ".join(str(int(each)) for each in SmsType)
        raise Invalid("sms_type", "there is no such SmsType", f"use {known}, or call")
    if not isinstance(row.valid_from, date) or isinstance(row.valid_from, datetime):
        raise Invalid("valid_from", "is no day", "give a datetime.date")
    if not isinstance(row.dong, Decimal | int) or not 0 <= row.dong <= DONG_MOST:
        raise Invalid("dong", "is no price", f"give đồng, from 0 to {DONG_MOST:,}")
    network = (label_or_none("network", row.network) or "").lower()
    return replace(row, sms_type=int(row.sms_type), network=network, dong=Decimal(row.dong))


def _at(place: int, row: PriceRow) -> PriceRow:
    try:
        return checked(row)
    except Invalid as error:
        raise error.at(place) from None
