"""Add contact_name_words_idx, and fold the case of tags: a name is found without accents, a tag however it is written.

Pre: run it before the first worker of this version starts. The former version goes on working beside it; tags that it
still writes in capitals are folded when they are next written.
"""

from alembic import op
from sqlalchemy import text

from worker.migrating import steps

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ACCENTED = (
    "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸ"
    "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"
)
PLAIN = (
    "aaaaeeeiioooouuyadiuouaaaaaaaaaaaaeeeeeeeeiioooooooooooouuuuuuuyyyy"
    "aaaaeeeiioooouuyadiuouaaaaaaaaaaaaeeeeeeeeiioooooooooooouuuuuuuyyyy"
)
CAPITALS = ACCENTED[: len(ACCENTED) // 2]
SMALL = ACCENTED[len(ACCENTED) // 2 :]


def upgrade() -> None:
    words = f"to_tsvector('simple'::regconfig, lower(translate(name, '{ACCENTED}', '{PLAIN}')))"
    steps.create_index("contact_name_words_idx", "contact", [text(words)], postgresql_using="gin")
    for table in ("contact", "reminder"):
        folded = f"CAST(lower(translate(CAST(tags AS text), '{CAPITALS}', '{SMALL}')) AS text[])"
        once = f"ARRAY(SELECT t FROM unnest({folded}) WITH ORDINALITY AS u (t, n) GROUP BY t ORDER BY min(n))"  # noqa: S608
        steps.fill(table, f"tags = {once}", f"tags <> {folded}")


def downgrade() -> None:
    op.drop_index("contact_name_words_idx", "contact")
