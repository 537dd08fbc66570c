"""Reasons that come from a call to eSMS: no connection, an answer that was lost or says nothing, what a poll told."""

from __future__ import annotations

from worker.catalogue.reasons.row import Reason, reason

_NETWORK = (
    "See whether this server reaches eSMS (network, DNS, firewall); it is tried again by itself.",
    "Kiểm tra xem máy chủ này có kết nối được tới eSMS không (mạng, DNS, tường lửa); hệ thống tự thử lại.",
)
_ASK_ESMS = (
    "Ask eSMS's support what this code means.",
    "Hỏi bộ phận hỗ trợ của eSMS về mã này.",
)
_OPERATOR = (
    "Check the number; if it is right, the phone may have been off: send it again, on the page or by `retry`.",
    "Kiểm tra lại số điện thoại; nếu đúng số, có thể máy đang tắt: gửi lại trên trang hoặc bằng lệnh `retry`.",
)
_REFUSED = (
    "Ask eSMS's support by the SMSID why; sender or text may not be registered with that network.",
    "Hỏi bộ phận hỗ trợ của eSMS theo mã SMSID; có thể đầu số hoặc nội dung chưa đăng ký với nhà mạng đó.",
)
_DELETED = (
    "Ask who deleted it on eSMS's page; send it again, on the page or by `retry` if it is still wanted.",
    "Hỏi xem ai đã xóa tin trên trang của eSMS; nếu vẫn cần, gửi lại trên trang hoặc bằng lệnh `retry`.",
)
_BY_HAND = (
    "Look on eSMS's page for this number, then decide, on the page or by `held resolve`.",
    "Tra số này trên trang của eSMS, rồi quyết định trên trang hoặc bằng lệnh `held resolve`.",
)

CALLS: tuple[Reason, ...] = (
    # No connection...
    reason("no connection to eSMS: {cause}", "không kết nối được tới eSMS: {cause}", _NETWORK),
    reason("its name was not found (DNS)", "không tìm thấy địa chỉ của eSMS (DNS)"),
    reason("connecting took too long", "kết nối quá lâu"),
    reason("the connection failed", "kết nối thất bại"),
    reason("it was closed before anything was said", "kết nối bị đóng trước khi gửi được gì"),
    reason("the exchange was closed", "tiến trình gửi đã dừng"),
    reason("Too many open files", "máy này đã mở hết số tệp cho phép"),
    reason("Connection refused", "máy chủ từ chối kết nối"),
    reason("Connection reset by peer", "kết nối bị ngắt từ phía eSMS"),
    reason("Network is unreachable", "mạng không thông"),
    reason("No route to host", "không có đường tới máy chủ"),
    reason(
        "TLS failed (is the certificate trusted, and the clock right?)",
        "không lập được kết nối bảo mật TLS (chứng chỉ có được tin cậy không, đồng hồ có đúng không?)",
    ),
    reason(
        "it was not sent in time, because this process was held up",
        "không gửi kịp vì tiến trình gửi bị treo một lúc",
    ),
    # An answer that was lost...
    reason("no answer came in time", "chờ mãi không có câu trả lời"),
    reason(
        "the answer was not complete when the time for the whole call was up",
        "hết thời gian mà câu trả lời vẫn chưa đến đủ",
    ),
    reason(
        "the connection broke before the answer was complete",
        "kết nối bị đứt trước khi câu trả lời đến đủ",
    ),
    reason("the answer is too long to be one of eSMS", "câu trả lời dài bất thường, không giống của eSMS"),
    reason("the answer was lost ({error})", "câu trả lời bị mất ({error})"),
    reason("the answer was lost (it can't be unpacked)", "câu trả lời bị mất (không giải nén được)"),
    reason("the answer can't be understood ({error})", "không hiểu được câu trả lời ({error})"),
    # One that says neither...
    reason(
        "HTTP {status} instead of an ordinary answer", "nhận được lỗi HTTP {status} thay vì câu trả lời bình thường"
    ),
    reason("the answer has no code, or two that differ", "câu trả lời không có mã, hoặc có hai mã khác nhau"),
    reason(
        "the answer (HTTP {status}) can't be read as one of eSMS",
        "không đọc được câu trả lời (HTTP {status}) như của eSMS",
    ),
    reason(
        "eSMS code {code}, which is documented nowhere: it may have been taken",
        "eSMS trả mã {code}, không có trong tài liệu nào: có thể tin đã được nhận",
        _ASK_ESMS,
    ),
    reason("{cause}; asked {times} times", "{cause}; đã hỏi {times} lần"),
    reason("asked again, eSMS refused: {cause}", "khi hỏi lại, eSMS từ chối: {cause}"),
    reason("can't be sent: {problem}", "không thể gửi: {problem}"),
    # What came of the send...
    reason(
        "eSMS checked it in its sandbox: nothing is delivered",
        "eSMS chỉ kiểm tra trong chế độ thử (sandbox): không gửi tới ai",
    ),
    reason(
        "eSMS knew this RequestId, though it was never in doubt here; its SMSID is not known",
        "eSMS đã biết RequestId này dù ở đây chưa từng nghi ngờ; không biết mã SMSID",
    ),
    reason("eSMS took it; its SMSID is not known", "eSMS đã nhận; không biết mã SMSID"),
    # What a poll told...
    reason("the operator could not deliver it", "nhà mạng không chuyển được tới máy người nhận", _OPERATOR),
    reason("the operator refused it (SendStatus 4)", "nhà mạng từ chối (SendStatus 4)", _REFUSED),
    reason("it was deleted at eSMS (SendStatus 6)", "tin đã bị xóa tại eSMS (SendStatus 6)", _DELETED),
    reason("eSMS has not finished it", "eSMS chưa gửi xong"),
    reason("eSMS does not know its SMSID (code 105)", "eSMS chưa biết mã SMSID này (mã 105)"),
    reason(
        "eSMS does not say what becomes of calls: GetSendStatus answers 105",
        "eSMS không cho biết kết quả cuộc gọi: GetSendStatus trả mã 105",
    ),
    reason(
        "eSMS says that it did not arrive, but not that it was sent, or its counters say otherwise",
        "eSMS báo không đến nơi, nhưng không báo là đã gửi, hoặc số đếm của eSMS nói khác",
    ),
    reason(
        "eSMS has finished it, and does not say whether it arrived",
        "eSMS đã gửi xong nhưng không cho biết có đến nơi hay không",
    ),
    reason("{cause}; it counts when said again", "{cause}; chỉ tính khi eSMS báo lại lần nữa"),
    # The sent data...
    reason("eSMS took it; its SMSID is lost; {cause}", "eSMS đã nhận nhưng mã SMSID bị mất; {cause}"),
    reason(
        "eSMS may have taken it, and can't be asked again; {cause}",
        "có thể eSMS đã nhận, và không hỏi lại được nữa; {cause}",
        _BY_HAND,
    ),
    reason(
        "its SMSID was lost; found in the sent data by number, text and time",
        "mã SMSID bị mất; đã tìm thấy trong dữ liệu đã gửi theo số điện thoại, nội dung và giờ",
    ),
    reason("several rows of the sent data could be it", "có nhiều dòng trong dữ liệu đã gửi có thể là tin này"),
    reason("the sent data does not show it", "không thấy trong dữ liệu đã gửi"),
    reason(
        "the sent data does not show it, and may still do so much later",
        "không thấy trong dữ liệu đã gửi, và có thể rất lâu sau mới thấy",
    ),
    reason(
        "the sent data does not show it, and may not be complete",
        "không thấy trong dữ liệu đã gửi, mà dữ liệu này có thể chưa đủ",
    ),
    reason("eSMS did not show the sent data", "eSMS không cho xem dữ liệu đã gửi"),
)
