"""Add files of people that are uploaded, and their rows.

Pre: the former version knows nothing of them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("columns", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("header_row", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("plan", JSONB(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("after_row", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("foreseen", JSONB(), nullable=True),
        sa.Column("done", JSONB(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('campaign', 'contacts')", name=op.f("upload_kind_known")),
        sa.CheckConstraint(
            "state IN ('draft', 'checking', 'checked', 'running', 'stopped', 'done')", name=op.f("upload_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("upload_pkey")),
    )
    op.create_index(
        "upload_at_work_idx",
        "upload",
        ["changed_at", "id"],
        postgresql_where=sa.text("state IN ('checking', 'running')"),
    )
    op.create_index("upload_changed_at_idx", "upload", ["changed_at"])
    op.create_table(
        "upload_row",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", JSONB(), nullable=False),
        sa.Column("unfit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("upload_row_upload_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("upload_row_pkey")),
    )


def downgrade() -> None:
    op.drop_table("upload_row")
    op.drop_table("upload")
