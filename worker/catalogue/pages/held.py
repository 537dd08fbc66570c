"""Words of *Held*: the evidence, and what a person may decide."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Held", "Chờ quyết định"),
    "intro": Text(
        "eSMS may or may not have taken these: nobody can be asked any more, so nothing is sent again by itself. "
        "Find out, then decide.",
        "eSMS có thể đã nhận hoặc chưa nhận các tin này, và không còn cách nào hỏi lại, nên hệ thống không tự gửi lại. "
        "Hãy tìm hiểu rồi quyết định.",
    ),
    "how_many": Text("Waiting for a decision: {count}.", "Có {count} tin chờ quyết định."),
    "first_shown": Text("The {count} oldest are shown.", "Đang hiện {count} tin cũ nhất."),
    "nothing_title": Text("Nothing is held", "Không có tin nào chờ quyết định"),
    "nothing": Text(
        "When it isn't certain whether eSMS took a call, or an SMS can't be asked about any more, it stands here.",
        "Khi không chắc eSMS đã nhận cuộc gọi hay chưa, hoặc không hỏi lại được về một SMS, tin đó sẽ hiện ở đây.",
    ),
    "decided": Text("Decided about {count}.", "Đã quyết định {count} tin."),
    "decided_late": Text(
        "{count} were held no more: somebody else, or eSMS, was quicker.",
        "{count} tin không còn chờ nữa: người khác hoặc eSMS đã trả lời trước.",
    ),
    "none_chosen": Text("Choose messages and a decision first.", "Hãy chọn tin và chọn một quyết định trước."),
    "choose_this": Text("Choose the message to {phone}", "Chọn tin gửi {phone}"),
    "since": Text("in doubt for {span}", "đã {span} chưa rõ"),
    "evidence": Text("What is known", "Những điều đã biết"),
    "nothing_heard": Text("eSMS said nothing of it.", "eSMS chưa nói gì về tin này."),
    "heard": Text("Heard last: {what}", "Nghe lần cuối: {what}"),
    "requests": Text("Requests", "Các yêu cầu đã gửi"),
    "others": Text("Other messages to this number around then", "Các tin khác tới số này cùng lúc đó"),
    "no_others": Text(
        "No other message to this number in the hour before and after.",
        "Không có tin nào khác tới số này trong một giờ trước và sau.",
    ),
    "story": Text("The whole story", "Toàn bộ diễn biến"),
    "decide": Text("Decide about what is chosen", "Quyết định cho các tin đã chọn"),
    "answer_delivered": Text("It arrived", "Đã đến nơi"),
    "answer_delivered_says": Text("Nothing is sent; it counts as delivered.", "Không gửi gì thêm; tính là đã đến nơi."),
    "answer_not-delivered": Text("It did not arrive", "Không đến nơi"),
    "answer_not-delivered_says": Text(
        "Nothing is sent; it counts as not delivered, and may be sent again later.",
        "Không gửi gì thêm; tính là không đến nơi, sau này vẫn gửi lại được.",
    ),
    "answer_send-again": Text("Send it again now", "Gửi lại ngay"),
    "answer_send-again_says": Text(
        "The recipient may get it a second time, and it costs again.",
        "Người nhận có thể nhận hai lần, và bị tính tiền thêm một lần.",
    ),
    "answer_drop": Text("Drop it", "Bỏ tin này"),
    "answer_drop_says": Text("Nothing is sent; it counts as cancelled.", "Không gửi gì; tính là đã hủy."),
    "many": Text("Decide about many at once", "Quyết định nhiều tin cùng lúc"),
    "many_says": Text(
        "All of a campaign, with a code, or in doubt for so long: fill in one or several. You see first how many.",
        "Theo chiến dịch, theo mã, hoặc chưa rõ đã bao lâu; điền một hay nhiều mục. Bạn sẽ thấy trước số tin.",
    ),
    "many_campaign": Text("Campaign", "Chiến dịch"),
    "many_code": Text("Last code", "Mã cuối cùng"),
    "many_hours": Text("In doubt for more than (hours)", "Chưa rõ quá mấy giờ"),
    "decide_as": Text("Decision", "Quyết định"),
    "many_look": Text("How many would that be?", "Xem có bao nhiêu tin"),
    "would": Text("{count} messages would be decided: {answer}.", "Sẽ quyết định {count} tin: {answer}."),
    "would_none": Text("Nothing that is held is like that.", "Không có tin nào như vậy đang chờ."),
    "many_sure": Text("Decide about {count}", "Quyết định {count} tin"),
    "why": Text("Why so (kept for good)", "Vì sao (được lưu lại)"),
    "button": Text("Decide", "Quyết định"),
}
