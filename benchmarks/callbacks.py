"""How many questions a message takes until it has ended, where eSMS calls us when it has, and where it does not.

eSMS needs half a minute for each message, as operators' receipts do. Workers, beat and the door that is called run.

    python -m benchmarks.callbacks [--messages 200]
"""

from __future__ import annotations

import argparse
import re
import sys

from benchmarks.support import console, content, load, phone, stage
from worker import Notifier, Sms, SmsType
from worker.devkit import simulator
from worker.devkit.processes import free_port

PLAIN = 100  # the first number of whose end the simulator makes no story
PACE = 10.0  # seconds in each of SendStatus 1, 2 and 3
SECRET = "/callbacks/esms/0123456789abcdef0123456789abcdef"
QUESTIONS = re.compile(r"batch\.polled .*calls=(\d+)")  # as workers tell in their log
OPEN = "SELECT count(*) FROM message WHERE status IN ('queued', 'sending', 'accepted')"
CELERY = ["celery", "-A", "worker.tasks"]
BEAT = [*CELERY, "beat", "--loglevel=WARNING", "--pidfile="]
QUEUES = "urgent,deliver,poll,housekeeping"
WORKER = [*CELERY, "worker", "-Q", QUEUES, "-c", "2", "--loglevel=WARNING", "--without-mingle"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=200)
    messages = parser.parse_args().messages
    console.print(load())
    asked = {called: questions(messages, called=called) for called in (False, True)}
    console.print(f"polled alone: {asked[False]:.2f} questions a message; with callbacks: {asked[True]:.2f}")
    return 0 if asked[True] < asked[False] else 1


def questions(messages: int, *, called: bool) -> float:
    """A message's, until all are delivered."""
    with stage() as on, simulator.start(latency=0.05, pace=PACE) as esms:
        port = free_port()
        callback = {"WORKER_CALLBACK_URL": f"http://127.0.0.1:{port}{SECRET}"} if called else {}
        on.environ.update({"ESMS_REST_URL": esms.rest_url, "ESMS_VOICE_URL": esms.voice_url} | callback)
        door = ["worker.cli", "serve", "--port", str(port)]
        with on.python("http", door), on.python("worker", WORKER), on.python("beat", BEAT):
            with Notifier.from_env(on.environ) as notifier:
                notifier.enqueue_many(
                    Sms(to=phone(place), content=content(place), sms_type=SmsType.NOTIFY)
                    for place in range(PLAIN, PLAIN + messages)
                )
            on.until(lambda: on.scalar(OPEN) == 0, "all delivered", patience=300)
        told = QUESTIONS.findall((on.folder / "worker.log").read_text())
        return sum(map(int, told)) / messages


if __name__ == "__main__":
    sys.exit(main())
