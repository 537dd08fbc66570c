"""Words of *Now*."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Now", "Hiện tại"),
    "counted": Text("Counted until {at}.", "Đã đếm đến {at}."),
    "not_counted": Text("Nothing was counted yet.", "Chưa đếm được gì."),
    "all_well": Text("Everything is at work, and nothing waits for you.", "Mọi thứ đang chạy, không có gì chờ bạn."),
    "just_started": Text(
        "Started {span} ago: not all parts have been heard of yet. This page looks again by itself.",
        "Vừa khởi động cách đây {span}: chưa nghe thấy đủ các tiến trình. Trang này tự cập nhật.",
    ),
    "beat_silent": Text(
        "Nobody sends: beat's last tick was {span} ago. Start `celery -A worker.tasks beat` and the workers.",
        "Không có gì được gửi đi: nhịp gần nhất của beat cách đây {span}. Hãy khởi động `celery -A worker.tasks beat` "
        "và các worker.",
    ),
    "beat_never": Text(
        "Nobody sends: beat has never ticked. Start `celery -A worker.tasks beat` and the workers.",
        "Không có gì được gửi đi: beat chưa từng chạy. Hãy khởi động `celery -A worker.tasks beat` và các worker.",
    ),
    "nobody_listens": Text(
        "Nobody works on: {queues}. Start the worker process for it; `esms-worker doctor` names the command.",
        "Không có worker nào nhận việc: {queues}. Hãy khởi động; `esms-worker doctor` cho biết lệnh.",
    ),
    "lane_paused": Text("The lane {name} waits: {reason}", "Làn {name} đang tạm dừng: {reason}"),
    "campaign_paused": Text("The campaign “{name}” waits: {reason}", "Chiến dịch “{name}” đang tạm dừng: {reason}"),
    "paused_since": Text("since {at}", "từ {at}"),
    "limit_used_up": Text(
        "{source} has used up what it may send today; the rest goes out after {at}.",
        "{source} đã dùng hết hạn mức hôm nay; phần còn lại sẽ gửi sau {at}.",
    ),
    "step_fails": Text(
        "A part of the upkeep fails: {what}. See the worker's log.",
        "Một việc định kỳ đang bị lỗi: {what}. Hãy xem nhật ký của worker.",
    ),
    "rule_fails": Text(
        "Reminders can't be made: {what} since {at}. It is tried again by itself; report it.",
        "Không tạo được tin nhắc: {what}, từ {at}. Hệ thống tự thử lại; hãy báo lỗi này.",
    ),
    "rule_holds": Text(
        "Since yesterday the rule {rule} has made {count} messages wait.",
        "Từ hôm qua, quy định {rule} đã giữ lại {count} tin.",
    ),
    "rule_opens": Text("What waits goes out from {at} on.", "Tin đang chờ sẽ được gửi từ {at}."),
    "rules_look": Text("look at the rules", "xem các quy định"),
    "rerun_stopped": Text(
        "Sending again was stopped: of {what} the first {moved} all failed with code {code}; {rest} wait.",
        "Việc gửi lại đã bị dừng: {moved} tin đầu của {what} đều lỗi với mã {code}; còn {rest} tin đang chờ.",
    ),
    "rerun_cancelled": Text(
        "Sending again was stopped: of {what} the first {moved} were all cancelled; {rest} wait.",
        "Việc gửi lại đã bị dừng: {moved} tin đầu của {what} đều đã bị hủy; còn {rest} tin đang chờ.",
    ),
    "rerun_failed": Text(
        "Sending again was stopped by a fault of ours: {moved} of {what} went out, {rest} wait; the log says more.",
        "Việc gửi lại đã dừng vì lỗi của phần mềm: {moved} tin của {what} đã gửi, còn {rest} tin chờ; xem nhật ký.",
    ),
    "follow_up_failed": Text(
        "A fault of ours keeps from coming what was to follow a message of {source}; the log says more.",
        "Lỗi của phần mềm làm việc tiếp theo của một tin do {source} gửi chưa thực hiện được; xem nhật ký.",
    ),
    "follow_up_look": Text("The message", "Xem tin đó"),
    "follow_ups_look": Text("All that was set aside", "Xem tất cả việc tiếp theo bị gác lại"),
    "follow_ups": Text("What was to follow and was set aside", "Việc tiếp theo bị gác lại"),
    "follow_ups_wait": Text(
        "A fault of ours kept from coming what was to follow {count} messages. Once it is fixed, let them go on.",
        "Lỗi của phần mềm làm việc tiếp theo của {count} tin chưa thực hiện được. Sửa xong lỗi thì cho tiếp tục.",
    ),
    "follow_ups_go_on": Text("Let all {count} go on", "Cho cả {count} tin tiếp tục"),
    "follow_ups_go_on_says": Text(
        "What was to follow them goes out now, and costs what it costs. What is too late by now does not come; what "
        "still can't is set aside anew.",
        "Việc tiếp theo của chúng được thực hiện ngay, tính tiền như thường. Cái nào đã quá muộn thì thôi; cái nào vẫn "
        "lỗi lại bị gác lại.",
    ),
    "follow_ups_let_go": Text("Let go on: {count}", "Đã cho tiếp tục: {count}"),
    "follow_ups_none": Text("Nothing is set aside", "Không có việc nào bị gác lại"),
    "follow_ups_none_next": Text(
        "What is to follow messages comes by itself.", "Việc tiếp theo của các tin tự diễn ra."
    ),
    "rerun_messages": Text("messages by {name}", "các tin do {name} gửi lại"),
    "no_tasks": Text(
        "{times} messages in the queue {queue} were no task:",
        "{times} tin trong hàng đợi {queue} không phải tác vụ hợp lệ:",
    ),
    "untaken": Text(
        "{count} requests of applications could not be taken within a day:",
        "Trong một ngày qua có {count} yêu cầu của ứng dụng không nhận được:",
    ),
    "untaken_look": Text("look at what was refused", "xem các yêu cầu bị từ chối"),
    "money_short": Text(
        "The balance lasts about {days} more days as the last week went: top it up.",
        "Theo mức chi tuần qua, số dư chỉ còn đủ khoảng {days} ngày: hãy nạp thêm.",
    ),
    "figures": Text("In figures", "Số liệu"),
    "waiting": Text("Waiting", "Đang chờ gửi"),
    "under_way": Text("Under way", "Đang xử lý"),
    "under_way_says": Text("at eSMS, no word yet", "đã sang eSMS, chưa có kết quả"),
    "held": Text("Held: a person decides", "Chờ người quyết định"),
    "delivered": Text("Delivered today", "Đến nơi hôm nay"),
    "failed": Text("Failed today", "Không thành hôm nay"),
    "balance": Text("Balance", "Số dư"),
    "balance_lasts": Text("lasts some {days} days", "đủ khoảng {days} ngày"),
    "balance_asked": Text("as of {at}", "lúc {at}"),
    "balance_unknown": Text("not asked yet", "chưa hỏi"),
    "picture": Text("Sends and deliveries a minute", "Số tin gửi và đến nơi mỗi phút"),
    "picture_says": Text(
        "In three hours: {sent} sent, {delivered} delivered, {failed} failed; at most {peak} sent in a minute.",
        "Ba giờ qua: {sent} tin đã gửi, {delivered} đến nơi, {failed} không thành; phút cao nhất gửi {peak} tin.",
    ),
    "legend_sent": Text("sent", "đã gửi"),
    "legend_delivered": Text("delivered", "đến nơi"),
    "legend_failed": Text("failed", "không thành"),
    "picture_empty": Text("Nothing moved in the last three hours.", "Ba giờ qua không có tin nào."),
    "lanes": Text("Lanes", "Các làn gửi"),
    "lane": Text("Lane", "Làn"),
    "oldest": Text("Oldest due for", "Trễ lâu nhất"),
    "state": Text("State", "Tình trạng"),
    "open": Text("open", "đang mở"),
    "paused": Text("paused", "tạm dừng"),
    "hold": Text("Hold back", "Tạm dừng"),
    "let_go": Text("Let it go on", "Chạy tiếp"),
    "hold_all": Text("Hold everything back", "Dừng gửi tất cả"),
    "let_all_go": Text("Let all go on", "Chạy tiếp tất cả"),
    "hold_says": Text(
        "What is held back stays, codes too, until somebody lets it go on. What is under way arrives.",
        "Tin bị tạm dừng nằm lại, kể cả mã xác nhận, cho đến khi có người cho chạy tiếp. Tin đang gửi dở vẫn đến nơi.",
    ),
    "to_lanes": Text("to the lanes", "tới các làn gửi"),
    "to_campaign": Text("to the campaign", "tới chiến dịch"),
    "failures": Text("What failed today, and what to do", "Không thành hôm nay và việc cần làm"),
    "no_failures": Text("Nothing failed today.", "Hôm nay không có tin nào không thành."),
    "status": Text("Status", "Trạng thái"),
    "code": Text("Code", "Mã"),
    "messages": Text("Messages", "Số tin"),
    "why": Text("Why", "Lý do"),
    "remedy": Text("What to do", "Việc cần làm"),
    "processes": Text("At work", "Các tiến trình"),
    "queue": Text("Work", "Công việc"),
    "ago": Text("{span} ago", "{span} trước"),
    "never": Text("never", "chưa bao giờ"),
    "beat": Text("Tick (beat)", "Bộ hẹn giờ"),
    "queue_urgent": Text("Urgent sends", "Gửi tin khẩn"),
    "queue_deliver": Text("Sends", "Gửi tin"),
    "queue_poll": Text("Asking what became of them", "Hỏi kết quả"),
    "queue_enqueue": Text("What applications hand over", "Nhận tin từ ứng dụng"),
    "queue_housekeeping": Text("Upkeep", "Việc định kỳ"),
    "queue_webhooks": Text("Telling applications", "Báo cho ứng dụng"),
    "begin_campaign": Text("New campaign", "Chiến dịch mới"),
    "begin_title": Text("Nothing was sent yet", "Chưa gửi tin nào"),
    "begin": Text(
        "What applications hand over, and what is sent from this page, shows here. From a terminal: "
        "`esms-worker send sms --to 0901234567 --content 'Xin chao' --sms-type 7`.",
        "Tin do ứng dụng gửi sang hoặc gửi từ trang này sẽ hiện ở đây. Gửi từ dòng lệnh: "
        "`esms-worker send sms --to 0901234567 --content 'Xin chao' --sms-type 7`.",
    ),
}
