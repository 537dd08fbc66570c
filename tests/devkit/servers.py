"""What the tests of real servers have in common."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from worker.devkit.postgres import Postgres
from worker.devkit.valkey import Valkey

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may")
SERVERS = [Postgres, Valkey]
each = pytest.mark.parametrize("kind", SERVERS)


def connected(postgres: Postgres, **other: str) -> Connection[TupleRow]:
    return psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True, **other)  # type: ignore[arg-type]


def one(postgres: Postgres, query: str) -> object:
    with connected(postgres) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def run(code: str, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Another Python that can import us."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
