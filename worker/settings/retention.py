"""How long what is about people is kept, and by which key their numbers are hashed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from worker.errors import SettingsError
from worker.lifecycle import Purpose
from worker.pseudonym import PrivacyKey
from worker.settings import environment
from worker.settings.reader import Reader

DAY = timedelta(days=1)
LEAST = 8  # days: eSMS answers for seven, and its list of what it sent is compared with ours for one more
CODE_TEXT, REQUESTS, ATTEMPTS, REFERENCES = (
    "WORKER_KEEP_CODE_TEXT",
    "WORKER_KEEP_REQUESTS",
    "WORKER_KEEP_ATTEMPTS",
    "WORKER_KEEP_REFERENCES",
)
KEY = "WORKER_PRIVACY_KEY"


# How long numbers, texts and raw replies are kept, by what they were for.
OF_PURPOSE = {
    Purpose.CODE: "WORKER_KEEP_CODE",
    Purpose.SERVICE: "WORKER_KEEP_SERVICE",
    Purpose.REMINDER: "WORKER_KEEP_REMINDER",
    Purpose.ADVERTISING: "WORKER_KEEP_ADVERTISING",
}


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Each counted from when a message ended."""

    people: Mapping[Purpose, timedelta]  # numbers, names, texts and eSMS's raw replies
    code_text: timedelta  # the text of a code: nobody needs it once it has ended
    requests: timedelta
    attempts: timedelta
    references: timedelta  # for so long a reference stands for one notification
    key: PrivacyKey | None = field(repr=False)  # None: nothing is left of a number

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Retention:
        """Read them. Raises SettingsError, which names the variable."""
        read = Reader(environment() if environ is None else environ)
        return cls(
            people={each: _days(read, name, 90) for each, name in OF_PURPOSE.items()},
            code_text=_days(read, CODE_TEXT, 0, least=0),
            requests=_days(read, REQUESTS, 90),
            attempts=_days(read, ATTEMPTS, 400),
            references=_days(read, REFERENCES, 400),
            key=read.privacy_key(KEY),
        )


def _days(read: Reader, name: str, default: int, *, least: int = LEAST) -> timedelta:
    days = read.days(name, default)
    if days < least:
        raise SettingsError(name, f"{days:g} days are too few: eSMS may still be asked", f"set it to {least} or more")
    return days * DAY
