"""The five functions that ask (manual II.1, II.3 to II.6): balance, statuses, sent data, brandnames.

SendStatus moves with time: 1 → 2 → 3, `pace` seconds each, and then where the message's fate leads: 5, 4 or 6.
"""

import unicodedata
from collections.abc import Callable
from typing import Any

from worker.devkit.simulator.clock import read_vietnam, vietnam
from worker.devkit.simulator.ledger import Send, between
from worker.devkit.simulator.plots import DELIVERED, SMS, Fate, Plot
from worker.devkit.simulator.replies import (
    BALANCE,
    BRANDNAMES,
    CALL_STATUS,
    RECEIVERS,
    SENT_DATA,
    STATUS,
    Reply,
    refusal,
)
from worker.devkit.simulator.scene import Asked, Scene

AWAITING, WAITING, SENDING, REFUSED, FINISHED, DELETED = 1, 2, 3, 4, 5, 6
ENDED = (REFUSED, FINISHED, DELETED)
_DAY = 86_400  # seconds


def _play(
    root: str, about: str, reply: Callable[[Scene, Asked], Reply]
) -> Callable[[Scene, Asked], tuple[Reply, Plot]]:
    """One function that asks: the keys first, then the plot, then its own reply."""

    def play(scene: Scene, asked: Asked) -> tuple[Reply, Plot]:
        plot = scene.plot_of_ask(asked, asked.get(about))
        if not scene.keys_fit(asked):
            return refusal(root, "101"), DELIVERED
        if code := plot.code_for(asked.function):
            return refusal(root, code), plot
        return reply(scene, asked), plot

    return play


def _balance(scene: Scene, _asked: Asked) -> Reply:
    balance = scene.knobs.balance
    return Reply(
        BALANCE, {"Balance": int(balance) if balance == int(balance) else balance, "CodeResponse": "100", "UserID": 1}
    )


def _brandnames(scene: Scene, _asked: Asked) -> Reply:
    shown = _TYPES_SHOWN[scene.knobs.brandname_types]
    rows = [{"Brandname": name} | shown(kind) for name, kinds in scene.knobs.brandnames.items() for kind in kinds]
    return Reply(BRANDNAMES, {"CodeResponse": "100", "ListBrandName": rows})


_TYPES_SHOWN: dict[str, Callable[[int], dict[str, Any]]] = {
    "number": lambda kind: {"Type": kind},
    "text": lambda kind: {"Type": {1: "QC", 2: "CSKH"}[kind]},
    "missing": lambda _kind: {},
}


# Statuses...


def _send_status(scene: Scene, asked: Asked) -> Reply:
    # The published pages ask for a call by ReferenceId and answer in words of their own.
    of_call = "referenceid" in asked.params
    send = _find(scene, asked.get("referenceid" if of_call else "refid"))
    if send is None or not _tells_of(scene, send):
        return refusal(STATUS, "105")
    status = _status_shown(scene, send)
    unknown = send.asks < send.plot.unknown_asks
    send.asks += 1
    if unknown:
        return refusal(STATUS, "105")
    return _call_status(send, status) if of_call else _counters(scene, send, status)


def _tells_of(scene: Scene, send: Send) -> bool:
    return send.function == SMS or scene.knobs.call_statuses


def _counters(scene: Scene, send: Send, status: int) -> Reply:
    total = send.phones.count(",") + 1
    arrived = sum(send.fate(position).arrives for position in range(total)) if status in ENDED else 0
    members: dict[str, Any] = {
        "CodeResponse": "100",
        "SMSID": send.sms_id,
        "SendFailed": total - arrived if status >= 4 else 0,
        "SendStatus": status,
        "SendSuccess": arrived,
        "TotalReceiver": total,
        "TotalSent": total,
    }
    if scene.knobs.send_failed == "zero":
        members["SendFailed"] = 0
    elif scene.knobs.send_failed == "missing":
        del members["SendFailed"]
    return Reply(STATUS, members)


def _call_status(send: Send, status: int) -> Reply:
    answered = status == FINISHED and send.fate(0).arrives
    members = {
        "CallDuration": 13 if answered else 0,
        "CallStatus": "ANSWERED" if answered else "NO ANSWER" if status == FINISHED else "",
        "CodeResponse": "100",
        "Ivr": "",
        "ReferenceId": send.sms_id,
        "SendStatus": status,
        "SentResult": int(answered),
    }
    return Reply(CALL_STATUS, members)


def _receivers(scene: Scene, asked: Asked) -> Reply:
    send = _find(scene, asked.get("refid"))
    if send is None or send.asks < send.plot.unknown_asks or not _tells_of(scene, send):
        return refusal(RECEIVERS, "105")
    finished = _status_shown(scene, send) in ENDED
    told = finished and scene.now() - send.due >= 3 * scene.knobs.pace + scene.knobs.false_for
    rows = [
        _IS_SENT[scene.knobs.is_sent](finished, told and send.fate(position).arrives)
        | {"Phone": number, "SentResult": told and send.fate(position).arrives}
        for position, number in enumerate(send.numbers)
    ]
    return Reply(RECEIVERS, {"CodeResult": "100", "ReceiverList": rows})


_IS_SENT: dict[str, Callable[[bool, bool], dict[str, Any]]] = {
    "finished": lambda finished, _arrived: {"IsSent": finished},
    "always": lambda _finished, _arrived: {"IsSent": True},
    "never": lambda _finished, _arrived: {"IsSent": False},
    "delivered": lambda _finished, arrived: {"IsSent": arrived},
    "missing": lambda _finished, _arrived: {},
}


def _status_shown(scene: Scene, send: Send) -> int:
    """A busy line shows as sending for some asks, however late they come."""
    status = status_of(scene, send)
    return SENDING if status == FINISHED and send.asks < send.plot.sending_asks else status


def _find(scene: Scene, sms_id: str) -> Send | None:
    """The send of that id, as long as statuses answer. The id of a call is found without its trailing space too."""
    send = scene.ledger.by_id.get(sms_id.strip())
    if send is None or scene.now() - send.at > scene.knobs.status_days * _DAY:
        return None
    return send


def status_of(scene: Scene, send: Send) -> int:
    """SendStatus now: 1 awaiting approval, 2 waiting, 3 sending, 4 refused, 5 finished, 6 deleted."""
    if send.refused:
        return Fate.REFUSED.final_status
    age, pace = scene.now() - send.due, scene.knobs.pace
    if age < 0:
        return WAITING
    if age < pace:
        return AWAITING
    if age < 2 * pace:
        return WAITING
    final = _final_status(scene, send)
    return SENDING if age < 3 * pace and final == FINISHED else final


def _final_status(scene: Scene, send: Send) -> int:
    """One status speaks for all recipients: theirs where they agree; 3 while any is on the way; else `mixed_status`."""
    statuses = {fate.final_status for fate in send.fates}
    if SENDING in statuses:
        return SENDING
    mixed = len(statuses) > 1 or len({fate.arrives for fate in send.fates}) > 1
    return scene.knobs.mixed_status if mixed else statuses.pop()


# Sent data...


def _sent_data(scene: Scene, asked: Asked) -> Reply:
    start, end = (read_vietnam(asked.get(name), "%m/%d/%Y") for name in ("from", "to"))
    if start is None or end is None or start > end:
        return refusal(SENT_DATA, "140")
    day_after = end.timestamp() + _DAY
    sends = (send for send in between(scene.ledger.sends, start.timestamp(), day_after) if send.function == SMS)
    seen = (send for send in sends if not send.refused and send.at <= scene.now() - scene.knobs.sent_data_lag)
    rows = [row for send in seen for row in _rows(scene, send)]
    rows += [_foreign_row(scene, *each.split(" ", 1)) for each in scene.knobs.foreign_rows]
    members: dict[str, Any] = {"CodeResult": "100"} | _LISTS[scene.knobs.sent_data_list](rows)
    return Reply(SENT_DATA, members | ({"CountTotal": len(rows)} if scene.knobs.sent_data_total else {}))


_LISTS: dict[str, Callable[[list[dict[str, Any]]], dict[str, Any]]] = {
    "list": lambda rows: {"SentData": rows},
    "missing": lambda _rows: {},
    "null": lambda _rows: {"SentData": None},
    "renamed": lambda rows: {"SmsSentData": rows},
    "text": lambda rows: {"SentData": f"{len(rows)} rows"},
}


def _foreign_row(scene: Scene, number: str, content: str) -> dict[str, Any]:
    row = {"SentStatus": True, "CodeResult": "100", "ErrorMessage": "", "SmsType": 2}
    return row | {"Content": content, "Phone": number, "SentTime": f"{vietnam(scene.now()):%Y-%m-%d %H:%M:%S}"}


def _rows(scene: Scene, send: Send) -> list[dict[str, Any]]:
    status = status_of(scene, send)
    return [_row(scene, send, status, position, number) for position, number in enumerate(send.numbers)]


def _row(scene: Scene, send: Send, status: int, position: int, number: str) -> dict[str, Any]:
    arrived = status in ENDED and send.fate(position).arrives
    row = _ROWS[scene.knobs.sent_data](scene, send, status, arrived)
    text, phone = _TEXTS[scene.knobs.texts_shown](send.content), _PHONES[scene.knobs.phones_shown](number)
    row |= {"Content": text, "Phone": phone, "SmsType": int(send.sms_type)}
    if status in ENDED and scene.knobs.sent_time != "none":  # absent until it is sent
        when = vietnam(send.due)
        row["SentTime"] = when if scene.knobs.sent_time == "date" else f"{when:%Y-%m-%d %H:%M:%S}"
    return row


def _without_accents(text: str) -> str:
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(char for char in bare if not unicodedata.combining(char))


_TEXTS: dict[str, Callable[[str], str]] = {
    "as_sent": lambda text: text,
    "plain": _without_accents,
    "upper": str.upper,
    "labelled": lambda text: f"[QC] {text}",
    "signed": lambda text: f"{text} sangbrand",
}
_PHONES: dict[str, Callable[[str], str]] = {
    "local": lambda number: number,
    "international": lambda number: f"84{number[1:]}",
    "masked": lambda number: f"{number[:4]}***{number[-3:]}",
}


def _manual_row(_scene: Scene, _send: Send, _status: int, arrived: bool) -> dict[str, Any]:
    return {"SentStatus": arrived, "CodeResult": "100", "ErrorMessage": ""}


def _published_row(scene: Scene, send: Send, _status: int, arrived: bool) -> dict[str, Any]:
    # The misspelling is theirs.
    return {
        "RefercenceId": send.sms_id,
        "SellPrice": scene.knobs.sms_price,
        "SentStatus": arrived,
        "SmsId": _page_id(send),
    }


def _published_v2_row(scene: Scene, send: Send, status: int, arrived: bool) -> dict[str, Any]:
    result = int(arrived) if status in ENDED else 2
    ids = {"ReferenceId": send.sms_id, "SmsId": _page_id(send), "Campaign": ""}
    return ids | {"SellPrice": scene.knobs.sms_price, "SendResult": result, "SendStatus": status}


def _page_id(send: Send) -> int:
    """The number that eSMS's web page shows for a message: another one than the SMSID."""
    return abs(hash(send.sms_id)) % 900_000_000 + 100_000_000


_ROWS = {"manual": _manual_row, "published": _published_row, "published_v2": _published_v2_row}

PLAYS = {
    "GetBalance": _play(BALANCE, "", _balance),
    "GetSendStatus": _play(STATUS, "refid", _send_status),
    "GetSmsReceiverStatus_get": _play(RECEIVERS, "refid", _receivers),
    "GetSmsSentData": _play(SENT_DATA, "from", _sent_data),
    "GetListBrandname": _play(BRANDNAMES, "", _brandnames),
}
