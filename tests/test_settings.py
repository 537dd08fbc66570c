"""Settings that would make the worker do nothing, or too much, are refused by their name."""

from __future__ import annotations

import pytest

from worker import SettingsError
from worker.settings import Pace, Settings


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        ({"WORKER_LEASE": "60"}, "WORKER_LEASE: 60 s is too short for calls of up to 30 s: set it to 66"),
        ({"WORKER_TOTAL_TIMEOUT": "100"}, "WORKER_LEASE: 120 s is too short"),
        ({"WORKER_REQUEST_ID_WINDOW": "172800"}, "WORKER_REQUEST_ID_WINDOW: .* longer than eSMS remembers"),
        ({"WORKER_SENDS_IN_FLIGHT": "0"}, "WORKER_SENDS_IN_FLIGHT: 0 is out of range"),
        ({"WORKER_TICK": "soon"}, "WORKER_TICK: 'soon' is not a number of seconds"),
        ({"WORKER_TICK": "nan"}, "WORKER_TICK: nan is out of range"),
    ],
)
def test_a_pace_that_cannot_work_is_refused(environ: dict[str, str], error: str) -> None:
    with pytest.raises(SettingsError, match=error):
        Pace.from_environ(environ)


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        (
            {"WORKER_POOLER": "session"},
            "WORKER_POOLER: 'session' is no mode that we know: set it to transaction or none",
        ),
        ({"DATABASE_URL": "postgresql://u@h/d?prepare_threshold=x"}, "DATABASE_URL: has a prepare_threshold that is"),
    ],
)
def test_a_pooler_that_we_do_not_know_is_refused(environ: dict[str, str], error: str) -> None:
    with pytest.raises(SettingsError, match=error):
        Settings.from_environ({"DATABASE_URL": "postgresql://u@h/d"} | environ)
