"""What the sending rules would do to messages if they went out as they are: a note, never a promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from worker.law.rules import Mode

WITHDRAWN = "consent withdrawn"  # in the place of a rule's name: it holds in whatever mode the rules are


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutlook:
    """What one rule would do. A message may count for several rules; that of somebody who opted out counts for none."""

    rule: str
    """Its name, as `law list` shows it; WITHDRAWN for who took consent back."""
    does: Mode
    """warn: they go out all the same. hold: they wait. refuse: they are cancelled when their turn comes."""
    messages: int
    until: datetime | None = None
    """Until when they wait, the last of them."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """From its stored form (JSON)."""
        until = stored["until"]
        return cls(**{**stored, "does": Mode(stored["does"]), "until": until and datetime.fromisoformat(until)})


def added_up(found: list[RuleOutlook]) -> tuple[RuleOutlook, ...]:
    """Many of these added up, to one for each rule and what it does."""
    sums: dict[tuple[str, Mode], RuleOutlook] = {}
    for each in found:
        before = sums.get((each.rule, each.does))
        untils = [at for at in (each.until, before and before.until) if at]
        messages = each.messages + (before.messages if before else 0)
        sums[each.rule, each.does] = RuleOutlook(
            rule=each.rule, does=each.does, messages=messages, until=max(untils, default=None)
        )
    return tuple(sums.values())
