"""How many people each rule reaches on each day of the year, counted for all rules in one pass for each calendar."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from worker.ledger.forecast import Group, count_by_day, count_everybody
from worker.lifecycle import ReminderKind
from worker.reminders.people import DEATHS, LUNAR
from worker.schedule import RuleRow

Key = tuple[int | None, bool | None]  # day of the year, and in a leap month?
Audience = tuple[frozenset[str], str | None]  # tags, one of which is enough; source


class Audiences:
    """Of these rules. Rules with the same people share their counts."""

    def __init__(self, session: Session, rules: Sequence[RuleRow]) -> None:
        wanted: dict[ReminderKind, set[Audience]] = defaultdict(set)
        for rule in rules:
            wanted[rule.kind].add(_audience(rule))
        self._counts = {kind: _counted(_groups(session, kind, asked), asked) for kind, asked in wanted.items()}

    def reached(self, rule: RuleRow, keys: Iterable[tuple[int, bool | None]] | None) -> int:
        """How many people these days concern; None: everybody whom the rule means."""
        counts = self._counts[rule.kind][_audience(rule)]
        if keys is None:
            return counts.total()
        return sum(self._of(counts, day, leap) for day, leap in keys)

    @staticmethod
    def _of(counts: Counter[Key], day: int, leap: bool | None) -> int:
        return sum(counts[day, each] for each in ((None, False, True) if leap is None else (leap,)))


def _audience(rule: RuleRow) -> Audience:
    return frozenset(rule.tags), rule.source


def _groups(session: Session, kind: ReminderKind, asked: set[Audience]) -> Iterable[Group]:
    tags = frozenset[str]().union(*(tags for tags, _ in asked))
    if kind is ReminderKind.RECURRING:
        return count_everybody(session, tags)
    return count_by_day(session, tags, lunar=kind in LUNAR, death=kind in DEATHS)


def _counted(groups: Iterable[Group], asked: set[Audience]) -> dict[Audience, Counter[Key]]:
    counts: dict[Audience, Counter[Key]] = {audience: Counter() for audience in asked}
    reached: dict[tuple[frozenset[str], str], list[Counter[Key]]] = {}
    for group in groups:
        whose = (group.tags, group.source)
        if whose not in reached:
            reached[whose] = [counts[audience] for audience in asked if _belongs(group, audience)]
        for each in reached[whose]:
            each[group.day, group.leap] += group.people
    return counts


def _belongs(group: Group, audience: Audience) -> bool:
    tags, source = audience
    return (not tags or bool(tags & group.tags)) and source in (None, group.source)
