"""The gate between claim and send: what may not go out, whoever handed it over and however it became queued.

It is asked within the claim, in the same statement: nothing is sent that it has not seen.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

OUTSIDE = "the number is not in ESMS_ALLOW_ONLY"

_ALLOWED = "ALL (CAST(:allow_only AS text[]))"


def outside(phone: str) -> str:
    """SQL: is nothing to go to this number, or to the one that the call `n` may be put through to?"""
    return f"""(
        CAST(:allow_only AS text[]) IS NOT NULL
        AND ({phone} <> {_ALLOWED} OR coalesce(n.options ->> 'number_forward' <> {_ALLOWED}, false))
    )"""


@dataclass(frozen=True, slots=True)
class Gate:
    """Of one process."""

    allow_only: Collection[str] | None = None  # E.164; None: anybody

    def asked(self) -> dict[str, Any]:
        """What a claim's statement asks of it."""
        return {"allow_only": None if self.allow_only is None else sorted(self.allow_only)}
