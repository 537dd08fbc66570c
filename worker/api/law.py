"""Sending rules and the Do-Not-Call register: `notifier.law.set_mode("vn.ads.label", Mode.REFUSE)`.

What they say is data: none of it is legal advice, and a lawyer must check it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from worker import ledger
from worker.checks import label
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.law.rules import CAMPAIGN, QUIET, Check, Mode, Rule, checked, quiet, rule_of, window
from worker.ledger import people, register
from worker.ledger.register import Register
from worker.lifecycle import Purpose
from worker.phone import PhoneError, parse, usual_mobile
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.api.people import Due

__all__ = ["Check", "Imported", "Law", "Mode", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file of numbers."""

    numbers: int
    added: int
    refused: int
    """Lines that hold no number."""


class Law:
    """When, how often and how messages may go out. Every method may raise Unavailable.

    A change holds within seconds, in every process.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def list(self) -> Sequence[Rule]:
        """Every version of every rule, by name and first day."""
        with self._database.begin() as session:
            return ledger.all_rules(session)

    def put(self, rule: Rule) -> None:
        """Add a rule, or replace the one of the same name and first day: another country, a change of law.

        Raises Invalid, which names what is wrong.
        """
        with self._database.begin() as session:
            self._put(session, checked(rule))

    def put_fields(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """The same of many, all or none, from JSON fields: those of Rule. Raises Invalid, which tells the item."""
        made = [_made(place if len(rules) > 1 else None, fields) for place, fields in enumerate(rules)]
        with self._database.begin() as session:
            for rule in made:
                self._put(session, rule)

    def set_mode(self, name: str, mode: Mode) -> None:
        """Off, warn, hold (what passes by itself) or refuse. Raises NotFound, Invalid."""
        with self._database.begin() as session:
            for rule in self._named(ledger.all_rules(session), name):
                if mode is not Mode.OFF:  # which fits a rule, too, that would be refused today
                    checked(replace(rule, mode=mode))
            ledger.set_mode(session, name, mode)
            ledger.note_act(session, "law.mode", rule=name, mode=mode)

    def remove(self, name: str) -> None:
        """Take a rule away, all its versions. Raises NotFound."""
        with self._database.begin() as session:
            if not ledger.remove_rule(session, name):
                raise NotFound(f"there is no sending rule {name!r}: `esms-worker law list` shows them")
            ledger.note_act(session, "law.remove", rule=name)

    def quiet_hours(self, start: str, end: str, purposes: Sequence[Purpose] = ()) -> None:
        """Services and reminders (or these purposes) go out from `start` to `end` alone, like 07:00 and 21:30.

        They are times of TIME_ZONE; what becomes due outside of them waits. Raises Invalid.
        """
        self.put(quiet(start, end, purposes))

    def no_quiet_hours(self) -> None:
        """Raises NotFound where there are none."""
        self.remove(QUIET)

    def window(self, campaign: str, start: str, end: str) -> None:
        """All of this campaign but codes goes out from `start` to `end` alone. Raises Invalid."""
        self.put(window(label("campaign", campaign), start, end))

    def no_window(self, campaign: str) -> None:
        """Raises NotFound where it has none."""
        self.remove(f"{CAMPAIGN}{campaign}")

    def import_register(
        self,
        lines: Iterable[str],
        *,
        replace_all: bool = False,
        refuse: Callable[[int], object] = int,
        advance: Callable[[int], object] = int,
    ) -> Imported:
        """Put numbers into the Do-Not-Call register, in one transaction.

        lines: each begins with a number, in any spelling; what follows a comma, semicolon or tab is left alone.
        replace_all: those that stood there and are not among these are taken out. refuse: is told of a line that
        holds no number, by its place; advance: how many lines were read.
        """
        with self._database.begin() as session:
            reading = _Reading(lines, refuse, advance)
            added = register.fill(session, reading.numbers(), replace_all=replace_all)
            ledger.note_act(session, "law.register", reading.taken)
        return Imported(numbers=reading.taken, added=added, refused=reading.refused)

    def register(self) -> Register:
        """How large the Do-Not-Call register is, and when it was last brought in."""
        with self._database.reading() as session:
            return register.register(session)

    def requests(self) -> Sequence[Due]:
        """What people ask about their data and is open, with the clock in working days; by hashes, without numbers."""
        from worker.api.people import due_of  # the library of holidays: not for who only enqueues

        with self._database.reading() as session:
            return [due_of(each, self._settings.time_zone) for each in people.requests(session, all_=False)]

    @staticmethod
    def _put(session: Session, rule: Rule) -> None:
        label("name", rule.name)
        ledger.save_rule(session, rule)
        ledger.note_act(session, "law.put", rule=rule.name, mode=rule.mode)

    @staticmethod
    def _named(rules: Sequence[Rule], name: str) -> Sequence[Rule]:
        if found := [rule for rule in rules if rule.name == name]:
            return found
        raise NotFound(f"there is no sending rule {name!r}: `esms-worker law list` shows them")


def _made(place: int | None, fields: Mapping[str, Any]) -> Rule:
    try:
        return checked(rule_of(fields))
    except Invalid as error:
        raise error.at(place) from None


class _Reading:
    """A file of numbers, on its way in."""

    def __init__(self, lines: Iterable[str], refuse: Callable[[int], object], advance: Callable[[int], object]) -> None:
        self._lines, self._refuse, self._advance = lines, refuse, advance
        self.taken = self.refused = 0

    def numbers(self) -> Iterable[str]:
        """E.164."""
        for place, line in enumerate(self._lines, 1):
            number = _number_of(line)
            if number is not None:
                self.taken += 1
                yield number
            elif line.strip():
                self.refused += 1
                self._refuse(place)
            if place % 10_000 == 0:
                self._advance(10_000)


def _number_of(line: str) -> str | None:
    first = line.replace(";", ",").replace("\t", ",").partition(",")[0].strip().strip('"')
    try:
        return usual_mobile(first) or parse(first, for_sms=False).e164
    except PhoneError:
        return None
