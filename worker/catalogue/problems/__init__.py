"""What is wrong with what a program sent, and what to do: each as errors say it in English, and in Vietnamese."""

from __future__ import annotations

import re
from functools import lru_cache

from worker.catalogue.names import ROLES
from worker.catalogue.problems.sheets import TO_DO_IN_SHEETS, WRONG_IN_SHEETS
from worker.catalogue.problems.to_do import TO_DO
from worker.catalogue.problems.whole import WHOLE
from worker.catalogue.problems.wrong import WRONG
from worker.catalogue.reasons import in_language, pattern_of
from worker.catalogue.text import Language, Text

BEFORE = (Text("number {place} of {count}", "số thứ {place} trong {count} số"),)
_gap = re.compile(r"{\w+}")
ALL_WRONG, ALL_TO_DO = (*WRONG, *WRONG_IN_SHEETS), (*TO_DO, *TO_DO_IN_SHEETS)


def in_vietnamese(told: str) -> str:
    """What an error says, `what is wrong: what to do`; as it stands where nobody knows it.

    What stands before that (a field, an event of a calendar) stays before it.
    """
    for begin in (0, *(found.end() for found in re.finditer(": ", told))):
        if (said := _halves(told[begin:])) is not None:
            return _before(told[:begin]) + said
    return _said(told, WHOLE) or told


def _before(told: str) -> str:
    return ": ".join(_said(part, BEFORE) or part for part in told.split(": "))


def _halves(told: str) -> str | None:
    for place in (found.start() for found in re.finditer(": ", told)):
        wrong, remedy = _said(told[:place], ALL_WRONG), _said(told[place + 2 :], ALL_TO_DO)
        if wrong and remedy:
            return f"{wrong}: {remedy}"
    return None


def _said(told: str, texts: tuple[Text, ...]) -> str | None:
    for each, pattern in _patterns(texts):
        if (found := pattern.fullmatch(told)) is not None:
            values = {name: _within(name, value) for name, value in found.groupdict().items()}
            return each.say(Language.VI, **values)
    return None


def _within(name: str, value: str) -> str:
    """What stands in a gap: another reason, a role, or what was given."""
    if name == "why":
        return in_language(value, Language.VI)
    if name in {"words", "example"}:
        return value.replace(" or ", " hoặc ")
    return _ROLES.get(value, value) if name in {"needed", "role"} else value


_ROLES = {str(role): text.say(Language.VI) for role, text in ROLES.items()}


@lru_cache(maxsize=4)
def _patterns(texts: tuple[Text, ...]) -> list[tuple[Text, re.Pattern[str]]]:
    """The most literal first: `there is no {name}` says less than `there is no day {day} of month {month}`."""
    ordered = sorted(texts, key=lambda each: -len(_gap.sub("", each.en)))
    return [(each, pattern_of(each.en)) for each in ordered]
