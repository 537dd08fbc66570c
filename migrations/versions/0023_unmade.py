"""Add occurrence_not_made_idx, by which a report finds what was skipped or called back among millions that were made.

Pre: run it before the first worker of this version starts. The former version goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating import steps

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    not_made = sa.text("state <> 'made'")
    steps.create_index("occurrence_not_made_idx", "occurrence", ["occurs_at"], postgresql_where=not_made)


def downgrade() -> None:
    op.drop_index("occurrence_not_made_idx", "occurrence")
