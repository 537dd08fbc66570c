"""Calendars are uploaded, too.

Pre: no released version takes uploads in.
"""

from alembic import op

from worker.migrating.steps import add_check

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

KNOWN = "kind IN ('campaign', 'contacts', 'calendar')"


def upgrade() -> None:
    add_check("upload_kind_known", "upload", KNOWN)


def downgrade() -> None:
    op.execute("DELETE FROM upload WHERE kind = 'calendar'")
    add_check("upload_kind_known", "upload", KNOWN.replace(", 'calendar'", ""))
