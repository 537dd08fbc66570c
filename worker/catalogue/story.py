"""The sentences of `why`: what happened to one message, step by step, and what happens next."""

from __future__ import annotations

from worker.catalogue.text import Language, Text
from worker.lifecycle import Kind, Status

# Who wanted it...
ENQUEUED = Text("{source} handed this {kind} over", "{source} giao {kind} này")
ENQUEUED_BY_NOBODY = Text(
    "This {kind} was handed over, by whom was not told", "{kind} này được giao, không ghi ứng dụng nào"
)
ENQUEUED_BY_RULE = Text("The reminder rule {rule} made this {kind}", "Quy tắc nhắc {rule} tạo {kind} này")
ENQUEUED_BY_EVENT = Text("An event's reminder made this {kind}", "Lịch hẹn tạo {kind} này để nhắc")
IN_THE_PLACE_OF = Text("This {kind} was sent in the place of {id}", "{kind} này được gửi thay cho tin {id}")
IN_THE_PLACE_OF_BY = Text("{by} had this {kind} sent in the place of {id}", "{by} cho gửi {kind} này thay cho tin {id}")
AS_FALLBACK_OF = Text("This {kind} was made as the fallback of {id}", "{kind} này là kênh dự phòng của tin {id}")
OF_SOURCE = Text("for {source}", "cho ứng dụng {source}")
OF_CAMPAIGN = Text("campaign {campaign}", "chiến dịch {campaign}")
OF_REFERENCE = Text("reference {reference}", "mã tham chiếu {reference}")
OF_SEGMENTS = Text("{segments} SMS long", "dài {segments} tin SMS")

# What held it back...
KEPT_FOR_DATE = Text("Kept until its date, {date}", "Giữ lại chờ đến ngày giờ gửi: {date}")
HANDED_OVER = Text(
    "To be handed to eSMS at once, which keeps it until {date}; it can't be called back from there",
    "Giao ngay cho eSMS giữ đến {date}; sau đó không gọi lại được",
)
LANE_PAUSED = Text("Lane {lane} was paused: {reason}", "Làn {lane} bị tạm dừng: {reason}")
CAMPAIGN_PAUSED = Text("Campaign {campaign} was paused: {reason}", "Chiến dịch {campaign} bị tạm dừng: {reason}")
LANE_RESUMED = Text("Lane {lane} went on", "Làn {lane} chạy tiếp")
CAMPAIGN_RESUMED = Text("Campaign {campaign} went on", "Chiến dịch {campaign} chạy tiếp")
WAITED = Text(
    "It had waited {span} for its turn: the rate of lane {lane}, or nobody was at work",
    "Đã chờ {span} mới đến lượt: do tốc độ của làn {lane}, hoặc lúc đó không có worker nào chạy",
)
OPTED_OUT = Text("The recipient opted out", "Người nhận đăng ký không nhận tin nữa")
STOOD_ON = Text("It stood on consent {consent} of the recipient", "Dựa trên sự đồng ý số {consent} của người nhận")
NO_CONSENT = Text(
    "When it went out no consent of the recipient was known", "Khi gửi chưa ghi nhận sự đồng ý của người nhận"
)

# What was asked of eSMS...
SENT = Text("Sent to eSMS", "Gửi sang eSMS")
CALLED = Text("eSMS was asked to call", "Yêu cầu eSMS gọi")
POLLED = Text("eSMS was asked what became of it", "Hỏi eSMS kết quả")
LOOKED = Text("Looked for in eSMS's list of what it sent", "Tìm trong danh sách đã gửi của eSMS")
NO_ANSWER = Text("no answer", "không có câu trả lời")
HTTP = Text("HTTP error {status}", "lỗi HTTP {status}")
CODE = Text("code {code}: {meaning}", "mã {code}: {meaning}")
CODE_UNKNOWN = Text("code {code}, which is documented nowhere", "mã {code}, không có trong tài liệu nào")

# What came of it, by the words of the request's row...
OUTCOMES: dict[str, Text] = {
    "queued": Text("not taken, to be sent again", "eSMS chưa nhận, sẽ gửi lại"),
    "unconfirmed": Text("it may have been taken or not", "có thể eSMS đã nhận, có thể chưa"),
    "held": Text(
        "nobody can tell whether it was taken: a person decides", "không rõ đã nhận hay chưa: chờ người quyết định"
    ),
    "accepted": Text("eSMS took it", "eSMS đã nhận"),
    "rejected": Text("refused", "bị từ chối"),
    "sandboxed": Text("checked in the sandbox, delivered to nobody", "chỉ kiểm tra ở chế độ thử, không gửi tới ai"),
    "delivered": Text("it arrived", "đã đến nơi"),
    "undelivered": Text("it did not arrive", "không đến nơi"),
    "unknown": Text("what became of it can't be found out", "không biết được kết quả"),
    "settled": Text("it told what became of the recipients", "eSMS báo kết quả của những người nhận"),
    "not yet undelivered": Text(
        "eSMS says that it did not arrive; that counts when it says so again",
        "eSMS báo không đến nơi; chỉ tính khi eSMS báo lại lần nữa",
    ),
    "not yet rejected": Text(
        "eSMS says that it was refused; that counts when it says so again",
        "eSMS báo bị từ chối; chỉ tính khi eSMS báo lại lần nữa",
    ),
    "SMSID found": Text("found, with its SMSID", "đã tìm thấy, có mã SMSID"),
    "found": Text("found: eSMS had taken it", "đã tìm thấy: eSMS đã nhận"),
    "absent": Text("not there, looked for once more later", "không thấy, sẽ tìm lại lần nữa"),
    "not taken": Text("not there again: it was not taken, and is sent", "vẫn không thấy: eSMS chưa nhận, sẽ gửi"),
}
LATE = Text("the answer came too late to count ({outcome})", "câu trả lời đến quá muộn nên không tính ({outcome})")
LATE_PREFIX = "late: "


def outcome(told: str, language: Language) -> str:
    """What came of a request, by the words of its row."""
    if told.startswith(LATE_PREFIX):
        return LATE.say(language, outcome=outcome(told.removeprefix(LATE_PREFIX), language))
    known = OUTCOMES.get(told)
    return known.say(language) if known else told


# How it ended...
ENDED: dict[Status, Text] = {
    Status.DELIVERED: Text("It arrived", "Đã đến nơi"),
    Status.UNDELIVERED: Text("It did not arrive", "Không đến nơi"),
    Status.REJECTED: Text("It was refused", "Bị từ chối"),
    Status.UNKNOWN: Text("What became of it can't be found out", "Không biết được kết quả"),
    Status.CANCELLED: Text("It was called back and does not go out", "Đã hủy, không gửi nữa"),
    Status.EXPIRED: Text("Its time had passed: it does not go out", "Đã quá hạn, không gửi nữa"),
    Status.SANDBOXED: Text("It ended in eSMS's sandbox", "Kết thúc ở chế độ thử của eSMS"),
    Status.HELD: Text("It is held", "Được giữ lại"),
}
BECAUSE = Text("{what}: {reason}", "{what}: {reason}")
SAID_BY = Text("{what} (by {network}'s report)", "{what} (theo báo cáo của {network})")

SENT_AGAIN = Text("{by} had it sent again", "{by} cho gửi lại")
SENT_AGAIN_BY_SOMEBODY = Text("Somebody had it sent again", "Có người cho gửi lại")

# What happens next...
ON_THE_WIRE = Text("It is being sent right now", "Đang được gửi ngay lúc này")
NOTHING_MORE = Text("Nothing more happens by itself", "Không có gì tự xảy ra thêm")
REPLACED = Text("Another one is in its place: {id}: {status}", "Đã có tin khác thay thế: {id}: {status}")
REPLACED_BY = Text(
    "{by} had another one sent in its place: {id}: {status}", "{by} đã cho gửi tin khác thay thế: {id}: {status}"
)
REPLACED_BY_FALLBACK = Text(
    "Its fallback ({kind}) is in its place: {id}: {status}", "Kênh dự phòng ({kind}) đã thay thế: {id}: {status}"
)
REPLACED_SINCE = Text(
    "{told}. In the place of that one by now is {id}: {status}", "{told}. Nay thay cho tin đó là {id}: {status}"
)
TO_ANOTHER_NUMBER = Text("sent to {phone}: {status}", "gửi tới {phone}: {status}")
FIRST_ARRIVED = Text(
    "The message in whose place this one went ({id}) arrived after all",
    "Tin mà tin này thay thế ({id}) cuối cùng đã đến nơi",
)
HAS_GOT_IT = Text("Nothing: the recipient has got {id}.", "Không cần làm gì: người nhận đã nhận được {id}.")
LOOK_THERE = Text("Nothing here: see `esms-worker why {id}`.", "Không cần làm gì ở đây: xem `esms-worker why {id}`.")
OTHERS: dict[Kind, Text] = {
    Kind.SMS: Text("another SMS", "một tin nhắn SMS khác"),
    Kind.TEMPLATE_CALL: Text("a call by template {template}", "cuộc gọi theo mẫu {template}"),
    Kind.RECORD_CALL: Text("a call with recording {template}", "cuộc gọi phát ghi âm {template}"),
}
FOLLOWS = Text("{what} takes its place, since it was not delivered", "{what} sẽ thay thế, vì tin này không đến nơi")
AGAIN = Text(
    "it is sent again by itself, time {number} of {times}", "tin sẽ tự được gửi lại, lần {number} trong {times} lần"
)
AGAIN_IF_NOT = Text(
    "If it turns out that it was not delivered, it is sent again {wait} later, {left} more time(s) at most",
    "Nếu được báo là không đến nơi, tin sẽ tự được gửi lại sau {wait}, nhiều nhất {left} lần nữa",
)
IF_NOT_BY = Text(
    "If it is not delivered by {at}, {what} takes its place", "Nếu đến {at} tin chưa đến nơi, {what} sẽ thay thế"
)
_MAY_ARRIVE = Text(
    "If it is known by {at}, or later until {until}, that it was not delivered, {what} takes its place; "
    "never while it may still arrive",
    "Nếu đến {at}, hoặc muộn hơn đến {until}, biết chắc tin không đến nơi, {what} sẽ thay thế; "
    "còn có thể đến nơi thì không",
)
IF_NOT: dict[Status, Text] = {
    Status.ACCEPTED: _MAY_ARRIVE,
    Status.UNCONFIRMED: _MAY_ARRIVE,
    Status.HELD: Text(
        "Only if a person says by {until} that it was not delivered, {what} takes its place, at {at} at the earliest; "
        "never by itself",
        "Chỉ khi có người xác nhận trước {until} rằng tin không đến nơi, {what} mới thay thế, sớm nhất lúc {at}; "
        "không tự xảy ra",
    ),
}
IN_DOUBT = Text(
    "If it is not delivered by {at}, {what} takes its place, also while it may still arrive, as its application asked",
    "Nếu đến {at} tin chưa đến nơi, {what} sẽ thay thế, kể cả khi tin còn có thể đến, theo yêu cầu của ứng dụng",
)
NOT_FOLLOWED: dict[str, Text] = {
    "too late": Text(
        "What was to follow it was too late: it does not come", "Việc làm tiếp đã quá hạn nên không thực hiện"
    ),
    "unknown": Text(
        "It may have arrived, so nothing follows it by itself", "Tin có thể đã đến nơi nên không tự làm gì tiếp"
    ),
    "forgotten": Text(
        "Nothing follows it: the recipient asked to be forgotten", "Không làm gì tiếp: người nhận yêu cầu xóa dữ liệu"
    ),
    "set aside": Text(
        "A fault of ours keeps what was to follow it from coming: report it, and once it is fixed let it go by "
        "`esms-worker retry --go-on {id}`",
        "Lỗi của phần mềm làm việc tiếp theo chưa thực hiện được: hãy báo lỗi, và khi đã sửa xong, cho chạy tiếp bằng "
        "`esms-worker retry --go-on {id}`",
    ),
    "stays": Text(
        "What failed like this is not sent again by itself", "Tin không thành như thế này không tự được gửi lại"
    ),
}
THEN = Text("Then", "Sau đó")
NEXT = Text("Next", "Tiếp theo")
TO_DO = Text("What to do", "Việc cần làm")

# Around it...
HEAD = Text("{who}: {status}", "{who}: {status}")
NO_MESSAGES = Text(
    "Nothing was handed over for this number since {since}.",
    "Không có tin nào cho số này kể từ {since}.",
)
REFUSED = Text(
    "{at}  a request of {source} (reference {reference}) was refused, so nothing was sent: {why}",
    "{at}  một yêu cầu của {source} (mã tham chiếu {reference}) bị từ chối nên không gửi gì: {why}",
)
REFUSED_TO_DO = Text(
    "corrected and handed over: `esms-worker refused send {id} …`, or Refused on the page",
    "sửa rồi gửi: `esms-worker refused send {id} …`, hoặc mục Bị từ chối trên trang",
)
CONTACT = Text("This number is {name}'s", "Số này của {name}")
NAMELESS = Text("somebody without a name, {key}", "người không ghi tên, mã {key}")
OPTED_OUT_SINCE = Text(
    "gets no reminders and no advertising since {date}", "không nhận tin nhắc và quảng cáo từ {date}"
)
REMINDERS = Text("Reminders", "Lời nhắc")
REMINDER = Text("{rule}, for {date}: {what}", "{rule}, ngày {date}: {what}")
MORE = Text(
    "and {count} more messages that are not told here: give a message's id",
    "và {count} tin khác không kể ở đây: hãy đưa mã của từng tin",
)
DELIVERED_MEANS = Text(
    "“Arrived” is what the operator's message centre reports, not the phone itself.",
    "“Đã đến nơi” là báo cáo từ tổng đài của nhà mạng, không phải từ chính chiếc điện thoại.",
)
