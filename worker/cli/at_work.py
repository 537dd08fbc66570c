"""What `doctor` says of who is at work: who listens, whether beat ticks; what was just started is not there *yet*."""

from __future__ import annotations

from worker.api.operation import Operation
from worker.cli.checkups import NotYet, Wrong
from worker.queues import Queue, kind_of, queues_of
from worker.settings import Pace, Settings

MISSED = 4  # ticks without which beat counts as gone
READY_WITHIN = 60.0  # seconds in which `up` has all its parts at work, or says which is not, and ends


def workers() -> str:
    """Is every queue listened to? By what workers note when beat's bells come; asking by the broker takes rights."""
    settings, pace = Settings.from_environ(), Pace.from_environ()
    limit = (MISSED * pace.tick + pace.drain).total_seconds()  # a task may go on for the whole of a drain
    with Operation.from_env() as operation:
        heard = operation.listeners()
        wanted = dict.fromkeys([*queues_of(settings.sources), *(queue.value for queue in Queue)])
        if missing := [queue for queue in wanted if heard.get(queue, limit + 1) > limit]:
            _unless_just_started(operation, f"nobody was heard at {', '.join(missing)}")
            command = f"celery -A worker.tasks worker -Q {','.join(dict.fromkeys(map(kind_of, missing)))}"
            raise Wrong(f"nobody listens to {', '.join(missing)}: start `{command}`, and beat, which asks them")
    return f"every queue has one, heard {max(heard[queue] for queue in wanted):.0f} s ago at most"


def beat() -> str:
    """Does beat tick? By what a worker heard of it: beat itself talks to the broker alone."""
    limit = MISSED * Pace.from_environ().tick.total_seconds()
    with Operation.from_env() as operation:
        ago = operation.seconds_since_beat()
        if ago is None or ago > limit:
            _unless_just_started(operation, "no tick was heard")
    if ago is None:
        raise Wrong("it has never ticked: start `celery -A worker.tasks beat`")
    if ago > limit:
        raise Wrong(f"its last tick that a worker heard was {ago:.0f} s ago: start `celery -A worker.tasks beat`")
    return f"ticked {ago:.0f} s ago"


def _unless_just_started(operation: Operation, told: str) -> None:
    """For as long as starting takes, and the first ticks. Raises NotYet."""
    patience = READY_WITHIN + MISSED * Pace.from_environ().tick.total_seconds()
    ago = operation.seconds_since_start()
    if ago is not None and ago < patience:
        left = patience - ago
        raise NotYet(f"`up` was started {ago:.0f} s ago, {told} yet: look again; after {left:.0f} s more it is wrong")
