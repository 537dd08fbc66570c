"""Reasons that the ledger writes: time that passed, a process that died, a person's decision, an opt-out, a pause."""

from __future__ import annotations

from worker.catalogue.reasons.row import Reason, reason

_OPTED_OUT = (
    "Respect it. If the person wants messages again: `esms-worker contacts opt-in`.",
    "Hãy tôn trọng ý muốn đó. Nếu người này muốn nhận lại: `esms-worker contacts opt-in`.",
)
_LATE = (
    "If it is still of use, send it again, on the page or by `retry`; find out first what held it up.",
    "Nếu vẫn còn cần, gửi lại trên trang hoặc bằng lệnh `retry`; trước đó hãy xem vì sao bị chậm.",
)
_CALL = (
    "Ask the recipient whether the phone rang, then decide, on the page or by `held resolve`.",
    "Hỏi người nhận xem điện thoại có đổ chuông không, rồi quyết định trên trang hoặc bằng lệnh `held resolve`.",
)
_UNKNOWN = (
    "Ask the recipient, or eSMS's support by the SMSID.",
    "Hỏi người nhận, hoặc hỏi bộ phận hỗ trợ của eSMS theo mã SMSID.",
)
_DEADLY = (
    "Look into the worker's log for why it dies, then decide, on the page or by `held resolve`.",
    "Xem nhật ký của worker để biết vì sao tiến trình chết, rồi quyết định trên trang hoặc bằng lệnh `held resolve`.",
)

_TRIAL = (
    "This installation sends to a few numbers alone: add this one, or unset ESMS_ALLOW_ONLY in production.",
    "Hệ thống này chỉ gửi tới vài số: thêm số này vào, hoặc bỏ ESMS_ALLOW_ONLY khi chạy thật.",
)

_FORGOTTEN = (
    "Respect it. Write to them again only if they come back by themselves.",
    "Hãy tôn trọng ý muốn đó. Chỉ gửi lại nếu chính họ quay lại.",
)

LEDGER: tuple[Reason, ...] = (
    reason("the recipient asked to be forgotten", "người nhận yêu cầu xóa dữ liệu của mình", _FORGOTTEN),
    # Time...
    reason("not sent before its expires_at", "không gửi kịp trước hạn (expires_at)", _LATE),
    reason(
        "the call may have been made; it is never dialled again by itself",
        "có thể đã gọi rồi; hệ thống không bao giờ tự gọi lại",
        _CALL,
    ),
    reason(
        "the call may have been made; it is never dialled again by itself ({cause})",
        "có thể đã gọi rồi; hệ thống không bao giờ tự gọi lại ({cause})",
        _CALL,
    ),
    reason(
        "eSMS took it and never said for certain what became of it; it answers for no longer",
        "eSMS đã nhận nhưng không bao giờ báo chắc chắn kết quả; nay eSMS không còn trả lời nữa",
        _UNKNOWN,
    ),
    reason(
        "eSMS took it and never said for certain what became of it; it answers for no longer; "
        "the last that was heard: {cause}",
        "eSMS đã nhận nhưng không bao giờ báo chắc chắn kết quả; nay eSMS không còn trả lời nữa; "
        "lần cuối nghe được: {cause}",
        _UNKNOWN,
    ),
    # A process that died...
    reason("the process that was sending it died or hung", "tiến trình đang gửi tin này bị chết hoặc bị treo"),
    reason(
        "every process that was to send it died, {deaths} in a row",
        "mọi tiến trình nhận gửi tin này đều chết, {deaths} lần liên tiếp",
        _DEADLY,
    ),
    # A person...
    reason("cancelled before it was sent", "đã hủy trước khi gửi"),
    reason("sent again by a person", "một người cho gửi lại"),
    reason("sent again by {by}", "{by} cho gửi lại"),
    reason("{by} decided: send-again", "{by} quyết định: gửi lại"),
    reason("{by} decided: delivered", "{by} xác định: đã đến nơi"),
    reason("{by} decided: not-delivered", "{by} xác định: không đến nơi"),
    reason("{by} decided: drop", "{by} quyết định: bỏ, không gửi nữa"),
    reason("a person decided: send-again", "một người quyết định: gửi lại"),
    reason("a person decided: delivered", "một người xác định: đã đến nơi"),
    reason("a person decided: not-delivered", "một người xác định: không đến nơi"),
    reason("a person decided: drop", "một người quyết định: bỏ, không gửi nữa"),
    # An opt-out...
    reason("the recipient opted out", "người nhận đã từ chối nhận tin", _OPTED_OUT),
    reason(
        "{cause}; whether eSMS took it before is looked for",
        "{cause}; đang tìm xem trước đó eSMS đã nhận chưa",
    ),
    reason("the number is not in ESMS_ALLOW_ONLY", "số này không nằm trong ESMS_ALLOW_ONLY", _TRIAL),
    reason(
        "the message in whose place it was to go arrived after all",
        "tin mà nó thay thế cuối cùng đã đến nơi",
    ),
    reason("the message that went in its place arrived", "tin thay thế nó đã đến nơi"),
    reason("called back: another channel takes its place", "đã rút lại: kênh khác thay thế"),
    reason("the contact was removed", "người này đã bị xóa khỏi danh bạ"),
    # A reminder that was called back...
    reason("the event was cancelled", "cuộc hẹn đã bị hủy"),
    reason("the event was changed", "cuộc hẹn đã thay đổi"),
    reason("the rule was changed", "quy tắc nhắc đã thay đổi"),
    reason("the rule was paused", "quy tắc nhắc bị tạm dừng"),
    reason("the rule was removed", "quy tắc nhắc đã bị xóa"),
    reason("a try that failed", "một lần thử không thành"),
    # A pause...
    reason("paused by a person", "một người đã tạm dừng"),
    reason("eSMS does not answer", "eSMS không trả lời"),
    reason(
        "the balance is below the reserve of {floor} dong",
        "số dư thấp hơn mức dự phòng {floor} đồng",
        ("Top the account up; what waits then goes out by itself.", "Nạp thêm tiền; tin đang chờ sẽ tự gửi đi."),
    ),
)
