"""What the gate would do just now: to advertising that is handed over, and to what failed and is to be sent again.

What is known of numbers is counted by the database's function `rules_broken`: a login that is bound to a source sees
neither the register nor others' consents. What is no advertising pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import TextClause, text

from worker.law.outlook import WITHDRAWN, RuleOutlook, added_up
from worker.law.rules import Channel, Check, Mode, Rule, channel_of, hours_of, opening
from worker.ledger.failed import LEFT, Chosen, chosen, judged, scope_of, with_notification
from worker.ledger.outlook import Going
from worker.lifecycle import IS_ADVERTISING, Kind, Purpose

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.ledger.inserts import Stored

ABOUT_NUMBERS = frozenset({Check.REGISTER, Check.CONSENT, Check.COUNT})

_BROKEN_BY = """
    SELECT broken.* FROM {them} rules_broken(
        {places}, {phones}, {dues}, :channel, :register, :consent, CAST(:most AS integer), CAST(:window AS interval)
    ) AS broken
"""
_BROKEN = text(
    _BROKEN_BY.format(
        them="",
        places="CAST(:places AS integer[])",
        phones="CAST(:phones AS text[])",
        dues="CAST(:dues AS timestamptz[])",
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class NumberRules:
    """The rules in force that look at a number, for advertising by one channel."""

    channel: Channel
    register: Rule | None = None
    consent: Rule | None = None
    count: Rule | None = None

    @classmethod
    def among(cls, rules: Sequence[Rule], channel: Channel) -> NumberRules:
        """The first of each."""
        found = {str(rule.check): rule for rule in reversed(rules) if rule.check in ABOUT_NUMBERS}
        return cls(channel, **found)

    @property
    def key(self) -> tuple[object, ...]:
        """What asks for the same can be asked at once."""
        return (self.channel, *(rule and rule.name for rule in (self.register, self.consent, self.count)))

    def asked(self) -> dict[str, Any]:
        """What the database's function asks of them."""
        given = self.count.parameters if self.count else {}
        return {
            "channel": self.channel,
            "register": self.register is not None,
            "consent": self.consent is not None,
            "most": given.get("most"),
            "window": timedelta(hours=given["hours"]) if given else None,
        }

    def told(self, row: Any) -> Iterator[RuleOutlook]:
        """What is to be told of a row of it."""
        if row.withdrawn:
            yield RuleOutlook(rule=WITHDRAWN, does=Mode.REFUSE, messages=row.withdrawn)
        found = ((self.register, row.registered), (self.consent, row.unknown), (self.count, row.enough))
        for rule, messages in found:
            if rule and messages:
                until = row.enough_until if rule is self.count and rule.mode is Mode.HOLD else None
                yield RuleOutlook(rule=rule.name, does=rule.mode, messages=messages, until=until)


def rule_outlook_of_stored(
    session: Session, rows: Sequence[Stored], besides: Mapping[UUID, Collection[str]]
) -> dict[UUID, list[RuleOutlook]]:
    """What rules would do to what was just stored, by notification. besides: the numbers of each that opted out."""
    alike: dict[tuple[object, ...], tuple[NumberRules, list[Stored]]] = {}
    for row in rows:
        if rules := row.terms.number_rules:
            alike.setdefault(rules.key, (rules, []))[1].append(row)
    return {
        theirs[row.place].id: list(rules.told(row))
        for rules, theirs in alike.values()
        for row in session.execute(_BROKEN, rules.asked() | _asked(theirs, besides))
    }


def _asked(rows: Sequence[Stored], besides: Mapping[UUID, Collection[str]]) -> dict[str, list[Any]]:
    each = [
        (place, phone, row.terms.due_at)
        for place, row in enumerate(rows)
        for _, phone in row.messages
        if phone not in besides.get(row.id, ())
    ]
    places, phones, dues = zip(*each, strict=True) if each else ((), (), ())
    return {"places": list(places), "phones": list(phones), "dues": list(dues)}


# Of what is to be sent again...


def rule_outlook_of_chosen(
    session: Session, which: Chosen, going: Sequence[Going], rules: Sequence[Rule], zone: tzinfo
) -> tuple[RuleOutlook, ...]:
    """What rules would do to chosen messages that would go, if they were queued now."""
    found = rule_outlook_by_hours(going, rules, zone)
    channels = {channel_of(Kind(row.kind)) for row in going if row.purpose == Purpose.ADVERTISING}
    for channel in sorted(channels):
        numbers = _numbers(rules, channel)
        for row in judged(session, _broken_again(scope_of(which)), numbers.asked() | which.parameters()):
            found += numbers.told(row)
    return added_up(found)


def rule_outlook_by_hours(going: Sequence[Going], rules: Sequence[Rule], zone: tzinfo) -> list[RuleOutlook]:
    """What rules about hours would do to these, if they were queued now."""
    return [each for row in going for each in _waiting(row, rules, zone)]


def _waiting(row: Going, rules: Sequence[Rule], zone: tzinfo) -> Iterator[RuleOutlook]:
    """By the hours."""
    about = [rule for rule in rules if rule.is_about(Purpose(row.purpose), channel_of(Kind(row.kind)), row.campaign)]
    if found := opening(hours_of(about), row.at, zone):
        yield RuleOutlook(rule=found[1].name, does=Mode.HOLD, messages=row.messages, until=found[0])


def rule_outlook_by_numbers(
    session: Session, rules: Sequence[Rule], channel: Channel, phones: Sequence[str]
) -> Iterator[RuleOutlook]:
    """What rules would do to advertising to these numbers, if it were queued now."""
    numbers = _numbers(rules, channel)
    now = datetime.now(UTC)
    asked = {"places": [0] * len(phones), "phones": list(phones), "dues": [now] * len(phones)}
    for row in session.execute(_BROKEN, numbers.asked() | asked):
        yield from numbers.told(row)


def _numbers(rules: Sequence[Rule], channel: Channel) -> NumberRules:
    return NumberRules.among([rule for rule in rules if rule.is_about(Purpose.ADVERTISING, channel, None)], channel)


_GOING = f"{LEFT} IS NULL"


@cache
def _broken_again(scope: str) -> TextClause:
    them = f"""(
        SELECT array_agg(0) AS places, array_agg(m.phone) AS phones, array_agg(now()) AS dues
        FROM {with_notification(scope)}
        WHERE {chosen(scope, joined=True)} AND {_GOING} AND {IS_ADVERTISING} AND NOT has_opted_out(m.phone)
          AND (n.kind = 'sms') = (:channel = 'sms')
    ) AS them,"""
    return text(_BROKEN_BY.format(them=them, places="them.places", phones="them.phones", dues="them.dues"))
