"""What each code of the provider means, function by function, and what to do about it.

The same number means different things in different functions: 104 is a brandname to an SMS and a template to a call.
`python -m worker.esms.codes` prints docs/codes.md.
"""

from dataclasses import dataclass
from enum import StrEnum

from worker.esms.functions import CALLS, EVERY, SENDS, SMS_SEND, STATUSES, Function


class Verdict(StrEnum):
    """What a code says about the request that it answers."""

    DONE = "taken"
    TAKEN_BEFORE = "taken before"
    REFUSED = "refused"
    ACCOUNT = "account trouble"
    TOO_FAST = "too fast"
    UNSURE = "may have been taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A code, where it applies, what it means there and what a person can do about it, in both languages.

    source: M the manual, P the pages published beside it.
    """

    code: str
    functions: frozenset[Function]
    verdict: Verdict
    vietnamese: str
    english: str
    remedy: str
    remedy_vietnamese: str
    source: str


def _row(code: str, functions: frozenset[Function], verdict: Verdict, source: str, *texts: str) -> Meaning:
    vietnamese, english, remedy, remedy_vietnamese = texts
    return Meaning(
        code=code,
        functions=functions,
        verdict=verdict,
        source=source,
        vietnamese=vietnamese,
        english=english,
        remedy=remedy,
        remedy_vietnamese=remedy_vietnamese,
    )


_BALANCE = frozenset({Function.GET_BALANCE})
_SENT_DATA = frozenset({Function.GET_SENT_DATA})
_TEMPLATE = frozenset({Function.CALL_TEMPLATE})
_RECORD = frozenset({Function.CALL_RECORD})
_SMS_ADS_HINT = (
    "Put more numbers into one request (the least is a setting: 20 in the manual, 30 published today).",
    "Gộp thêm số điện thoại vào một lần gửi (mức tối thiểu là một cài đặt: tài liệu ghi 20, eSMS đang công bố 30).",
)

# fmt: off
MEANINGS: tuple[Meaning, ...] = (
    _row("100", EVERY, Verdict.DONE, "M",
         "Request đã được nhận và xử lý thành công.",
         "taken; for a send this is not yet delivered",
         "Nothing; ask for the status of a send.",
         "Không phải làm gì; kết quả gửi sẽ được tự động hỏi tiếp."),
    _row("99", EVERY, Verdict.UNSURE, "M, P",
         "Lỗi không xác định, thử lại sau.",
         "unknown error (also given for a blocked number): it may have been taken or not",
         "Find out first: an SMS by asking again with the same RequestId, a few times at most; a call by a person.",
         "Phải tìm hiểu trước: tin nhắn được hỏi lại vài lần với cùng RequestId; cuộc gọi chờ người quyết định."),
    _row("101", EVERY, Verdict.ACCOUNT, "M",
         "Đăng nhập thất bại (api key hoặc secret key không đúng).",
         "the ApiKey or the SecretKey is wrong",
         "Correct ESMS_API_KEY and ESMS_SECRET_KEY; until then everything is kept and waits.",
         "Sửa lại ESMS_API_KEY và ESMS_SECRET_KEY; trong lúc chờ, mọi tin được giữ lại, không mất tin nào."),
    _row("102", EVERY - CALLS, Verdict.ACCOUNT, "M, P",
         "Tài khoản đã bị khóa.",
         "the account is locked (or has no price list)",
         "Ask eSMS to unlock the account; until then everything is kept and waits.",
         "Liên hệ eSMS để mở khóa tài khoản; trong lúc chờ, mọi tin được giữ lại."),
    _row("102", CALLS, Verdict.ACCOUNT, "M",
         "Chưa có bảng giá.",
         "the account has no price list for calls",
         "Ask eSMS for a price list for calls; until then the calls are kept and wait.",
         "Đề nghị eSMS cài bảng giá cho cuộc gọi; trong lúc chờ, các cuộc gọi được giữ lại."),
    _row("103", EVERY, Verdict.ACCOUNT, "M",
         "Số dư tài khoản không đủ để gửi tin.",
         "the balance is too low",
         "Top the account up; what waits then goes out by itself.",
         "Nạp thêm tiền vào tài khoản eSMS; tin đang chờ sẽ tự gửi đi khi đủ số dư."),
    _row("104", SMS_SEND | _BALANCE, Verdict.REFUSED, "M",
         "Brandname không tồn tại hoặc đã bị hủy.",
         "the brandname does not exist or was cancelled",
         "Use a brandname from `brandnames`, or register this one with eSMS.",
         "Dùng brandname có trong danh sách của lệnh `brandnames`, hoặc đăng ký brandname này với eSMS."),
    _row("104", _TEMPLATE, Verdict.REFUSED, "M",
         "Mẫu cuộc gọi không tồn tại.",
         "the call template does not exist",
         "Correct the template's id.",
         "Sửa lại mã của mẫu cuộc gọi."),
    _row("105", CALLS, Verdict.REFUSED, "M",
         "Danh sách biến của mẫu tin không hợp lệ.",
         "the list of variables does not fit the template",
         "Give as many variables as the template has, in its order.",
         "Điền đủ các biến mà mẫu yêu cầu, theo đúng thứ tự."),
    _row("105", STATUSES, Verdict.REFUSED, "M, P",
         "Id không tồn tại trong hệ thống.",
         "the SMSID is unknown; normal for some seconds after a send",
         "Ask again later.",
         "Hỏi lại sau."),
    _row("106", _RECORD, Verdict.REFUSED, "M",
         "File ghi âm không tồn tại.",
         "the recording does not exist",
         "Correct the recording's id.",
         "Sửa lại mã của file ghi âm."),
    _row("107", SMS_SEND, Verdict.REFUSED, "P",
         "Tin quảng cáo phải gửi ít nhất 30 số điện thoại.",
         "too few numbers in one advertising request (fewer than 30)",
         *_SMS_ADS_HINT),
    _row("108", SENDS, Verdict.REFUSED, "P",
         "Số điện thoại không đúng định dạng.",
         "the number is badly formed",
         "Correct the recipient's number.",
         "Sửa lại số điện thoại của người nhận."),
    _row("118", SMS_SEND, Verdict.REFUSED, "M",
         "Loại tin nhắn không hợp lệ.",
         "the SmsType is not valid",
         "Use an SmsType that this account may send.",
         "Chọn loại tin (SmsType) mà tài khoản này được phép gửi."),
    _row("119", SMS_SEND, Verdict.REFUSED, "M",
         "Brandname quảng cáo phải gửi ít nhất 20 số điện thoại.",
         "too few numbers in one advertising request (fewer than 20)",
         *_SMS_ADS_HINT),
    _row("120", SMS_SEND, Verdict.REFUSED, "P",
         "Quá nhiều số điện thoại trong một request.",
         "too many numbers in one request",
         "Put fewer numbers into one request.",
         "Giảm bớt số điện thoại trong một lần gửi."),
    _row("124", SMS_SEND | _RECORD, Verdict.TAKEN_BEFORE, "P",
         "RequestId này đã được tiếp nhận trước đó.",
         "this RequestId was taken before; the reply has no SMSID",
         "It was accepted: never send it again; find it in the sent data.",
         "Tin đã được tiếp nhận: không gửi lại; hãy tra trong dữ liệu đã gửi."),
    _row("131", SMS_SEND, Verdict.REFUSED, "M",
         "Tin nhắn brandname quảng cáo độ dài tối đa 422 kí tự.",
         "the advertising text is longer than 422 characters",
         "Shorten the text.",
         "Rút ngắn nội dung."),
    _row("132", SMS_SEND, Verdict.REFUSED, "M",
         "Không có quyền gửi tin nhắn đầu số cố định 8755.",
         "no right to send from the fixed number 8755",
         "Ask eSMS for the right, or use another SmsType.",
         "Xin eSMS cấp quyền này, hoặc dùng loại tin (SmsType) khác."),
    _row("140", _SENT_DATA, Verdict.REFUSED, "M",
         "Thời gian không hợp lệ.",
         "the time is not valid",
         "Correct the two dates.",
         "Sửa lại hai mốc ngày."),
    _row("140", SENDS, Verdict.ACCOUNT, "P",
         "Địa chỉ IP không nằm trong danh sách cho phép.",
         "our address is not on the account's list",
         "Add this server's address to the account at eSMS; until then everything is kept and waits.",
         "Thêm địa chỉ IP của máy chủ này vào tài khoản eSMS; trong lúc chờ, mọi tin được giữ lại."),
    _row("143", EVERY, Verdict.ACCOUNT, "P",
         "Tài khoản chưa kích hoạt hoặc đã bị khóa.",
         "the account is not active or is locked",
         "Ask eSMS to activate the account; until then everything is kept and waits.",
         "Liên hệ eSMS để kích hoạt tài khoản; trong lúc chờ, mọi tin được giữ lại."),
    _row("146", SMS_SEND, Verdict.REFUSED, "P",
         "Nội dung không khớp mẫu chăm sóc khách hàng đã đăng ký.",
         "the text fits no registered customer-care template (refused, although an SMSID comes with it)",
         "Use the words of a registered template, or register this one.",
         "Viết đúng câu chữ của mẫu đã đăng ký, hoặc đăng ký mẫu này."),
    _row("159", SMS_SEND | _RECORD, Verdict.REFUSED, "P",
         "RequestId quá dài.",
         "the RequestId is too long",
         "Keep it to 50 characters.",
         "Giữ RequestId trong vòng 50 ký tự."),
    _row("160", EVERY, Verdict.TOO_FAST, "P",
         "Gửi quá nhiều request trong một giây.",
         "too many requests a second: nothing was taken",
         "Nothing: it is sent again by itself, more slowly; set WORKER_RATE to what eSMS allows the account.",
         "Không phải làm gì: tin tự được gửi lại, chậm hơn; nên đặt WORKER_RATE đúng mức eSMS cho phép tài khoản."),
    _row("163", SMS_SEND, Verdict.REFUSED, "P",
         "Quá nhiều số điện thoại trong một request.",
         "too many numbers in one request",
         "Put fewer numbers into one request.",
         "Giảm bớt số điện thoại trong một lần gửi."),
    _row("177", SMS_SEND, Verdict.REFUSED, "P",
         "Brandname chưa đăng ký với nhà mạng của số nhận.",
         "the brandname is not registered with the recipient's network",
         "Register the brandname with that network, or use another sender.",
         "Đăng ký brandname với nhà mạng đó, hoặc gửi bằng đầu số khác."),
    _row("201", SMS_SEND, Verdict.REFUSED, "P",
         "Nội dung chứa từ bị cấm.",
         "the text holds a forbidden word",
         "Take the word out.",
         "Bỏ từ bị cấm ra khỏi nội dung."),
    _row("300", SMS_SEND, Verdict.REFUSED, "P",
         "Thiếu loại tin nhắn.",
         "the message type is missing",
         "Report it: this client always sends SmsType.",
         "Báo lỗi cho người phát triển: chương trình này luôn gửi kèm SmsType."),
)
# fmt: on

_BY_FUNCTION = {(function, row.code): row for row in MEANINGS for function in row.functions}


def meaning_of(function: Function, code: str) -> Meaning | None:
    """What a code means in answer to this function; None when neither the manual nor the provider's pages say."""
    return _BY_FUNCTION.get((function, code))
