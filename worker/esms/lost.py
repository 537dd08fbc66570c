"""Why an answer is lost, or no request went out, in words that may be stored and shown: the same for each transport."""

from worker.esms.errors import NotTaken

TOO_LONG = "the answer is too long to be one of eSMS"
OUT_OF_TIME = "the answer was not complete when the time for the whole call was up"
SILENT = "no answer came in time"
BROKEN = "the connection broke before the answer was complete"
PACKED = "the answer was lost (it can't be unpacked)"


def held_up() -> NotTaken:
    """It could be sent only when it was not to be sent any more."""
    return NotTaken("it was not sent in time, because this process was held up")


def unconnected(why: str) -> NotTaken:
    """There is no connection."""
    return NotTaken(f"no connection to eSMS: {why}")
