"""The eight functions of eSMS, one method each, in the manual's order.

What only prepares touches no network: it checks its arguments, and raises InvalidRequest for what can't be right.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from math import inf
from time import monotonic
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from worker.esms import checks, replies
from worker.esms.credentials import Credentials
from worker.esms.errors import EsmsError
from worker.esms.exchange import Exchange, Finished, Prepared
from worker.esms.finishing import Finisher
from worker.esms.functions import CALLS, Format, Function, Transport
from worker.esms.messages import (
    Balance,
    Brandname,
    OutgoingRecordCall,
    OutgoingSms,
    OutgoingTemplateCall,
    Receipt,
    ReceiverState,
    SendProgress,
    SentSms,
)
from worker.esms.quoting import quoted
from worker.esms.reading import VIETNAM, Record, Window
from worker.esms.route import Route
from worker.esms.threads import Threads
from worker.esms.transport_types import HttpAnswer, Parcel, Patience
from worker.esms.wire import Wire

REST_URL = "https://rest.esms.vn/MainService.svc"
VOICE_URL = "https://voiceapi.esms.vn/MainService.svc"

_LIMIT = 64 * 1024  # bytes of a reply
_LIST_LIMIT = 1024 * 1024
_LIMITS = {
    Function.GET_RECEIVER_STATUS: _LIST_LIMIT,
    Function.LIST_BRANDNAMES: _LIST_LIMIT,
    Function.GET_SENT_DATA: 32 * 1024 * 1024,  # two days of some 100,000 messages
}
_SMS_DATE = "%Y-%m-%d %H:%M:%S"  # the manual gives none; the provider's pages do
_VOICE_DATE = "%Y/%m/%d %H:%M:%S"  # manual III.1
_QUERY_DATE = "%m/%d/%Y"  # manual II.5

Reply = TypeVar("Reply")


class Client:
    """One account at eSMS. Safe to use from many threads at once; makes no connection before the first call.

    rest_url, voice_url: the bases for SMS and account, and for calls. format: how eSMS is to write its replies.
    connect_timeout, read_timeout, total_timeout: seconds for a connection, for each piece of an answer, and for a whole
    call (but the system's name lookup keeps its own time). trust_env: obey proxies and certificates named in the
    environment. ca_bundle: a file of certificates to trust instead. in_flight: how many connections are kept open.
    transport: what carries an exchange: `requests`, `curl` (needs pycurl), `sockets` (needs httptools), or `auto` for
    the fastest that is installed: sockets, curl, requests. Single calls go through requests always.
    callback_url: what eSMS is asked to GET once a send has ended; it says when to ask, and proves nothing.
    Every call may raise any EsmsError; its family says what to do next.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        rest_url: str = REST_URL,
        voice_url: str = VOICE_URL,
        format: Format | str = Format.JSON,
        connect_timeout: float = 5.0,
        read_timeout: float = 15.0,
        total_timeout: float = 30.0,
        trust_env: bool = False,
        ca_bundle: str | None = None,
        in_flight: int = 32,
        transport: Transport | str = Transport.REQUESTS,
        callback_url: str | None = None,
    ) -> None:
        self._credentials = credentials
        self._format = checks.format("format", format)
        self._transport = checks.transport("transport", transport)
        self._finish = Finisher(self._format, credentials)
        self._rest = checks.base_url("rest_url", rest_url)
        self._voice = checks.base_url("voice_url", voice_url)
        self._urls = {function: self._url(function) for function in Function}
        self._keys = _query({"ApiKey": credentials.api_key, "SecretKey": credentials.secret_key})
        self._callback_url = None if callback_url is None else checks.base_url("callback_url", callback_url)
        self._in_flight = checks.count("in_flight", in_flight, least=1)
        self._patience = Patience(
            connect=checks.seconds("connect_timeout", connect_timeout),
            read=checks.seconds("read_timeout", read_timeout),
            total=checks.seconds("total_timeout", total_timeout),
        )
        self._route = Route.to((self._rest, self._voice), trust_env=trust_env, ca_bundle=ca_bundle)
        self._wire = Wire(route=self._route, patience=self._patience, in_flight=self._in_flight)

    def __repr__(self) -> str:
        return f"Client(rest_url={self._rest!r}, voice_url={self._voice!r}, format={str(self._format)!r})"

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the kept connections; the client may still be used."""
        self._wire.close()

    @property
    def transport(self) -> Transport:
        """What carries an exchange."""
        return self._transport

    @property
    def voice_is_elsewhere(self) -> bool:
        """Are calls made at another host than SMS? Then an answer of one says nothing of the other."""
        return urlsplit(self._voice).netloc != urlsplit(self._rest).netloc

    @property
    def account(self) -> str:
        """A digest of the ApiKey, by which one account is told from another."""
        return sha256(self._credentials.api_key.encode()).hexdigest()[:16]

    @property
    def rest_url(self) -> str:
        """The base that SMS and account are asked at."""
        return self._rest

    # Manual II: SMS and the account...

    def get_balance(self) -> Balance:
        """What the account holds (II.1)."""
        return self._answer(self.prepare_balance())

    def prepare_balance(self) -> Prepared[Balance]:
        """What `get_balance` asks, made ready for an Exchange."""
        return self._with_keys_in_path(Function.GET_BALANCE, replies.balance)

    def send_sms(self, sms: OutgoingSms) -> Receipt:
        """Hands an SMS over (II.2). Raises InvalidRequest, with nothing sent, for a field that can't be right."""
        return self._answer(self.prepare_sms(sms))

    @checks.discreet
    def prepare_sms(self, sms: OutgoingSms) -> Prepared[Receipt]:
        """What `send_sms` asks, made ready for an Exchange. Raises InvalidRequest."""
        sms_type = checks.sms_type("sms_type", sms.sms_type)
        fields = {
            "Phone": checks.mobiles("phone", sms.phone),
            "Content": checks.text("content", sms.content),
            "SmsType": str(sms_type),
            "IsUnicode": checks.is_unicode("is_unicode", sms.is_unicode, sms_type),
            "Brandname": checks.brandname("brandname", sms.brandname, sms_type),
            "Sandbox": "1" if sms.sandbox else None,
            "RequestId": checks.request_id("request_id", sms.request_id),
            "SendDate": checks.moment("send_date", sms.send_date, _SMS_DATE),
            "CallbackUrl": self._callback_url,
        }
        return self._with_query(Function.SEND_SMS, fields, replies.receipt)

    def get_send_status(self, sms_id: str) -> SendProgress:
        """How far a send has come (II.3), for 7 days; Refused with code 105 for an id that is unknown, or is yet."""
        return self._answer(self.prepare_send_status(sms_id))

    @checks.discreet
    def prepare_send_status(self, sms_id: str) -> Prepared[SendProgress]:
        """What `get_send_status` asks, made ready for an Exchange. Raises InvalidRequest."""
        sms_id = checks.identity("sms_id", sms_id)
        return self._with_query(
            Function.GET_SEND_STATUS, {"RefId": sms_id}, lambda reply: replies.progress(reply, sms_id)
        )

    def get_receiver_status(self, sms_id: str) -> tuple[ReceiverState, ...]:
        """What became of each recipient of a send (II.4). Refused with code 105 as above."""
        return self._answer(self.prepare_receiver_status(sms_id))

    @checks.discreet
    def prepare_receiver_status(self, sms_id: str) -> Prepared[tuple[ReceiverState, ...]]:
        """What `get_receiver_status` asks, made ready for an Exchange. Raises InvalidRequest."""
        fields = {"RefId": checks.identity("sms_id", sms_id)}
        return self._with_query(Function.GET_RECEIVER_STATUS, fields, replies.receivers)

    def get_sent_data(self, since: date, until: date) -> tuple[SentSms, ...]:
        """What the account sent on the days from since to until, both included, in Vietnam (II.5)."""
        return self._answer(self.prepare_sent_data(since, until))

    @checks.discreet
    def prepare_sent_data(self, since: date, until: date) -> Prepared[tuple[SentSms, ...]]:
        """What `get_sent_data` asks, made ready for an Exchange. Raises InvalidRequest."""
        window = _window(checks.day("since", since), checks.day("until", until))
        if until < since:
            checks.refuse("until", "is before since", "give the earlier day first")
        fields = {"FROM": since.strftime(_QUERY_DATE), "TO": until.strftime(_QUERY_DATE)}
        return self._with_query(Function.GET_SENT_DATA, fields, lambda reply: replies.sent_data(reply, window))

    def list_brandnames(self) -> tuple[Brandname, ...]:
        """The names that the account may send from (II.6)."""
        return self._answer(self.prepare_brandnames())

    def prepare_brandnames(self) -> Prepared[tuple[Brandname, ...]]:
        """What `list_brandnames` asks, made ready for an Exchange."""
        return self._with_keys_in_path(Function.LIST_BRANDNAMES, replies.brandnames)

    # Manual III: calls...

    def call_template(self, call: OutgoingTemplateCall) -> Receipt:
        """Has a registered template spoken to a number (III.1). Raises InvalidRequest like send_sms."""
        return self._answer(self.prepare_template_call(call))

    @checks.discreet
    def prepare_template_call(self, call: OutgoingTemplateCall) -> Prepared[Receipt]:
        """What `call_template` asks, made ready for an Exchange. Raises InvalidRequest."""
        fields = {
            "TemplateId": checks.identity("template_id", call.template_id),
            "Phone": checks.callee("phone", call.phone),
            "VariableListStr": checks.variables("variables", call.variables),
            "SendDate": checks.moment("send_date", call.send_date, _VOICE_DATE),
            "CallbackUrl": self._callback_url,
        }
        return self._with_query(Function.CALL_TEMPLATE, fields, replies.receipt)

    def call_record(self, call: OutgoingRecordCall) -> Receipt:
        """Has a registered recording played to a number (III.2). Raises InvalidRequest like send_sms."""
        return self._answer(self.prepare_record_call(call))

    @checks.discreet
    def prepare_record_call(self, call: OutgoingRecordCall) -> Prepared[Receipt]:
        """What `call_record` asks, made ready for an Exchange. Raises InvalidRequest."""
        fields = {
            "TemplateId": checks.identity("record_id", call.record_id),
            "Phone": checks.callee("phone", call.phone),
            "SendDate": checks.moment("send_date", call.send_date, _VOICE_DATE),
            "NumberForward": _unless_none(checks.callee, "number_forward", call.number_forward),
            "MaxRepeat": _unless_none(checks.count, "max_repeat", call.max_repeat),
            "MaxRetry": _unless_none(checks.count, "max_retry", call.max_retry),
            "Ivr": checks.key("ivr", call.ivr),
            "TimeWaitToIvr": _unless_none(checks.count, "time_wait_to_ivr", call.time_wait_to_ivr),
            "WaitRetry": _unless_none(checks.count, "wait_retry", call.wait_retry),
            "RequestID": _unless_none(checks.request_id, "request_id", call.request_id),
            "CallbackUrl": self._callback_url,
        }
        return self._with_query(Function.CALL_RECORD, fields, replies.receipt)

    # Many at once...

    def open_exchange(self, in_flight: int | None = None) -> Exchange:
        """Sends side by side what is put in, at most in_flight at a time (None: as many as connections are kept)."""
        in_flight = checks.count("in_flight", self._in_flight if in_flight is None else in_flight, least=1)
        if self._transport is Transport.CURL:
            return self._curl(in_flight)
        if self._transport is Transport.SOCKETS:
            return self._sockets(in_flight)
        if in_flight > self._wire.room:
            self._wire.make_room(in_flight)
        return Threads(self._call, self._finish, in_flight, self._patience)

    def _curl(self, in_flight: int) -> Exchange:
        from worker.esms.curl_exchange import CurlExchange  # needs pycurl, which not everybody has

        return CurlExchange(self._finish, in_flight, self._route, self._patience)

    def _sockets(self, in_flight: int) -> Exchange:
        from worker.esms.sockets import Sockets  # needs httptools

        return Sockets(self._finish, in_flight, self._wire, self._patience)

    # One call...

    def _answer(self, prepared: Prepared[Reply]) -> Reply:
        return self._call(None, prepared).result()

    def _call(self, tag: object, prepared: Prepared[Reply], until: float = inf) -> Finished[Reply]:
        started_at, begun = datetime.now(UTC), monotonic()
        try:
            came: HttpAnswer | EsmsError = self._wire.send(prepared.parcel, until)
        except EsmsError as failure:
            came = failure
        return self._finish(tag, prepared, started_at, monotonic() - begun, came)

    # One request...

    def _with_query(
        self, function: Function, fields: Mapping[str, str | None], read: Callable[[Record], Reply]
    ) -> Prepared[Reply]:
        return self._prepared(function, f"?{_query(fields)}&{self._keys}", read)

    def _with_keys_in_path(self, function: Function, read: Callable[[Record], Reply]) -> Prepared[Reply]:
        keys = (self._credentials.api_key, self._credentials.secret_key)
        return self._prepared(function, "".join(f"/{quoted(key)}" for key in keys), read)

    def _prepared(self, function: Function, secret: str, read: Callable[[Record], Reply]) -> Prepared[Reply]:
        return Prepared(function, Parcel(self._urls[function], secret, _LIMITS.get(function, _LIMIT)), read)

    def _url(self, function: Function) -> str:
        return f"{self._voice if function in CALLS else self._rest}/{self._format}/{function}"


def _query(fields: Mapping[str, str | None]) -> str:
    return "&".join([f"{name}={quoted(value)}" for name, value in fields.items() if value is not None])


def _unless_none(check: Callable[[str, Any], object], name: str, value: object) -> str | None:
    return None if value is None else str(check(name, value))


def _window(since: date, until: date) -> Window:
    return Window(
        datetime.combine(since, time.min, VIETNAM), datetime.combine(until, time.min, VIETNAM) + timedelta(days=1)
    )
