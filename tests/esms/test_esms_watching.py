"""Both ways to hear of many files tell the same."""

import socket
from collections.abc import Iterator
from select import POLLIN, POLLOUT

import pytest

from worker.esms.watching import Epoll, Watcher


@pytest.fixture(params=[Watcher, Epoll])
def watcher(request: pytest.FixtureRequest) -> Watcher:
    """One of each kind."""
    made: Watcher = request.param()
    return made


@pytest.fixture
def talking() -> Iterator[tuple[int, socket.socket]]:
    """A file that may have news, and where they come from."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours.fileno(), theirs


def test_it_tells_of_what_has_come_until_the_file_is_dropped(
    watcher: Watcher, talking: tuple[int, socket.socket]
) -> None:
    file, other = talking
    watcher.add(file)
    assert watcher.news(0) == {}
    other.send(b"x")
    assert watcher.news(10_000) == {file: POLLIN}
    watcher.drop(file)
    assert watcher.news(0) == {}


def test_a_file_that_is_added_again_is_watched_for_what_was_said_last(
    watcher: Watcher, talking: tuple[int, socket.socket]
) -> None:
    file, _other = talking
    watcher.add(file, POLLIN | POLLOUT)
    assert watcher.news(0) == {file: POLLOUT}
    watcher.add(file)
    assert watcher.news(0) == {}


def test_a_file_may_be_dropped_twice_and_after_it_was_closed(
    watcher: Watcher, talking: tuple[int, socket.socket]
) -> None:
    file, _other = talking
    watcher.add(file)
    watcher.drop(file)
    watcher.drop(file)
    closed = socket.socket()
    number = closed.fileno()
    watcher.add(number)
    closed.close()
    watcher.drop(number)
    assert watcher.news(0) == {}
