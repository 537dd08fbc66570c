"""What the parser asks for a zone: known names come before the zones that a file brings along."""

from __future__ import annotations

from datetime import tzinfo

from icalendar.timezone.zoneinfo import ZONEINFO

from worker.recurrence.ics.names import zone_of_name

LONGEST = 200  # characters


class NamedZones(ZONEINFO):
    """The zones of IANA's and Windows' names; a zone of the file's own by such a name is never expanded."""

    def timezone(self, name: str) -> tzinfo | None:
        if len(name) > LONGEST:  # the parser would ask for each part of it
            raise LookupError("no zone has so long a name")
        return zone_of_name(name)

    def knows_timezone_id(self, tzid: str) -> bool:
        return zone_of_name(tzid) is not None
