"""Add what pausing a campaign, poison messages and looking into the sent data need.

Pre: run it before the first worker of this version starts. The former version goes on working beside it, but claims
slowly, since its statement no longer fits the index: let it finish soon.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CLAIMS = (
    ("message_claim_idx", ["lane", "due_at"], "NOT grouped"),
    ("message_claim_grouped_idx", ["due_at"], "grouped"),
)


def upgrade() -> None:
    _of_campaign(["campaign", "id"])
    op.add_column("message", sa.Column("rescues", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("message", sa.Column("absences", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("message", sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("message", sa.Column("earlier_ids", sa.ARRAY(sa.Text()), nullable=True))
    op.create_check_constraint(op.f("message_paused_only_while_queued"), "message", "NOT paused OR status = 'queued'")
    for name, columns, which in CLAIMS:
        _recreate(name, columns, f"status = 'queued' AND {which} AND NOT paused")
    op.create_index(
        "message_group_idx",
        "message",
        ["notification_id", "id"],
        postgresql_where=sa.text("status = 'queued' AND grouped"),
    )
    op.create_index("message_paused_idx", "message", ["due_at"], postgresql_where=sa.text("paused"))
    _recreate("message_poll_idx", ["poll_at"], "status = 'accepted' AND poll_at IS NOT NULL AND sms_id IS NOT NULL")
    op.create_index(
        "message_lost_idx",
        "message",
        ["poll_at"],
        postgresql_where=sa.text("status = 'accepted' AND poll_at IS NOT NULL AND sms_id IS NULL"),
    )
    op.add_column("pause", sa.Column("campaign", sa.Text(), nullable=True))
    op.add_column("pause", sa.Column("marked_to", sa.Uuid(), nullable=True))
    op.add_column("pause", sa.Column("marked_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.alter_column("pause", "lane", existing_type=sa.Text(), nullable=True)
    op.create_check_constraint(op.f("pause_lane_or_campaign"), "pause", "num_nonnulls(lane, campaign) = 1")
    op.create_index(
        "pause_campaign_key", "pause", ["campaign"], unique=True, postgresql_where=sa.text("lifted_at IS NULL")
    )


def downgrade() -> None:
    _of_campaign(["campaign"])
    op.execute("DELETE FROM pause WHERE lane IS NULL")
    op.drop_index("pause_campaign_key", "pause")
    op.drop_constraint(op.f("pause_lane_or_campaign"), "pause")
    op.alter_column("pause", "lane", existing_type=sa.Text(), nullable=False)
    for column in ("marked_at", "marked_to", "campaign"):
        op.drop_column("pause", column)
    op.drop_index("message_lost_idx", "message")
    _recreate("message_poll_idx", ["poll_at"], "status = 'accepted' AND poll_at IS NOT NULL")
    op.drop_index("message_paused_idx", "message")
    op.drop_index("message_group_idx", "message")
    for name, columns, which in CLAIMS:
        _recreate(name, columns, f"status = 'queued' AND {which}")
    op.drop_constraint(op.f("message_paused_only_while_queued"), "message")
    for column in ("earlier_ids", "paused", "absences", "rescues"):
        op.drop_column("message", column)


def _of_campaign(columns: list[str]) -> None:
    op.drop_index("notification_campaign_idx", "notification")
    op.create_index(
        "notification_campaign_idx", "notification", columns, postgresql_where=sa.text("campaign IS NOT NULL")
    )


def _recreate(name: str, columns: list[str], where: str) -> None:
    op.drop_index(name, "message")
    op.create_index(name, "message", columns, postgresql_where=sa.text(where))
