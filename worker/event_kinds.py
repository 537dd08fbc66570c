"""What an application can be told, by name: the events of webhooks and of the feed, and which status makes which."""

from __future__ import annotations

from enum import StrEnum

from worker.lifecycle import Status


class EventKind(StrEnum):
    """One kind of event. Those of a message say where it stands now."""

    ACCEPTED = "message.accepted"
    DELIVERED = "message.delivered"
    FAILED = "message.failed"  # rejected or undelivered: its status says which
    UNKNOWN = "message.unknown"
    HELD = "message.held"
    EXPIRED = "message.expired"
    CANCELLED = "message.cancelled"
    OPTED_OUT = "message.opted_out"  # cancelled, since its recipient wants nothing of what it was for
    REMINDER_SKIPPED = "reminder.skipped"
    BALANCE_LOW = "balance.low"
    LANE_PAUSED = "lane.paused"


TEST = "webhook.test"  # nobody subscribes to it: `webhooks test` sends it

OF_STATUS = {
    Status.ACCEPTED: EventKind.ACCEPTED,
    Status.DELIVERED: EventKind.DELIVERED,
    Status.UNDELIVERED: EventKind.FAILED,
    Status.REJECTED: EventKind.FAILED,
    Status.UNKNOWN: EventKind.UNKNOWN,
    Status.HELD: EventKind.HELD,
    Status.EXPIRED: EventKind.EXPIRED,
    Status.CANCELLED: EventKind.CANCELLED,
}
