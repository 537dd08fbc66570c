"""Refused requests are listed by when, for all and for one source, however much was taken in between.

Pre: the former version neither needs nor minds these indexes.
"""

import sqlalchemy as sa

from worker.migrating.steps import create_index, drop_index

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

REFUSED = sa.text("state = 'refused'")


def upgrade() -> None:
    create_index("inbox_refused_idx", "inbox", ["at", "id"], postgresql_where=REFUSED)
    create_index("inbox_refused_source_idx", "inbox", ["source", "at", "id"], postgresql_where=REFUSED)


def downgrade() -> None:
    drop_index("inbox_refused_source_idx", "inbox")
    drop_index("inbox_refused_idx", "inbox")
