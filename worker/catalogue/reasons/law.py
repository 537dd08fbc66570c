"""Reasons that sending rules give; each ends with the rule's name, by which `esms-worker law list` tells of it."""

from __future__ import annotations

from worker.catalogue.reasons.row import Reason, reason

_TEXT = (
    "Fix the text and hand it over again; `esms-worker law list` tells what the rule asks for.",
    "Sửa nội dung rồi gửi lại; xem quy định bằng `esms-worker law list`.",
)
_RESPECT = (
    "Respect it: send this number no advertising.",
    "Hãy tôn trọng: không gửi quảng cáo tới số này.",
)

LAW: tuple[Reason, ...] = (
    reason(
        "not before {moment}: {rule}",
        "chưa được gửi trước {moment}: {rule}",
        ("It goes out by itself then.", "Đến lúc đó tin sẽ tự gửi đi."),
    ),
    reason(
        "the number is in the Do-Not-Call register: {rule}",
        "số này nằm trong danh sách không quảng cáo: {rule}",
        _RESPECT,
    ),
    reason(
        "the recipient withdrew consent",
        "người nhận đã rút lại sự đồng ý",
        _RESPECT,
    ),
    reason(
        "the recipient gave no consent: {rule}",
        "người nhận chưa đồng ý nhận quảng cáo: {rule}",
        (
            "Ask for consent first, and write it down: `esms-worker consent add`.",
            "Xin đồng ý trước rồi ghi lại bằng `esms-worker consent add`.",
        ),
    ),
    reason("its text begins without a label: {rule}", "nội dung không có nhãn quảng cáo ở đầu: {rule}", _TEXT),
    reason(
        "its text ends without a way to refuse: {rule}", "nội dung không có hướng dẫn từ chối ở cuối: {rule}", _TEXT
    ),
    reason(
        "it has no registered brandname: {rule}",
        "tin không gửi từ tên định danh (brandname) đã đăng ký: {rule}",
        ("Use SmsType 1.", "Dùng loại tin 1 (quảng cáo có brandname)."),
    ),
    reason(
        "fewer than {least} would be left for a request of their own: {rule}",
        "số người còn lại ít hơn {least}, không đủ cho một lượt gửi riêng: {rule}",
        ("Put them on the list of the next campaign.", "Đưa những số này vào chiến dịch sau."),
    ),
    reason(
        "too much advertising to this number: {rule}",
        "số này đã nhận đủ số tin quảng cáo cho phép: {rule}",
        ("Hand it over again later.", "Gửi lại sau."),
    ),
    reason(
        "eSMS would keep it until its date, where nobody counts it: {rule}",
        "eSMS sẽ giữ tin đến ngày gửi, khi đó không ai đếm được: {rule}",
        ("Hand it over without hand_over: it is kept here.", "Gửi lại không dùng hand_over: tin được giữ tại đây."),
    ),
)
