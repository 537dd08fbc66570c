"""Which failures the same request would only repeat, and what has to be different for it to help."""

from __future__ import annotations

from collections.abc import Collection

from worker.catalogue.codes import verdict_of
from worker.esms.codes import Verdict
from worker.lifecycle import Kind, Status

# Of what eSMS refused. What is not here is refused again, whatever is corrected.
_CURED_BY: dict[tuple[bool, str], frozenset[str]] = {  # by SMS or call, and code
    (True, "104"): frozenset({"brandname", "sms_type"}),
    (False, "104"): frozenset({"template"}),
    (False, "106"): frozenset({"template"}),
    (True, "108"): frozenset({"to"}),
    (False, "108"): frozenset({"to"}),
    (True, "118"): frozenset({"sms_type"}),
    (True, "131"): frozenset({"content", "template", "sms_type"}),
    (True, "132"): frozenset({"sms_type"}),
    (True, "146"): frozenset({"content", "template", "sms_type"}),
    (True, "177"): frozenset({"brandname", "sms_type"}),
    (True, "201"): frozenset({"content", "template"}),
}
_GATHERED = frozenset({"107", "119", "120", "163"})  # how many stood in one request, which is cut anew


def retryable(*, kind: str, status: str, code: str | None, corrected: Collection[str] = ()) -> bool:
    """May it help to send this again? corrected: the names of what will be different."""
    if status != Status.REJECTED or code is None or code in _GATHERED:
        return True
    if verdict_of(kind, code) is not Verdict.REFUSED:
        return True
    return not _CURED_BY.get((kind == Kind.SMS, code), frozenset()).isdisjoint(corrected)
