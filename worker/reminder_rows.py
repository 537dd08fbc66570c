"""A rule and an event as they stand: values that the ledger stores and reminders are planned by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from worker.lifecycle import ReminderKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A rule as it stands; the columns are explained at `worker.models.Reminder`."""

    id: UUID
    name: str
    kind: ReminderKind
    spec: dict[str, Any]
    template: str
    channel: dict[str, Any]
    tags: tuple[str, ...]
    source: str | None
    zone: str
    version: int = 1
    next_at: datetime | None = None
    cursor: UUID | None = None
    paused_at: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event as it stands; the columns are explained at `worker.models.Event`."""

    id: UUID
    source: str
    key: str
    series: str | None = None
    title: str = field(default="", repr=False)
    starts_at: datetime | None
    ends_at: datetime | None = None
    zone: str
    place: str = field(default="", repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    offsets: tuple[str, ...] = ()
    late_for: int | None = None  # seconds; None: until the start
    template: str
    channel: Mapping[str, Any] = field(default_factory=dict)
    recurrence: str | None = None
    exceptions: tuple[str, ...] = ()
    version: int | None = None
    next_at: datetime | None = None
    cursor: str | None = None
    cancelled_at: datetime | None = None
    created_at: datetime
