"""What the worker writes down as a reason, read back in either language.

A reason is stored as one line of English; the tables know each by its words, so that old rows speak Vietnamese too.
What nobody knows (a person's own words for a pause) is told as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from worker.catalogue.reasons.calls import CALLS
from worker.catalogue.reasons.files import FILES
from worker.catalogue.reasons.law import LAW
from worker.catalogue.reasons.ledger import LEDGER
from worker.catalogue.reasons.reminders import REMINDERS
from worker.catalogue.reasons.row import Reason
from worker.catalogue.text import Language

REASONS: tuple[Reason, ...] = (*LEDGER, *LAW, *CALLS, *REMINDERS, *FILES)
WITHIN = frozenset({"cause", "first", "last"})  # names that stand for another reason

_gap = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Found:
    """A stored reason that is known, and what stands in its gaps."""

    reason: Reason
    values: dict[str, str]


def in_language(stored: str, language: Language) -> str:
    """The stored reason in this language; as it stands where nobody knows it."""
    if language is Language.EN:
        return stored
    if (meaning := _code_meaning(stored)) is not None:
        return meaning
    found = find(stored)
    return stored if found is None else found.reason.text.say(language, **dict(_translated(found, language)))


def remedy_in(stored: str, language: Language) -> str | None:
    """What to do about it; by the outermost part that says so."""
    found = find(stored)
    if found is None:
        return None
    if found.reason.remedy is not None:
        return found.reason.remedy.say(language)
    parts = (remedy_in(value, language) for name, value in found.values.items() if name in WITHIN)
    return next((part for part in parts if part), None)


def is_known(stored: str) -> bool:
    """Is there a Vietnamese saying for all of it?"""
    if _code_meaning(stored) is not None:
        return True
    found = find(stored)
    return found is not None and all(is_known(value) for name, value in found.values.items() if name in WITHIN)


def _translated(found: Found, language: Language) -> Iterator[tuple[str, str]]:
    for name, value in found.values.items():
        yield name, in_language(value, language) if name in WITHIN else value


@lru_cache(maxsize=4096)
def find(stored: str) -> Found | None:
    """The most literal reason that could have been written like this."""
    for reason, pattern in _patterns():
        if (match := pattern.fullmatch(stored)) is not None:
            return Found(reason, match.groupdict())
    return None


@lru_cache(maxsize=1)
def _patterns() -> Sequence[tuple[Reason, re.Pattern[str]]]:
    ordered = sorted(REASONS, key=lambda reason: -len(_gap.sub("", reason.text.en)))
    return [(reason, pattern_of(reason.text.en)) for reason in ordered]


def pattern_of(template: str) -> re.Pattern[str]:
    """What could have been written by it."""
    literals = _gap.split(template)  # a literal, a name, a literal, …
    parts = [re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+)" for place, part in enumerate(literals)]
    return re.compile("".join(parts), re.DOTALL)


# What eSMS's codes mean stands in eSMS's own table...

_code = re.compile(r"eSMS code (\w+): (.+)")


@lru_cache(maxsize=256)
def _code_meaning(stored: str) -> str | None:
    if (match := _code.fullmatch(stored)) is None:
        return None
    from worker.catalogue.codes import vietnamese_of  # it loads the client: not for who only enqueues

    meaning = vietnamese_of(match[1], match[2])
    return None if meaning is None else f"eSMS trả mã {match[1]}: {meaning}"
