"""What a monitoring system asks: a real `esms-worker metrics`, scraped over HTTP, read as Prometheus reads it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from tests.again.promises import put
from tests.support import Bench, as_producer, eventually, let_pass, migrated, otp
from worker import ledger
from worker.cli import run
from worker.cli.metrics import metrics
from worker.database import Database
from worker.devkit.postgres import Postgres
from worker.lifecycle import Lane
from worker.roles import Role

HOSTILE = 'x"} 1 <b>0901999999</b>'
NOWHERE = "postgresql+psycopg://u:secret-pw@127.0.0.1:1/d"

Figures = dict[tuple[str, ...], float]


@contextmanager
def serving(
    database_url: str, errors: IO[str] | int = subprocess.DEVNULL
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Its address without the path, and the process."""
    environ = {
        "DATABASE_URL": database_url,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "TIME_ZONE": "Asia/Ho_Chi_Minh",
    }
    command = [sys.executable, "-u", "-m", "worker.cli", "metrics", "--port", "0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True, cwd="/") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        try:
            yield line.split()[-1].removesuffix("/metrics"), process
        finally:
            process.terminate()
        assert process.wait(timeout=30) == 0


@pytest.fixture
def address(bench: Bench, database_url: str) -> Iterator[str]:
    """Of one for this test, which remembers nothing of another."""
    with serving(as_producer(database_url)) as (address, _):
        yield address


def scraped(address: str) -> str:
    told = httpx.get(f"{address}/metrics", timeout=30)
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("text/plain; version=")
    return told.text


def figures(told: str) -> Figures:
    """By the name and the values of its labels, in the order of their names."""
    samples = [each for family in text_string_to_metric_families(told) for each in family.samples]
    found = {(each.name, *(each.labels[name] for name in sorted(each.labels))): each.value for each in samples}
    assert len(found) == len(samples)
    return found


def change(bench: Bench, *statements: str) -> None:
    with bench.database.begin() as session:
        for each in statements:
            session.execute(text(each))


def stage(bench: Bench) -> None:
    """Two wait, one is held, one arrived, three were refused; a lane and a campaign are paused; people's names, too."""
    tickets = [bench.put(otp(f"090100000{number}"), source=HOSTILE, campaign=HOSTILE) for number in range(7)]
    for number, (status, code) in enumerate([("delivered", "100"), ("rejected", "104"), ("rejected", HOSTILE)]):
        bench.set(tickets[number], status=f"'{status}'", code=f"'{code}'", settled_at="now()")
    bench.set(tickets[3], status="'held'", in_doubt_since="now()")
    bench.set(tickets[4], status="'rejected'", code="'104'", settled_at="now()")
    bench.set(tickets[5], due_at="now() - interval '5 minutes'")
    bench.roll_up()
    bench.notifier.pause([Lane.BULK], HOSTILE)
    bench.notifier.pause_campaign(HOSTILE, HOSTILE)


def test_what_stands_where_and_what_is_in_the_way_is_told(bench: Bench, address: str) -> None:
    stage(bench)
    told = figures(scraped(address))
    assert told["esms_up",] == 1
    assert told["esms_build_info", version("esms-worker")] == 1
    standing = {key[1:]: value for key, value in told.items() if key[0] == "esms_messages"}
    assert {key: value for key, value in standing.items() if value} == {("urgent", "queued"): 2, ("urgent", "held"): 1}
    assert set(standing) == {
        (lane, status)
        for lane in ("urgent", "normal", "bulk", "voice")
        for status in ("queued", "sending", "unconfirmed", "held", "accepted")
    }
    assert 299 < told["esms_oldest_due_seconds", "urgent"] < 400
    assert told["esms_oldest_due_seconds", "bulk"] == 0
    assert {key[1]: value for key, value in told.items() if key[0] == "esms_lane_paused"} == {
        "urgent": 0,
        "normal": 0,
        "bulk": 1,
        "voice": 0,
    }
    assert told["esms_campaigns_paused",] == 1
    assert 0 <= told["esms_counted_until_age_seconds",] < 60


def test_what_was_to_go_out_today_is_told_by_codes_that_are_known(bench: Bench, address: str) -> None:
    stage(bench)
    told = figures(scraped(address))
    today = {key[1:]: value for key, value in told.items() if key[0] == "esms_today_messages"}
    assert today == {
        ("100", "7", "delivered"): 1,
        ("104", "7", "rejected"): 2,
        ("other", "7", "rejected"): 1,
        ("none", "7", "held"): 1,
        ("none", "7", "queued"): 2,
    }


def test_no_name_number_text_or_key_is_in_it(bench: Bench, address: str) -> None:
    stage(bench)
    change(bench, "INSERT INTO trouble (name, error) VALUES ('a step', 'ValueError: 0901999999 <b>')")
    change(bench, "INSERT INTO heartbeat (name, at) VALUES ('queue:enqueue.0901999999', now())")
    told = scraped(address)
    assert figures(told)["esms_troubles",] == 1
    for secret in ("<b>", "0901", "a step", "Ma: 1234", as_producer_password(bench)):
        assert secret not in told


def as_producer_password(bench: Bench) -> str:
    return str(bench.notifier.settings.database_url.split("@")[0].rsplit(":", 1)[1])


def test_the_last_whole_minute_that_is_added_up_is_told_and_no_other(bench: Bench, address: str) -> None:
    bench.roll_up()
    change(
        bench,
        "UPDATE roll_up SET folded_at = date_trunc('minute', now()) - interval '5 minutes'",
        "DELETE FROM report_minute",
        """INSERT INTO report_minute (minute, lane, status, messages)
           SELECT date_trunc('minute', now()) - ago * interval '1 minute', lane, status, messages FROM (VALUES
               (6, 'urgent', 'accepted', 5), (6, 'bulk', 'accepted', 2), (6, 'urgent', 'delivered', 3),
               (6, 'urgent', 'rejected', 1), (6, 'bulk', 'undelivered', 3),
               (5, 'urgent', 'accepted', 100), (7, 'urgent', 'accepted', 100)
           ) AS t (ago, lane, status, messages)""",
    )
    told = figures(scraped(address))
    assert {key[1]: value for key, value in told.items() if key[0] == "esms_minute_messages"} == {
        "sent": 7,
        "delivered": 3,
        "failed": 4,
    }
    assert 299 < told["esms_counted_until_age_seconds",] < 400


def test_the_document_tells_of_each_figure_and_of_no_other(address: str) -> None:
    """Also in its alerts, which are what a reader copies."""
    document = (Path(__file__).parents[2] / "docs" / "watching.md").read_text()
    families = {each.name for each in text_string_to_metric_families(scraped(address))}
    assert set(re.findall(r"^\| `(esms_\w+)", document, re.MULTILINE)) == families
    scrape, alerts = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", document, re.DOTALL))
    [port] = [each for each in metrics.params if each.name == "port"]
    [targets] = [each["targets"] for each in scrape["scrape_configs"][0]["static_configs"]]
    assert targets == [f"127.0.0.1:{port.default}"]
    named = re.findall(r"esms_\w+", " ".join(each["expr"] for each in alerts["groups"][0]["rules"]))
    assert set(named) <= families


def test_what_is_not_known_is_absent_and_what_is_known_to_be_none_is_zero(bench: Bench, address: str) -> None:
    told = figures(scraped(address))
    names = {key[0] for key in told}
    assert not names & {
        "esms_seconds_since_beat",
        "esms_balance_dong",
        "esms_balance_age_seconds",
        "esms_balance_days",
        "esms_minute_messages",
        "esms_counted_until_age_seconds",
    }
    zero = ("troubles", "reruns_stopped", "follow_ups_set_aside", "requests_refused", "campaigns_paused")
    assert [told[f"esms_{name}",] for name in zero] == [0] * len(zero)
    listeners = {key[1]: value for key, value in told.items() if key[0] == "esms_listeners"}
    assert set(listeners.values()) == {0} and "deliver" in listeners


def test_beat_listeners_money_and_what_a_person_must_look_at_are_told(bench: Bench, database_url: str) -> None:
    from worker.maintenance import watch_balance

    change(
        bench,
        "INSERT INTO heartbeat (name, at) VALUES ('beat', now() - interval '90 s'), ('queue:deliver', now()),"
        " ('queue:poll', now() - interval '90 s')",
    )
    watch_balance(bench.workers, bench.client, bench.pace)
    followed = bench.message(put(bench, source="shop"))["id"]
    with bench.database.begin() as session:
        session.execute(text("UPDATE follow_up SET due_at = now()"))
        ledger.set_aside(session, followed)
    with serving(as_producer(database_url)) as (address, _):
        told = figures(scraped(address))
    assert 89 < told["esms_seconds_since_beat",] < 200
    assert (told["esms_listeners", "deliver"], told["esms_listeners", "poll"]) == (1, 0)
    assert told["esms_balance_dong",] > 0
    assert 0 <= told["esms_balance_age_seconds",] < 60
    assert told["esms_follow_ups_set_aside",] == 1


def test_with_postgres_away_that_alone_is_told_and_why_without_the_password() -> None:
    with serving(NOWHERE, subprocess.PIPE) as (address, process):
        assert figures(scraped(address)) == {("esms_up",): 0}
        assert httpx.get(f"{address}/livez").json() == {"status": "ok"}
        assert httpx.get(f"{address}/other").status_code == 404
        assert httpx.post(f"{address}/metrics").status_code == 405
        assert process.stderr is not None
        line = process.stderr.readline()
    assert line.startswith("esms_up 0: DATABASE_URL: no Postgres answers")
    assert "secret-pw" not in line


@pytest.mark.long
def test_postgres_goes_and_comes_back_and_a_restart_between_two_scrapes_is_no_alarm(tmp_path: Path) -> None:
    with Postgres(tmp_path / "postgres", durable=False) as postgres:
        with Database(postgres.url) as database:
            migrated(database, (Role.PRODUCER,))
        with serving(as_producer(postgres.url)) as (address, _):
            assert figures(scraped(address))["esms_up",] == 1
            postgres.stop()
            eventually(lambda: figures(scraped(address)) == {("esms_up",): 0})
            postgres.start()
            eventually(lambda: figures(scraped(address))["esms_up",] == 1)
            postgres.stop()
            postgres.start()
            let_pass(1.2)  # what was told before is forgotten
            assert figures(scraped(address))["esms_up",] == 1


def test_however_many_scrape_postgres_is_asked_by_one_connection(bench: Bench, address: str) -> None:
    def connections() -> int:
        with bench.database.begin() as session:
            theirs = "datname = current_database() AND usename = 'esms_producer'"  # other tests' producers, too
            return int(session.scalar(text(f"SELECT count(*) FROM pg_stat_activity WHERE {theirs}")) or 0)

    scraped(address)
    before = connections()
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", httpx.URL(address).port or 0)))
            for _ in range(20)
        ]
        for each in clients:
            each.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        for each in clients:
            assert b"200 OK" in each.recv(15)
        assert connections() <= before


def test_more_than_there_is_room_for_are_let_go_and_others_are_answered_after_them(address: str) -> None:
    port = httpx.URL(address).port or 0
    with ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(60)]
        idle[-1].settimeout(10)
        assert idle[-1].recv(1) == b""
    eventually(lambda: _is_alive(address))


def _is_alive(address: str) -> bool:
    try:
        return httpx.get(f"{address}/livez", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_as_serve_does(number: signal.Signals) -> None:
    with serving(NOWHERE, subprocess.PIPE) as (_, process):
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs a command that must fail in a line: its exit code and that line."""
    monkeypatch.setenv("DATABASE_URL", NOWHERE)

    def run_cli(*arguments: str) -> tuple[int, str]:
        code = run(["metrics", *arguments])
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        return code, err

    return run_cli


def test_a_port_that_is_taken_or_a_host_that_is_not_here_is_said_in_a_line(told: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, line = told("--port", str(port))
    assert code == 1
    assert line.startswith(f"error: 127.0.0.1:{port}: can't be listened at (")
    assert told("--host", "no.such.host.invalid", "--port", "0")[0] == 1


def test_without_its_extra_it_says_which_to_install(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("worker.web.metrics", "prometheus_client"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    code, line = told()
    assert (code, line) == (1, "error: prometheus_client is missing: pip install 'esms-worker[metrics]'\n")


def test_it_needs_nothing_of_the_extra_http() -> None:
    program = "import worker.web.metrics.serving, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"fastapi", "starlette", "uvicorn", "argon2", "httptools", "celery"} & set(done.stdout.split())
