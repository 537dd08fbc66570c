"""Is the brandname one that the account has, for this SmsType? If not, which is nearest?

eSMS refuses a wrong one only when the message goes out, maybe next week: too late for the producer to hear of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from worker import text
from worker.errors import Invalid
from worker.lifecycle import BRANDNAME_TYPES, SmsType

Registered = Mapping[str, frozenset[int]]  # brandnames, each with its types: 1 advertising, 2 customer care

PURPOSE = {SmsType.ADVERTISING: "advertising", SmsType.CUSTOMER_CARE: "customer care"}


def check_brandname(options: Mapping[str, Any], registered: Registered) -> None:
    """Refuse a brandname that the account has not. Raises Invalid. Nothing registered: nobody has asked eSMS yet."""
    sms_type, name = SmsType(options["sms_type"]), options["brandname"]
    if not registered or _fits(registered.get(name), sms_type):
        return
    what = f"is not registered for {PURPOSE[sms_type]}" if name in registered else "is not registered at eSMS"
    fitting = [known for known, types in registered.items() if _fits(types, sms_type)]
    raise Invalid("brandname", f"{name!r} {what} (SmsType {sms_type:d})", _nearest(name, fitting))


def _fits(types: frozenset[int] | None, sms_type: SmsType) -> bool:
    """Types that were not told, or that the manual does not know, may mean anything, so they fit."""
    return types is not None and (sms_type in types or bool(types - BRANDNAME_TYPES))


def _nearest(name: str, fitting: Sequence[str]) -> str:
    """Capitals and accents are what people get wrong."""
    plain = {text.strip_diacritics(known).casefold(): known for known in fitting}
    near = get_close_matches(text.strip_diacritics(name).casefold(), plain, n=1)
    meant = f"did you mean {plain[near[0]]!r}? " if near else ""
    return f"{meant}`esms-worker brandnames` lists and refreshes what there is"
