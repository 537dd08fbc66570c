"""Words of *Refused*: what applications handed over and could not be taken."""

from __future__ import annotations

from worker.catalogue.pages.campaigns import WORDS as CAMPAIGNS
from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Refused", "Bị từ chối"),
    "intro": Text(
        "Requests of applications that could not be taken. By a task or SQL an application hears nothing of it, so "
        "somebody has to look here.",
        "Các yêu cầu không nhận được của ứng dụng. Ứng dụng gửi qua tác vụ hoặc SQL không được báo, nên cần có người "
        "xem ở đây.",
    ),
    "at": Text("When", "Lúc"),
    "source": Text("Application", "Ứng dụng"),
    "kind": Text("What", "Loại"),
    "reference": Text("Reference", "Mã tham chiếu"),
    "field": Text("Field", "Trường"),
    "wrong": Text("What is wrong, and what to do", "Sai ở đâu và cần làm gì"),
    "show": Text("Show", "Xem"),
    "door_task": Text("by a task", "qua tác vụ"),
    "door_sql": Text("by SQL", "bằng lệnh SQL"),
    "kind_sms": Text("SMS", "tin nhắn SMS"),
    "kind_template_call": Text("call by a template", "cuộc gọi theo mẫu"),
    "kind_record_call": Text("call with a recording", "cuộc gọi phát ghi âm"),
    "kind_event": Text("event", "sự kiện"),
    "kind_event_cancelled": Text("event called off", "hủy sự kiện"),
    "kind_contact": Text("contact", "người trong danh bạ"),
    "nothing_title": Text("Nothing was refused", "Không có yêu cầu nào bị từ chối"),
    "nothing": Text(
        "A request with a wrong number, a missing field or a date that has passed would stand here, with the reason.",
        "Yêu cầu có số sai, thiếu trường hoặc ngày đã qua sẽ hiện ở đây, kèm lý do.",
    ),
    "no_tasks": Text("What was no task at all", "Không phải tác vụ hợp lệ"),
    "no_tasks_says": Text(
        "Counted by queue and reason. Once it is known who sent it, begin anew: `esms-worker refused forget`.",
        "Đếm theo hàng đợi và lý do. Khi đã biết ai gửi, hãy đếm lại từ đầu: `esms-worker refused forget`.",
    ),
    "queue": Text("Queue", "Hàng đợi"),
    "times": Text("Times", "Số lần"),
    "last": Text("Last", "Lần cuối"),
    "one": Text("A refused request", "Yêu cầu bị từ chối"),
    "kept": Text("What is kept of it", "Phần được lưu lại"),
    "kept_nothing": Text("Nothing is kept of this kind.", "Loại này không lưu gì."),
    "see_content": Text("Show what is kept of the request", "Xem phần được lưu của yêu cầu"),
    "send": Text("Hand it over after all, corrected", "Sửa rồi gửi"),
    "send_says": Text(
        "It goes out as its application's, under its reference, once. What you leave empty stays "
        "as it was handed over.",
        "Tin được gửi với tên ứng dụng và mã tham chiếu cũ, một lần. Mục để trống giữ nguyên như ứng dụng đã gửi.",
    ),
    "content_hint": Text(
        "Texts are not kept unless WORKER_REFUSED_WHOLE is set: then write it again.",
        "Nội dung không được lưu, trừ khi đặt WORKER_REFUSED_WHOLE: nếu không có, hãy viết lại.",
    ),
    "list_hint": Text("Several with commas between them.", "Nhiều mục thì cách nhau bằng dấu phẩy."),
    "as_it_was": Text("as it was handed over", "giữ nguyên"),
    "field_to": Text("To", "Gửi đến số"),
    "field_content": Text("Text", "Nội dung"),
    "field_sms_type": Text("Kind of SMS", "Loại SMS"),
    "field_brandname": Text("Brandname", "Brandname"),
    "field_template_id": Text("Template at eSMS", "Mẫu cuộc gọi ở eSMS"),
    "field_record_id": Text("Recording at eSMS", "Bản ghi âm ở eSMS"),
    "field_variables": Text("Variables", "Các biến"),
    "field_send_date": Text("Send at", "Gửi lúc"),
    "field_expires_at": Text("Not after", "Không gửi sau"),
    **{name: CAMPAIGNS[name] for name in ("fallback", "fallback_after", "fallback_after_hint", "fallback_sms")},
    **{name: CAMPAIGNS[name] for name in ("fallback_call", "fallback_call_hint", "fallback_vars")},
    "followed_says": Text(
        "What is to follow by itself, once, where it surely failed. What you leave empty stays as it was handed over; "
        "what was not kept has to be written again, or left out below.",
        "Việc tự làm tiếp, một lần, khi chắc chắn tin không đến nơi. Mục để trống giữ nguyên như ứng dụng đã gửi; phần "
        "không được lưu phải viết lại, hoặc bỏ ở dưới.",
    ),
    "fallback_sms_hint": Text("Customer care, type 2.", "Loại 2, chăm sóc khách hàng."),
    "fallback_in_doubt": Text(
        "Also while the first may still arrive: twice rather than never",
        "Kể cả khi tin đầu còn có thể đến: thà nhận hai lần còn hơn không",
    ),
    "retry_undelivered": Text("Send it again by itself", "Tự gửi lại"),
    "retry_hint": Text("So often, so long after: `2x1h`.", "Số lần và chờ bao lâu: `2x1h`."),
    "leave_out": Text("Send it without", "Gửi mà bỏ"),
    "without_fallback": Text("what was to follow where it fails", "tin hoặc cuộc gọi thay thế"),
    "without_retry_undelivered": Text("being sent again by itself", "việc tự gửi lại"),
    "without_variables": Text("the variables of the call", "các biến của cuộc gọi"),
    "without_brandname": Text("its brandname: the usual one", "brandname: dùng tên mặc định"),
    "without_send_date": Text("its date: at once", "giờ gửi: gửi ngay"),
    "without_expires_at": Text("its latest time", "hạn gửi"),
    "not_kept": Text("(not kept)", "(không lưu)"),
    "button": Text("Send", "Gửi"),
    "not_here": Text(
        "Of this kind nothing is kept: have its application hand it over again.",
        "Loại này không lưu gì: hãy để ứng dụng gửi lại.",
    ),
}
