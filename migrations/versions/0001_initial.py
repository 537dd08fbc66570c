"""The first schema: notification, message, request, pause, heartbeat.

Pre: run it before the first worker starts.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("heartbeat_pkey")),
    )
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("template_id", sa.Text(), nullable=True),
        sa.Column("options", JSONB(), nullable=False),
        sa.Column("send_date", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("hand_over", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(kind = 'sms') = (content IS NOT NULL)", name=op.f("notification_content_is_for_sms")),
        sa.CheckConstraint("(kind = 'sms') = (template_id IS NULL)", name=op.f("notification_template_is_for_calls")),
        sa.CheckConstraint("kind IN ('sms', 'template_call', 'record_call')", name=op.f("notification_kind_known")),
        sa.CheckConstraint("NOT hand_over OR send_date IS NOT NULL", name=op.f("notification_hand_over_has_a_date")),
        sa.PrimaryKeyConstraint("id", name=op.f("notification_pkey")),
    )
    op.create_index(
        "notification_campaign_idx", "notification", ["campaign"], postgresql_where=sa.text("campaign IS NOT NULL")
    )
    op.create_index("notification_created_at_idx", "notification", ["created_at"])
    op.create_index(
        "notification_source_reference_key",
        "notification",
        ["source", "reference"],
        unique=True,
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_table(
        "pause",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("probe_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("probes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lifted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.CheckConstraint("lane IN ('urgent', 'normal', 'bulk', 'voice')", name=op.f("pause_lane_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pause_pkey")),
    )
    op.create_index("pause_lane_key", "pause", ["lane"], unique=True, postgresql_where=sa.text("lifted_at IS NULL"))
    op.create_table(
        "request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("sms_id", sa.Text(), nullable=True),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("request_pkey")),
    )
    op.create_index(
        "request_message_id_idx", "request", ["message_id"], postgresql_where=sa.text("message_id IS NOT NULL")
    )
    op.create_index("request_request_id_idx", "request", ["request_id"], postgresql_where=sa.text("message_id IS NULL"))
    op.create_index("request_sms_id_idx", "request", ["sms_id"], postgresql_where=sa.text("message_id IS NULL"))
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("grouped", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("lease_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("asked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("in_doubt_since", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("dialled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("sms_id", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("poll_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("polls", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'sending') = (lease_until IS NOT NULL)", name=op.f("message_lease_only_while_sending")
        ),
        sa.CheckConstraint("lane IN ('urgent', 'normal', 'bulk', 'voice')", name=op.f("message_lane_known")),
        sa.CheckConstraint("status <> 'accepted' OR accepted_at IS NOT NULL", name=op.f("message_accepted_has_a_time")),
        sa.CheckConstraint(
            "status IN ('queued', 'sending', 'unconfirmed', 'held', 'accepted', 'delivered', 'undelivered', 'rejected', 'unknown', 'cancelled', 'expired')",
            name=op.f("message_status_known"),
        ),
        sa.CheckConstraint(
            "attempts >= 0 AND failures >= 0 AND asked >= 0 AND polls >= 0", name=op.f("message_counts_are_counts")
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notification.id"], name=op.f("message_notification_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("message_pkey")),
    )
    op.create_index(
        "message_claim_grouped_idx", "message", ["due_at"], postgresql_where=sa.text("status = 'queued' AND grouped")
    )
    op.create_index("message_sms_id_idx", "message", ["sms_id"], postgresql_where=sa.text("sms_id IS NOT NULL"))
    op.create_index(
        "message_claim_idx",
        "message",
        ["lane", "due_at"],
        postgresql_where=sa.text("status = 'queued' AND NOT grouped"),
    )
    op.create_index(
        "message_expires_idx",
        "message",
        ["expires_at"],
        postgresql_where=sa.text("status = 'queued' AND expires_at IS NOT NULL"),
    )
    op.create_index("message_give_up_idx", "message", ["accepted_at"], postgresql_where=sa.text("status = 'accepted'"))
    op.create_index("message_held_idx", "message", ["id"], postgresql_where=sa.text("status = 'held'"))
    op.create_index("message_lease_idx", "message", ["lease_until"], postgresql_where=sa.text("status = 'sending'"))
    op.create_index("message_notification_id_idx", "message", ["notification_id"])
    op.create_index(
        "message_poll_idx",
        "message",
        ["poll_at"],
        postgresql_where=sa.text("status = 'accepted' AND poll_at IS NOT NULL"),
    )
    op.create_index(
        "message_unconfirmed_idx", "message", ["due_at"], postgresql_where=sa.text("status = 'unconfirmed'")
    )


def downgrade() -> None:
    for table in ("message", "request", "pause", "notification", "heartbeat"):
        op.drop_table(table)
