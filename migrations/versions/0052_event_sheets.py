"""Spreadsheets of events are uploaded, too.

Pre: no released version takes uploads in.
"""

from alembic import op

from worker.migrating.steps import add_check

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

KNOWN = "kind IN ('campaign', 'contacts', 'calendar', 'events')"


def upgrade() -> None:
    add_check("upload_kind_known", "upload", KNOWN)


def downgrade() -> None:
    op.execute("DELETE FROM upload WHERE kind = 'events'")
    add_check("upload_kind_known", "upload", KNOWN.replace(", 'events'", ""))
