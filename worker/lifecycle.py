"""The life of a message: its statuses, and the only moves between them.

queued ──claim──▶ sending ──100──────────────────▶ accepted ──poll──▶ delivered | undelivered
  ▲  │               │  ├─ 100, Sandbox ──────────▶ sandboxed          │
  │  │               │  ├─ refused by code ───────▶ rejected           │  └ SendStatus 4, 6 ─▶ rejected
  │  │               │  ├─ surely not taken ──────▶ queued, later      └ 7 days, no answer ──▶ unknown
  │  ├─ cancel ─▶ cancelled                         │
  │  └─ too late ▶ expired                          │
  │                  └─ answer lost, or the process died ─▶ unconfirmed ─┬─ SMS: ask again, same RequestId:
  │                                                                      │    100 or 124 ⇒ accepted
  └─────────────── proved not taken ◀────────────────────────────────────┼─ past the 24 h, or its date: look for it in
                                                                         │    the sent data: one match ⇒ accepted
                                                                         └─ call; several matches; silence ⇒ held

Asking again is a claim: `unconfirmed` goes to `sending` and comes back as `accepted`, `held` or `unconfirmed`,
never as `queued`, since the attempt in doubt may have been taken all the same. Only eSMS's own list of what it sent
proves that it was not; or the answer itself, if it comes late and no other attempt was made since: it then settles
what is unconfirmed, and even what is held; or whoever was slower than its lease, when it hands back what it never sent
and nobody has tried since. Which evidence allows which of these moves: worker/evidence.py.
"""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum, StrEnum


class Status(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"  # waits for its due_at
    SENDING = "sending"  # a worker holds its lease
    UNCONFIRMED = "unconfirmed"  # eSMS may or may not have taken it
    HELD = "held"  # only a person can decide
    ACCEPTED = "accepted"  # eSMS took it; what became of it is being asked
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"  # eSMS or the operator refused it
    UNKNOWN = "unknown"  # taken, and the truth can't be had any more
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # not sent before its expires_at
    SANDBOXED = "sandboxed"  # eSMS checked it and delivers nothing: it was sent with Sandbox


MOVES: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.SENDING, Status.CANCELLED, Status.EXPIRED}),
    Status.SENDING: frozenset(
        {Status.QUEUED, Status.ACCEPTED, Status.REJECTED, Status.UNCONFIRMED, Status.HELD, Status.SANDBOXED}
    ),
    Status.UNCONFIRMED: frozenset({Status.SENDING, Status.ACCEPTED, Status.REJECTED, Status.QUEUED, Status.HELD}),
    Status.ACCEPTED: frozenset({Status.DELIVERED, Status.UNDELIVERED, Status.REJECTED, Status.UNKNOWN}),
    Status.HELD: frozenset({Status.ACCEPTED, Status.REJECTED}),
    Status.DELIVERED: frozenset(),
    Status.UNDELIVERED: frozenset(),
    Status.REJECTED: frozenset(),
    Status.UNKNOWN: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.SANDBOXED: frozenset(),
}

# What only a person may do: send again what did not arrive, or decide about what is held.
PERSONS_MOVES: dict[Status, frozenset[Status]] = {
    Status.REJECTED: frozenset({Status.QUEUED}),
    Status.UNDELIVERED: frozenset({Status.QUEUED}),
    Status.EXPIRED: frozenset({Status.QUEUED}),
    Status.HELD: frozenset({Status.QUEUED, Status.DELIVERED, Status.UNDELIVERED, Status.CANCELLED}),
}

# What a person may have sent again, and nothing else; about what is held there is more to decide.
RETRIED = frozenset(status for status, onward in PERSONS_MOVES.items() if onward == {Status.QUEUED})

FINAL = frozenset(status for status, onward in MOVES.items() if not onward)

# Did it reach the recipient? What is in neither of these is not known, yet or for ever.
ARRIVED = frozenset({Status.DELIVERED})
NOT_ARRIVED = frozenset({Status.UNDELIVERED, Status.REJECTED, Status.CANCELLED, Status.EXPIRED, Status.SANDBOXED})

# What a report counts as failed: somebody was to get it, and as far as is known did not.
FAILED = (Status.UNDELIVERED, Status.REJECTED, Status.UNKNOWN, Status.EXPIRED)

# A status in words, for whoever asks about one message.
MEANING: dict[Status, str] = {
    Status.QUEUED: "waits to be sent",
    Status.SENDING: "is being sent",
    Status.UNCONFIRMED: "eSMS may have taken it: that is being found out",
    Status.HELD: "eSMS may have taken it: a person decides",
    Status.ACCEPTED: "eSMS took it: what became of it is being asked",
    Status.DELIVERED: "it arrived",
    Status.UNDELIVERED: "it did not arrive",
    Status.REJECTED: "eSMS or the operator refused it",
    Status.UNKNOWN: "eSMS took it: what became of it can't be found out any more",
    Status.CANCELLED: "it was called back before it went out",
    Status.EXPIRED: "it was not sent in time",
    Status.SANDBOXED: "eSMS checked it in its sandbox: nothing is delivered",
}


# What a cancel or a move is told of a message that it came too late for.
TOO_LATE: dict[Status, str] = {
    Status.SENDING: "too late: sending",
    Status.UNCONFIRMED: "too late: eSMS may hold it",
    Status.HELD: "too late: eSMS may hold it",
    Status.ACCEPTED: "too late: eSMS holds it",
    **{status: f"too late: {status}" for status in Status if status in FINAL},
}


class Lane(StrEnum):
    """Which line a message stands in; claimed in this order, so that a code overtakes a million wishes."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"
    VOICE = "voice"


class PauseCode(StrEnum):
    """Why we hold a lane back by ourselves, where it is not eSMS that gave a code."""

    UNREACHABLE = "unreachable"  # eSMS does not answer: what is not sent stays out of doubt
    RESERVE = "reserve"  # the balance is down to what is kept for more urgent lanes


class Kind(StrEnum):
    """What a notification is."""

    SMS = "sms"
    TEMPLATE_CALL = "template_call"
    RECORD_CALL = "record_call"


class Handed(StrEnum):
    """What is handed over by SQL: a message of one of the kinds, or what reminders are made of."""

    SMS = Kind.SMS
    TEMPLATE_CALL = Kind.TEMPLATE_CALL
    RECORD_CALL = Kind.RECORD_CALL
    EVENT = "event"
    EVENT_CANCELLED = "event_cancelled"
    CONTACT = "contact"


class InboxState(StrEnum):
    """Where it stands while it is no notification."""

    RECEIVED = "received"
    STORED = "stored"  # a repeat, an event, a contact
    REFUSED = "refused"
    CANCELLED = "cancelled"  # before anybody looked at it


class SweepKind(StrEnum):
    """What may be done with all that a search finds, some at a time."""

    CANCEL = "cancel"
    MOVE = "move"


class SweepState(StrEnum):
    """How far that is."""

    GOING = "going"
    STOPPED = "stopped"  # by a person
    DONE = "done"


class Purpose(StrEnum):
    """What a message is for, as its producer says; by default what its SmsType is made for."""

    CODE = "code"  # somebody waits for it
    SERVICE = "service"  # about something that the recipient has to do with: an order, an appointment, a bill
    REMINDER = "reminder"  # a greeting or a date to be kept in mind
    ADVERTISING = "advertising"


# What who opted out gets no more.
FOR_THE_WILLING = frozenset({Purpose.REMINDER, Purpose.ADVERTISING})


class SmsType(IntEnum):
    """eSMS's kinds of SMS (manual II.2): which sender the recipient sees, what it costs, how fast it goes."""

    ADVERTISING = 1  # brandname, many recipients to a request
    CUSTOMER_CARE = 2  # brandname
    RANDOM = 3  # random number, advertising, slow; the only type that takes Vietnamese letters
    NOTIFY = 4  # fixed number "Notify"
    VERIFY = 6  # fixed number "Verify", codes
    OTP = 7  # random number, fast
    FIXED = 8  # fixed ten-digit number, template registered beforehand
    TWO_WAY = 13  # recipients can answer; no advertising


PURPOSE_OF_SMS: dict[SmsType, Purpose] = {
    SmsType.ADVERTISING: Purpose.ADVERTISING,  # and of no other
    SmsType.RANDOM: Purpose.ADVERTISING,
    SmsType.VERIFY: Purpose.CODE,
    SmsType.OTP: Purpose.CODE,
    SmsType.CUSTOMER_CARE: Purpose.SERVICE,
    SmsType.NOTIFY: Purpose.SERVICE,
    SmsType.FIXED: Purpose.SERVICE,
    SmsType.TWO_WAY: Purpose.SERVICE,
}

# By which a message may be advertising: the manual offers no others for it.
ADVERTISING_TYPES = frozenset({SmsType.ADVERTISING, SmsType.RANDOM, SmsType.NOTIFY})

BRANDNAME_TYPES = frozenset({SmsType.ADVERTISING, SmsType.CUSTOMER_CARE})

LANE_OF_SMS: dict[SmsType, Lane] = {
    SmsType.VERIFY: Lane.URGENT,
    SmsType.OTP: Lane.URGENT,
    SmsType.CUSTOMER_CARE: Lane.NORMAL,
    SmsType.NOTIFY: Lane.NORMAL,
    SmsType.FIXED: Lane.NORMAL,
    SmsType.TWO_WAY: Lane.NORMAL,
    SmsType.ADVERTISING: Lane.BULK,
    SmsType.RANDOM: Lane.BULK,
}


# Reminders...


class ReminderKind(StrEnum):
    """What a rule goes by: a day in people's lives, or its own recurrence."""

    BIRTHDAY = "birthday"
    LUNAR_BIRTHDAY = "lunar_birthday"
    DEATH = "death"
    LUNAR_DEATH = "lunar_death"
    RECURRING = "recurring"


class OccurrenceState(StrEnum):
    """What became of one occurrence for one recipient."""

    MADE = "made"  # there is a notification
    SKIPPED = "skipped"  # there is none, and the reason says why
    CANCELLED = "cancelled"  # there was one, and it was called back before it went out


# Uploads...


class UploadKind(StrEnum):
    """What a file of people is for."""

    CAMPAIGN = "campaign"  # a text to each row
    CONTACTS = "contacts"  # each row a person to be reminded
    CALENDAR = "calendar"  # its events, to be reminded of
    EVENTS = "events"  # each row a guest of an event, to be reminded of it


class UploadState(StrEnum):
    """How far an uploaded file is."""

    DRAFT = "draft"  # a person is still at it
    CHECKING = "checking"
    CHECKED = "checked"  # what it would come to is known
    RUNNING = "running"
    STOPPED = "stopped"  # on the way, by a person or by what is wrong; it may go on where it was
    DONE = "done"


UPLOAD_MOVES = {
    UploadState.DRAFT: {UploadState.CHECKING},
    UploadState.CHECKING: {UploadState.CHECKED, UploadState.DRAFT},
    UploadState.CHECKED: {UploadState.DRAFT, UploadState.RUNNING},
    UploadState.RUNNING: {UploadState.DONE, UploadState.STOPPED},
    UploadState.STOPPED: {UploadState.RUNNING},
    UploadState.DONE: set(),
}
UPLOADS_AT_WORK = (UploadState.CHECKING, UploadState.RUNNING)

# What is added up of each day's messages; the columns of `report_daily`.
DAILY_SUMS = (
    "messages", "segments", "priced", "price", "priced_segments", "uncounted", "long_segments", "accent_segments",
)  # fmt: skip

# How long it took: bucket 0 is below the first of these seconds, bucket 1 from there to below the second, and so on.
# The counts in the tables stand for these numbers: only a rebuild may follow a change of them.
LATENCY_BOUNDS = (
    0.1, 0.2, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 450, 600, 900, 1800, 3600, 7200, 14400,
    43200, 86400, 259200,
)  # fmt: skip

# Of a notification `n`. What was stored before there were purposes has the one that its source and SmsType meant.
PURPOSE = """coalesce(n.purpose, CASE
        WHEN n.source = 'reminders' THEN 'reminder'
        WHEN n.options ->> 'sms_type' IN ('1', '3') THEN 'advertising'
        WHEN n.options ->> 'sms_type' IN ('6', '7') THEN 'code'
        ELSE 'service'
    END)"""
IS_ADVERTISING = f"({PURPOSE} = 'advertising')"
CHANNEL = "CASE n.kind WHEN 'sms' THEN 'sms' ELSE 'call' END"  # law.rules.Channel

# Of a message `m`: when it was to go out, the last time.
WANTED_AT = "coalesce(m.wanted_at, m.created_at)"


def last_try(schema: str = "") -> str:
    """SQL: when eSMS was last asked to send the message `m`. schema: of the tables, with its dot."""
    return f"""coalesce(
        m.accepted_at, (SELECT max(q.at) FROM {schema}request AS q WHERE q.message_id = m.id),
        CASE WHEN m.attempts > 0 THEN m.settled_at END
    )"""  # noqa: S608 — our own schemas


class PersonRequestKind(StrEnum):
    """What somebody may ask about their own data."""

    EXPORT = "export"
    FORGET = "forget"
    RESTRICT = "restrict"  # and the rest that the law names: done by hand, with the same clock
    CORRECT = "correct"
    WITHDRAW = "withdraw"


# Who had a message emptied, where it is no setting: the person whose it was asked for it.
ASKED = "person"

ALL_CANCELLED = "cancelled"  # in place of a code that the first of a rerun all failed with: they never went out

# SQL, of a follow_up `f`: a fault of ours keeps it from coming, and it is never due.
IS_SET_ASIDE = "f.due_at = 'infinity'"

# An older list of brandnames judges nobody: what was registered since would be refused.
BRANDNAMES_TRUSTED = timedelta(hours=6)
