"""How eSMS spells what it says: JSON and XML, each with the oddities that the manual and the published pages show.

A reply is its members in the manual's order. Codes are text and counts are numbers unless a quirk says otherwise.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

NAMESPACE = "http://schemas.datacontract.org/2004/07/AdvertisingAPI.Model"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

# How the items of a list and the root of each reply are named in XML.
ITEMS = {
    "ReceiverList": "Receiver",
    "ListBrandName": "listbrandname",
    "SentData": "SentSmsData",
    "SmsSentData": "SentSmsData",
}
SEND, BALANCE, STATUS = "SmsResultModel", "MemberModel", "SmsStatusResult"
RECEIVERS, BRANDNAMES, SENT_DATA, CALL_STATUS = "SmsReceiver", "BrandnameListModel", "SmsSentData", "CallStatusResult"

ERRORS = {
    "99": "Loi khong xac dinh, thu lai sau",
    "101": "Authorize Failed",
    "102": "Tai khoan da bi khoa",
    "103": "So du tai khoan khong du de gui tin",
    "104": "Brandname hoac mau cuoc goi khong ton tai",
    "105": "Id hoac danh sach bien khong hop le",
    "106": "File ghi am khong ton tai",
    "108": "So dien thoai khong hop le",
    "118": "Loai tin nhan khong hop le",
    "119": "Brandname quang cao phai gui it nhat 20 so dien thoai",
    "120": "Qua nhieu so dien thoai",
    "124": "RequestId da ton tai",
    "131": "Tin nhan brandname quang cao do dai toi da 422 ki tu",
    "132": "Khong co quyen gui tin nhan dau so co dinh 8755",
    "140": "Thoi gian khong hop le",
    "146": "Noi dung khong dung mau cham soc khach hang da dang ky",
    "159": "RequestId qua dai",
    "201": "Noi dung co tu bi cam",
    "300": "Thieu loai tin nhan",
}


@dataclass(slots=True)
class Reply:
    """One reply before it is spelled: the root of its XML, and its members."""

    root: str
    members: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.members.get("CodeResult") or self.members.get("CodeResponse") or "")


def refusal(root: str, code: str) -> Reply:
    name = "CodeResult" if root in (SEND, RECEIVERS, SENT_DATA) else "CodeResponse"
    besides: dict[str, Any] = {SEND: {"CountRegenerate": 0}, BALANCE: {"Balance": 0}}.get(root, {})
    return Reply(root, {name: code} | besides | {"ErrorMessage": ERRORS.get(code, f"Loi {code}")})


def spelled(reply: Reply, form: str, dialect: str, quirks: Collection[str]) -> bytes:
    """The body. `form` is json or xml; `dialect` (namespace or plain) is XML's."""
    members = _with_quirks(reply.members, quirks) if quirks else reply.members
    if form == "xml":
        return _xml(reply.root, members, dialect).encode()
    text = _json(members)
    return (_odd_numbers(text, quirks) if quirks else text).encode()


# JSON...

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=lambda when: _json_date(when)).encode
_WCF_DATE = re.compile(r'"/Date\((\d+)\+0700\)/"')


def _json_date(when: datetime) -> str:
    return f"/Date({int(when.timestamp() * 1000)}+0700)/"


def _json(members: dict[str, Any]) -> str:
    text = _encode(members)
    # WCF escapes the slashes of a date; a reader that looks for "/Date(" in the raw text must not find it.
    return _WCF_DATE.sub(r'"\\/Date(\1+0700)\\/"', text) if "/Date(" in text else text


def _odd_numbers(text: str, quirks: Collection[str]) -> str:
    if "float_balance" in quirks:
        text = re.sub(r'"Balance":"?(-?\d+)[.\d]*"?', lambda found: f'"Balance":{float(found[1]):.5E}', text)
    if "bare_zeros" in quirks:
        text = re.sub(r'"UserID":"?(\d+)"?', lambda found: f'"UserID":{found[1]:0>4}', text)
    return text


# XML...

_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(root: str, members: dict[str, Any], dialect: str) -> str:
    plain = dialect == "plain"
    opening = f"<{root}>" if plain else f'<{root} xmlns="{NAMESPACE}" xmlns:i="{_INSTANCE}">'
    return f"{opening}{_elements(members, reverse=plain)}</{root}>"


def _elements(members: dict[str, Any], *, reverse: bool) -> str:
    # A data contract serialises its members in alphabetical order; without a namespace any order is met.
    return "".join(_element(name, members[name], reverse=reverse) for name in sorted(members, reverse=reverse))


def _element(name: str, value: Any, *, reverse: bool) -> str:
    match value:
        case dict():
            text = _elements(value, reverse=reverse)
        case list():
            item = ITEMS[name]
            text = "".join(f"<{item}>{_elements(row, reverse=reverse)}</{item}>" for row in value)
        case None:
            text = ""
        case bool():
            text = str(value).lower()
        case datetime():
            text = value.isoformat()
        case _:
            text = escape(_UNSPEAKABLE.sub("", str(value)))
    return f"<{name}>{text}</{name}>"


# Quirks...


def _with_quirks(members: dict[str, Any], quirks: Collection[str]) -> dict[str, Any]:
    members = dict(members)
    if "error_message_on_success" in quirks:
        members.setdefault("ErrorMessage", "Success")
    if "unknown_members" in quirks:
        members |= {"TotalPrice": 790.0, "Trace": {"Node": "esms-07", "Tags": "a, b"}}
    if "text_regenerate" in quirks and "CountRegenerate" in members:
        members["CountRegenerate"] = str(members["CountRegenerate"])
    if "string_counts" in quirks:
        members = {name: str(value) if type(value) is int else value for name, value in members.items()}
    if "number_codes" in quirks:
        members = {name: int(value) if name in _CODES else value for name, value in members.items()}
    if "swapped_code_names" in quirks:
        members = {_CODES.get(name, name): value for name, value in members.items()}
    return members


_CODES = {"CodeResult": "CodeResponse", "CodeResponse": "CodeResult"}
