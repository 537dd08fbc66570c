"""One Chromium for all tests that look at pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.pages import launched


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real one, or the test is skipped."""
    with launched() as browser:
        yield browser
