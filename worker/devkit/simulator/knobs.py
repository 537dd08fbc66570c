# ruff: noqa: RUF009  (each default is a field with its own factory: _knob makes it)
"""Everything that can be set while the simulator runs: each knob with its start value, its check and its meaning.

The table is the source: `POST /_sim/set` is checked by it and the table in docs/simulator.md is tested against it.
"""

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from worker.devkit.simulator.plots import RECIPIENTS, RECORD_CALL, SMS, TEMPLATE_CALL, plot_named

FUNCTIONS = (
    "GetBalance",
    SMS,
    "GetSendStatus",
    "GetSmsReceiverStatus_get",
    "GetSmsSentData",
    "GetListBrandname",
    TEMPLATE_CALL,
    RECORD_CALL,
)

QUIRKS = {
    "bare_zeros": "`UserID` as `0001`, the manual's own sample, which is not valid JSON",
    "error_message_on_success": "`ErrorMessage` filled although the code is 100",
    "float_balance": "`Balance` as `7.52743E+06`",
    "number_codes": "codes as numbers",
    "send_status_with_124": "a 124 tells the `SendStatus` of the first send",
    "session_cookie": "ASP.NET's session cookie with every answer",
    "string_counts": "counts and statuses as text",
    "swapped_code_names": "`CodeResult` where the manual has `CodeResponse`, and the other way round",
    "text_regenerate": '`CountRegenerate` as `"0"`, the manual\'s own sample',
    "unknown_members": "members that no manual knows, one of them nested",
}


class KnobError(ValueError):
    """One line: which knob, what is wrong with its value, what to give instead."""


# Checks: each gives the value back, or raises ValueError with what it must be...


def _number(low: float, high: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return value

    return check


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


def _count(value: Any) -> int:
    if _whole(value) < 0:
        raise ValueError("must be 0 or more")
    return int(value)


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text, not empty")
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return str(value)

    return check


def _one_of_numbers(*choices: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or value not in choices:
            raise ValueError(f"must be one of: {', '.join(map(str, choices))}")
        return int(value)

    return check


def _texts(value: Any) -> list[str]:
    if (
        not isinstance(value, Iterable)
        or isinstance(value, str | Mapping)
        or not all(isinstance(v, str) for v in value)
    ):
        raise ValueError("must be a list of texts")
    return list(value)


def _patterns(value: Any) -> list[str]:
    for pattern in _texts(value):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"must be a list of regular expressions: {error}") from None
    return list(value)


def _quirks(value: Any) -> list[str]:
    if unknown := set(_texts(value)) - set(QUIRKS):
        raise ValueError(f"holds {', '.join(sorted(unknown))}; the quirks are: {', '.join(QUIRKS)}")
    return list(value)


def _mapping(value: Any, of: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"must be an object of {of}")
    return value


def _rates(value: Any) -> dict[str, float]:
    share = _number(0, 1)
    rates = {
        _plot(name): share(rate) for name, rate in _mapping(value, 'plot: share, as {"lost_answer": 0.05}').items()
    }
    if sum(rates.values()) > 1:
        raise ValueError("must not sum to more than 1")
    return rates


def _plot(name: Any) -> str:
    try:
        plot_named(_text(name))
    except LookupError as error:
        raise ValueError(str(error)) from None
    return str(name)


def _plots(value: Any) -> dict[str, str]:
    plots = _mapping(value, 'number or last digits: plot, as {"0901234567": "hang"}')
    if wrong := [number for number in plots if not number.isdigit()]:
        raise ValueError(f"has the key {wrong[0]!r}; keys are digits: a whole number or the last digits of one")
    return {number: _plot(name) for number, name in plots.items()}


def _force(value: Any) -> dict[str, str]:
    force = _mapping(value, 'function: plot, as {"GetBalance": "code_101"}')
    if wrong := [function for function in force if function not in FUNCTIONS]:
        raise ValueError(f"has the key {wrong[0]!r}; the functions are: {', '.join(FUNCTIONS)}")
    return {function: _plot(name) for function, name in force.items()}


def _brandnames(value: Any) -> dict[str, list[int]]:
    brandnames = _mapping(value, 'brandname: types, as {"Test_Sang": [2]}')
    if any(not isinstance(types, list) or any(kind not in (1, 2) for kind in types) for types in brandnames.values()):
        raise ValueError("must give each brandname a list of types: 1 advertising, 2 customer care")
    return dict(brandnames)


def _templates(value: Any) -> dict[str, int]:
    templates = _mapping(value, 'template: number of variables, as {"1002": 2}')
    return {template: _whole(count) for template, count in templates.items()}


_seconds = _number(0, 10**9)


def _knob(start: Any, check: Callable[[Any], Any], meaning: str, *, secret: bool = False) -> Any:
    facts = {"check": check, "meaning": meaning, "secret": secret}
    return field(default_factory=lambda: copy(start), metadata=facts, repr=not secret)


@dataclass(slots=True, kw_only=True)
class Knobs:
    """The present settings. `set` changes several at once, or none."""

    api_key: str = _knob("simulator-key", _text, "the ApiKey that is right; any other gets 101", secret=True)
    secret_key: str = _knob("simulator-secret", _text, "the SecretKey that is right", secret=True)
    seed: int = _knob(0, _whole, "the dice's seed")
    latency: float = _knob(0.05, _seconds, "seconds before an answer leaves; the message is taken before them")
    at_once: int = _knob(0, _count, "requests served at once, each for the latency; others stand in line; 0: all")
    pace: float = _knob(0.1, _seconds, "seconds in each of SendStatus 1, 2 and 3; 0: finished at once")
    drip: float = _knob(0.1, _seconds, "seconds between two bytes of a `slow` answer")
    clock_ahead: float = _knob(0, _number(-(10**9), 10**9), "seconds the simulator's clock is ahead of the real one")
    remember: float = _knob(86400, _seconds, "seconds a RequestId is remembered (answered with 124)")
    remember_refused: bool = _knob(False, _yes_or_no, "whether a refused request uses its RequestId up")
    voice_request_ids: bool = _knob(False, _yes_or_no, "whether calls honour RequestId; the manual gives them none")
    status_days: float = _knob(7, _seconds, "days a status can be asked; 105 after them")
    magic_numbers: bool = _knob(True, _yes_or_no, "whether a number's last three digits pick its plot")
    plots: dict[str, str] = _knob({}, _plots, "plots by whole number, or by last digits; they overrule the table")
    rates: dict[str, float] = _knob({}, _rates, "plots of sends by chance, for numbers that pick none")
    asking_rates: dict[str, float] = _knob({}, _rates, "the same for the functions that ask")
    force: dict[str, str] = _knob({}, _force, "one plot for every request of a function")
    balance: float = _knob(1_000_000_000, _number(-(10**15), 10**16), "đồng on the account; goes down with each send")
    sms_price: float = _knob(790, _number(0, 10**9), "đồng for an SMS to one number")
    call_price: float = _knob(600, _number(0, 10**9), "đồng for a call")
    brandnames: dict[str, list[int]] = _knob(
        {"Test_Sang": [2], "sangbrand": [1, 2]}, _brandnames, "registered brandnames and their types"
    )
    templates: dict[str, int] = _knob(
        {"1000": 0, "1001": 1, "1002": 2, "1003": 3}, _templates, "call templates and how many variables each has"
    )
    records: list[str] = _knob(["2001", "2002"], _texts, "recordings for calls")
    care_templates: list[str] = _knob(
        [], _patterns, "registered texts of SmsType 2 and 8, as regular expressions; others get 146; empty: any text"
    )
    forbidden_words: list[str] = _knob([], _texts, "words that get 201")
    least_advertising: int = _knob(20, _whole, "fewest numbers of an advertising request (119 below)")
    most_numbers: int = _knob(1000, _whole, "most numbers of one request (120 above)")
    sms_ids: str = _knob("number", _one_of("number", "guid", "guid_number"), "the form of an SMS's SMSID")
    sent_data: str = _knob(
        "manual", _one_of("manual", "published", "published_v2"), "the members of a row of GetSmsSentData"
    )
    sent_time: str = _knob(
        "date", _one_of("date", "text", "none"), "SentTime as `/Date(…+0700)/`, as text, or left out even when sent"
    )
    sent_data_lag: float = _knob(0, _seconds, "seconds after which a send appears in GetSmsSentData")
    sent_data_list: str = _knob(
        "list",
        _one_of("list", "missing", "null", "renamed", "text"),
        "how `SentData` comes, always under code 100: as a list; left out, null, under another name, or as a text",
    )
    sent_data_total: bool = _knob(False, _yes_or_no, "whether GetSmsSentData tells `CountTotal`")
    texts_shown: str = _knob(
        "as_sent",
        _one_of("as_sent", "plain", "upper", "labelled", "signed"),
        "texts in GetSmsSentData: as they were sent, without accents, in capitals, behind `[QC] `, before a brandname",
    )
    phones_shown: str = _knob(
        "local", _one_of("local", "international", "masked"), "numbers in GetSmsSentData: 0901…, 84901…, 0901***567"
    )
    foreign_rows: list[str] = _knob(
        [], _texts, "SMS that somebody sent by eSMS's web page, each as `number text`: GetSmsSentData shows them too"
    )
    false_for: float = _knob(0, _seconds, "seconds after SendStatus 5 in which the receiver list still says false")
    is_sent: str = _knob(
        "finished",
        _one_of("finished", "always", "never", "delivered", "missing"),
        "`IsSent` of the receiver list: true once finished, always, never, where it was delivered; or left out",
    )
    send_failed: str = _knob(
        "true", _one_of("true", "zero", "missing"), "`SendFailed` of GetSendStatus: the truth, always 0, or left out"
    )
    mixed_status: int = _knob(
        5, _one_of_numbers(4, 5, 6), "SendStatus of a request that ended differently for its recipients"
    )
    call_statuses: bool = _knob(True, _yes_or_no, "whether calls can be asked about; else their ids get 105 for ever")
    a_second: int = _knob(0, _whole, "sends a second that are taken; more get 160 and are not; 0: any number")
    postpaid: bool = _knob(False, _yes_or_no, "whether sends are taken though the balance is 0 or below")
    brandname_types: str = _knob(
        "number", _one_of("number", "text", "missing"), "`Type` of GetListBrandname: 1 and 2, QC and CSKH, or left out"
    )
    xml: str = _knob("namespace", _one_of("namespace", "plain"), "the XML dialect; plain also reverses the members")
    quirks: list[str] = _knob([], _quirks, "oddities of the real replies, each by its name")

    def set(self, changes: Mapping[str, Any]) -> None:
        """Set all of these, or none. Raises KnobError."""
        checked = {name: _checked(name, value) for name, value in changes.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def shown(self) -> dict[str, Any]:
        """Every knob that may be seen: all but the keys."""
        return {name: getattr(self, name) for name, facts in KNOBS.items() if not facts["secret"]}


KNOBS: dict[str, Mapping[str, Any]] = {knob.name: knob.metadata for knob in dataclasses.fields(Knobs)}


def _checked(name: str, value: Any) -> Any:
    facts = KNOBS.get(name)
    if facts is None:
        near = difflib.get_close_matches(name, KNOBS, n=1)
        raise KnobError(
            f"{name}: no such knob; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(KNOBS)}")
        )
    try:
        return facts["check"](value)
    except ValueError as error:
        raise KnobError(f"{name}: {error}") from None


def plot_of_number(knobs: Knobs, phone: str) -> str | None:
    """The plot this number picks by itself, or None. The longest match of the knob `plots` comes first."""
    if knobs.plots:
        for start in range(len(phone)):
            if name := knobs.plots.get(phone[start:]):
                return name
    return RECIPIENTS.get(phone[-3:]) if knobs.magic_numbers else None
