"""The programs of docs/from-other-languages.md, as they stand there, against real servers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text

from tests.roles.conftest import producers
from tests.support import Bench
from worker.api.inbox import Inbox
from worker.api.producers import Producers
from worker.bell import Bell
from worker.lifecycle import Status

__all__ = ["producers"]  # a fixture

DOCUMENT = Path(__file__).parents[2] / "docs/from-other-languages.md"
BY_HTTP, BY_SQL = (
    dict(re.findall(r"^```(\w+)\n(.*?)^```$", part, re.M | re.S)) for part in DOCUMENT.read_text().split("\n## By SQL")
)
# How each is run: the file that it is kept in, and the command.
RUN = {
    "bash": ("send.sh", ["bash"]),
    "php": ("send.php", ["php"]),
    "js": ("send.js", ["node"]),
    "java": ("Send.java", ["java"]),
    "csharp": ("Send.cs", ["dotnet", "run"]),  # one file by itself: from the SDK of .NET 10 on
}


@pytest.mark.parametrize("language", sorted(BY_HTTP))
@pytest.mark.long
def test_the_program_sends_one_message_however_often_it_runs(
    language: str, address: str, bench: Bench, tmp_path: Path
) -> None:
    name, command = RUN[language]
    needed = "curl" if language == "bash" else command[0]
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    token = bench.notifier.tokens.add("shop", source="shop", may=["enqueue", "read"]).token
    environ = {"PATH": os.environ["PATH"], "ESMS_WORKER_URL": address, "ESMS_WORKER_TOKEN": token}
    file = tmp_path / name
    file.write_text(BY_HTTP[language])
    for _ in range(2):
        ended = subprocess.run([*command, str(file)], env=environ, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 0, ended.stderr
        assert "queued" in ended.stdout
    [line] = bench.notifier.reports.summary(["status"], source="shop").lines["status"]
    assert line.total == 1


def _php(url: URL) -> dict[str, str]:
    of = f"host={url.host};port={url.port};dbname={url.database};user={url.username};password={url.password}"
    return {"ESMS_WORKER_DSN": f"pgsql:{of}"}


def _java(url: URL) -> dict[str, str]:
    of = f"{url.host}:{url.port}/{url.database}?user={url.username}&password={url.password}"
    return {"ESMS_WORKER_JDBC": f"jdbc:postgresql://{of}"}


# What says whether its driver for Postgres is here, and how to run it.
BY_SQL_RUN: dict[str, tuple[str, Callable[[], list[str] | None], Callable[[URL], dict[str, str]]]] = {
    "php": ("order.php", lambda: ["php"] if "pdo_pgsql" in _modules() else None, _php),
    "java": ("Order.java", lambda: ["java", "-cp", str(jar)] if (jar := _jdbc()) else None, _java),
    "csharp": ("Order.cs", lambda: None, _java),  # its driver, Npgsql, comes by NuGet, which no test asks
}


def _modules() -> str:
    return subprocess.run(["php", "-m"], capture_output=True, text=True).stdout if shutil.which("php") else ""


def _jdbc() -> Path | None:
    """Where distributions put it."""
    found = sorted(Path("/usr/share/java").glob("postgresql*.jar"))
    return found[0] if found and shutil.which("java") else None


@pytest.mark.parametrize("language", sorted(BY_SQL))
def test_the_program_stores_its_order_and_the_sms_by_one_commit(
    language: str, producers: Producers, worker_number: int, bench: Bench, tmp_path: Path
) -> None:
    name, command_of, variables = BY_SQL_RUN[language]
    if (command := command_of()) is None:
        pytest.skip(f"{language} has no driver for Postgres here")
    url = make_url(producers.add(f"shop_{worker_number}", ["shop"], sql_only=True).url)
    with bench.database.begin() as session:
        session.execute(text(f"CREATE TABLE orders (number int PRIMARY KEY); GRANT ALL ON orders TO {url.username}"))
    file = tmp_path / name
    file.write_text(BY_SQL[language])
    try:
        ended = subprocess.run(
            [*command, str(file)],
            env={"PATH": os.environ["PATH"]} | variables(url),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith("received")
        Inbox(bench.database, bench.settings, Bell(None, None)).take_in()
        assert bench.standing(bench.notifier.find("order:42", "shop")) == {Status.QUEUED: 1}
    finally:
        with bench.database.begin() as session:
            assert session.scalar(text("SELECT array_agg(number) FROM orders")) == [42]
            session.execute(text("DROP TABLE orders"))
