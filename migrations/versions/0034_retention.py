"""Add what removes numbers and texts after their time: how far it has come, what waits, when a row was emptied.

Pre: the former version goes on working beside it. It does not know of emptied messages: a trigger keeps it from having
one sent again, as its text is gone, and a reference of an emptied one that is used again is a conflict to it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)

REFUSE = """
CREATE FUNCTION refuse_emptied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF new.emptied_at IS NOT NULL
        OR EXISTS (SELECT FROM notification AS n WHERE n.id = new.notification_id AND n.emptied_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'the text or the number of this message was removed: it can not be sent again'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END
$$
"""
TRIGGER = """
CREATE TRIGGER message_emptied BEFORE UPDATE OF status ON message
FOR EACH ROW WHEN (NEW.status = 'queued' AND OLD.settled_at IS NOT NULL) EXECUTE FUNCTION refuse_emptied()
"""


def upgrade() -> None:
    for table in ("notification", "message"):
        op.add_column(table, sa.Column("emptied_at", MOMENT, nullable=True))
        op.add_column(table, sa.Column("emptied_by", sa.Text(), nullable=True))
    op.create_table(
        "retention_place",
        sa.Column("step", sa.Text(), primary_key=True),
        sa.Column("place", JSONB(), nullable=False),
        sa.Column("caught_up_at", MOMENT, nullable=True),
        sa.Column("behind_since", MOMENT, nullable=True),
    )
    op.create_table(
        "removal",
        sa.Column("message_id", sa.Uuid(), primary_key=True),
        sa.Column("step", sa.Text(), primary_key=True),
        sa.Column("since", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("look_at", MOMENT, nullable=False),
    )
    op.create_index("removal_look_idx", "removal", ["step", "look_at"])
    op.execute(REFUSE)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER message_emptied ON message")
    op.execute("DROP FUNCTION refuse_emptied()")
    op.drop_table("removal")
    op.drop_table("retention_place")
    for table in ("message", "notification"):
        op.drop_column(table, "emptied_by")
        op.drop_column(table, "emptied_at")
