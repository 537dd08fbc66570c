"""Let a source hold back its own part of a campaign, and find that part without walking over the others'.

Pre: the version before holds back the whole campaign where a part of it is; its own `pause --campaign` is refused until
its processes are replaced.
"""

import sqlalchemy as sa
from alembic import op

from worker.migrating.steps import add_check, create_index, replace_index

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

HELD_BACK = sa.text("lifted_at IS NULL")


def upgrade() -> None:
    op.add_column("pause", sa.Column("source", sa.Text(), nullable=True), if_not_exists=True)
    add_check("pause_part_of_campaign", "pause", "source IS NULL OR campaign IS NOT NULL")
    whole = sa.text("lifted_at IS NULL AND source IS NULL")
    replace_index("pause_campaign_key", "pause", ["campaign"], unique=True, postgresql_where=whole)
    create_index("pause_part_key", "pause", ["campaign", "source"], unique=True, postgresql_where=HELD_BACK)
    create_index(
        "notification_source_campaign_idx",
        "notification",
        ["source", "campaign", "id"],
        postgresql_where=sa.text("campaign IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("notification_source_campaign_idx", "notification")
    op.drop_index("pause_part_key", "pause")
    op.execute("DELETE FROM pause WHERE source IS NOT NULL")
    op.drop_index("pause_campaign_key", "pause")
    op.drop_constraint(op.f("pause_part_of_campaign"), "pause")
    op.execute("ALTER TABLE pause DISABLE ROW LEVEL SECURITY")  # the version before knows of no policy here
    op.execute("ALTER TABLE pause DROP COLUMN source CASCADE")  # and policies look at it
    op.create_index("pause_campaign_key", "pause", ["campaign"], unique=True, postgresql_where=HELD_BACK)
