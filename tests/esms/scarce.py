"""What a machine has no more of."""

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest


@contextmanager
def no_more_files() -> Iterator[None]:
    """None that this process opens, whoever does."""
    with ExitStack() as held:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = held.enter_context(Path(os.devnull).open()).fileno()
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, most[1]))
        yield


@contextmanager
def no_more_threads() -> Iterator[None]:
    """None for a transport; a test's own server has those that it wants."""
    begin = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name.startswith("esms-"):
            raise RuntimeError("can't start new thread")
        begin(thread)

    with pytest.MonkeyPatch.context() as machine:
        machine.setattr(threading.Thread, "start", start)
        yield
