"""What was asked for, its messages, and each call that was made for them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Identity, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.lifecycle import FAILED, Kind, Lane, Status
from worker.models.base import ROOMY, ROOMY_KEY, Base, one_of


class Notification(Base):
    """What a producer asked for, once."""

    __tablename__ = "notification"
    __table_args__ = (
        Index(
            "notification_source_reference_key",
            "source",
            "reference",
            unique=True,
            postgresql_where=text("reference IS NOT NULL"),
        ),
        Index("notification_campaign_idx", "campaign", "id", postgresql_where=text("campaign IS NOT NULL")),
        Index(  # a source's part of a campaign, whatever others have in it
            "notification_source_campaign_idx",
            "source",
            "campaign",
            "id",
            postgresql_where=text("campaign IS NOT NULL"),
        ),
        Index("notification_created_at_idx", "created_at"),
        CheckConstraint(one_of("kind", Kind), name="kind_known"),
        CheckConstraint("(kind = 'sms') = (content IS NOT NULL)", name="content_is_for_sms"),
        CheckConstraint("(kind = 'sms') = (template_id IS NULL)", name="template_is_for_calls"),
        CheckConstraint("NOT hand_over OR send_date IS NOT NULL", name="hand_over_has_a_date"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    purpose: Mapped[str | None]  # None: of before there were purposes; `ledger.opt_out.PURPOSE` says which it had
    source: Mapped[str]
    reference: Mapped[str | None]  # the producer's own key
    campaign: Mapped[str | None]
    content: Mapped[str | None]
    template_id: Mapped[str | None]  # of the call's template, or of its recording
    options: Mapped[dict[str, Any]]  # sms_type, brandname, variables, … : what the provider's function takes besides
    # SMS that one recipient's text is billed as, by our own count; None: a call, or stored before that was counted
    segments: Mapped[int | None] = mapped_column(SmallInteger)
    plain_segments: Mapped[int | None] = mapped_column(SmallInteger)  # where it were fewer without accents: how many
    send_date: Mapped[datetime | None]
    hand_over: Mapped[bool]  # eSMS holds it until send_date, not we
    expires_at: Mapped[datetime | None]
    follow_up: Mapped[dict[str, Any] | None]  # what follows by itself where it fails; see ledger/follow_ups.py
    # Of all that makes the content, to tell a repeat from a conflict. Of one that is emptied the first four digits: too
    # few to find the text by trying.
    fingerprint: Mapped[str]
    emptied_at: Mapped[datetime | None]  # when its text was removed
    emptied_by: Mapped[str | None]  # the setting that said so; lifecycle.ASKED: somebody whose it was
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Message(Base):
    """One notification for one recipient: the unit of truth."""

    __tablename__ = "message"
    __table_args__ = (
        Index("message_notification_id_idx", "notification_id", "id", postgresql_with=ROOMY),
        Index(
            "message_queue_idx",
            "lane",
            "stream",
            "due_at",
            "id",
            postgresql_where=text("status = 'queued' AND NOT grouped"),
        ),
        Index(
            "message_queue_grouped_idx",
            "lane",
            "stream",
            "due_at",
            "id",
            postgresql_where=text("status = 'queued' AND grouped"),
        ),
        Index(  # of the former version alone, as the next one and `paused`
            "message_claim_idx",
            "lane",
            "due_at",
            postgresql_where=text("status = 'queued' AND NOT grouped AND NOT paused"),
        ),
        Index(
            "message_claim_grouped_idx",
            "due_at",
            postgresql_where=text("status = 'queued' AND grouped AND NOT paused"),
        ),
        Index(
            "message_group_idx",
            "notification_id",
            "request_id",
            "id",
            postgresql_where=text("status = 'queued' AND grouped"),
        ),
        Index("message_paused_idx", "due_at", postgresql_where=text("paused")),
        Index("message_lease_idx", "lease_until", postgresql_where=text("status = 'sending'")),
        Index("message_unconfirmed_idx", "due_at", postgresql_where=text("status = 'unconfirmed'")),
        Index(
            "message_poll_idx",
            "poll_at",
            postgresql_where=text("status = 'accepted' AND poll_at IS NOT NULL AND sms_id IS NOT NULL"),
        ),
        Index(
            "message_lost_idx",
            "poll_at",
            postgresql_where=text("status = 'accepted' AND poll_at IS NOT NULL AND sms_id IS NULL"),
        ),
        Index("message_sms_id_idx", "sms_id", postgresql_where=text("sms_id IS NOT NULL")),
        Index(  # by its second condition it is of no use to what asks for `accepted` alone, whatever the statistics say
            "message_give_up_idx",
            "accepted_at",
            postgresql_where=text("status = 'accepted' AND accepted_at IS NOT NULL"),
        ),
        Index(
            "message_expires_idx", "expires_at", postgresql_where=text("status = 'queued' AND expires_at IS NOT NULL")
        ),
        Index("message_phone_idx", "phone", "created_at"),
        Index("message_held_idx", "id", postgresql_where=text("status = 'held'")),
        Index(  # with all that is asked of what failed, so that a look at it needs no message
            "message_failed_idx",
            "notification_id",
            "id",
            postgresql_include=[
                *("status", "code", "network", "lane", "generation", "grouped", "replaced_by", "emptied_at", "phone"),
                *("wanted_at", "created_at", "emptied_by"),
            ],
            postgresql_where=text(one_of("status", FAILED)),
        ),
        Index(
            "message_failed_wanted_idx",
            text("COALESCE(wanted_at, created_at)"),
            "id",
            postgresql_where=text(one_of("status", FAILED)),
        ),
        # No two in the place of one: whoever comes second, by whichever way, is refused.
        Index("message_replaces_key", "replaces", unique=True, postgresql_where=text("replaces IS NOT NULL")),
        CheckConstraint(one_of("status", Status), name="status_known"),
        CheckConstraint(one_of("lane", Lane), name="lane_known"),
        CheckConstraint("(status = 'sending') = (lease_until IS NOT NULL)", name="lease_only_while_sending"),
        CheckConstraint("status <> 'accepted' OR accepted_at IS NOT NULL", name="accepted_has_a_time"),
        CheckConstraint("NOT paused OR status = 'queued'", name="paused_only_while_queued"),
        CheckConstraint("attempts >= 0 AND failures >= 0 AND asked >= 0 AND polls >= 0", name="counts_are_counts"),
        {"listeners": [("after_create", ROOMY_KEY)]},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notification.id", ondelete="CASCADE"))
    phone: Mapped[str]  # E.164; of one that is emptied a keyed hash (worker.pseudonym), or nothing
    lane: Mapped[str]
    # The key of its stream (source and campaign). A trigger puts it in where a former version queues and gives none.
    stream: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    status: Mapped[str]
    grouped: Mapped[bool]  # advertising: goes out many to a request
    due_at: Mapped[datetime]  # when to send it, or to ask again
    expires_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))  # claims; the fencing token
    failures: Mapped[int] = mapped_column(server_default=text("0"))  # tries in a row that surely were not taken
    asked: Mapped[int] = mapped_column(server_default=text("0"))  # tries in a row whose answer was in doubt
    rescues: Mapped[int] = mapped_column(server_default=text("0"))  # claims in a row whose process died
    absences: Mapped[int] = mapped_column(server_default=text("0"))  # of the former version alone: no longer read
    paused: Mapped[bool] = mapped_column(server_default=text("false"))  # of the former version alone
    request_id: Mapped[str | None]  # of the next or the last try; of advertising, those who share it share a request
    renewals: Mapped[int] = mapped_column(server_default=text("0"))  # how often a new one was called for
    # Of advertising: RequestIds and SMSIDs of attempts that are over; request rows made for many are found by them.
    earlier_ids: Mapped[list[str] | None] = mapped_column(ARRAY(Text()))
    in_doubt_since: Mapped[datetime | None]  # the first try whose answer we do not have
    dialled_at: Mapped[datetime | None]  # the intent to dial, committed right before: after it a death means doubt
    sms_id: Mapped[str | None]
    code: Mapped[str | None]  # the last that eSMS said
    reason: Mapped[str | None]  # in words, for a person
    accepted_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]  # when it became final
    heard: Mapped[str | None]  # the evidence heard last (a name of Evidence), since it was last sent
    heard_since: Mapped[datetime | None]  # and since when nothing else was heard
    network: Mapped[str | None]
    poll_at: Mapped[datetime | None]  # of those that share an sms_id, one carries it for all
    polls: Mapped[int] = mapped_column(server_default=text("0"))
    price: Mapped[Decimal | None]  # in dong, of this attempt, as eSMS told it; None: it did not
    generation: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))  # times that it was sent again
    wanted_at: Mapped[datetime | None]  # when this generation was to go out; None: put in by a former version
    wanted_by: Mapped[str | None]  # who had it sent again; None: its producer
    # The message whose next generation this is, since that one was corrected or another channel took over; and of that
    # one, which it was. Whoever counts people counts those with no `replaced_by`.
    replaces: Mapped[UUID | None]
    replaced_by: Mapped[UUID | None]
    consent_id: Mapped[int | None] = mapped_column(BigInteger)  # the consent that it stood on when it went out last
    emptied_at: Mapped[datetime | None]  # when its number was removed
    emptied_by: Mapped[str | None]  # who said so; lifecycle.ASKED comes first: from then on it is sent no more
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Request(Base):
    """One HTTP call that sent, or one poll that changed something. Append-only; never the keys."""

    __tablename__ = "request"
    __table_args__ = (
        Index("request_message_id_idx", "message_id", postgresql_where=text("message_id IS NOT NULL")),
        Index("request_request_id_idx", "request_id", postgresql_where=text("message_id IS NULL")),
        Index("request_sms_id_idx", "sms_id", postgresql_where=text("message_id IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[UUID | None]  # None: many messages, found by request_id or sms_id
    attempt: Mapped[int | None]
    request_id: Mapped[str | None]
    sms_id: Mapped[str | None]
    function: Mapped[str]
    at: Mapped[datetime]
    seconds: Mapped[float]
    http_status: Mapped[int | None]
    code: Mapped[str | None]
    outcome: Mapped[str]
    reply: Mapped[str | None]  # bounded


class Stream(Base):
    """What waits in a lane from one source for one campaign; none of it is due before the earliest of its rows."""

    __tablename__ = "stream"
    __table_args__ = (
        Index("stream_due_idx", "lane", "due_from"),
        Index("stream_key_idx", "lane", "key", "due_from"),
        CheckConstraint(one_of("lane", Lane), name="lane_known"),
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 1000}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    lane: Mapped[str]
    key: Mapped[int] = mapped_column(BigInteger)  # that of its messages
    source: Mapped[str]
    campaign: Mapped[str | None]
    due_from: Mapped[datetime]
    # The transaction that did: by it a claim knows what came after its floor.
    put_by: Mapped[int] = mapped_column(BigInteger, server_default=text("((pg_current_xact_id())::text)::bigint"))
