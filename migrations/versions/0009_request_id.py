"""A RequestId follows from the message and how often a new one was called for; advertising knows it beforehand.

Pre: run it before the first worker of this version starts. The former version goes on working beside it; the index
that it cuts advertising by is in another order now, so let it finish soon.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WAITS = "status = 'queued' AND grouped"


def upgrade() -> None:
    op.add_column("message", sa.Column("renewals", sa.Integer(), server_default=sa.text("0"), nullable=False))
    _recreate(["notification_id", "request_id", "id"])


def downgrade() -> None:
    _recreate(["notification_id", "id"])
    op.drop_column("message", "renewals")


def _recreate(columns: list[str]) -> None:
    op.drop_index("message_group_idx", "message")
    op.create_index("message_group_idx", "message", columns, postgresql_where=sa.text(WAITS))
