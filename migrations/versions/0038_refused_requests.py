"""Refused requests that came by task stand in the inbox, too.

Pre: the former version writes no door: what it puts there came by SQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbox", sa.Column("door", sa.Text(), server_default=sa.text("'sql'"), nullable=False))


def downgrade() -> None:
    op.drop_column("inbox", "door")
