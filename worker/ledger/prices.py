"""The price list: what an SMS or a call costs from a day on, where eSMS itself does not tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import text

from worker.price_list import of_networks, price_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One SMS of a text, or one call, from a day on, until the next row of the same kind and network begins."""

    sms_type: int
    """0: a call."""
    network: str
    """eSMS's NetworkName in small letters; '': every network that has no row of its own."""
    valid_from: date
    """A day of TIME_ZONE."""
    dong: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceShown(PriceRow):
    """The same, and until when."""

    valid_until: date | None
    """The last day; None: there is no later row."""


@dataclass(frozen=True, slots=True)
class PriceCounts:
    """What became of rows."""

    added: int = 0
    changed: int = 0
    since: date | None = None
    """The first day that these are of: what was sent from then on costs what they say."""


_PUT = text("""
    INSERT INTO price AS p (sms_type, network, valid_from, dong)
    SELECT * FROM unnest(
        CAST(:types AS smallint[]), CAST(:networks AS text[]), CAST(:days AS date[]), CAST(:dong AS numeric[])
    )
    ON CONFLICT (sms_type, network, valid_from) DO UPDATE SET dong = excluded.dong WHERE p.dong <> excluded.dong
    RETURNING xmax = 0 AS added, valid_from
""")

_ALL = text("""
    SELECT sms_type, network, valid_from, dong, lead(valid_from) OVER (
        PARTITION BY sms_type, network ORDER BY valid_from
    ) - 1 AS valid_until
    FROM price ORDER BY sms_type, network, valid_from
""")

_REMOVE = text("DELETE FROM price WHERE (sms_type, network, valid_from) = (:sms_type, :network, :valid_from)")

_RANGE = text(f"SELECT min(dong) AS least, max(dong) AS most FROM {of_networks(':sms_type', ':day')}")

_OF_KINDS = text(f"""
    SELECT asked.sms_type, asked.network, {price_of("asked.sms_type", "asked.network", "CAST(:day AS date)")} AS dong
    FROM unnest(CAST(:types AS smallint[]), CAST(:networks AS text[])) AS asked (sms_type, network)
""")


def prices_on(
    session: Session, day: date, kinds: Collection[tuple[int, str]]
) -> Mapping[tuple[int, str], Decimal | None]:
    """What one costs that day, by SmsType (0: a call) and network in small letters; None: the list does not know."""
    asked = {"types": [sms_type for sms_type, _ in kinds], "networks": [network for _, network in kinds], "day": day}
    return {(row.sms_type, row.network): row.dong for row in session.execute(_OF_KINDS, asked)}


def put_prices(session: Session, rows: Sequence[PriceRow]) -> PriceCounts:
    """Add them, or give those of the same kind, network and day this price. No two rows may be of the same."""
    asked = {
        "types": [row.sms_type for row in rows],
        "networks": [row.network for row in rows],
        "days": [row.valid_from for row in rows],
        "dong": [row.dong for row in rows],
    }
    put = session.execute(_PUT, asked).all()
    added = sum(row.added for row in put)
    return PriceCounts(added, len(put) - added, min((row.valid_from for row in put), default=None))


def all_prices(session: Reader) -> list[PriceShown]:
    """Every row, by kind, network and day."""
    return [PriceShown(**row) for row in session.execute(_ALL).mappings()]


def remove_price(session: Session, sms_type: int, network: str, valid_from: date) -> bool:
    """False: there is no such row."""
    asked = {"sms_type": sms_type, "network": network, "valid_from": valid_from}
    return session.execute(_REMOVE, asked).rowcount > 0  # type: ignore[attr-defined,no-any-return]  # a cursor's


def price_range(session: Reader, sms_type: int, day: date) -> tuple[Decimal, Decimal] | None:
    """The least and the most that one costs that day, by its network; None: the list does not know."""
    row = session.execute(_RANGE, {"sms_type": sms_type, "day": day}).one()
    return None if row.least is None else (row.least, row.most)
