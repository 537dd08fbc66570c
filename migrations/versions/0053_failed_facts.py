"""Keep in the index of what failed all that is asked of it: a look at who would be sent again reads no message.

Pre: the former version's statements use the index as before.
"""

import sqlalchemy as sa

from worker.migrating import steps

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

NAME, TABLE, KEY = "message_failed_idx", "message", ["notification_id", "id"]
FAILED = sa.text("status IN ('undelivered', 'rejected', 'unknown', 'expired')")
ASKED = [
    "status", "code", "network", "lane", "generation", "grouped", "replaced_by", "emptied_at", "phone", "wanted_at",
    "created_at",
]  # fmt: skip


def upgrade() -> None:
    steps.replace_index(NAME, TABLE, KEY, postgresql_include=ASKED, postgresql_where=FAILED)


def downgrade() -> None:
    steps.replace_index(NAME, TABLE, KEY, postgresql_where=FAILED)
