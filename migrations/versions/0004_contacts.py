"""Contacts, who of them opted out, and templates; an index by which an opt-out finds what is queued for a number.

Pre: run it before the first worker of this version starts. The former version goes on working beside it, but does not
know of opt-outs. The index on `message` is built while enqueueing waits: a second for each million messages.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DAYS = ("birth_day", "lunar_birth_day", "death_day", "lunar_death_day")


def upgrade() -> None:
    _contact()
    _opt_out()
    _template()
    op.create_index("message_queued_phone_idx", "message", ["phone"], postgresql_where=sa.text("status = 'queued'"))


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("phones", ARRAY(sa.TEXT()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("birth_day", sa.SmallInteger(), nullable=True),
        sa.Column("lunar_birth_day", sa.SmallInteger(), nullable=True),
        sa.Column("lunar_birth_leap", sa.Boolean(), nullable=True),
        sa.Column("death_date", sa.Date(), nullable=True),
        sa.Column("death_day", sa.SmallInteger(), nullable=True),
        sa.Column("lunar_death_day", sa.SmallInteger(), nullable=True),
        sa.Column("lunar_death_leap", sa.Boolean(), nullable=True),
        sa.Column("tags", ARRAY(sa.TEXT()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("attributes", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("opted_out_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(lunar_birth_day IS NULL) = (lunar_birth_leap IS NULL)", name=op.f("contact_lunar_birth_is_whole")
        ),
        sa.CheckConstraint(
            "(lunar_death_day IS NULL) = (lunar_death_leap IS NULL)", name=op.f("contact_lunar_death_is_whole")
        ),
        *(
            sa.CheckConstraint(
                f"{day} % 100 BETWEEN 1 AND 31 AND {day} / 100 BETWEEN 1 AND 12", name=op.f(f"contact_{day}")
            )
            for day in DAYS
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("contact_pkey")),
    )
    op.create_index("contact_source_key_key", "contact", ["source", "key"], unique=True)
    for day in DAYS:
        op.create_index(f"contact_{day}_idx", "contact", [day, "id"], postgresql_where=sa.text(f"{day} IS NOT NULL"))
    op.create_index("contact_phones_idx", "contact", ["phones"], postgresql_using="gin")
    op.create_index(
        "contact_opted_out_phones_idx",
        "contact",
        ["phones"],
        postgresql_using="gin",
        postgresql_where=sa.text("opted_out_at IS NOT NULL"),
    )


def _opt_out() -> None:
    op.create_table(
        "opt_out",
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("phone", name=op.f("opt_out_pkey")),
    )


def _template() -> None:
    op.create_table(
        "template",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("template_id", sa.Text(), nullable=True),
        sa.Column("variables", ARRAY(sa.TEXT()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("diacritics", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('sms', 'template_call')", name=op.f("template_kind_known")),
        sa.CheckConstraint("diacritics IN ('keep', 'strip')", name=op.f("template_diacritics_known")),
        sa.CheckConstraint("(kind = 'sms') = (content IS NOT NULL)", name=op.f("template_content_is_for_sms")),
        sa.CheckConstraint("(kind = 'sms') = (template_id IS NULL)", name=op.f("template_template_id_is_for_calls")),
        sa.CheckConstraint("version > 0", name=op.f("template_version_counts_from_one")),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("template_pkey")),
    )


def downgrade() -> None:
    op.drop_index("message_queued_phone_idx", "message")
    op.drop_table("template")
    op.drop_table("opt_out")
    op.drop_table("contact")
