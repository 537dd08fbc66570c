"""Build the key of messages anew, so that it is younger than the index of their notifications, which has the id as well.

Where Postgres believes that there are none, to walk over either from end to end costs the same in its eyes as a look,
and of indexes that cost the same it takes the youngest: it walked over all messages for each that was looked for by its
id, whatever the statement. Pre: both are used as before, and nobody waits.
"""

from worker.migrating import steps

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.rebuild_index("message_pkey")


def downgrade() -> None:
    pass
