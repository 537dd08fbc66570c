"""What the events of one UID mean together: the series, and the instances that differ from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from worker.recurrence.errors import RecurrenceError
from worker.recurrence.expansion import parse_rrule
from worker.recurrence.ics.events import IcsEvent, instance_key
from worker.recurrence.ics.fields import Read

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def joined(read: Iterable[Read]) -> list[IcsEvent]:
    """The events of a file, each key once."""
    by_uid: dict[str, list[Read]] = defaultdict(list)
    for one in read:
        by_uid[one.event.key].append(one)
    return [event for reads in by_uid.values() for event in _of_one_uid(reads)]


def _of_one_uid(reads: list[Read]) -> list[IcsEvent]:
    newest: dict[datetime | None, Read] = {}
    for one in sorted(reads, key=_age):
        newest[one.instance] = one
    series = newest.pop(None, None)
    changed = [_instance(one.event, moment) for moment, one in newest.items() if moment is not None]
    if series is None:
        return changed
    return _with_instances(series, changed, list(filter(None, newest)))


def _age(read: Read) -> tuple[int, datetime]:
    return read.event.sequence, read.event.changed_at or LONG_AGO


def _instance(event: IcsEvent, moment: datetime) -> IcsEvent:
    """The event as one instance of its series: the one that is there at this moment, wherever it has moved."""
    return replace(event, key=instance_key(event.key, moment), series=event.key, rrule=None, exdates=())


def _with_instances(series: Read, changed: list[IcsEvent], moments: list[datetime]) -> list[IcsEvent]:
    """The series without what changed, then what changed and what was added to it."""
    event = series.event
    left_out = {*event.exdates, *moments}
    added = [_at(event, moment) for moment in _besides(series) if moment not in left_out]
    singles = {one.key: one for one in (*added, *changed)}
    return [
        _settled(replace(event, exdates=tuple(sorted(left_out)) if event.rrule else ())),
        *(replace(one, cancelled=one.cancelled or event.cancelled) for one in singles.values()),
    ]


def _besides(series: Read) -> list[datetime]:
    """The instances that the rule doesn't have: what was added, and a start that is no day of the rule."""
    event = series.event
    off_the_rule = event.rrule is not None and series.first not in (None, event.starts_at)
    added = [moment for moment in series.added if moment != event.starts_at]
    return [event.starts_at, *added] if off_the_rule else added


def _at(event: IcsEvent, moment: datetime) -> IcsEvent:
    ends_at = None if event.lasts is None else (moment.astimezone(UTC) + event.lasts).astimezone(moment.tzinfo)
    return _instance(replace(event, starts_at=moment, ends_at=ends_at), moment)


def _settled(event: IcsEvent) -> IcsEvent:
    """A series that has lost every instance is cancelled."""
    if event.over_before_start:
        return replace(event, cancelled=True)
    if event.rrule is None or not event.exdates:
        return event
    try:
        parse_rrule(event.rrule, event.starts_at, zone=event.zone, exceptions=event.exdates)
    except RecurrenceError:
        return replace(event, cancelled=True)
    return event
