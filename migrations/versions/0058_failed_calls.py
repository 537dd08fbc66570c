"""Find the webhook calls that were given up by when they were: each tick takes away the old ones.

Pre: the former version neither needs nor minds the index. A call that waits is not in it.
"""

import sqlalchemy as sa

from worker.migrating.steps import create_index, drop_index

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index(
        "webhook_call_failed_idx", "webhook_call", ["failed_at"], postgresql_where=sa.text("failed_at IS NOT NULL")
    )


def downgrade() -> None:
    drop_index("webhook_call_failed_idx", "webhook_call")
