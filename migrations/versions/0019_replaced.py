"""Add who replaces whom: a message that was corrected, or reached by another channel, and the one in its place.

Pre: the former version goes on working beside it, and knows of neither: it may send again what has been replaced, as long
as its command line is used.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating import steps

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("replaces", "replaced_by"):
        op.add_column("message", sa.Column(name, sa.Uuid(), nullable=True), if_not_exists=True)
    where = sa.text("replaces IS NOT NULL")
    steps.create_index("message_replaces_key", "message", ["replaces"], unique=True, postgresql_where=where)


def downgrade() -> None:
    steps.drop_index("message_replaces_key", "message")
    for name in ("replaced_by", "replaces"):
        op.drop_column("message", name)
