"""Who had a rerun go on that had stopped itself.

Pre: the former version leaves it empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rerun", sa.Column("decided_by", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("rerun", "decided_by")
