"""Sums of days, added up by month: kept by triggers of the days' table, whoever writes that."""

from __future__ import annotations

from alembic import op

from worker.migrating.steps import each_month

IS, WAS = "SELECT 1 AS times, * FROM after", "SELECT -1 AS times, * FROM before"
CHANGES = {"insert": IS, "update": f"{IS} UNION ALL {WAS}", "delete": WAS}
NEW, OLD = "NEW TABLE AS after", "OLD TABLE AS before"
TABLES = {"insert": NEW, "update": f"{OLD} {NEW}", "delete": OLD}
OF_ONE = "SELECT 1 AS times, * FROM {days} WHERE day >= here AND day < here + interval '1 month'"
# A month of which no day is left begins anew.
GONE = """;
        DELETE FROM {months} AS r
        USING (SELECT DISTINCT CAST(date_trunc('month', day) AS date) AS month FROM before) AS b
        WHERE r.month = b.month AND NOT EXISTS (
            SELECT FROM {days} AS d WHERE d.day >= r.month AND d.day < r.month + interval '1 month'
        )
"""
FUNCTION = """
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path FROM CURRENT AS $$
    BEGIN
        {statement};
        RETURN NULL;
    END
    $$
"""
TRIGGER = """
    CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {days} REFERENCING {tables}
    FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""


def add_up(days: str, months: str, add: str, *, name: str) -> None:
    """Fill the months, and keep them so. add: the statement that adds `{changes}`, each `times` 1 or -1, to them."""
    for event, changes in CHANGES.items():
        statement = add.format(changes=changes) + (GONE.format(days=days, months=months) if event == "delete" else "")
        op.execute(FUNCTION.format(name=f"{name}_{event}", statement=statement))
        op.execute(TRIGGER.format(name=f"{name}_{event}", event=event.upper(), days=days, tables=TABLES[event]))
    emptied = f"DELETE FROM {months} WHERE month = here"  # noqa: S608
    each_month(days, emptied, add.format(changes=OF_ONE.format(days=days)))


def add_up_no_more(days: str, *, name: str) -> None:
    """Keep them no longer."""
    for event in CHANGES:
        op.execute(f"DROP TRIGGER {name}_{event} ON {days}")
        op.execute(f"DROP FUNCTION {name}_{event}()")
