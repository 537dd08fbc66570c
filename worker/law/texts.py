"""Does a text read like advertising, whatever its producer says that it is?"""

from __future__ import annotations

import re

# Words of Vietnamese advertising, with accents and without; what an order's or an appointment's text rarely has.
_ADVERTISES = re.compile(
    r"\[(?:QC|AD)\]|khuy[eế]n\s+m[aã]i|gi[aả]m\s+(?:gi[aá]|\d+\s*%)|[uư]u\s+[dđ][aã]i\b|flash\s*sale|\bsale\s+off"
    r"|voucher|mua\s+\d+\s+t[aặ]ng|qu[aà]\s+t[aặ]ng|gi[aá]\s+s[oố]c|tr[uú]ng\s+th[uư][oở]ng",
    re.IGNORECASE,
).search


def reads_like_advertising(content: str) -> str | None:
    """The words that make it read so; None: nothing does."""
    found = _ADVERTISES(content)
    return found and found[0]
