"""Leave room in indexes that follow the ids: what is sent enters each again, beside where it stands already.

A page that was written full is split, or searched for what may go, as soon as its messages are claimed; in the end both
are as large. What is there already stays as it is. Pre: the former version uses the indexes as before.
"""

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

INDEXES = ("message_pkey", "message_notification_id_idx", "settlement_message_id_idx")


def upgrade() -> None:
    for name in INDEXES:
        op.execute(f"ALTER INDEX {name} SET (fillfactor = 45)")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"ALTER INDEX {name} RESET (fillfactor)")
