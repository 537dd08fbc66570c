"""What eSMS's codes mean and what to do about them, from its client's own table."""

from __future__ import annotations

from functools import lru_cache

from worker.catalogue.text import Language, Text
from worker.esms.codes import MEANINGS, Meaning, Verdict, meaning_of
from worker.esms.functions import Function
from worker.lifecycle import Kind

FUNCTION_OF: dict[Kind, Function] = {
    Kind.SMS: Function.SEND_SMS,
    Kind.TEMPLATE_CALL: Function.CALL_TEMPLATE,
    Kind.RECORD_CALL: Function.CALL_RECORD,
}


def vietnamese_of(code: str, english: str) -> str | None:
    """The Vietnamese of a code by its English meaning, whichever function answered it."""
    return next((_plain(row.vietnamese) for row in MEANINGS if (row.code, row.english) == (code, english)), None)


@lru_cache(maxsize=1024)
def meaning(function: str, code: str) -> Text | None:
    """What the code means in answer to this function (its name on the wire); None where nobody has documented it."""
    row = _row(function, code)
    return None if row is None else Text(row.english, _plain(row.vietnamese))


def verdict_of(kind: str, code: str) -> Verdict | None:
    """What the code says about the send of this kind; None where nobody has documented it."""
    row = meaning_of(FUNCTION_OF[Kind(kind)], code)
    return None if row is None else row.verdict


def is_documented(code: str) -> bool:
    """Does any function answer with it, as far as is known?"""
    return any(row.code == code for row in MEANINGS)


def is_failure(function: str, code: str) -> bool:
    """Does the code by itself say why it failed?"""
    row = _row(function, code)
    return row is not None and row.verdict not in (Verdict.DONE, Verdict.TAKEN_BEFORE)


def remedy(function: str, code: str, language: Language) -> str | None:
    """What to do about the code; None where nobody has documented it."""
    row = _row(function, code)
    if row is None:
        return None
    return row.remedy_vietnamese if language is Language.VI else row.remedy


def _row(function: str, code: str) -> Meaning | None:
    return meaning_of(Function(function), code) if function in set(Function) else None


def _plain(sentence: str) -> str:
    """As a part of another sentence."""
    return sentence.removesuffix(".")
