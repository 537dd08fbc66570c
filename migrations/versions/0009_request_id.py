"""A RequestId follows from the message and how often a new one was called for; advertising knows it beforehand.

Pre: run it before the first worker of this version starts. The former version goes on working beside it; the index
that it cuts advertising by is in another order now, so let it finish soon.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating import steps

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WAITS = "status = 'queued' AND grouped"


def upgrade() -> None:
    renewals = sa.Column("renewals", sa.Integer(), server_default=sa.text("0"), nullable=False)
    op.add_column("message", renewals, if_not_exists=True)
    _replace(["notification_id", "request_id", "id"])


def downgrade() -> None:
    _replace(["notification_id", "id"])
    op.drop_column("message", "renewals")


def _replace(columns: list[str]) -> None:
    steps.replace_index("message_group_idx", "message", columns, postgresql_where=sa.text(WAITS))
