"""Many rows as one parameter: a JSON text that Postgres takes apart with `json_to_recordset`.

psycopg writes an array element by element, in Python; for a row of ten columns that costs more than the insert.
"""

from __future__ import annotations

import json

# UUIDs, datetimes and intervals as their str(), which Postgres reads: 1 day, 0:00:05 and 2026-03-01 08:00:00+07:00.
as_rows = json.JSONEncoder(default=str, ensure_ascii=False).encode
