"""What a row of a file is known by, and what rows of one reference come to where none of them is stored."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from worker.errors import Conflict, Invalid
from worker.ids import uuid7
from worker.intake import Enqueue, Ticket
from worker.intake.checks import Checked, Checks

if TYPE_CHECKING:
    from worker.api.notifier import Notifier

Before = MutableMapping[str, str]  # references of rows that would be stored by now, to what each stands for


def reference_of(*parts: str) -> str:
    """A row's own key, made of what it says."""
    return "csv:" + blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def rehearse_after(before: Before, notifier: Notifier, items: Sequence[Enqueue]) -> list[Ticket]:
    """What `enqueue_many` would answer, had it stored those of before; these are added to them, unless it raises.

    Raises the same.
    """
    checks = Checks(notifier.settings, now=datetime.now(UTC))
    checked = [_checked(item, checks) for item in items]
    repeats = [each and _repeat(before, each) for each in checked]
    fresh = iter(notifier.rehearse_many([item for item, known in zip(items, repeats, strict=True) if not known]))
    tickets = [known or next(fresh) for known in repeats]
    for each in filter(None, checked):
        before.setdefault(str(each.reference), _content(each))
    return tickets


def _checked(item: Enqueue, checks: Checks) -> Checked | None:
    """None: it can't be sent, and its rehearsal says why."""
    try:
        return checks.check(item)
    except Invalid:
        return None


def _repeat(before: Before, item: Checked) -> Ticket | None:
    """Raises Conflict."""
    reference = str(item.reference)
    if reference not in before:
        return None
    if before[reference] != _content(item):
        raise Conflict(item.terms.source, reference)
    return Ticket(id=uuid7(), messages=len(item.phones), repeated=True)


def _content(item: Checked) -> str:
    return f"{item.terms.purpose} {item.fingerprint()}"
