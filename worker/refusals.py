"""Why something that came by the broker is no task of ours.

Fixed words, so that they can be counted, and hold nothing of anybody's.
"""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Stored by name, told by value."""

    TOO_LARGE = "is larger than 4 MB"
    NO_JSON = "is no JSON"
    NO_ENVELOPE = "is no message of Celery's"
    COMPRESSED = "is compressed: send it as it is"
    FORMAT = "is not application/json in UTF-8"
    NO_ID = "has no task id of up to 255 printable characters"
    NO_TASK = "names no task that this queue takes"
    NO_ARGUMENTS = "has no list of arguments, named arguments and options as its body"
    NO_MAPPING = "has named arguments that are no mapping of names to values"
    TOO_DEEP = "has arguments nested too deeply"
    POSITIONAL = "has arguments without names"
    NEEDLESS = "has arguments, and a bell takes none"
    FOLLOWED = "asks for other tasks to follow it (link, chain, chord)"
    WHEN = "has a date to run or to expire at that is none"
    WAITS = "asks to run later: this task can't, give its own date"
    FOREIGN = "names a source that is not its queue's"
    CLOSED = "came by the open queue, which is closed (WORKER_OPEN_QUEUE)"
    EXPIRED = "came after its expires: it was not taken in, ask again if it is still wanted"
    UNTAKEN = "could not be handed to a worker process"
