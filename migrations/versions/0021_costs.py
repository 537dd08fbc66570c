"""Add what a text would be without accents, and what of a day's segments are extra: long, accents, never counted.

Pre: the former version goes on working beside it, and leaves them empty. The sums are made anew from the settlements,
some at each tick.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SUMS = ("uncounted", "long_segments", "accent_segments")
ANEW = "INSERT INTO roll_up (id, server, done) VALUES (1, 0, '3:3:') ON CONFLICT (id) DO UPDATE SET server = 0"


def upgrade() -> None:
    op.execute("ALTER TABLE notification ADD COLUMN plain_segments smallint")
    for name in SUMS:
        op.execute(f"ALTER TABLE report_daily ADD COLUMN {name} bigint DEFAULT 0 NOT NULL")
    op.execute(ANEW)


def downgrade() -> None:
    for name in SUMS:
        op.drop_column("report_daily", name)
    op.drop_column("notification", "plain_segments")
