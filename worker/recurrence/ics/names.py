"""Zones that a calendar file names: by a known name, or by hours that are those of a known zone.

A known name comes before what the file itself says of that zone: programs write a zone's rules as they knew them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from worker.recurrence.wallclock import zone_named

WEEKS = range(160)  # three years, in which two zones are compared
BEGIN = datetime(2025, 1, 1, 12, tzinfo=UTC)  # a file has the rules of the day on which it was written
OF_UTC = ("UTC", "Z", "ETC/UTC", "COORDINATED UNIVERSAL TIME")


def zone_of_name(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, a Windows name, or an IANA name behind a vendor's (/example.com/Europe/Berlin)."""
    return next(filter(None, map(_zone, _readings(name.strip(' "')))), None)


def _readings(name: str) -> Iterator[str]:
    plain = name.strip("/")
    yield plain
    yield _of_windows().get(plain, "")
    if name.startswith("/") or "://" in name:
        yield from ("/".join(plain.rsplit("/", parts)[1:]) for parts in (3, 2, 1))


def _zone(name: str) -> ZoneInfo | None:
    name = "UTC" if name.upper() in OF_UTC else name
    return zone_named(name) if name in _iana() else None


@lru_cache(maxsize=1)
def _iana() -> frozenset[str]:
    """Looked up here first: to ask the disk for a name that is none takes long, and a file may have thousands."""
    return frozenset(available_timezones())


def _of_windows() -> dict[str, str]:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # late, as the parser is

    return WINDOWS_TO_OLSON


def zone_like(theirs: tzinfo, near: ZoneInfo) -> ZoneInfo | None:
    """The known zone whose clocks show the same in 2025 to 2027: `near` where it is among several."""
    return next((known for known in (near, *_known()) if _clocks(known) == _clocks(theirs)), None)


@lru_cache(maxsize=1)
def _known() -> tuple[ZoneInfo, ...]:
    return tuple(filter(None, (_zone(name) for name in ("UTC", *_of_windows().values()))))


@lru_cache(maxsize=1024)
def _clocks(zone: tzinfo) -> tuple[tuple[datetime, timedelta], ...]:
    """Its distance from UTC at first, and from each change on."""
    weeks = [BEGIN + timedelta(weeks=week) for week in WEEKS]
    changes = (_change(zone, *week) for week in pairwise(weeks) if len({offset(moment, zone) for moment in week}) > 1)
    return tuple((moment, offset(moment, zone)) for moment in (BEGIN, *changes))


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """The minute in which the clocks change, by halving."""
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) / 2
        if offset(middle, zone) == offset(before, zone):
            before = middle
        else:
            after = middle
    return after


def offset(moment: datetime, zone: tzinfo) -> timedelta:
    """How far the clocks of a zone are ahead of UTC at this moment."""
    return moment.astimezone(zone).utcoffset() or timedelta()
