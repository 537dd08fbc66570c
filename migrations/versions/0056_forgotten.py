"""Mark the messages of who was forgotten until they are emptied, and keep the mark in the index of what failed.

Pre: the former version marks none, and claims and sends again what is marked. Its statements use the index as before.
"""

import sqlalchemy as sa

from worker.migrating import steps

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

NAME, TABLE, KEY = "message_failed_idx", "message", ["notification_id", "id"]
FAILED = sa.text("status IN ('undelivered', 'rejected', 'unknown', 'expired')")
ASKED_BEFORE = [
    "status", "code", "network", "lane", "generation", "grouped", "replaced_by", "emptied_at", "phone", "wanted_at",
    "created_at",
]  # fmt: skip
# Of who was forgotten by the former version; as few as a day brings.
MARK = """
    UPDATE message AS m SET emptied_by = 'person' FROM removal AS r
    WHERE r.message_id = ANY(batch) AND r.step LIKE 'person %' AND m.id = r.message_id
        AND m.emptied_at IS NULL AND m.emptied_by IS NULL
"""
NONE_FOLLOWS = """
    UPDATE follow_up AS f SET due_at = NULL, outcome = 'forgotten' FROM removal AS r
    WHERE r.message_id = ANY(batch) AND r.step LIKE 'person %' AND f.message_id = r.message_id
        AND f.due_at IS NOT NULL
"""


def upgrade() -> None:
    for each in (MARK, NONE_FOLLOWS):
        steps.copy("removal", each, key="message_id")
    steps.replace_index(NAME, TABLE, KEY, postgresql_include=[*ASKED_BEFORE, "emptied_by"], postgresql_where=FAILED)


def downgrade() -> None:
    steps.replace_index(NAME, TABLE, KEY, postgresql_include=ASKED_BEFORE, postgresql_where=FAILED)
