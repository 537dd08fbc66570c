"""Add reminder, event, attendee, occurrence: rules and meetings that remind people, and what was made of them.

Pre: run it before the first worker of this version starts. The former version goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    _reminder()
    _event()
    _attendee()
    _occurrence()


def downgrade() -> None:
    for table in ("occurrence", "attendee", "event", "reminder"):
        op.drop_table(table)


def _reminder() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("spec", JSONB(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("channel", JSONB(), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("cursor", sa.Uuid(), nullable=True),
        sa.Column("paused_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('birthday', 'lunar_birthday', 'death', 'lunar_death', 'recurring')",
            name=op.f("reminder_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("reminder_pkey")),
    )
    op.create_index(
        "reminder_name_key", "reminder", ["name"], unique=True, postgresql_where=sa.text("removed_at IS NULL")
    )
    op.create_index(
        "reminder_next_at_idx",
        "reminder",
        ["next_at", "id"],
        postgresql_where=sa.text("paused_at IS NULL AND removed_at IS NULL"),
    )


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=True),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("zone", sa.Text(), server_default=sa.text("'UTC'"), nullable=False),
        sa.Column("place", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("attributes", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("offsets", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("late_for", sa.Integer(), nullable=True),
        sa.Column("template", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("channel", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("recurrence", sa.Text(), nullable=True),
        sa.Column("exceptions", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cancelled_at IS NOT NULL OR starts_at IS NOT NULL", name=op.f("event_one_that_stands_has_a_start")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("event_pkey")),
    )
    op.create_index("event_source_key_key", "event", ["source", "key"], unique=True)
    op.create_index("event_next_at_idx", "event", ["next_at", "id"], postgresql_where=sa.text("cancelled_at IS NULL"))
    op.create_index("event_starts_at_idx", "event", ["starts_at"])


def _attendee() -> None:
    op.create_table(
        "attendee",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("contact_source", sa.Text(), nullable=True),
        sa.Column("contact_key", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("attributes", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("(contact_key IS NULL) = (phone IS NOT NULL)", name=op.f("attendee_contact_or_phone")),
        sa.CheckConstraint("(contact_key IS NULL) = (contact_source IS NULL)", name=op.f("attendee_contact_is_a_pair")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("attendee_event_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "key", name=op.f("attendee_pkey")),
    )
    op.create_index(
        "attendee_contact_idx",
        "attendee",
        ["contact_source", "contact_key"],
        postgresql_where=sa.text("contact_key IS NOT NULL"),
    )
    op.create_index("attendee_phone_idx", "attendee", ["phone"], postgresql_where=sa.text("phone IS NOT NULL"))


def _occurrence() -> None:
    op.create_table(
        "occurrence",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("occurs_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('made', 'skipped', 'cancelled')", name=op.f("occurrence_state_known")),
        sa.CheckConstraint(
            "(state = 'skipped') = (notification_id IS NULL)", name=op.f("occurrence_skipped_has_no_notification")
        ),
        sa.CheckConstraint("state = 'made' OR reason IS NOT NULL", name=op.f("occurrence_none_without_a_reason")),
        sa.PrimaryKeyConstraint("owner_id", "occasion", "before", "recipient", name=op.f("occurrence_pkey")),
    )
    op.create_index("occurrence_owner_id_occurs_at_idx", "occurrence", ["owner_id", "occurs_at"])
    op.create_index("occurrence_recipient_idx", "occurrence", ["recipient", "occurs_at"])
