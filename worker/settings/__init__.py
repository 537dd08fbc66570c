"""Every environment variable that we read, with its unit, default and remedy.

Read once, from a mapping: the process's environment, then `.env`, then what a running `esms-worker up` left here.
Split by who needs what: a producer needs no provider keys.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from worker.errors import SettingsError
from worker.lifecycle import Lane
from worker.pseudonym import PrivacyKey
from worker.settings.environment import (
    UP_FOLDER,
    administration,
    environment,
    readable_env,
    role_passwords,
    sources_of,
    up_folder,
)
from worker.settings.reader import Format, OpenQueue, Reader, Transport

__all__ = [
    "UP_FOLDER",
    "Pace",
    "ProviderSettings",
    "Rates",
    "Settings",
    "administration",
    "environment",
    "readable_env",
    "role_passwords",
    "sources_of",
    "up_folder",
    "usable_lease_after",
]

REST_URL = "https://rest.esms.vn/MainService.svc"
VOICE_URL = "https://voiceapi.esms.vn/MainService.svc"
TOTAL_TIMEOUT = 30  # seconds
CALLED = 120  # seconds until the first question where eSMS calls: by then it mostly has
LEASE_MARGIN = timedelta(seconds=3)  # of a lease that is never used for sending
REMEMBERED = timedelta(hours=24)  # how long eSMS refuses a RequestId that it took

# Seconds: a code of ten minutes ago helps nobody, and a notice of yesterday few.
HORIZONS = {
    Lane.URGENT: ("WORKER_EXPIRES_URGENT", 600),
    Lane.NORMAL: ("WORKER_EXPIRES_NORMAL", 86_400),
    Lane.BULK: ("WORKER_EXPIRES_BULK", 3 * 86_400),
    Lane.VOICE: ("WORKER_EXPIRES_VOICE", 86_400),
}

# Seconds from a message's date until eSMS has it, for 95 of 100; what `report latency` compares with.
GOALS = {
    Lane.URGENT: ("WORKER_GOAL_URGENT", 10),
    Lane.NORMAL: ("WORKER_GOAL_NORMAL", 60),
    Lane.BULK: ("WORKER_GOAL_BULK", 3600),
    Lane.VOICE: ("WORKER_GOAL_VOICE", 30),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every part needs: where the ledger is, whom to ring, and which zone a naive datetime means."""

    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)  # where a rung bell is noted and, unless overridden, the broker
    broker_url: str | None = field(repr=False)  # None: nobody is rung, beat finds the work
    sources: tuple[str, ...]  # applications that have a queue of their own, by which they are known
    open_queue: OpenQueue  # whose messages the queue `enqueue` takes: any's, others' than those, none
    result_backend: str | None = field(repr=False)  # where the task worker.status answers; None: it does not
    refused_whole: bool  # keep texts of refused requests too, so that they can be corrected here
    remote_control: bool  # Celery's inspect and events: whoever reaches the broker may then stop workers
    alive_file: Path | None  # written every ten seconds by a worker that takes messages
    mark_file: Path | None  # where it is written, besides in Redis, that this installation was at work
    time_zone: ZoneInfo
    brandname: str | None  # for the SmsTypes that need one, when a request names none
    allow_only: Collection[str] | None  # the only numbers that anything is sent to (E.164); None: to anybody
    sandbox: bool  # eSMS makes the SMS but does not deliver it; calls are refused, they know no sandbox
    advertising_least: int  # recipients in one advertising request
    advertising_most: int
    opt_out_text: str | None  # confirms an opt-out, with {time}; None: nothing does
    opt_out_words: tuple[str, ...]  # an SMS that begins with one of these opts its sender out
    mo_key: str | None = field(repr=False)  # signs what people send to a short code; None: nothing of it is taken
    callback_url: str | None = field(repr=False)  # where eSMS says that it has something to tell
    webhooks_private: bool  # webhooks may lie in a private network, and go without TLS
    sign_in_header: str | None  # by which a proxy names the page's user whom it has let in; None: nobody is believed
    sign_in_proxies: tuple[str, ...]  # addresses or networks whose header is believed
    horizons: Mapping[Lane, timedelta]  # for how long after its date a message is still sent, when nobody says so
    retry_limit: int  # times that a message is sent again at most, by people and by itself
    retry_ask: int  # messages from which on sending again asks first
    goals: Mapping[Lane, timedelta]  # after its date within which 95 of 100 messages are to be accepted
    privacy_key: PrivacyKey | None = field(default=None, repr=False)  # by it who was forgotten is known again

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read them. Raises SettingsError, which names the variable."""
        read = Reader(environment() if environ is None else environ)
        least, most = read.count("WORKER_ADVERTISING_LEAST", 20), read.count("WORKER_ADVERTISING_MOST", 1000)
        if most < 2 * least - 1:  # or an even cut would fall below the least
            raise SettingsError("WORKER_ADVERTISING_MOST", f"{most} is too few", f"set it to {2 * least - 1} or more")
        redis_url = read.url("REDIS_URL", {"redis", "rediss"}, None)
        return cls(
            database_url=read.database_url(),
            redis_url=redis_url,
            broker_url=read.url("CELERY_BROKER_URL", {"redis", "rediss", "amqp", "amqps"}, redis_url),
            sources=read.sources("WORKER_SOURCES"),
            open_queue=read.open_queue("WORKER_OPEN_QUEUE"),
            result_backend=read.text("CELERY_RESULT_BACKEND"),
            refused_whole=read.flag("WORKER_REFUSED_WHOLE"),
            remote_control=read.flag("WORKER_REMOTE_CONTROL"),
            alive_file=Path(alive) if (alive := read.text("WORKER_ALIVE_FILE")) else None,
            mark_file=Path(mark) if (mark := read.text("WORKER_MARK_FILE")) else None,
            time_zone=read.zone("TIME_ZONE", "Asia/Ho_Chi_Minh"),
            brandname=read.text("ESMS_BRANDNAME"),
            allow_only=read.phones("ESMS_ALLOW_ONLY"),
            sandbox=read.flag("ESMS_SANDBOX"),
            advertising_least=least,
            advertising_most=most,
            opt_out_text=read.opt_out_text("WORKER_OPT_OUT_TEXT"),
            opt_out_words=read.words("WORKER_OPT_OUT_WORDS", "TC,HUY,STOP,TUCHOI"),
            mo_key=read.text("ESMS_MO_KEY"),
            callback_url=read.callback_url("WORKER_CALLBACK_URL"),
            webhooks_private=read.flag("WORKER_WEBHOOKS_PRIVATE"),
            sign_in_header=read.text("WORKER_SIGN_IN_HEADER"),
            sign_in_proxies=read.networks("WORKER_SIGN_IN_PROXIES", needed_by="WORKER_SIGN_IN_HEADER"),
            horizons={lane: read.wait(*HORIZONS[lane]) for lane in Lane},
            retry_limit=read.count("WORKER_RETRY_LIMIT", 5),
            retry_ask=read.count("WORKER_RETRY_ASK", 1000),
            goals={lane: read.wait(*GOALS[lane]) for lane in Lane},
            privacy_key=read.privacy_key("WORKER_PRIVACY_KEY"),
        )

    def aware(self, moment: datetime) -> datetime:
        """The same moment; a naive one is of TIME_ZONE."""
        return moment if moment.tzinfo else moment.replace(tzinfo=self.time_zone)

    def today(self) -> date:
        """The day that it is in TIME_ZONE."""
        return datetime.now(self.time_zone).date()


def call_timeout(environ: Mapping[str, str]) -> float:
    """Seconds that a whole call to eSMS may take."""
    return _call_timeout(Reader(environ))


def _call_timeout(read: Reader) -> float:
    return read.seconds("WORKER_TOTAL_TIMEOUT", TOTAL_TIMEOUT)


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """What reaching eSMS takes."""

    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    rest_url: str
    voice_url: str
    format: Format
    connect_timeout: float  # seconds
    read_timeout: float  # seconds between two pieces of an answer
    total_timeout: float  # seconds for a whole call, however slowly it drips
    transport: Transport  # what carries many requests side by side; auto: the fastest that is installed
    callback_url: str | None = field(default=None, repr=False)  # what eSMS is asked to call once a send has ended

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> ProviderSettings:
        """Read them. Raises SettingsError, which names the variable and never shows a key."""
        read = Reader(environment() if environ is None else environ)
        return cls(
            api_key=read.required("ESMS_API_KEY", "the key that account.esms.vn shows under API"),
            secret_key=read.required("ESMS_SECRET_KEY", "the secret that account.esms.vn shows under API"),
            rest_url=cast(str, read.url("ESMS_REST_URL", {"http", "https"}, REST_URL)),
            voice_url=cast(str, read.url("ESMS_VOICE_URL", {"http", "https"}, VOICE_URL)),
            format=read.format("ESMS_FORMAT"),
            connect_timeout=read.seconds("WORKER_CONNECT_TIMEOUT", 5),
            read_timeout=read.seconds("WORKER_READ_TIMEOUT", 15),
            total_timeout=_call_timeout(read),
            transport=read.transport("WORKER_TRANSPORT"),
            callback_url=read.callback_url("WORKER_CALLBACK_URL"),
        )


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How hard and how patiently the worker works; the defaults suit a real account."""

    sends_in_flight: int  # HTTP calls that one process has open at once, at most
    sends_beside_codes: int  # a second, by one process, of a lane of others while codes are under way
    polls_in_flight: int
    claim_most: int  # messages that one statement claims, at most
    lease: timedelta  # how long a claim lasts; a process that died lets go of its messages after this
    drain: timedelta  # how long one doorbell's task goes on while there is work
    tick: timedelta  # how often beat looks for what is due
    nice: int  # by how much who sends no codes comes after the other processes of the machine
    ask_again_after: timedelta  # an SMS in doubt is asked again after this
    request_id_window: timedelta  # and no later than this after the first try: eSMS forgets RequestIds after 24 h
    poll_first_after: timedelta
    denied_after: timedelta  # "not delivered" counts only when eSMS says it again after this
    denied_after_bulk: timedelta  # the same in the bulk lane, whose SmsTypes are slow
    sent_data_complete: timedelta  # what eSMS took stands in the sent data after this; slow SmsTypes may take longer
    sent_data_after: timedelta  # what was taken without an SMSID is looked for in GetSmsSentData after this
    poll_until: timedelta  # eSMS answers for 7 days; after that the truth can't be had
    deaths_most: int  # a message whose worker died so often in a row is held: it may be what kills them
    break_after: int  # so many calls in a row without an answer, and the lane waits until eSMS is back
    reserve: int  # dong that are kept for codes: the other lanes wait below it; 0: none
    reserve_bulk: int  # dong below which the bulk lane waits
    events_kept: timedelta  # for how long it can be asked what happened
    refused_kept: timedelta  # for how long requests that were refused stand in `refused list` and reports
    remind_ahead: timedelta  # how early a reminder becomes a message that waits; an edit after that calls it back

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Pace:
        """Read them. Raises SettingsError, which names the variable."""
        read = Reader(environment() if environ is None else environ)
        pace = cls._read(read)
        _check_lease(pace, _call_timeout(read))
        _check_window(pace)
        return pace

    def denied_again_after(self, lane: Lane) -> timedelta:
        """After which wait a second "not delivered" counts."""
        return self.denied_after_bulk if lane is Lane.BULK else self.denied_after

    @classmethod
    def _read(cls, read: Reader) -> Pace:
        return cls(
            sends_in_flight=read.count("WORKER_SENDS_IN_FLIGHT", 400),
            sends_beside_codes=read.count("WORKER_SENDS_BESIDE_CODES", 500),
            polls_in_flight=read.count("WORKER_POLLS_IN_FLIGHT", 16),
            claim_most=read.count("WORKER_CLAIM_MOST", 400),
            lease=read.wait("WORKER_LEASE", 120),
            drain=read.wait("WORKER_DRAIN", 20),
            tick=read.wait("WORKER_TICK", 5),
            nice=read.niceness("WORKER_NICE", 0),
            ask_again_after=read.wait("WORKER_ASK_AGAIN_AFTER", 60),
            request_id_window=read.wait("WORKER_REQUEST_ID_WINDOW", 23 * 3600),
            poll_first_after=read.wait("WORKER_POLL_FIRST_AFTER", CALLED if read.text("WORKER_CALLBACK_URL") else 15),
            denied_after=read.wait("WORKER_DENIED_AFTER", 1800),
            denied_after_bulk=read.wait("WORKER_DENIED_AFTER_BULK", 6 * 3600),
            sent_data_complete=read.wait("WORKER_SENT_DATA_COMPLETE", 2 * 3600),
            sent_data_after=read.wait("WORKER_SENT_DATA_AFTER", 300),
            poll_until=read.wait("WORKER_POLL_UNTIL", 7 * 86400),
            deaths_most=read.count("WORKER_DEATHS_MOST", 6),
            break_after=read.count("WORKER_BREAK_AFTER", 20),
            reserve=(reserve := read.amount("WORKER_BALANCE_RESERVE", 0)),
            reserve_bulk=read.amount("WORKER_BALANCE_RESERVE_BULK", 2 * reserve),
            events_kept=read.wait("WORKER_EVENTS_KEPT", 7 * 86400),
            refused_kept=read.wait("WORKER_REFUSED_KEPT", 30 * 86400),
            remind_ahead=read.wait("WORKER_REMIND_AHEAD", 900),
        )


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How many requests a second may go to eSMS, over all processes and machines of an account; None: no limit."""

    sends: float | None  # of all lanes together
    urgent: float | None
    normal: float | None
    bulk: float | None
    voice: float | None
    poll: float | None  # questions about statuses; they have a budget of their own

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Rates:
        """Read them. Raises SettingsError, which names the variable."""
        read = Reader(environment() if environ is None else environ)
        return cls(
            sends=read.rate("WORKER_RATE", None),
            urgent=read.rate("WORKER_RATE_URGENT", None),
            normal=read.rate("WORKER_RATE_NORMAL", None),
            bulk=read.rate("WORKER_RATE_BULK", None),
            voice=read.rate("WORKER_RATE_VOICE", None),
            poll=read.rate("WORKER_POLL_RATE", 50),
        )


def usable_lease_after(call_timeout: float) -> timedelta:
    """How much of a lease must be left when a send is put in line: another one's whole call, its own, and a margin."""
    return 2 * timedelta(seconds=call_timeout) + LEASE_MARGIN


def _check_lease(pace: Pace, call_timeout: float) -> None:
    needed = (usable_lease_after(call_timeout) + LEASE_MARGIN).total_seconds()
    if pace.lease.total_seconds() < needed:
        problem = f"{pace.lease.total_seconds():g} s is too short for calls of up to {call_timeout:g} s"
        raise SettingsError("WORKER_LEASE", problem, f"set it to {needed:g} or more, or WORKER_TOTAL_TIMEOUT to less")


def _check_window(pace: Pace) -> None:
    most = REMEMBERED - pace.lease
    if pace.request_id_window > most:
        problem = f"{pace.request_id_window.total_seconds():g} s is longer than eSMS remembers a RequestId"
        raise SettingsError("WORKER_REQUEST_ID_WINDOW", problem, f"set it to {most.total_seconds():g} or less")
