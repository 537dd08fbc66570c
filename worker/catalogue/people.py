"""What is stored about somebody, as a page for them to read, in their language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from worker.catalogue.text import Language, Text

TITLE = Text("What is stored about you", "Dữ liệu đang lưu về bạn")
MADE_AT = Text("Made on {at}, about {who}.", "Lập lúc {at}, về {who}.")
TABLES: Mapping[str, Text] = {
    "contact": Text("You as a contact", "Thông tin liên hệ"),
    "attendee": Text("Events that you are invited to", "Lịch hẹn có mời bạn"),
    "opt_out": Text("That you want no reminders and no advertising", "Bạn không nhận tin nhắc và quảng cáo"),
    "do_not_call": Text("That you are in the Do-Not-Call register", "Số của bạn trong danh sách không quảng cáo"),
    "consent": Text("What you agreed to, or took back", "Điều bạn đã đồng ý hoặc rút lại"),
    "advertised": Text("Advertising that you got lately", "Quảng cáo bạn nhận gần đây"),
    "inbox": Text("Handed over, not yet taken in", "Đã giao, chưa tiếp nhận"),
    "upload_row": Text("Rows of files that are being sent", "Dòng trong tệp đang gửi"),
    "rerun": Text("Messages that were sent to you again", "Tin được gửi lại cho bạn"),
    "search": Text("Searches for you", "Các lần tìm kiếm về bạn"),
    "sweep": Text("What was done with all that was found", "Việc đã làm với các tin tìm thấy"),
    "happening": Text("What applications were told", "Điều đã báo cho các ứng dụng"),
    "message": Text("Messages and calls to you", "Tin nhắn và cuộc gọi tới bạn"),
    "notification": Text("What they say", "Nội dung"),
    "request": Text("Requests to eSMS for them", "Các lần gọi sang eSMS"),
    "attempt": Text("Earlier tries", "Những lần thử trước"),
    "settlement": Text("What became of them", "Kết quả từng bước"),
    "decision": Text("What was decided about them", "Các quyết định"),
    "follow_up": Text("What follows where they fail", "Việc làm tiếp nếu không thành"),
    "occurrence": Text("Reminders made for you", "Lời nhắc đã tạo cho bạn"),
    "person_request": Text("What you asked about your data", "Yêu cầu của bạn về dữ liệu"),
    "tombstone": Text("That you asked to be forgotten", "Bạn đã yêu cầu xóa dữ liệu"),
}

# The same, for whoever does it.
HELD: Mapping[str, Text] = {
    "contact": Text("the contact", "thông tin trong danh bạ"),
    "attendee": Text("invitations to events", "lời mời dự lịch hẹn"),
    "opt_out": Text("opt-outs", "việc từ chối nhận tin"),
    "do_not_call": Text("the Do-Not-Call register", "số trong danh sách không quảng cáo"),
    "consent": Text("consents, and what they took back", "sự đồng ý và rút lại"),
    "advertised": Text("counts of advertising", "số đếm quảng cáo"),
    "inbox": Text("what waits in the inbox", "yêu cầu chưa tiếp nhận"),
    "upload_row": Text("rows of files", "dòng trong tệp đã tải lên"),
    "rerun": Text("what was to be sent again to them", "yêu cầu gửi lại cho họ"),
    "search": Text("searches", "lần tìm kiếm"),
    "sweep": Text("what was done with all that was found", "việc làm với các tin tìm thấy"),
    "happening": Text("events for applications", "sự kiện báo cho ứng dụng"),
    "message": Text("messages and calls", "tin nhắn và cuộc gọi"),
    "notification": Text("what they said", "nội dung"),
    "request": Text("requests to eSMS", "lần gọi sang eSMS"),
    "attempt": Text("earlier tries", "lần thử trước"),
    "settlement": Text("what became of messages", "kết quả từng bước"),
    "decision": Text("decisions", "quyết định"),
    "follow_up": Text("what was to follow", "việc làm tiếp"),
    "occurrence": Text("reminders made", "lời nhắc đã tạo"),
    "person_request": Text("what they asked about their data", "yêu cầu về dữ liệu"),
    "tombstone": Text("that they asked to be forgotten", "dấu đã yêu cầu xóa"),
}


def as_page(
    made_at: datetime, phones: Sequence[str], tables: Mapping[str, Sequence[Mapping[str, Any]]], language: Language
) -> str:
    """One page that needs nothing else and runs nothing."""
    title = escape(TITLE.say(language))
    made = escape(MADE_AT.say(language, at=f"{made_at:%Y-%m-%d %H:%M} UTC", who=", ".join(phones)))
    sections = "\n".join(_section(name, rows, language) for name, rows in tables.items())
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body>\n<h1>{title}</h1>\n<p>{made}</p>\n{sections}\n</body></html>\n"
    )


def _section(name: str, rows: Sequence[Mapping[str, Any]], language: Language) -> str:
    head = escape(TABLES[name].say(language) if name in TABLES else name)
    return f"<h2>{head}</h2>\n" + "\n".join(map(_row, rows))


def _row(row: Mapping[str, Any]) -> str:
    facts = "".join(
        f"<tr><th>{escape(field)}</th><td>{escape(str(value))}</td></tr>"
        for field, value in row.items()
        if value not in (None, "", [], {})
    )
    return f"<table border='1'>{facts}</table><br>"
