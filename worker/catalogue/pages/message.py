"""Words of *One message*: its story, and what may be done now."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Message to {phone}", "Tin gửi {phone}"),
    "title_many": Text("{count} messages of one request", "{count} tin của một yêu cầu"),
    "many_intro": Text(
        "It went to many. Those that it did not reach come first.",
        "Yêu cầu này gửi tới nhiều người. Những tin không đến nơi đứng trước.",
    ),
    "many_rest": Text("{count} more are not shown.", "Còn {count} tin không hiện."),
    "to": Text("To", "Người nhận"),
    "status": Text("Status", "Trạng thái"),
    "story": Text("What happened", "Diễn biến"),
    "next": Text("What happens next", "Tiếp theo"),
    "next_at": Text("at {at}", "lúc {at}"),
    "then": Text("And then", "Sau đó"),
    "remedy": Text("What you can do", "Bạn có thể làm gì"),
    "now_is": Text("now", "bây giờ"),
    "text": Text("Text", "Nội dung"),
    "template": Text("Template or recording", "Mẫu hoặc ghi âm"),
    "facts": Text("Facts", "Thông tin"),
    "source": Text("Application", "Ứng dụng"),
    "reference": Text("Its reference", "Mã tham chiếu"),
    "campaign": Text("Campaign", "Chiến dịch"),
    "lane": Text("Lane", "Làn gửi"),
    "purpose": Text("Purpose", "Mục đích"),
    "id": Text("Id", "Mã tin"),
    "cost": Text("Cost", "Chi phí"),
    "cost_unknown": Text("eSMS told no price", "eSMS chưa báo giá"),
    "people": Text("Whose number it is", "Số này của ai"),
    "opted_out": Text("wants no reminders and no advertising", "không muốn nhận tin nhắc và quảng cáo"),
    "attempts": Text("Attempts", "Các lần gửi"),
    "attempt": Text("Attempt", "Lần"),
    "code": Text("Code", "Mã"),
    "network": Text("Network", "Nhà mạng"),
    "accepted": Text("eSMS took it", "eSMS nhận lúc"),
    "settled": Text("Ended", "Kết thúc lúc"),
    "asked_by": Text("asked by {name}", "{name} yêu cầu"),
    "requests": Text("Requests to eSMS", "Các yêu cầu gửi eSMS"),
    "at": Text("When", "Lúc"),
    "function": Text("Function", "Hàm"),
    "took": Text("Took", "Mất"),
    "outcome": Text("Outcome", "Kết quả"),
    "no_requests": Text("eSMS was not asked anything yet.", "Chưa có yêu cầu nào gửi tới eSMS."),
    "actions": Text("What may be done now", "Việc có thể làm bây giờ"),
    "cancel": Text("Cancel", "Hủy tin"),
    "cancel_says": Text("It does not go out any more.", "Tin sẽ không được gửi nữa."),
    "cancel_says_many": Text(
        "None of the {count} messages of this request that wait goes out any more.",
        "Những tin đang chờ trong {count} tin của yêu cầu này sẽ không được gửi nữa.",
    ),
    "move": Text("Move", "Dời ngày"),
    "move_to": Text("Send it at", "Gửi vào lúc"),
    "move_says": Text("It waits until then.", "Tin sẽ chờ đến lúc đó."),
    "move_says_many": Text(
        "Those of the {count} messages of this request that wait go out then.",
        "Những tin đang chờ trong {count} tin của yêu cầu này sẽ được gửi vào lúc đó.",
    ),
    "retry": Text("Send again", "Gửi lại"),
    "retry_says": Text(
        "It is queued at once and costs again.", "Tin được xếp hàng gửi ngay và bị tính tiền thêm một lần."
    ),
    "decide": Text("Decide", "Quyết định"),
    "decide_says": Text("See what is known of it, and decide.", "Xem những điều đã biết rồi quyết định."),
    "done_cancel": Text("Cancelled: {count}.", "Đã hủy: {count}."),
    "done_move": Text("Moved: {count}.", "Đã dời: {count}."),
    "done_retry": Text("Queued again: {count}.", "Đã xếp hàng gửi lại: {count}."),
    "done_nothing": Text(
        "Nothing was changed: it has gone on meanwhile.", "Không có gì thay đổi: tin đã chuyển trạng thái trước đó."
    ),
    "done_left": Text("Nothing was changed ({why}).", "Không có gì thay đổi ({why})."),
    "done_bad_date": Text(
        "This date can't be: choose one in the future.", "Ngày giờ không hợp lệ: hãy chọn lúc sau này."
    ),
    "nothing_to_do": Text(
        "Nothing: it is done, or goes on by itself.", "Không có: tin đã xong, hoặc hệ thống tự làm tiếp."
    ),
    "places": Text("Sent in each other's place", "Các tin thay thế nhau"),
    "places_says": Text(
        "Corrected, or by another channel: each took the place of the one above, which is never sent again.",
        "Tin đã sửa hoặc gửi bằng kênh khác: mỗi tin thay cho tin ở trên, tin ở trên không gửi lại nữa.",
    ),
    "went_on": Text(
        "Nothing here: another was sent in its place.", "Không cần làm gì ở đây: tin khác đã được gửi thay."
    ),
    "look_there": Text("See what became of that", "Xem kết quả của tin đó"),
    "what": Text("What", "Loại"),
    "this_one": Text("{kind} · this message", "{kind} · tin này"),
    "all_cost": Text("Together", "Tổng cộng"),
}
