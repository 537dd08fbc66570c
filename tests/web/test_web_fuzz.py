"""The short form of `make fuzz-http`."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.long
def test_no_operation_answers_with_a_fault_or_what_its_description_does_not_have() -> None:
    ended = subprocess.run([sys.executable, "-m", "tests.web.fuzz", "300"], capture_output=True, text=True, timeout=110)
    assert ended.returncode == 0, ended.stdout[-4000:]
