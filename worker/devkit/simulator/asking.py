"""The five functions that ask (manual II.1, II.3 to II.6): balance, statuses, sent data, brandnames.

SendStatus moves with time: 1 → 2 → 3, `pace` seconds each, and then where the message's fate leads: 5, 4 or 6.
"""

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

AWAITING, WAITING, SENDING, FINISHED = 1, 2, 3, 5
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
    rows = [{"Brandname": name, "Type": kind} for name, kinds in scene.knobs.brandnames.items() for kind in kinds]
    return Reply(BRANDNAMES, {"CodeResponse": "100", "ListBrandName": rows})


# Statuses...


def _send_status(scene: Scene, asked: Asked) -> Reply:
    # The published pages ask for a call by ReferenceId and answer in words of their own.
    of_call = "referenceid" in asked.params
    send = _find(scene, asked.get("referenceid" if of_call else "refid"))
    if send is None:
        return refusal(STATUS, "105")
    status = _status_shown(scene, send)
    unknown = send.asks < send.plot.unknown_asks
    send.asks += 1
    if unknown:
        return refusal(STATUS, "105")
    return _call_status(send, status) if of_call else _counters(send, status)


def _counters(send: Send, status: int) -> Reply:
    total = send.phones.count(",") + 1
    arrived = sum(send.fate(position).arrives for position in range(total)) if status == FINISHED else 0
    members = {
        "CodeResponse": "100",
        "SMSID": send.sms_id,
        "SendFailed": total - arrived if status >= 4 else 0,
        "SendStatus": status,
        "SendSuccess": arrived,
        "TotalReceiver": total,
        "TotalSent": total,
    }
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
    if send is None or send.asks < send.plot.unknown_asks:
        return refusal(RECEIVERS, "105")
    finished = _status_shown(scene, send) == FINISHED
    rows = [
        {"IsSent": finished, "Phone": number, "SentResult": finished and send.fate(position).arrives}
        for position, number in enumerate(send.numbers)
    ]
    return Reply(RECEIVERS, {"CodeResult": "100", "ReceiverList": rows})


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
    final = _final_status(send)
    return SENDING if age < 3 * pace and final == FINISHED else final


def _final_status(send: Send) -> int:
    """One status speaks for all recipients: theirs where they agree; 3 while any is on the way; else finished."""
    statuses = {fate.final_status for fate in send.fates}
    if len(statuses) == 1:
        return statuses.pop()
    return SENDING if SENDING in statuses else FINISHED


# Sent data...


def _sent_data(scene: Scene, asked: Asked) -> Reply:
    start, end = (read_vietnam(asked.get(name), "%m/%d/%Y") for name in ("from", "to"))
    if start is None or end is None or start > end:
        return refusal(SENT_DATA, "140")
    day_after = end.timestamp() + _DAY
    sends = (send for send in between(scene.ledger.sends, start.timestamp(), day_after) if send.function == SMS)
    rows = [row for send in sends if not send.refused for row in _rows(scene, send)]
    return Reply(SENT_DATA, {"CodeResult": "100", "SentData": rows})


def _rows(scene: Scene, send: Send) -> list[dict[str, Any]]:
    status = status_of(scene, send)
    return [_row(scene, send, status, position, number) for position, number in enumerate(send.numbers)]


def _row(scene: Scene, send: Send, status: int, position: int, number: str) -> dict[str, Any]:
    arrived = status == FINISHED and send.fate(position).arrives
    row = _ROWS[scene.knobs.sent_data](scene, send, status, arrived)
    row |= {"Content": send.content, "Phone": number, "SmsType": int(send.sms_type)}
    if status == FINISHED:  # absent until it is sent
        when = vietnam(send.due)
        row["SentTime"] = when if scene.knobs.sent_time == "date" else f"{when:%Y-%m-%d %H:%M:%S}"
    return row


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
    result = int(arrived) if status == FINISHED else 2
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
