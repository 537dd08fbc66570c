"""Have each opt-out stand in the consent ledger as a withdrawal, by whichever way it came: a trigger writes it.

Pre: workers of the version before opt people out as before, and it is written for them too.
"""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

# Not where the last that they said is a withdrawal: an SMS to a short code has written it with its words before.
WITHDRAW = """
CREATE FUNCTION opt_out_withdraws() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO consent (phone, act, purpose, how, at, source)
    SELECT a.phone, 'withdrawn', 'advertising', 'opt-out', clock_timestamp(), a.source FROM after AS a
    WHERE coalesce((
        SELECT c.act FROM consent AS c WHERE c.phone = a.phone AND c.purpose = 'advertising' AND c.channel IS NULL
        ORDER BY c.at DESC, c.id DESC LIMIT 1
    ), 'given') = 'given';
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER opt_out_withdrawn AFTER INSERT ON opt_out REFERENCING NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION opt_out_withdraws()
"""


def upgrade() -> None:
    op.execute(WITHDRAW)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER opt_out_withdrawn ON opt_out")
    op.execute("DROP FUNCTION opt_out_withdraws()")
