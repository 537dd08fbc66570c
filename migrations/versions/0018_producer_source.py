"""Which sources a login of Postgres is bound to; whether a number opted out, for who may not see others' opt-outs.

What goes with it, roles, grants and row-level security, is no migration: worker/roles brings it about after each.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# As it was at this version; worker/roles keeps it true.
HAS_OPTED_OUT = """
    CREATE OR REPLACE FUNCTION has_opted_out(number text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    BEGIN
        RETURN EXISTS (SELECT FROM opt_out AS o WHERE o.phone = number)
            OR EXISTS (
                SELECT FROM contact AS c WHERE c.phones @> ARRAY[number]
                  AND (c.opted_out_at IS NOT NULL OR EXISTS (SELECT FROM opt_out AS o WHERE o.phone = ANY(c.phones)))
            );
    END $$
"""

# Policies stand on one another's tables, and no table of an older version could be dropped under them.
UNGUARD = """
    DO $$
    DECLARE
        found record;
    BEGIN
        FOR found IN SELECT * FROM pg_policies WHERE schemaname = current_schema() LOOP
            EXECUTE format('DROP POLICY %I ON %I.%I', found.policyname, found.schemaname, found.tablename);
            EXECUTE format('ALTER TABLE %I.%I DISABLE ROW LEVEL SECURITY', found.schemaname, found.tablename);
        END LOOP;
    END $$
"""


def upgrade() -> None:
    op.create_table(
        "producer_source",
        sa.Column("role_name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role_name", "source", name=op.f("producer_source_pkey")),
    )
    op.execute(HAS_OPTED_OUT)


def downgrade() -> None:
    op.execute(UNGUARD)
    for function in ("sources_of_session", "is_a_persons_move", "has_opted_out"):
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
    op.drop_table("producer_source")
