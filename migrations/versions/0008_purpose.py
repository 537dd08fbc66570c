"""Add what a notification is for.

Pre: run it before the first worker of this version starts. The former version goes on working beside it. No row is
rewritten or looked at: what was stored before has no purpose of its own, and is read as what its SmsType and source say.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notification", sa.Column("purpose", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("notification", "purpose")
