"""The three functions that send (manual II.2, III.1, III.2): refuse as the manual says, or take, charge and remember.

A message is taken here and at once, whatever then happens to the answer: that is the case a client must survive.
"""

import re
from collections.abc import Callable

from worker.devkit.simulator import callbacks
from worker.devkit.simulator.asking import status_of
from worker.devkit.simulator.clock import read_vietnam
from worker.devkit.simulator.knobs import plot_of_number
from worker.devkit.simulator.ledger import Send
from worker.devkit.simulator.plots import DELIVERED, RECORD_CALL, SMS, TEMPLATE_CALL, Fate, Plot, plot_named
from worker.devkit.simulator.replies import SEND, Reply, refusal
from worker.devkit.simulator.scene import Asked, Scene

SMS_TYPES = {"1", "2", "3", "4", "6", "7", "8", "13"}
_PHONE = re.compile(r"0[0-9]{9}")
_LANDLINE = re.compile(r"02[0-9]{9}")  # takes calls, and no SMS
_LONGEST_REQUEST_ID = 50
_LONGEST_ADVERTISING = 422
# The manual gives calls `yyyy/MM/dd`, and SMS no format at all; the published pages give SMS `yyyy-MM-dd`.
_SMS_DATES = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S")
_CALL_DATES = ("%Y/%m/%d %H:%M:%S",)
_CALL_NUMBERS = ("ivr", "maxrepeat", "maxretry", "timewaittoivr", "waitretry")


def play(scene: Scene, asked: Asked) -> tuple[Reply, Plot]:
    """One request to send, from its arrival to its reply, and the plot that decides how the reply travels."""
    numbers = [_local(number) for number in asked.get("phone").split(",")]
    request_id = asked.get("requestid")
    send = Send(asked.function, ",".join(numbers), _content(asked), request_id, asked.get("smstype"), scene.now())
    tries = scene.ledger.count_ask(send.phones, request_id)
    if not scene.keys_fit(asked):
        return refusal(SEND, "101"), DELIVERED
    plot = scene.plot_of_send(asked, numbers, request_id, tries)
    reply = _replied(scene, asked, send, numbers, plot)
    if reply.code == "124" and "send_status_with_124" in scene.knobs.quirks:
        reply.members |= _first_status(scene, request_id)
    return reply, plot


def _first_status(scene: Scene, request_id: str) -> dict[str, int]:
    first = next((send for send in scene.ledger.sends if send.request_id == request_id), None)
    return {"SendStatus": status_of(scene, first)} if first else {}


def _replied(scene: Scene, asked: Asked, send: Send, numbers: list[str], plot: Plot) -> Reply:
    ordered = plot.code_for(asked.function)
    if not plot.taken:
        # Without a code it never got as far as eSMS: the reply is not seen, and nothing may be remembered of it.
        return _refused(scene, send, plot, ordered) if ordered else refusal(SEND, "99")
    if _remembered(scene, send):
        return refusal(SEND, "124")
    if not scene.ledger.has_room(send.at, scene.knobs.a_second):
        return refusal(SEND, "160")
    if code := _FAULTS[asked.function](scene, asked, numbers) or _poor(scene, asked, numbers):
        return _refused(scene, send, plot, code)
    _take(scene, asked, send, numbers, plot)
    return refusal(SEND, ordered) if ordered else _taken(send)


def _remembered(scene: Scene, send: Send) -> bool:
    if not send.request_id or (send.function != SMS and not scene.knobs.voice_request_ids):
        return False
    at = scene.ledger.remembered.get(send.request_id)
    return at is not None and send.at - at < scene.knobs.remember


def _refused(scene: Scene, send: Send, plot: Plot, code: str) -> Reply:
    if scene.knobs.remember_refused and send.request_id:
        scene.ledger.remembered.setdefault(send.request_id, send.at)
    reply = refusal(SEND, code)
    if code == "146":  # refused, and an SMSID all the same
        send.plot, send.fates, send.refused = plot, (Fate.REFUSED,), code
        scene.ledger.refuse_with_id(send, scene.knobs.sms_ids)
        reply.members["SMSID"] = send.sms_id
    return reply


def _take(scene: Scene, asked: Asked, send: Send, numbers: list[str], plot: Plot) -> None:
    send.plot = plot
    send.fates = _fates(scene, asked.function, numbers, plot)
    send.sandbox = asked.get("sandbox") == "1"
    send.due = max(send.at, _due(asked) or send.at)
    scene.ledger.take(send, scene.knobs.sms_ids)
    if url := asked.get("callbackurl"):
        callbacks.plan(scene, send, url)
    if not send.sandbox:
        scene.knobs.balance -= _price(scene, asked.function, len(numbers))


def _taken(send: Send) -> Reply:
    if send.function == SMS:
        return Reply(SEND, {"CodeResult": "100", "CountRegenerate": 0, "SMSID": send.sms_id})
    # The manual prints a space after the id of a call, in JSON and in XML.
    return Reply(SEND, {"CodeResult": "100", "SMSID": send.sms_id + " "})


def _fates(scene: Scene, function: str, numbers: list[str], plot: Plot) -> tuple[Fate, ...]:
    if len(numbers) == 1:
        return _ALONE[plot.fate_for(function)]
    names = (plot_of_number(scene.knobs, number) or "delivered" for number in numbers)
    return tuple(plot_named(name).fate_for(function) for name in names)


_ALONE = {fate: (fate,) for fate in Fate}  # shared by all sends to one number


def _price(scene: Scene, function: str, numbers: int) -> float:
    return (scene.knobs.sms_price if function == SMS else scene.knobs.call_price) * numbers


def _poor(scene: Scene, asked: Asked, numbers: list[str]) -> str:
    if (
        asked.get("sandbox") == "1"
        or scene.knobs.postpaid
        or scene.knobs.balance >= _price(scene, asked.function, len(numbers))
    ):
        return ""
    return "103"


# What the manual refuses, in its order. A fault that it has no code for is answered 99 and noted as a mistake...


def _sms_fault(scene: Scene, asked: Asked, numbers: list[str]) -> str:
    sms_type = asked.get("smstype")
    if sms_type not in SMS_TYPES:
        return "118" if sms_type else "300"
    if not all(map(_PHONE.fullmatch, numbers)):
        return "108"
    if len(asked.get("requestid")) > _LONGEST_REQUEST_ID:
        return "159"
    return _brandname_fault(scene, asked, numbers) or _text_fault(scene, asked) or _date_fault(scene, asked, _SMS_DATES)


def _brandname_fault(scene: Scene, asked: Asked, numbers: list[str]) -> str:
    sms_type = asked.get("smstype")
    if sms_type in ("1", "2") and int(sms_type) not in scene.knobs.brandnames.get(asked.get("brandname"), ()):
        return "104"
    if sms_type == "1" and len(numbers) < scene.knobs.least_advertising:
        return "119"
    return "120" if len(numbers) > scene.knobs.most_numbers else ""


def _text_fault(scene: Scene, asked: Asked) -> str:
    text, sms_type = asked.get("content"), asked.get("smstype")
    if not text:
        return _mistake(scene, "Content is missing or empty")
    if asked.get("isunicode") == "1" and sms_type != "3":
        scene.ledger.mistake("IsUnicode=1 goes only with SmsType 3")
    if sms_type == "1" and len(text) > _LONGEST_ADVERTISING:
        return "131"
    if any(word in text for word in scene.knobs.forbidden_words):
        return "201"
    patterns = scene.knobs.care_templates if sms_type in ("2", "8") else []
    return "146" if patterns and not any(re.fullmatch(pattern, text) for pattern in patterns) else ""


def _template_fault(scene: Scene, asked: Asked, numbers: list[str]) -> str:
    variables = scene.knobs.templates.get(asked.get("templateid"))
    if variables is None:
        return "104"
    given = asked.get("variableliststr")
    if (given.count("||") + 1 if given else 0) != variables:
        return "105"
    return _call_fault(scene, asked, numbers)


def _record_fault(scene: Scene, asked: Asked, numbers: list[str]) -> str:
    if asked.get("templateid") not in scene.knobs.records:
        return "106"
    if wrong := [name for name in _CALL_NUMBERS if not re.fullmatch(r"[0-9]*", asked.get(name))]:
        return _mistake(scene, f"{wrong[0]} is not a number")
    if len(asked.get("ivr")) > 1:
        return _mistake(scene, "Ivr is not one key, 0 to 9")
    return _call_fault(scene, asked, numbers)


def _call_fault(scene: Scene, asked: Asked, numbers: list[str]) -> str:
    if len(numbers) != 1 or not (_PHONE.fullmatch(numbers[0]) or _LANDLINE.fullmatch(numbers[0])):
        return "108"
    return _date_fault(scene, asked, _CALL_DATES)


def _date_fault(scene: Scene, asked: Asked, formats: tuple[str, ...]) -> str:
    given = asked.get("senddate")
    if not given or read_vietnam(given, *formats):
        return ""
    return _mistake(scene, f"SendDate of {asked.function} does not follow {formats[0]}")


def _mistake(scene: Scene, reason: str) -> str:
    scene.ledger.mistake(reason)
    return "99"


_FAULTS: dict[str, Callable[[Scene, Asked, list[str]], str]] = {
    SMS: _sms_fault,
    TEMPLATE_CALL: _template_fault,
    RECORD_CALL: _record_fault,
}


# Reading the parameters...


def _local(number: str) -> str:
    number = number.strip().removeprefix("+")
    return "0" + number[2:] if number.startswith("84") and len(number) == 11 else number


def _content(asked: Asked) -> str:
    if asked.function == SMS:
        return asked.get("content")
    return "||".join(filter(None, (asked.get("templateid"), asked.get("variableliststr"))))


def _due(asked: Asked) -> float | None:
    given = asked.get("senddate")
    when = read_vietnam(given, *(_SMS_DATES if asked.function == SMS else _CALL_DATES)) if given else None
    return when.timestamp() if when else None


PLAYS = dict.fromkeys((SMS, TEMPLATE_CALL, RECORD_CALL), play)
