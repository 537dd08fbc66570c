"""Add failing_since and failure to reminder and event: what can't be made, since when, and where in the code.

Pre: run it before the first worker of this version starts. The former version goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating import steps

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("reminder", "event")


def upgrade() -> None:
    for table in TABLES:
        since = sa.Column("failing_since", sa.TIMESTAMP(timezone=True), nullable=True)
        op.add_column(table, since, if_not_exists=True)
        op.add_column(table, sa.Column("failure", sa.Text(), nullable=True), if_not_exists=True)
        which = sa.text("failing_since IS NOT NULL")
        steps.create_index(f"{table}_failing_idx", table, ["failing_since"], postgresql_where=which)


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"{table}_failing_idx", table)
        op.drop_column(table, "failure")
        op.drop_column(table, "failing_since")
