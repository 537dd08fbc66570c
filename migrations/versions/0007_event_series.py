"""Add series to event: an instance that differs from its series goes when the series goes.

Pre: run it before the first worker of this version starts. The former version goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating import steps

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("series", sa.Text(), nullable=True), if_not_exists=True)
    # As calendar files name them: UID/20260105T020000Z.
    steps.fill("event", "series = left(key, length(key) - 17)", r"series IS NULL AND key ~ '/\d{8}T\d{6}Z$'")
    which = sa.text("series IS NOT NULL")
    steps.create_index("event_series_idx", "event", ["source", "series"], postgresql_where=which)


def downgrade() -> None:
    op.drop_index("event_series_idx", "event")
    op.drop_column("event", "series")
