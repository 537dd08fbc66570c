"""Add what believing eSMS's "no" only at its second time needs, and an index of all messages by number.

Pre: the former version goes on working beside it. The index is built on the whole table of messages, while all go on.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating import steps

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
    op.add_column("message", sa.Column("heard", sa.Text(), nullable=True), if_not_exists=True)
    since = sa.Column("heard_since", sa.TIMESTAMP(timezone=True), nullable=True)
    op.add_column("message", since, if_not_exists=True)
    _know((*BEFORE, "sandboxed"))
    steps.create_index("message_phone_idx", "message", ["phone", "created_at"])
    steps.drop_index("message_queued_phone_idx", "message")


def downgrade() -> None:
    steps.fill("message", "status = 'unknown'", "status = 'sandboxed'")
    queued = sa.text("status = 'queued'")
    steps.create_index("message_queued_phone_idx", "message", ["phone"], postgresql_where=queued)
    steps.drop_index("message_phone_idx", "message")
    _know(BEFORE)
    op.drop_column("message", "heard_since")
    op.drop_column("message", "heard")


def _know(statuses: tuple[str, ...]) -> None:
    words = ", ".join(f"'{status}'" for status in statuses)
    steps.add_check("message_status_known", "message", f"status IN ({words})")
