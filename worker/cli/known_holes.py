"""Which releases of Postgres, Valkey and Redis have a hole that is known and fixed, as told until September 2026.

A row is one line of releases: the first release that is fixed, and what it fixes that is worst for a server as ours.
"""

from __future__ import annotations

import re

FIXED: dict[str, dict[tuple[int, ...], tuple[str, str]]] = {
    "PostgreSQL": {
        (18,): ("18.6", "the 28 holes of August 2026"),
        (17,): ("17.11", "the 28 holes of August 2026"),
        (16,): ("16.15", "the 28 holes of August 2026"),
        (15,): ("15.19", "the 28 holes of August 2026"),
        (14,): ("14.24", "the 28 holes of August 2026"),
    },
    "Valkey": {
        (9, 1): ("9.1.1", "CVE-2026-56684 and CVE-2026-63639"),
        (9, 0): ("9.0.5", "CVE-2026-56684 and CVE-2026-63639"),
        (8, 1): ("8.1.9", "CVE-2026-56684 and CVE-2026-63639"),
        (8, 0): ("8.0.10", "CVE-2026-56684 and CVE-2026-63639"),
        (7, 2): ("7.2.13", "CVE-2026-23479 and CVE-2026-25243"),
    },
    "Redis": {
        (8, 2): ("8.2.2", "CVE-2025-49844"),
        (8, 0): ("8.0.4", "CVE-2025-49844"),
        (7, 4): ("7.4.6", "CVE-2025-49844"),
        (7, 2): ("7.2.11", "CVE-2025-49844"),
        (6, 2): ("6.2.20", "CVE-2025-49844"),
    },
}


def hole(server: str, version: str) -> str:
    """What to add behind a version, with the remedy; empty where no hole is known."""
    numbers = _numbers(version)
    for line, (fixed, what) in FIXED[server].items():
        if numbers[: len(line)] == line:
            return f", which has {what}: update it to {fixed} or newer" if numbers < _numbers(fixed) else ""
    if numbers and numbers < min(FIXED[server]):
        return ", whose holes nobody fixes any more: update it to a release that is looked after"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
