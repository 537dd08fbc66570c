"""The watch over the keys bites: whatever lets one out makes its test fail, wherever it was."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from tests import canary
from tests.support import Bench, otp

ROOT = Path(__file__).parents[1]
PLANTED = """
import logging
from urllib.parse import quote_plus

from tests.canary import API_KEY, SECRET_KEY
from worker.errors import SettingsError
from worker.esms import InvalidRequest, MaybeTaken

logging.getLogger("urllib3.connectionpool").setLevel(logging.NOTSET)


def test_it_debugs(): logging.getLogger("urllib3.connectionpool").debug("GET /%s", quote_plus(API_KEY))
def test_it_logs_a_traceback():
    try:
        raise ValueError(SECRET_KEY)
    except ValueError:
        logging.getLogger("celery.worker").exception("oh")
def test_it_prints(): print(SECRET_KEY[6:])
def test_it_prints_and_reads(capsys): print(API_KEY.lower()); capsys.readouterr()
def test_it_writes_to_the_descriptor(capfd): __import__("os").write(2, API_KEY.encode()); capfd.readouterr()
def test_it_tells_in_an_error(): MaybeTaken("GET /" + quote_plus(SECRET_KEY))
def test_it_tells_in_an_error_with_a_field(): InvalidRequest("api_key", "is wrong", API_KEY)
def test_it_tells_in_a_setting(): SettingsError("ESMS_API_KEY", repr(API_KEY), "fix it")
def test_clean(): print("nothing"); MaybeTaken("no answer came in time")
"""


@pytest.mark.long
def test_whatever_lets_a_key_out_fails(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_planted.py").write_text(PLANTED)
    options = ["-p", "tests.canary", "-p", "no:cacheprovider", "-c", str(tmp_path / "pytest.ini"), "-rA", "-q"]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    planted = re.findall(r"^def (test_it_\w+)", PLANTED, re.MULTILINE)
    assert set(re.findall(r"^ERROR .*::(\w+)", told, re.MULTILINE)) == set(planted)
    assert f"{len(planted)} errors" in told.splitlines()[-1]


def tables_that_hold_a_key(bench: Bench) -> list[str]:
    with bench.database.begin() as session:
        return canary.rows_that_hold_a_key(session)


@pytest.mark.parametrize("key", [canary.API_KEY, canary.SECRET_KEY[5:]])
def test_a_row_that_holds_a_key_is_found(bench: Bench, key: str) -> None:
    assert tables_that_hold_a_key(bench) == []
    ticket = bench.put(otp(content=f"see {key.lower()}"))
    assert tables_that_hold_a_key(bench) == ["notification"]
    bench.set(ticket, reason=f"'{key}'")
    assert set(tables_that_hold_a_key(bench)) == {"message", "notification"}
    with bench.database.begin() as session:
        session.execute(text("DELETE FROM notification"))
