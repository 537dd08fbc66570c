"""What somebody agreed to, or takes back: one row of the consent ledger, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from worker.checks import label_or_none, phone_of, text_of
from worker.errors import Invalid
from worker.law.rules import Channel
from worker.lifecycle import FOR_THE_WILLING, Purpose
from worker.text import strip_diacritics

WORDING_MOST = 4000  # characters


class ConsentAct(StrEnum):
    """Consent is given or withdrawn; nothing is ever changed."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Who (E.164 once it is checked) agreed to what, how and when, and where the proof is."""

    phone: str
    act: ConsentAct
    purpose: Purpose
    at: datetime
    """When it was said, which may be long before it is written down here; the latest counts."""
    channel: Channel | None = None
    """None: both."""
    frequency: str | None = None
    """As it was told to the person. Advertising is counted by it where it reads like: 2 a week, 2 tin moi tuan."""
    wording: str | None = None
    """What the person was shown."""
    how: str | None = None
    """By a form, an SMS, a call, …"""
    proof: str | None = None
    """Where the proof is kept: the number of a form, of a recording."""
    source: str = ""


_SPANS = {
    **dict.fromkeys(("day", "ngay"), timedelta(days=1)),
    **dict.fromkeys(("week", "tuan"), timedelta(days=7)),
    **dict.fromkeys(("month", "thang"), timedelta(days=30)),
}
_FREQUENCY = re.compile(rf"(\d{{1,2}})\D*?\b({'|'.join(_SPANS)})\b")


@lru_cache(maxsize=1024)
def counted_frequency(told: str) -> tuple[int, timedelta] | None:
    """How many in which span, of words like: 2 a week; khong qua 2 tin moi tuan. None: they can't be counted by."""
    found = _FREQUENCY.search(strip_diacritics(told).casefold())
    return None if found is None or not int(found[1]) else (int(found[1]), _SPANS[found[2]])


def checked(consent: Consent, now: datetime) -> Consent:
    """The consent as it is to be stored. Raises Invalid, which quotes no number."""
    if consent.purpose not in FOR_THE_WILLING:
        raise Invalid("purpose", "needs no consent", f"use one of {', '.join(sorted(FOR_THE_WILLING))}")
    if consent.at.tzinfo is None or consent.at > now:
        raise Invalid("at", "is not yet, or has no time zone", "give the moment at which it was said")
    if consent.act is ConsentAct.GIVEN and not consent.wording:
        raise Invalid("wording", "is missing", "give the words that the person agreed to")
    if len(text_of("wording", consent.wording or "")) > WORDING_MOST:
        raise Invalid("wording", "is too long", f"give up to {WORDING_MOST:,} characters")
    labels = {name: label_or_none(name, getattr(consent, name)) for name in ("frequency", "how", "proof", "source")}
    labels["source"] = labels["source"] or ""
    return replace(consent, phone=phone_of("phone", consent.phone, for_sms=False), **labels)  # type: ignore[arg-type]
