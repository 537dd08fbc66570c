"""What Postgres did for a statement, as it tells."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection


def plan_of(connection: Connection, sql: str, values: Any) -> dict[str, Any]:
    """It is carried out."""
    explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", values)
    plan: dict[str, Any] = explained.scalar_one()[0]["Plan"]
    return plan


def pages_of(connection: Connection, sql: str, values: Any) -> int:
    """Pages of 8 kB that it looks at."""
    plan = plan_of(connection, sql, values)
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
