"""Beat is told to end, and what Celery says of that."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator

import pytest
from celery import Celery
from celery.beat import Service

from worker import ending

BEAT = logging.getLogger("celery.beat")


@pytest.fixture
def beat() -> Iterator[Service]:
    """As Celery's command makes it, but that it is not started; signals are as they were afterwards."""
    before, filters = {number: signal.getsignal(number) for number in ending.ENDING}, list(BEAT.filters)
    with Celery("beat", broker="memory://", set_as_current=False) as app:
        signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit()))
        yield Service(app)
    for number, handler in before.items():
        signal.signal(number, handler)
    BEAT.filters = filters


def test_what_beat_is_interrupted_in_is_no_error_that_anybody_is_told_of(
    beat: Service, caplog: pytest.LogCaptureFixture
) -> None:
    ending.after_this_tick(beat)
    BEAT.error("a true one")
    with pytest.raises(SystemExit):
        os.kill(os.getpid(), signal.SIGTERM)
    BEAT.error("Message Error: I/O operation on closed file")
    told = [record.message for record in caplog.records if record.name == BEAT.name]
    assert "a true one" in told
    assert "beat: Shutting down..." in told
    assert not [line for line in told if "Message Error" in line]
