"""The pages as a browser asks for them, in this process: the application by httpx, signed in as whoever is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.retention.time_travel import KEY_TEXT
from tests.support import Bench, as_producer
from worker.access import UserRole
from worker.settings import Settings
from worker.settings.retention import KEY
from worker.web.app import make_app

PASSWORD = "a long password of the tests"
TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Browser:
    """Cookies, and forms with their token."""

    def __init__(self, portal: BlockingPortal, app: Any, address: str = "10.0.0.1", base: str = "http://page") -> None:
        self._portal = portal
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
        self.client = httpx.AsyncClient(transport=transport, base_url=base, headers={"Accept": "text/html"})

    def get(self, path: str, **more: Any) -> httpx.Response:
        """A page."""
        return self._portal.call(lambda: self.client.get(path, **more))

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """A form of ours: its token is read from a page."""
        return self.post_bare(path, {"csrf": self.token()} | (data or {}), **more)

    def post_bare(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Whatever somebody else sends."""
        return self._portal.call(lambda: self.client.post(path, data=data or {}, **more))

    def token(self) -> str:
        """Of a form of this browser's."""
        found = TOKEN.search(self.get("/password").text) or TOKEN.search(self.get("/login").text)
        assert found
        return found[1]

    def request(self, method: str, path: str) -> httpx.Response:
        """Any other method."""
        return self._portal.call(lambda: self.client.request(method, path))


Browsers = Callable[..., Browser]


@pytest.fixture(scope="session")
def _portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="session")
def app(_portal: BlockingPortal, database_url: str, redis_url: str) -> Iterator[Any]:
    """One for the run."""
    known = {"DATABASE_URL": as_producer(database_url), "REDIS_URL": redis_url, KEY: KEY_TEXT}
    app = make_app(Settings.from_environ(known))

    async def started(*, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        async with app.router.lifespan_context(app):
            task_status.started()
            await anyio.sleep_forever()

    future, _ = _portal.start_task(started)
    yield app
    future.cancel()


@pytest.fixture
def browsers(_portal: BlockingPortal, app: Any, bench: Bench) -> Iterator[Browsers]:
    """Makes a browser: `browsers("operator")` is signed in as a user of that name and role, `browsers()` as nobody."""
    made: list[Browser] = []

    def browser(role: str | None = None, **more: str) -> Browser:
        made.append(Browser(_portal, app, **more))
        if role is not None:
            secret = bench.notifier.users.link(role, role=UserRole(role))
            assert made[-1].post(f"/enter/{secret}").status_code == 303
        return made[-1]

    yield browser
    for each in made:
        _portal.call(each.client.aclose)
