"""A notification's messages are looked up in their order, some at a time, however many it has.

Pre: the former version looks them up by the same index.
"""

from worker.migrating.steps import replace_index

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

NAME = "message_notification_id_idx"


def upgrade() -> None:
    replace_index(NAME, "message", ["notification_id", "id"])


def downgrade() -> None:
    replace_index(NAME, "message", ["notification_id"])
