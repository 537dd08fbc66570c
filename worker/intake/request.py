"""What a producer may ask for: an SMS, a call that reads out a template, a call that plays a recording.

Plain values without checks: `enqueue` checks them, all at once, before anything is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from worker.lifecycle import Purpose, SmsType

Recipients = str | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """A text to one or many numbers (manual II.2)."""

    to: Recipients = field(default=(), repr=False)
    """Vietnamese mobile numbers, in any usual spelling."""
    content: str = field(repr=False)
    sms_type: SmsType | int = SmsType.CUSTOMER_CARE
    brandname: str | None = None
    """Types 1 and 2 only; by default ESMS_BRANDNAME."""
    unicode: bool = False
    """Vietnamese letters; type 3 only, and each SMS holds 70 characters instead of 160."""
    sandbox: bool = False
    """eSMS makes the SMS but does not deliver it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCall:
    """A call that reads out a template registered at eSMS (manual III.1)."""

    to: Recipients = field(default=(), repr=False)
    template_id: str
    variables: Sequence[str] = field(default=(), repr=False)
    """The template's, left to right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCall:
    """A call that plays a recording kept at eSMS (manual III.2)."""

    to: Recipients = field(default=(), repr=False)
    record_id: str
    number_forward: str | None = field(default=None, repr=False)
    """Whom to connect when the key is pressed."""
    ivr: str | None = None
    """That key, 0 to 9."""
    time_wait_to_ivr: int | None = None
    """Seconds to wait for the key."""
    max_repeat: int | None = None
    """How often the recording is played."""
    max_retry: int | None = None
    """How often eSMS dials again when nobody answers."""
    wait_retry: int | None = None
    """Seconds between two such dials."""


Request = Sms | TemplateCall | RecordCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Send again by itself what was not delivered."""

    times: int = 2
    """So many times, and no more than WORKER_RETRY_LIMIT."""
    wait: timedelta | str = "1h"
    """After it is known that it was not: an amount of time like 1h, 30m, 2 days; a minute to seven days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """A request and what goes with it, for `enqueue_many`, where each item may have its own."""

    request: Request
    purpose: Purpose | str | None = None  # None: what its SmsType is made for; a call's is service
    reference: str | None = None
    source: str = ""
    campaign: str | None = None
    send_date: datetime | None = None
    expires_at: datetime | None = None
    hand_over: bool = False
    retry_undelivered: Retry | None = None
    fallback: Request | None = None  # in its place, once it is closed as failed; its `to` may be left empty
    fallback_after: timedelta | str | None = None  # from its date on; a minute to seven days, before its expires_at
    fallback_in_doubt: bool = False  # also where it may still arrive: twice is better than never
