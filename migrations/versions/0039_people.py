"""Add what people ask about their data, and who was forgotten, by keyed hashes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

MOMENT = TIMESTAMP(timezone=True)
KINDS = "kind IN ('export', 'forget', 'restrict', 'correct', 'withdraw')"


def upgrade() -> None:
    op.create_table(
        "person_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("people", ARRAY(sa.Text()), nullable=False),
        sa.Column("received_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("extended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("outcome", JSONB(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("person_request_kind_known")),
    )
    op.create_index("person_request_open_idx", "person_request", ["id"], postgresql_where=sa.text("done_at IS NULL"))
    op.create_table(
        "tombstone",
        sa.Column("person", sa.Text(), primary_key=True),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tombstone")
    op.drop_table("person_request")
