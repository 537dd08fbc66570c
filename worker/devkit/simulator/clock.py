"""The simulator's own time, which a test can put ahead, and the provider's: Vietnam, UTC+7, no daylight saving."""

import time
from datetime import UTC, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))


_START = time.time() - time.monotonic()


def now(ahead: float) -> float:
    """Seconds since 1970, put ahead by so many; unmoved by changes of the machine's clock."""
    return _START + ahead + time.monotonic()


def vietnam(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone(VIETNAM)


def read_vietnam(text: str, *formats: str) -> datetime | None:
    """That Vietnamese time, or None where the text follows none of the formats, to the letter."""
    return next((when for form in formats if (when := _read(text, form))), None)


def _read(text: str, form: str) -> datetime | None:
    try:
        when = datetime.strptime(text, form).replace(tzinfo=VIETNAM)
    except ValueError:
        return None
    return when if when.strftime(form) == text else None  # strptime alone takes 1/2/2026 for 01/02/2026
