"""Add sending rules, with those that were found for advertising in Viet Nam, and what is counted and kept for them.

Pre: workers of the version before don't look at them: they hold once all are replaced.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

MOMENT = TIMESTAMP(timezone=True)
SINCE = "2020-10-01"
DECREE = "Decree 91/2020/NĐ-CP"
FOUND = "found in summaries, a lawyer must check it"

# From summaries of the law, on 26 November 2026: name, check, channel, parameters, source, mode.
RULES: list[tuple[str, str, str | None, dict[str, Any], str, str]] = [
    ("vn.ads.sms.hours", "hours", "sms", {"from": "07:00", "to": "22:00"}, "art. 13", "hold"),
    ("vn.ads.call.hours", "hours", "call", {"from": "08:00", "to": "17:00"}, "art. 13", "hold"),
    ("vn.ads.sms.count", "count", "sms", {"most": 3, "hours": 24}, "art. 13", "hold"),
    ("vn.ads.call.count", "count", "call", {"most": 1, "hours": 24}, "art. 13", "hold"),
    ("vn.ads.register", "register", None, {}, "art. 7", "refuse"),
    ("vn.ads.sender", "sender", "sms", {"sms_types": [1]}, "registered brandnames", "warn"),
    ("vn.ads.label", "label", "sms", {"pattern": r"^\s*\[(QC|AD)\]"}, "art. 15", "warn"),
    ("vn.ads.refusal", "refusal", "sms", {"pattern": r"(t[uừ] ?ch[oố]i|h[uủ]y|\WTC\W).{0,80}$"}, "art. 16", "warn"),
    ("vn.ads.consent", "consent", None, {}, "art. 13; Law 91/2025/QH15", "warn"),
]


def upgrade() -> None:
    op.create_table(
        "law_rule",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.Column("purposes", ARRAY(sa.Text()), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("parameters", JSONB(), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "checks IN ('hours', 'count', 'label', 'refusal', 'sender', 'register', 'consent')",
            name=op.f("law_rule_check_known"),
        ),
        sa.CheckConstraint("mode IN ('off', 'warn', 'hold', 'refuse')", name=op.f("law_rule_mode_known")),
        sa.CheckConstraint("channel IN ('sms', 'call')", name=op.f("law_rule_channel_known")),
        sa.CheckConstraint("until >= since", name=op.f("law_rule_it_ends_after_it_begins")),
        sa.PrimaryKeyConstraint("name", "since", name=op.f("law_rule_pkey")),
    )
    op.create_table(
        "advertised",
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", ARRAY(MOMENT), nullable=False),
        sa.Column("messages", ARRAY(sa.Uuid()), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'call')", name=op.f("advertised_channel_known")),
        sa.PrimaryKeyConstraint("phone", "channel", name=op.f("advertised_pkey")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "do_not_call",
        sa.Column("phone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("phone", name=op.f("do_not_call_pkey")),
    )
    op.execute(
        "INSERT INTO law_rule (name, since, checks, purposes, channel, parameters, source, mode) VALUES "  # noqa: S608
        + ", ".join(f"({_row(*rule)})" for rule in RULES)
    )


def _row(name: str, check: str, channel: str | None, parameters: dict[str, Any], article: str, mode: str) -> str:
    by = f"'{channel}'" if channel else "NULL"
    source = f"{DECREE}, {article}; {FOUND}"
    written = json.dumps(parameters, ensure_ascii=False)
    return f"'{name}', '{SINCE}', '{check}', '{{advertising}}', {by}, '{written}', '{source}', '{mode}'"


def downgrade() -> None:
    op.drop_table("do_not_call")
    op.drop_table("advertised")
    op.drop_table("law_rule")
