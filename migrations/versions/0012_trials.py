"""Add what letting one message go on trial needs, and whose a list of brandnames is.

Pre: the former version goes on working beside it. Its brandnames are asked for anew by the first worker of this one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pause", sa.Column("trial", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("brandname", sa.Column("account", sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    op.drop_column("brandname", "account")
    op.drop_column("pause", "trial")
