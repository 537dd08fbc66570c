"""What a migration does to a table that may hold millions of rows, so that nobody waits for it.

Each of these commits what the migration did before, and is not undone with it. A migration that uses one can be ended
anywhere and is run again from its beginning: everything in it must be harmless the second time (`IF NOT EXISTS`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic import op
from sqlalchemy import text

BATCH = 1000  # rows that one transaction changes


def create_index(name: str, table: str, columns: Sequence[Any], **options: Any) -> None:
    """CONCURRENTLY: writing goes on. options: those of Alembic's own. A wreck that a former try left is built anew."""
    with outside_transactions():
        if _is_wreck(name):
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
        op.create_index(name, table, columns, postgresql_concurrently=True, if_not_exists=True, **options)


def drop_index(name: str, table: str) -> None:
    """CONCURRENTLY: it waits for every transaction on the table, and nobody waits for it."""
    with outside_transactions():
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)


def replace_index(name: str, table: str, columns: Sequence[Any], **options: Any) -> None:
    """Another index under the same name; one of the two is there all the time."""
    create_index(f"{name}_new", table, columns, **options)
    drop_index(name, table)
    with outside_transactions():
        op.execute(f"-- squawk-ignore renaming-object\nALTER INDEX {name}_new RENAME TO {name}")


def rebuild_index(name: str) -> None:
    """CONCURRENTLY: the index as it is, without its holes, and younger than all others. What a former try left goes."""
    with outside_transactions():
        for wreck in (f"{name}_ccnew", f"{name}_ccold"):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {wreck}")
        op.execute(f"REINDEX INDEX CONCURRENTLY {name}")


def add_check(name: str, table: str, condition: str) -> None:
    """A CHECK, in place of one of this name: new rows obey at once, old ones are looked at later."""
    op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
    with outside_transactions():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def fill(table: str, change: str, where: str = "true", *, key: str = "id", key_type: str = "uuid") -> None:
    """UPDATE, along the key, a thousand rows to a transaction. The second time `where` should find no row to change."""
    _in_batches(table, f"UPDATE {table} SET {change} WHERE {key} = ANY(batch) AND ({where})", key, key_type)  # noqa: S608


def copy(table: str, statement: str, *, key: str = "id", key_type: str = "uuid") -> None:
    """Any statement, once for each thousand rows of this table, whose keys it finds in the array `batch`."""
    _in_batches(table, statement, key, key_type)


def each_month(table: str, *statements: str) -> None:
    """Any statements, in a transaction for each month of the table's column `day`, whose first day is in `here`.

    Nobody writes to the table meanwhile. Where they are run again, they begin anew.
    """
    loop = f"""
        DO $$
        DECLARE
            here date;
        BEGIN
            FOR here IN SELECT DISTINCT CAST(date_trunc('month', day) AS date) FROM {table} ORDER BY 1 LOOP
                PERFORM set_config('lock_timeout', '500ms', true);
                LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;
                {"; ".join(statements)};
                COMMIT;
            END LOOP;
        END $$
    """  # noqa: S608
    with outside_transactions():
        op.execute(loop)


@contextmanager
def outside_transactions() -> Iterator[None]:
    """What Postgres does in no transaction, or what must let go of its locks at once."""
    with op.get_context().autocommit_block():
        yield


def _in_batches(table: str, statement: str, key: str, key_type: str) -> None:
    """By its array the batch is found through the key's index, whatever the statistics say."""
    loop = f"""
        DO $$
        DECLARE
            batch {key_type}[];
            here {key_type};
        BEGIN
            SELECT {key} INTO here FROM {table} ORDER BY {key} LIMIT 1;
            WHILE here IS NOT NULL LOOP
                PERFORM set_config('lock_timeout', '500ms', true);
                batch := ARRAY(SELECT {key} FROM {table} WHERE {key} >= here ORDER BY {key} LIMIT {BATCH + 1});
                here := batch[{BATCH + 1}];
                batch := trim_array(batch, greatest(cardinality(batch) - {BATCH}, 0));
                {statement};
                COMMIT;
            END LOOP;
        END $$
    """  # noqa: S608
    with outside_transactions():
        op.execute(loop)


def _is_wreck(name: str) -> bool:
    """Building an index CONCURRENTLY leaves an invalid one when it is ended."""
    if op.get_context().as_sql:
        return False
    query = text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return bool(op.get_bind().scalar(query, {"name": name}))
