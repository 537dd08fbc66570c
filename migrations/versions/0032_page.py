"""Add who may sign in on the page, who has, and what people did, for good.

Pre: the former version knows nothing of it, and writes no act.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

MOMENT = TIMESTAMP(timezone=True)
NOW = sa.text("now()")

STAYS = """
CREATE FUNCTION act_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was done stays: table act takes rows and gives none back' USING ERRCODE = '42501';
END
$$
"""
TRIGGER = """CREATE TRIGGER act_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON act
FOR EACH STATEMENT EXECUTE FUNCTION act_stays()"""


def upgrade() -> None:
    _users()
    _acts()
    for statement in (STAYS, TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    for table in ("act", "sign_in", "page_session", "page_user"):
        op.drop_table(table)
    op.execute("DROP FUNCTION act_stays()")


def _users() -> None:
    op.create_table(
        "page_user",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.CheckConstraint("role IN ('viewer', 'operator', 'admin')", name=op.f("page_user_role_is_one")),
        sa.PrimaryKeyConstraint("name", name=op.f("page_user_pkey")),
    )
    op.create_table(
        "page_session",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("once", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("used_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("page_session_pkey")),
    )
    op.create_index("page_session_user_name_idx", "page_session", ["user_name"])
    op.create_table(
        "sign_in",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("tried_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("succeeded_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("name", "place", name=op.f("sign_in_pkey")),
    )
    op.create_index("sign_in_place_idx", "sign_in", ["place"])


def _acts() -> None:
    op.create_table(
        "act",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("how_many", sa.Integer(), nullable=False),
        sa.Column("subject", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", "step", name=op.f("act_pkey")),
    )
    first = sa.text("step = 0")
    for name, columns in (("first", ["id"]), ("who", ["who", "id"]), ("what", ["what", "id"])):
        op.create_index(f"act_{name}_idx", "act", columns, postgresql_where=first)
