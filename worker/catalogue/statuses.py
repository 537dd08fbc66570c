"""What a status is called, what it means and what a person can do about it."""

from __future__ import annotations

from worker.catalogue.text import Text
from worker.lifecycle import MEANING, Status

NAMES: dict[Status, Text] = {
    Status.QUEUED: Text("queued", "chờ gửi"),
    Status.SENDING: Text("sending", "đang gửi"),
    Status.UNCONFIRMED: Text("unconfirmed", "chưa xác nhận"),
    Status.HELD: Text("held", "chờ người quyết định"),
    Status.ACCEPTED: Text("accepted", "eSMS đã nhận"),
    Status.DELIVERED: Text("delivered", "đã đến nơi"),
    Status.UNDELIVERED: Text("not delivered", "không đến nơi"),
    Status.REJECTED: Text("rejected", "bị từ chối"),
    Status.UNKNOWN: Text("unknown", "không rõ kết quả"),
    Status.CANCELLED: Text("cancelled", "đã hủy"),
    Status.EXPIRED: Text("expired", "quá hạn"),
    Status.SANDBOXED: Text("sandboxed", "gửi thử"),
}

# Beside the name: colour is never the only sign.
SIGNS: dict[Status, str] = {
    Status.QUEUED: "…",
    Status.SENDING: "→",
    Status.UNCONFIRMED: "?",
    Status.HELD: "!",
    Status.ACCEPTED: "✓",
    Status.DELIVERED: "✔",
    Status.UNDELIVERED: "✗",
    Status.REJECTED: "✗",
    Status.UNKNOWN: "?",
    Status.CANCELLED: "-",
    Status.EXPIRED: "-",
    Status.SANDBOXED: "-",
}

MEANINGS: dict[Status, Text] = {
    Status.QUEUED: Text(MEANING[Status.QUEUED], "đang chờ được gửi"),
    Status.SENDING: Text(MEANING[Status.SENDING], "đang được gửi"),
    Status.UNCONFIRMED: Text(MEANING[Status.UNCONFIRMED], "có thể eSMS đã nhận: đang tìm hiểu"),
    Status.HELD: Text(MEANING[Status.HELD], "có thể eSMS đã nhận: chờ một người quyết định"),
    Status.ACCEPTED: Text(MEANING[Status.ACCEPTED], "eSMS đã nhận: đang hỏi xem kết quả ra sao"),
    Status.DELIVERED: Text(MEANING[Status.DELIVERED], "đã đến nơi"),
    Status.UNDELIVERED: Text(MEANING[Status.UNDELIVERED], "không đến nơi"),
    Status.REJECTED: Text(MEANING[Status.REJECTED], "eSMS hoặc nhà mạng đã từ chối"),
    Status.UNKNOWN: Text(MEANING[Status.UNKNOWN], "eSMS đã nhận, nhưng không còn cách nào biết kết quả"),
    Status.CANCELLED: Text(MEANING[Status.CANCELLED], "đã được hủy trước khi gửi đi"),
    Status.EXPIRED: Text(MEANING[Status.EXPIRED], "không được gửi kịp trong thời hạn"),
    Status.SANDBOXED: Text(MEANING[Status.SANDBOXED], "eSMS chỉ kiểm tra trong chế độ thử (sandbox), không gửi tới ai"),
}

_NOTHING = Text(
    "Nothing: the worker goes on by itself.",
    "Không phải làm gì: hệ thống tự làm tiếp.",
)

REMEDIES: dict[Status, Text] = {
    Status.QUEUED: _NOTHING,
    Status.SENDING: _NOTHING,
    Status.UNCONFIRMED: _NOTHING,
    Status.HELD: Text(
        "Find out whether it arrived, then decide, on the page or by `held resolve`.",
        "Hỏi người nhận xem đã nhận được chưa, rồi quyết định trên trang hoặc bằng lệnh `held resolve`.",
    ),
    Status.ACCEPTED: _NOTHING,
    Status.DELIVERED: Text("Nothing: it is done.", "Không phải làm gì: đã xong."),
    Status.UNDELIVERED: Text(
        "Check the number; if it is right, the phone may have been off: send it again, on the page or by `retry`.",
        "Kiểm tra lại số điện thoại; nếu đúng số, có thể máy đang tắt: gửi lại trên trang hoặc bằng lệnh `retry`.",
    ),
    Status.REJECTED: Text(
        "Fix what the reason names, then send it again, on the page or by `retry`.",
        "Sửa điều mà lý do nêu ra, rồi gửi lại trên trang hoặc bằng lệnh `retry`.",
    ),
    Status.UNKNOWN: Text(
        "Ask the recipient, or eSMS's support by the SMSID.",
        "Hỏi người nhận, hoặc hỏi bộ phận hỗ trợ của eSMS theo mã SMSID.",
    ),
    Status.CANCELLED: Text(
        "Nothing, if that was meant; otherwise hand it over anew.",
        "Nếu đúng ý muốn thì không phải làm gì; nếu không, hãy gửi yêu cầu mới.",
    ),
    Status.EXPIRED: Text(
        "If it is still of use, send it again, on the page or by `retry`; find out first what held it up.",
        "Nếu vẫn còn cần, gửi lại trên trang hoặc bằng lệnh `retry`; trước đó hãy xem vì sao bị chậm.",
    ),
    Status.SANDBOXED: Text(
        "To reach people, take ESMS_SANDBOX or `--sandbox` away and hand it over anew.",
        "Muốn gửi thật, hãy bỏ ESMS_SANDBOX hoặc `--sandbox` rồi gửi yêu cầu mới.",
    ),
}
