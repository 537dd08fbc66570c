"""Add what believing eSMS's "no" only at its second time needs, and an index of all messages by number.

Pre: the former version goes on working beside it. The index is built on the whole table of messages: on a large one,
create it beforehand by hand, CONCURRENTLY and by the same name, and this finds it there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BEFORE = (
    "queued",
    "sending",
    "unconfirmed",
    "held",
    "accepted",
    "delivered",
    "undelivered",
    "rejected",
    "unknown",
    "cancelled",
    "expired",
)


def upgrade() -> None:
    op.add_column("message", sa.Column("heard", sa.Text(), nullable=True))
    op.add_column("message", sa.Column("heard_since", sa.TIMESTAMP(timezone=True), nullable=True))
    _know((*BEFORE, "sandboxed"))
    op.create_index("message_phone_idx", "message", ["phone", "created_at"], if_not_exists=True)
    op.drop_index("message_queued_phone_idx", "message")


def downgrade() -> None:
    op.execute("UPDATE message SET status = 'unknown' WHERE status = 'sandboxed'")
    op.create_index("message_queued_phone_idx", "message", ["phone"], postgresql_where=sa.text("status = 'queued'"))
    op.drop_index("message_phone_idx", "message")
    _know(BEFORE)
    op.drop_column("message", "heard_since")
    op.drop_column("message", "heard")


def _know(statuses: tuple[str, ...]) -> None:
    """Rows that stand are not looked at under the lock: none of them can break the wider rule."""
    op.drop_constraint(op.f("message_status_known"), "message")
    words = ", ".join(f"'{status}'" for status in statuses)
    op.execute(f"ALTER TABLE message ADD CONSTRAINT message_status_known CHECK (status IN ({words})) NOT VALID")
    op.execute("ALTER TABLE message VALIDATE CONSTRAINT message_status_known")
