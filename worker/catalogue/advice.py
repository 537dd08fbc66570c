"""Why one message did not arrive, or has not yet, and what to do about it: by its code, its reason, or its status."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from worker.catalogue import statuses
from worker.catalogue.reasons import in_language, remedy_in
from worker.catalogue.text import Language
from worker.lifecycle import Kind, Status


@dataclass(frozen=True, slots=True)
class Advice:
    """Why it failed and what to do, in one language."""

    reason: str
    remedy: str


# Where the code is that of the refusal itself; a later word of a poll, or of a person, says more than the first answer.
_BY_CODE = frozenset({Status.REJECTED, Status.QUEUED, Status.UNCONFIRMED, Status.HELD})


@lru_cache(maxsize=4096)  # the failures of a campaign are alike
def advice(language: Language, *, kind: str, status: str, code: str | None, reason: str | None) -> Advice:
    """The advice about a message, by what its row has. reason: as stored, in English."""
    at = Status(status)
    return Advice(
        reason=in_language(reason, language) if reason else _meaning(kind, at, code, language),
        remedy=_remedy(kind, at, code, reason, language),
    )


def function_of(kind: str) -> str:
    """The function of eSMS that sends this kind, by which its codes are read."""
    from worker.catalogue.codes import FUNCTION_OF

    return str(FUNCTION_OF[Kind(kind)])


def _meaning(kind: str, status: Status, code: str | None, language: Language) -> str:
    from worker.catalogue import codes  # it loads the client: not for who only enqueues

    if code and status in _BY_CODE and codes.is_failure(function_of(kind), code):
        said = codes.meaning(function_of(kind), code)
        assert said is not None
        return said.say(language)
    return statuses.MEANINGS[status].say(language)


def _remedy(kind: str, status: Status, code: str | None, reason: str | None, language: Language) -> str:
    from worker.catalogue import codes

    if code and status in _BY_CODE and codes.is_failure(function_of(kind), code):
        return codes.remedy(function_of(kind), code, language) or ""
    if status is not Status.DELIVERED and reason and (known := remedy_in(reason, language)):
        return known
    return statuses.REMEDIES[status].say(language)
