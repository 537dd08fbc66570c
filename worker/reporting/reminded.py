"""What rules and events came to: their messages by the sums of days, and what was skipped by its own record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.errors import Invalid
from worker.lifecycle import OccurrenceState, Status
from worker.reporting.choice import Choice
from worker.reporting.sums import sums

if TYPE_CHECKING:
    from worker.database import Reader

SOURCE = "reminders"  # of what rules and events make
RULE, EVENT = "reminder:", "event:"  # what their campaigns begin with


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindersReported:
    """What one rule or event came to."""

    campaign: str
    """Under which its messages run: `reminder:NAME`, `event:ID`."""
    name: str
    """The rule's, or the event's title."""
    statuses: Mapping[Status, int] = field(default_factory=dict)
    """Of its messages."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """By the reason, in English: so many people got none."""
    called_back: int = 0
    """By an edit, before they went out."""

    @property
    def messages(self) -> int:
        return sum(self.statuses.values())

    def as_row(self) -> dict[str, Any]:
        """Flat, but for the counts by status and by reason."""
        statuses = {str(status): count for status, count in self.statuses.items()}
        return {
            "campaign": self.campaign,
            "name": self.name,
            "messages": self.messages,
            "statuses": statuses,
            "skipped": dict(self.skipped),
            "called_back": self.called_back,
        }


_NOT_MADE = text(f"""
    SELECT coalesce(left('{RULE}' || r.name, 200), '{EVENT}' || o.owner_id) AS campaign, o.state, o.reason,
        count(*) AS occurrences
    FROM occurrence AS o LEFT JOIN reminder AS r ON r.id = o.owner_id
    WHERE o.state <> 'made'
      AND (CAST(:since AS timestamptz) IS NULL OR o.occurs_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR o.occurs_at < :until)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""")  # noqa: S608 — our own constants
_TITLES = text("SELECT id, title FROM event WHERE id = ANY(CAST(:ids AS uuid[]))")


def reminded(session: Reader, choice: Choice, zone: tzinfo) -> list[RemindersReported]:
    """One line for each, in the order of their campaigns. Raises Invalid for words that are not counted here."""
    for name in choice.words.keys() - {"campaign"}:
        raise Invalid(name, "is not counted in this report", "use since, until, campaign")
    made = sums(session, replace(choice, words={**choice.words, "source": [SOURCE]}), ["campaign"])
    statuses = {str(line.key["campaign"]): line.statuses for line in made}
    skipped, called_back = _not_made(session, choice, zone)
    campaigns = sorted(statuses.keys() | skipped.keys() | called_back.keys())
    names = _names(session, campaigns)
    return [
        RemindersReported(
            campaign=each,
            name=names[each],
            statuses=statuses.get(each, {}),
            skipped=skipped.get(each, {}),
            called_back=called_back.get(each, 0),
        )
        for each in campaigns
    ]


def _not_made(
    session: Reader, choice: Choice, zone: tzinfo
) -> tuple[Mapping[str, Mapping[str, int]], Mapping[str, int]]:
    skipped: dict[str, dict[str, int]] = defaultdict(dict)
    called_back: dict[str, int] = defaultdict(int)
    since, until = choice.moments(zone)
    campaigns = choice.words.get("campaign")
    for row in session.execute(_NOT_MADE, {"since": since, "until": until}):
        if campaigns is not None and row.campaign not in campaigns:
            continue
        if row.state == OccurrenceState.SKIPPED:
            skipped[row.campaign][row.reason] = row.occurrences
        else:
            called_back[row.campaign] += row.occurrences
    return skipped, called_back


def _names(session: Reader, campaigns: Sequence[str]) -> Mapping[str, str]:
    names = {each: each.removeprefix(RULE) for each in campaigns}
    events = {each: each.removeprefix(EVENT) for each in campaigns if each.startswith(EVENT)}
    if events:
        titles = {row.id: row.title for row in session.execute(_TITLES, {"ids": list(events.values())})}
        names |= {each: titles.get(UUID(id_)) or each for each, id_ in events.items()}
    return names
