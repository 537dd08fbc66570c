"""What a calendar file says, in our words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple


class IcsAttendee(NamedTuple):
    """One invited person; `phone` as the file has it, which hardly any has."""

    name: str
    phone: str | None
    email: str | None
    declined: bool = False

    def __repr__(self) -> str:
        return "<IcsAttendee>"


@dataclass(frozen=True, kw_only=True)
class IcsEvent:
    """One event, one series, or one instance of a series that differs from it.

    key: the UID; for one instance UID/20260105T020000Z, when the series had it. zone: of its rule, its times of day.
    ends_at: None where the file has none. exdates: instances that the rule has and the series hasn't.
    changed_at: which of two files is newer, where `sequence` is the same. series: the UID, for one instance.
    over_before_start: a series whose UNTIL lies before its start. It has no instance, and counts as cancelled.
    """

    key: str
    title: str = field(repr=False)
    starts_at: datetime
    ends_at: datetime | None
    zone: str
    all_day: bool
    place: str = field(repr=False)
    rrule: str | None
    exdates: tuple[datetime, ...] = ()
    cancelled: bool
    sequence: int
    changed_at: datetime | None
    attendees: tuple[IcsAttendee, ...] = field(repr=False)
    series: str | None = None
    over_before_start: bool = False

    @property
    def lasts(self) -> timedelta | None:
        """How long it takes, by the clock."""
        if self.ends_at is None:
            return None
        return self.ends_at.astimezone(UTC) - self.starts_at.astimezone(UTC)


def instance_key(series: str, moment: datetime) -> str:
    """The key of the instance that a series has at this moment."""
    return f"{series}/{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
