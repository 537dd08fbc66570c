"""Our processes as the Procfile starts them: each kind of work its own."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from benchmarks.support import ROOT, Stage
from worker.devkit.processes import Child

GRACE = 45.0  # seconds for a worker to finish what is in flight


def commands() -> dict[str, list[str]]:
    """By name; without `release`, which ends by itself and is done already."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    named = (line.partition(":")[::2] for line in lines if line and not line.startswith(("#", "release:")))
    return {name: shlex.split(command) for name, command in named}


@contextmanager
def crew(on: Stage, variables: Mapping[str, str]) -> Iterator[dict[str, Child]]:
    """All of them with these settings, at work; they end together."""
    with ExitStack() as stack:
        children: dict[str, Child] = {}
        for name, command in commands().items():
            children[name] = on.python(name, command, **variables)
            children[name].grace = GRACE
            stack.callback(children[name].stop)
        beginning = [child for name, child in children.items() if name != "http"]  # which says nothing of it
        on.until(lambda: all(map(_is_ready, beginning)), "all processes ready", *beginning)
        yield children


def _is_ready(child: Child) -> bool:
    return any("process.ready" in line for line in child.log_lines())
